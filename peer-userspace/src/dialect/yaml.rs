//! YAML text as trees of positioned nodes, one a document.
//!
//! Built from the parser's events rather than by saphyr's loader, which gives
//! up at the first duplicate key, forgets the documents before a syntax error
//! and no longer knows how a scalar was written (`10.10` becomes 10.1).

use std::collections::BTreeMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use super::{
    Finding, Findings, Position,
    scalar::{is_ipv6_like, is_null},
};

/// Deeper nesting ends the reading: trees are walked, and dropped, recursively.
const MAX_DEPTH: usize = 64;

/// How many nodes anchors and aliases may copy in one text. A few lines of
/// aliases to aliases would otherwise grow without bound.
const MAX_COPIED: usize = 100_000;

/// A node and where it starts.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) content: Content,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A scalar that its text alone makes a string, a number, a boolean or null.
    Plain(String),
    /// A scalar that is a string whatever its text: quoted, a block, or `!!str`.
    Quoted(String),
    List(Vec<Node>),
    /// In document order; a key may come more than once.
    Mapping(Vec<(Key, Node)>),
}

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) at: Position,
    pub(super) name: String,
}

impl Node {
    /// Whether this is YAML's null: nothing, `~` or `null`.
    pub(super) fn is_null(&self) -> bool {
        matches!(&self.content, Content::Plain(text) if is_null(text))
    }

    /// Whether it says no more than leaving it out does: Kubernetes' tools write fields
    /// that nobody set as `false`, `0`, `""`, `[]` or `{}`.
    pub(super) fn is_zero(&self) -> bool {
        match &self.content {
            Content::Plain(text) => matches!(text.as_str(), "false" | "0") || is_null(text),
            Content::Quoted(text) => text.is_empty(),
            Content::List(items) => items.is_empty(),
            Content::Mapping(entries) => entries.iter().all(|(_, node)| node.is_zero()),
        }
    }

    /// Nodes and levels in this tree.
    fn size(&self) -> (usize, usize) {
        let of_children = |children: &mut dyn Iterator<Item = &Node>| {
            children
                .map(Node::size)
                .fold((1, 1), |(nodes, levels), child| {
                    (nodes + child.0, levels.max(child.1 + 1))
                })
        };
        match &self.content {
            Content::Plain(_) | Content::Quoted(_) => (1, 1),
            Content::List(items) => of_children(&mut items.iter()),
            Content::Mapping(entries) => of_children(&mut entries.iter().map(|(_, node)| node)),
        }
    }
}

/// The documents of a stream that are not empty. A syntax error ends the stream;
/// the documents before it are kept.
pub(super) fn documents(text: &str, findings: &mut Findings) -> Vec<Node> {
    let mut parser = Parser::new_from_str(text);
    let mut tree = Tree::default();
    while let Some(event) = parser.next_event() {
        let taken = match event {
            Ok((event, span)) => tree.take(event, position(&span.start), findings),
            Err(error) => Err(syntax_error(text, &error)),
        };
        if let Err(Finding { at, text }) = taken {
            findings.error(at, text);
            break;
        }
    }
    tree.documents
}

/// A collection whose end has not come yet.
struct Open {
    node: Node,
    anchor: usize,
    /// In a mapping, the key that waits for its value; `None` inside for one
    /// that cannot be a key, whose value is dropped.
    key: Option<Option<Key>>,
}

/// The tree of the document being read, and the finished ones.
#[derive(Default)]
struct Tree {
    documents: Vec<Node>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    copied: usize,
}

impl Tree {
    /// Takes the next event; an error ends the reading.
    fn take(
        &mut self,
        event: Event<'_>,
        at: Position,
        findings: &mut Findings,
    ) -> Result<(), Finding> {
        match event {
            // The parser itself would let an alias reach into an earlier document.
            Event::DocumentStart(_) => self.anchors.clear(),
            Event::Scalar(text, style, anchor, tag) => {
                let string = is_string(style, tag.as_deref(), at, findings);
                let text = text.into_owned();
                let content = if string {
                    Content::Quoted(text)
                } else {
                    Content::Plain(text)
                };
                self.add(Node { at, content }, anchor, findings)?;
            }
            Event::SequenceStart(anchor, tag) => {
                is_string(ScalarStyle::Plain, tag.as_deref(), at, findings);
                self.open(
                    Node {
                        at,
                        content: Content::List(Vec::new()),
                    },
                    anchor,
                )?;
            }
            Event::MappingStart(anchor, tag) => {
                is_string(ScalarStyle::Plain, tag.as_deref(), at, findings);
                self.open(
                    Node {
                        at,
                        content: Content::Mapping(Vec::new()),
                    },
                    anchor,
                )?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(Open { node, anchor, .. }) = self.open.pop() {
                    self.add(node, anchor, findings)?;
                }
            }
            Event::Alias(anchor) => {
                // Missing: of an earlier document, or around this very alias.
                let mut node = self.anchors.get(&anchor).cloned().ok_or_else(|| Finding {
                    at,
                    text: "this alias has no finished anchor in its document".to_owned(),
                })?;
                node.at = at;
                self.count_copy(&node)?;
                self.add(node, 0, findings)?;
            }
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => {}
        }
        Ok(())
    }

