//! Nodes as JSON: a document of another system's is kept as it was written, with what
//! peerd makes nothing of.

use serde_json::{Map, Number, Value};

use super::{
    scalar::other_than_string,
    yaml::{Content, Node},
};

/// The node as JSON.
pub(super) fn json(node: &Node) -> Value {
    match &node.content {
        Content::Quoted(text) => Value::String(text.clone()),
        Content::Plain(text) => plain(text),
        Content::List(items) => items.iter().map(json).collect(),
        Content::Mapping(entries) => {
            let entries = entries
                .iter()
                .map(|(key, node)| (key.name.clone(), json(node)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

/// A plain scalar, as YAML 1.2's core schema (section 10.3.2) takes it.
fn plain(text: &str) -> Value {
    let number = || text.parse::<Number>().ok().map(Value::Number);
    let read = match other_than_string(text) {
        None => None,
        Some("null") => Some(Value::Null),
        Some("a boolean") => Some(Value::Bool(text.eq_ignore_ascii_case("true"))),
        // Octal numbers, infinities and the like have no form in JSON.
        Some(_) => number(),
    };
    read.unwrap_or_else(|| Value::String(text.to_owned()))
}
