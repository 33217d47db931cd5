//! Reading positioned nodes as values, with every problem collected.
//!
//! Readers return `None` where they reported an error. Callers read everything
//! before they look at any of it, so that one bad field hides no other.

use std::fmt::Display;

use super::{
    Findings,
    fields::Fields,
    scalar::other_than_string,
    yaml::{Content, Node, address_read_as_mapping},
};
use crate::model::Name;

/// A node and the path of fields that leads to it.
pub(super) struct Value<'a> {
    pub(super) node: &'a Node,
    pub(super) path: String,
}

impl<'a> Value<'a> {
    /// A document itself, which no path leads to.
    pub(super) fn document(node: &'a Node) -> Self {
        Self {
            node,
            path: String::new(),
        }
    }

    /// A field of a mapping, whatever it is.
    pub(super) fn field(&self, name: &str) -> Option<Self> {
        let Content::Mapping(entries) = &self.node.content else {
            return None;
        };
        let (_, node) = entries.iter().find(|(key, _)| key.name == name)?;
        Some(Self {
            node,
            path: name.to_owned(),
        })
    }

    /// Reports that something is wrong with this value.
    pub(super) fn error(&self, text: impl Display, findings: &mut Findings) {
        findings.error(self.node.at, self.with_path(text));
    }

    /// Reports what is worth knowing about this value and stops nothing.
    pub(super) fn warning(&self, text: impl Display, findings: &mut Findings) {
        findings.warning(self.node.at, self.with_path(text));
    }

    fn with_path(&self, text: impl Display) -> String {
        if self.path.is_empty() {
            text.to_string()
        } else {
            format!("{}: {text}", self.path)
        }
    }

    /// Reports that this is no `expected`, for nodes that are not scalars of it.
    fn mismatch(&self, expected: &str, findings: &mut Findings) {
        let actual = match &self.node.content {
            _ if self.node.is_null() => {
                return self.error(format_args!("has no value; write {expected}"), findings);
            }
            Content::Mapping(entries) => match address_read_as_mapping(entries) {
                Some(text) => {
                    let text = format!("`{text}` is read as a mapping; write \"{text}\" in quotes");
                    return self.error(text, findings);
                }
                None => "a mapping",
            },
            Content::List(_) => "a list",
            Content::Quoted(_) => "a string",
            Content::Plain(text) => other_than_string(text).unwrap_or("a string"),
        };
        let subject = if self.path.is_empty() {
            "a document "
        } else {
            ""
        };
        self.error(
            format_args!("{subject}must be {expected}, not {actual}"),
            findings,
        );
    }

    /// A scalar as it is written, whatever YAML takes it for, except null.
    pub(super) fn text(&self, expected: &str, findings: &mut Findings) -> Option<&'a str> {
        match &self.node.content {
            Content::Plain(text) | Content::Quoted(text) if !self.node.is_null() => Some(text),
            _ => {
                self.mismatch(expected, findings);
                None
            }
        }
    }

    /// A scalar that YAML takes for a string.
    pub(super) fn string(&self, findings: &mut Findings) -> Option<&'a str> {
        let text = self.text("a string", findings)?;
        let other = match self.node.content {
            Content::Plain(_) => other_than_string(text),
            _ => None,
        };
        if let Some(other) = other {
            let text = format!("`{text}` is read as {other}; write \"{text}\" in quotes");
            self.error(text, findings);
            return None;
        }
        Some(text)
    }

    /// A DNS label.
    pub(super) fn name(&self, findings: &mut Findings) -> Option<Name> {
        let name = self.string(findings)?.parse();
        name.map_err(|error| self.error(error, findings)).ok()
    }

    /// A number from `least` to `most`; `what` completes "is not …".
    pub(super) fn number(
        &self,
        what: &str,
        (least, most): (u16, u16),
        findings: &mut Findings,
    ) -> Option<u16> {
        let text = self.text("a number", findings)?;
        let number = text
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number));
        match (&self.node.content, number) {
            (Content::Quoted(_), Some(number)) => {
                let text = format!("must be a number, not a string; write {number} without quotes");
                self.error(text, findings);
                None
            }
            (_, None) => {
                let text = format!("`{text}` is not {what}; use a number from {least} to {most}");
                self.error(text, findings);
                None
            }
            (_, number) => number,
        }
    }

    /// One of a few words; `what` completes "is not …".
    pub(super) fn one_of<T: Copy>(
        &self,
        what: &str,
        choices: &[(&str, T)],
        findings: &mut Findings,
    ) -> Option<T> {
        let text = self.text("a string", findings)?;
        let chosen = choices.iter().find(|(word, _)| *word == text);
        if chosen.is_none() {
            let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
            let words = enumerate(&words, "or");
            self.error(
                format_args!("`{text}` is not {what}; use {words}"),
                findings,
            );
        }
        chosen.map(|(_, value)| *value)
    }

    /// The entries of a list.
    pub(super) fn items(&self, findings: &mut Findings) -> Option<Vec<Value<'a>>> {
        match &self.node.content {
            Content::List(items) => {
                let item = |(index, node)| Value {
                    node,
                    path: format!("{}[{index}]", self.path),
                };
                Some(items.iter().enumerate().map(item).collect())
            }
            Content::Plain(text) if !self.node.is_null() => {
                self.error(format_args!("must be a list; write [{text}]"), findings);
                None
            }
            Content::Quoted(text) => {
                self.error(format_args!("must be a list; write [\"{text}\"]"), findings);
                None
            }
            _ => {
                self.mismatch("a list", findings);
                None
            }
        }
    }

    /// The entries of a list, each read with `read`; those it refused are `None`.
    pub(super) fn each<T>(
        &self,
        findings: &mut Findings,
        mut read: impl FnMut(&Value<'a>, &mut Findings) -> Option<T>,
    ) -> Option<Vec<Option<T>>> {
        let items = self.items(findings)?;
        Some(items.iter().map(|item| read(item, findings)).collect())
    }

    /// As [`Self::each`], but only if every entry is good.
    pub(super) fn every<T>(
        &self,
        findings: &mut Findings,
        read: impl FnMut(&Value<'a>, &mut Findings) -> Option<T>,
    ) -> Option<Vec<T>> {
        self.each(findings, read)?.into_iter().collect()
    }

    /// The fields of a mapping.
    pub(super) fn fields(&self, findings: &mut Findings) -> Option<Fields<'a>> {
        if let Content::Mapping(entries) = &self.node.content
            && address_read_as_mapping(entries).is_none()
        {
            Some(Fields::of(self, entries))
        } else {
            self.mismatch("a mapping", findings);
            None
        }
    }
}

/// `a, b or c`.
pub(super) fn enumerate(words: &[&str], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).to_owned(),
        [most @ .., last] => format!("{} {conjunction} {last}", most.join(", ")),
    }
}