    fn open(&mut self, node: Node, anchor: usize) -> Result<(), Finding> {
        if self.open.len() >= MAX_DEPTH {
            return Err(too_deep(node.at));
        }
        self.open.push(Open {
            node,
            anchor,
            key: None,
        });
        Ok(())
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, anchor: usize, findings: &mut Findings) -> Result<(), Finding> {
        if anchor > 0 {
            self.count_copy(&node)?;
            self.anchors.insert(anchor, node.clone());
        }
        let Some(parent) = self.open.last_mut() else {
            if !node.is_null() {
                self.documents.push(node);
            }
            return Ok(());
        };
        match &mut parent.node.content {
            Content::List(items) => items.push(node),
            Content::Mapping(entries) => match parent.key.take() {
                None => parent.key = Some(key_of(node, findings)),
                Some(Some(key)) => entries.push((key, node)),
                Some(None) => {}
            },
            Content::Plain(_) | Content::Quoted(_) => {}
        }
        Ok(())
    }

    fn count_copy(&mut self, node: &Node) -> Result<(), Finding> {
        let (nodes, levels) = node.size();
        self.copied += nodes;
        if self.open.len() + levels > MAX_DEPTH + 1 {
            return Err(too_deep(node.at));
        }
        if self.copied > MAX_COPIED {
            let text = format!("anchors and aliases repeat more than {MAX_COPIED} values");
            return Err(Finding { at: node.at, text });
        }
        Ok(())
    }
}

fn too_deep(at: Position) -> Finding {
    Finding {
        at,
        text: format!("nested more than {MAX_DEPTH} levels deep"),
    }
}

fn key_of(node: Node, findings: &mut Findings) -> Option<Key> {
    let Node { at, content } = node;
    let what = match content {
        Content::Plain(name) | Content::Quoted(name) => return Some(Key { at, name }),
        Content::List(_) => "list",
        Content::Mapping(_) => "mapping",
    };
    findings.error(
        at,
        format!("a {what} cannot be the name of a field; write a plain name"),
    );
    None
}

/// Whether a scalar is a string without a look at its text. Tags of other than
/// YAML's own types are errors: what they ask for would not happen.
fn is_string(style: ScalarStyle, tag: Option<&Tag>, at: Position, findings: &mut Findings) -> bool {
    let tagged = match tag {
        None => false,
        Some(tag) if tag.is_yaml_core_schema() => tag.suffix == "str",
        // `!` alone: "do not look at the text" (section 6.9.1).
        Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => true,
        Some(tag) => {
            findings.error(
                at,
                format!("the tag `{tag}` has no meaning here; remove it"),
            );
            false
        }
    };
    tagged || style != ScalarStyle::Plain
}

fn position(marker: &Marker) -> Position {
    Position {
        line: marker.line().max(1),
        column: marker.col() + 1,
    }
}

fn syntax_error(text: &str, error: &ScanError) -> Finding {
    let at = position(error.marker());
    let word = text
        .lines()
        .nth(at.line - 1)
        .map(|line| word_around(line, at.column - 1))
        .unwrap_or_default();
    let info = error.info();
    let text = if word == "*" || is_ipv6_like(&word) {
        format!("not valid YAML: {info}; write \"{word}\" in quotes")
    } else {
        format!("not valid YAML: {info}")
    };
    Finding { at, text }
}

/// The run of characters around the `column`th that could be one plain scalar.
fn word_around(line: &str, column: usize) -> String {
    let mut word = String::new();
    for (index, char) in line.chars().enumerate() {
        if !(char.is_whitespace() || "[]{},'\"#".contains(char)) {
            word.push(char);
        } else if index < column {
            word.clear();
        } else {
            break;
        }
    }
    word
}

