//! `-o jsonpath=TEMPLATE`, in kubectl's form: `{.status.state}{"\n"}`.
//!
//! Owns the translation of kubectl's expressions to steps: names, which a list passes on
//! to its items, as Atlas' documentation has it where kubectl prints nothing, and what
//! RFC 9535 has, which `serde_json_path` evaluates. What cannot be translated is refused.

use std::{fmt, str::FromStr};

use serde_json::Value;
use serde_json_path::JsonPath;

/// Text and expressions in turn.
#[derive(Clone, Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Path(Vec<Step>),
}

/// What leads from a value to those a path means.
#[derive(Clone, Debug)]
enum Step {
    /// To a field; of a list, to that field of each item.
    Field(String),
    /// To whatever this finds below it.
    Below(JsonPath),
}

impl Step {
    fn take<'a>(&self, from: &'a Value) -> Vec<&'a Value> {
        match self {
            Self::Below(path) => path.query(from).all(),
            Self::Field(name) => match from {
                Value::Array(items) => items.iter().flat_map(|item| self.take(item)).collect(),
                other => other.get(name).into_iter().collect(),
            },
        }
    }
}

/// Why a text is no [`Template`].
#[derive(Debug, thiserror::Error)]
pub(super) enum WrongTemplate {
    /// Nothing would ever be looked up.
    #[error("a jsonpath needs an expression in braces, like {{.status.state}}")]
    NoExpression,
    /// A brace has no end.
    #[error("a {{ of the jsonpath has no }}")]
    Open,
    /// A part that means nothing here.
    #[error("{{{expression}}}: {why}")]
    Expression {
        /// Between the braces.
        expression: String,
        /// What is wrong.
        why: String,
    },
}

impl FromStr for Template {
    type Err = WrongTemplate;

    fn from_str(text: &str) -> Result<Self, WrongTemplate> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let end = end(after).ok_or(WrongTemplate::Open)?;
            parts.push(part(after[..end].trim())?);
            rest = &after[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        if parts.iter().any(|part| matches!(part, Part::Path(_))) {
            Ok(Self(parts))
        } else {
            Err(WrongTemplate::NoExpression)
        }
    }
}

impl Template {
    /// What the template makes of a value; several matches are separated by spaces,
    /// and what is not there is nothing.
    pub(super) fn apply(&self, value: &Value) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Path(steps) => {
                let found = steps.iter().fold(vec![value], |found, step| {
                    found.into_iter().flat_map(|from| step.take(from)).collect()
                });
                let texts = found.into_iter().map(|found| match found {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                });
                texts.collect::<Vec<_>>().join(" ")
            }
        });
        parts.collect()
    }
}

/// Where the brace that ends an expression is.
fn end(text: &str) -> Option<usize> {
    unquoted(text).find_map(|(at, char)| (char == '}').then_some(at))
}

/// The characters of a text that are not inside quotes.
fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut escaped = false;
    text.char_indices().filter(move |(_, char)| {
        let inside = quote.is_some() || escaped;
        match (quote, char) {
            _ if escaped => escaped = false,
            (_, '\\') => escaped = true,
            (Some(open), _) if open == *char => quote = None,
            (None, '"' | '\'') => quote = Some(*char),
            _ => {}
        }
        !inside
    })
}

fn part(expression: &str) -> Result<Part, WrongTemplate> {
    let wrong = |why: &dyn fmt::Display| WrongTemplate::Expression {
        expression: expression.to_owned(),
        why: why.to_string(),
    };
    if expression.starts_with('"') {
        return serde_json::from_str(expression)
            .map(Part::Text)
            .map_err(|error| wrong(&error));
    }
    let path = expression.trim_start_matches(['$', '@']);
    if expression.len() - path.len() > 1
        || !(path.is_empty() || path.starts_with(['.', '[']))
        || expression.is_empty()
    {
        return Err(wrong(
            &"only paths like .items[*].metadata.name and texts like \"\\n\" are understood",
        ));
    }
    steps(path).map(Part::Path).map_err(|why| wrong(&why))
}

