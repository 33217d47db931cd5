//! Known, missing, unknown and repeated fields of mappings.

use std::collections::BTreeMap;

use super::{
    Findings, Position,
    value::{Value, enumerate},
    yaml::{Content, Key, Node},
};

/// The fields of one mapping. Asking for a field makes it known; [`Self::finish`]
/// reports the ones nobody asked for.
pub(super) struct Fields<'a> {
    at: Position,
    path: String,
    entries: &'a [(Key, Node)],
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of `mapping`, whose entries these are.
    pub(super) fn of(mapping: &Value<'a>, entries: &'a [(Key, Node)]) -> Self {
        Self {
            at: mapping.node.at,
            path: mapping.path.clone(),
            entries,
            known: Vec::new(),
        }
    }

    /// A field that may be absent.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<Value<'a>> {
        self.known.push(name);
        let (_, node) = self.entries.iter().find(|(key, _)| key.name == name)?;
        Some(Value {
            node,
            path: join(&self.path, name),
        })
    }

    /// A field that must be there.
    pub(super) fn required(
        &mut self,
        name: &'static str,
        findings: &mut Findings,
    ) -> Option<Value<'a>> {
        let value = self.optional(name);
        if value.is_none() {
            findings.error(self.at, format!("{}: missing", join(&self.path, name)));
        }
        value
    }

    /// Every field, for mappings whose keys are the user's own.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        self.entries.iter().map(|(key, node)| {
            (
                key.name.as_str(),
                Value {
                    node,
                    path: join(&self.path, &key.name),
                },
            )
        })
    }

    /// A field that says something: it is there, and is more than its type's zero.
    pub(super) fn set(&mut self, name: &'static str) -> Option<Value<'a>> {
        self.optional(name).filter(|value| !value.node.is_zero())
    }

    /// Names the fields that nobody asked for and that say something in a warning about
    /// `mapping`, for documents of other systems: they say more than peerd knows.
    pub(super) fn unsupported(self, mapping: &Value<'_>, findings: &mut Findings) {
        let set = self.entries.iter().filter(|(_, node)| !node.is_zero());
        let names = set.map(|(key, _)| key.name.as_str());
        let unknown: Vec<&str> = names.filter(|name| !self.known.contains(name)).collect();
        if !unknown.is_empty() {
            let text = format!("peerd makes nothing of {}", enumerate(&unknown, "and"));
            mapping.warning(text, findings);
        }
    }

    /// Reports fields other than those asked for and those in `ignored`.
    pub(super) fn finish(self, ignored: &[&str], findings: &mut Findings) {
        for (key, _) in self.entries {
            let name = key.name.as_str();
            if self.known.contains(&name) || ignored.contains(&name) {
                continue;
            }
            let close = |known: &&&str| {
                let distance = edit_distance(name, known);
                // Two edits make any two-letter word out of any other.
                distance <= 2 && distance < known.len()
            };
            let nearest = self
                .known
                .iter()
                .filter(close)
                .min_by_key(|known| edit_distance(name, known));
            let advice = match nearest {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("the known ones are {}", enumerate(&self.known, "and")),
            };
            let path = join(&self.path, name);
            findings.error(key.at, format!("{path}: unknown field; {advice}"));
        }
    }
}

/// Reports every key that a mapping has twice, anywhere in a document.
pub(super) fn report_duplicates(value: &Value<'_>, findings: &mut Findings) {
    match &value.node.content {
        Content::Plain(_) | Content::Quoted(_) => {}
        Content::List(items) => {
            for (index, node) in items.iter().enumerate() {
                let path = format!("{}[{index}]", value.path);
                report_duplicates(&Value { node, path }, findings);
            }
        }
        Content::Mapping(entries) => {
            let mut lines = BTreeMap::new();
            for (key, node) in entries {
                let path = join(&value.path, &key.name);
                if let Some(first) = lines.get(&key.name) {
                    let text = format!("{path}: written twice; the first is at line {first}");
                    findings.error(key.at, text);
                } else {
                    lines.insert(&key.name, key.at.line);
                }
                report_duplicates(&Value { node, path }, findings);
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Characters to insert, remove or replace to make one word of the other
/// (Levenshtein).
fn edit_distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, char) in one.chars().enumerate() {
        let mut diagonal = index;
        let mut left = index + 1;
        row[0] = left;
        for (cell, other_char) in row.iter_mut().skip(1).zip(&other) {
            let replaced = diagonal + usize::from(char != *other_char);
            diagonal = *cell;
            left = replaced.min(left + 1).min(*cell + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_inserts_removes_or_replaces_a_character() {
        for (one, other, edits) in [
            ("prefixes", "prefixes", 0),
            ("prefixe", "prefixes", 1),
            ("prefixess", "prefixes", 1),
            ("prefises", "prefixes", 1),
            ("prefxies", "prefixes", 2),
            ("", "to", 2),
            ("zone", "ports", 4),
        ] {
            assert_eq!(edit_distance(one, other), edits, "{one} {other}");
            assert_eq!(edit_distance(other, one), edits, "{other} {one}");
        }
    }
}