/// The address that YAML took for a mapping, if `entries` looks like one:
/// `[fd00::]` is a list of the mapping `{"fd00:": null}`.
pub(super) fn address_read_as_mapping(entries: &[(Key, Node)]) -> Option<String> {
    let [(key, value)] = entries else { return None };
    let address = format!("{}:", key.name);
    (value.is_null() && is_ipv6_like(&address)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::super::tests::errors;
    use super::*;

    fn read(text: &str) -> (Vec<Node>, Vec<String>) {
        let mut findings = Findings::default();
        let documents = documents(text, &mut findings);
        (
            documents,
            findings.errors.iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn quotes_blocks_and_the_string_tag_make_strings() {
        let (documents, errors) = read("['1', \"1\", !!str 1, ! 1, 1, !!int 1]\n--- |\n  1\n");
        assert_eq!(errors, [""; 0]);
        let Content::List(items) = &documents[0].content else {
            panic!("{documents:?}")
        };
        let quoted: Vec<_> = items
            .iter()
            .map(|item| matches!(item.content, Content::Quoted(_)))
            .collect();
        assert_eq!(quoted, [true, true, true, true, false, false]);
        assert!(matches!(documents[1].content, Content::Quoted(_)));
    }

    #[test]
    fn tags_of_other_systems_are_errors() {
        assert_eq!(
            read("a: !secret b\nc: !list []\n").1,
            [
                "1:4: the tag `!secret` has no meaning here; remove it",
                "2:4: the tag `!list` has no meaning here; remove it",
            ]
        );
    }

    #[test]
    fn a_template_left_unrendered_is_an_error() {
        let mut errors = read("{{ .Values.x }}: y\n").1;
        errors.sort();
        let text = "a mapping cannot be the name of a field; write a plain name";
        assert_eq!(errors, [format!("1:1: {text}"), format!("1:2: {text}")]);
        assert_eq!(
            read("? [a]\n: b\n").1,
            ["1:3: a list cannot be the name of a field; write a plain name"]
        );
    }

    #[test]
    fn an_alias_stands_for_its_anchor_within_the_document() {
        let text = "apiVersion: peerd/v1\nkind: Network\nmetadata: { name: &n 5 }\n\
                    spec: { zone: *n, prefixes: &p [10.0.0.1/8], ports: [{ interface: a, prefixes: *p }] }\n";
        assert_eq!(
            errors(text),
            [
                "3:19: metadata.name: `5` is read as a number; write \"5\" in quotes",
                "4:15: spec.zone: `5` is read as a number; write \"5\" in quotes",
                "4:33: spec.prefixes[0]: `10.0.0.1/8` has host bits set; write 10.0.0.0/8",
                "4:33: spec.ports[0].prefixes[0]: `10.0.0.1/8` has host bits set; \
                 write 10.0.0.0/8",
            ]
        );
        let text = "this alias has no finished anchor in its document";
        assert_eq!(read("&a [*a]").1, [format!("1:5: {text}")]);
        assert_eq!(read("&a b\n---\n*a\n").1, [format!("3:1: {text}")]);
    }

    #[test]
    fn a_key_by_an_alias_can_be_written_twice_too() {
        assert_eq!(
            errors("{ &a x: 1, *a : 2, *a : 3 }"),
            [
                "1:1: apiVersion: missing",
                "1:1: kind: missing",
                "1:12: x: written twice; the first is at line 1",
                "1:20: x: written twice; the first is at line 1",
            ]
        );
    }

    #[test]
    fn texts_that_would_grow_without_bound_end_early() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb += &format!("a{level}: &a{level} [{aliases}]\n");
        }
        assert_eq!(
            read(&bomb).1,
            ["5:40: anchors and aliases repeat more than 100000 values"]
        );
        let said = "nested more than 64 levels deep";
        assert_eq!(read(&"[".repeat(100)).1, [format!("1:65: {said}")]);
        assert_eq!(read(&"- ".repeat(100_000)).1, [format!("1:129: {said}")]);
        assert_eq!(read(&("[".repeat(64) + &"]".repeat(64))).1, [""; 0]);
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        let nested = format!(
            "- &a {}\n- {}*a {}\n",
            deep(40),
            "[".repeat(30),
            "]".repeat(30)
        );
        assert_eq!(read(&nested).1, [format!("2:33: {said}")]);
    }
}