/// The steps of a path: kubectl's names may hold `-`, and any character after a
/// backslash; brackets mean what they do in RFC 9535.
fn steps(path: &str) -> Result<Vec<Step>, String> {
    let missing = || "a name or the end of a bracket is missing".to_owned();
    let below = |path: &str| {
        let path = JsonPath::parse(&format!("${path}")).map_err(|error| error.to_string())?;
        Ok::<_, String>(Step::Below(path))
    };
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            // `..` looks at every depth.
            let deep = after.strip_prefix('.');
            let (name, tail) = name(deep.unwrap_or(after));
            rest = tail;
            match (name.as_str(), deep) {
                ("", Some(_)) if tail.starts_with('[') => {
                    let end = bracket(tail).ok_or_else(missing)?;
                    steps.push(below(&format!("..{}", &tail[..end]))?);
                    rest = &tail[end..];
                }
                // `.[0]` is `[0]`, and `{.}` everything.
                ("", None) if tail.starts_with('[') || path == "." => {}
                ("", _) => return Err(missing()),
                ("*", Some(_)) => steps.push(below("..[*]")?),
                ("*", None) => steps.push(below("[*]")?),
                (name, Some(_)) => steps.push(below(&format!("..[{}]", Value::from(name)))?),
                (name, None) => steps.push(Step::Field(name.to_owned())),
            }
        } else {
            let end = bracket(rest).ok_or_else(missing)?;
            if unquoted(&rest[..end]).any(|(_, char)| char == '$') {
                return Err("a $ in brackets would not be the whole; use @".to_owned());
            }
            steps.push(below(&rest[..end])?);
            rest = &rest[end..];
        }
    }
    Ok(steps)
}

/// A name up to the next step, and the rest.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '.' | '[' => return (name, &text[at..]),
            '\\' => name.extend(chars.next().map(|(_, char)| char)),
            _ => name.push(char),
        }
    }
    (name, "")
}

/// Where the bracket that `text` starts with ends.
fn bracket(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    unquoted(text).find_map(|(at, char)| {
        match char {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        (depth == 0).then_some(at + 1)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn applied(template: &str) -> Result<String, WrongTemplate> {
        let value = json!({
            "items": [
                { "metadata": { "name": "one", "labels": { "a.b/c": "x", "my-key": "y" } }, "n": 1 },
                { "metadata": { "name": "two" }, "n": 2, "list": ["p", null] },
            ],
            "next": "}",
        });
        Ok(template.parse::<Template>()?.apply(&value))
    }

    #[test]
    fn a_template_is_kubectls() {
        for (template, expected) in [
            ("{.items[*].metadata.name}", "one two"),
            ("{.items[0].metadata.name}{\"\\n\"}", "one\n"),
            ("{$.items[-1:].n}, {.nothing}!", "2, !"),
            ("{@.items[?(@.n==2)].metadata.name}", "two"),
            ("{.items[?(@.metadata.name == 'one')].n}", "1"),
            ("{.items[0].metadata.labels.my-key}", "y"),
            ("{.items[0].metadata.labels.a\\.b/c}", "x"),
            ("{.items[0].metadata.labels['a.b/c']}", "x"),
            ("{..name}", "one two"),
            ("{.items.*.n}", "1 2"),
            ("{.items[1].list}", "[\"p\",null]"),
            ("{\"}\"}{ .next }", "}}"),
            ("{.items..labels.my-key}", "y"),
            ("{..[0].n}{.nothing..[*]}", "1"),
        ] {
            assert_eq!(applied(template).unwrap(), expected, "{template}");
        }
    }

    #[test]
    fn a_field_asked_of_a_list_is_asked_of_each_of_its_items() {
        for (template, expected) in [
            ("{.items.metadata.name}", "one two"),
            ("{.items.metadata.labels.my-key}", "y"),
            ("{.items[1].list.n}", ""),
            ("{.items[1:].n}", "2"),
            ("{.items.list[0]}", "p"),
        ] {
            assert_eq!(applied(template).unwrap(), expected, "{template}");
        }
        let nested: Template = "{.a.b}".parse().unwrap();
        let lists = json!({ "a": [[{ "b": 1 }], { "b": [2] }, "b", [], { "c": 3 }] });
        assert_eq!(nested.apply(&lists), "1 [2]");
    }

    /// The commands of the operator's documentation.
    #[test]
    fn the_one_peers_status_is_printed_where_there_is_one() {
        for (path, expected) in [
            ("{.status.networkPeers.statusName}", "WAITING FOR USER"),
            ("{.status.networkPeers.status}", ""),
            ("{.status.networkPeers[0].statusName}", "WAITING FOR USER"),
        ] {
            let template: Template = path.parse().unwrap();
            let project =
                json!({ "status": { "networkPeers": [{ "statusName": "WAITING FOR USER" }] } });
            assert_eq!(template.apply(&project), expected, "{path}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for wrong in [
            "",
            "text",
            ".items",
            "{.items",
            "{}",
            "{range .items[*]}{.n}{end}",
            "{.items[}",
            "{.items..}",
            "{.items[x]}",
            "{.items[?(@.n==$.items[0].n)]}",
            "{..[}",
            "{$$}",
            "{\"open}",
            "{'text'}{.n}",
        ] {
            assert!(applied(wrong).is_err(), "{wrong}");
        }
    }
}
