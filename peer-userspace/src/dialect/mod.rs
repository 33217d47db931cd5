//! Documents of a peering table, read into the model.
//!
//! Owns what the documents look like: YAML, `apiVersion` and `kind`, fields,
//! defaults, and one clear sentence for everything that is wrong with them.
//! What several objects amount to together is `lifecycle`'s. Pure.

mod addresses;
mod fields;
mod native_metadata;
mod native_network;
mod native_peering;
mod native_port;
mod native_rules;
mod scalar;
mod value;
pub mod write;
mod yaml;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt};

use fields::Fields;
use value::Value;

use crate::model::{Consent, Kind, Network, ObjectRef};

/// The `apiVersion` of our own kinds.
const NATIVE: &str = "peerd/v1";

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something to say about a place in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The value it is about, or what lacks one.
    pub at: Position,
    /// One sentence, on one line.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.text)
    }
}

/// What a text declares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Networks in document order, each with where its document starts.
    pub networks: Vec<(Network, Position)>,
    /// Consents in document order, each with where its document starts.
    pub consents: Vec<(Consent, Position)>,
    /// What was skipped or has no effect, in the text's order.
    pub warnings: Vec<Finding>,
}

impl Declared {
    /// Whether no object of ours was in the text.
    pub fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.consents.is_empty()
    }
}

/// Reads a stream of YAML or JSON documents, or returns every error in it in the
/// text's order.
///
/// A syntax error ends the reading; the errors before it are still returned.
pub fn parse(text: &str) -> Result<Declared, Vec<Finding>> {
    let mut stream = Stream::default();
    for document in yaml::documents(text, &mut stream.findings) {
        let document = Value::document(&document);
        fields::report_duplicates(&document, &mut stream.findings);
        stream.read(&document);
    }
    let Stream {
        mut declared,
        findings: Findings {
            mut errors,
            mut warnings,
        },
        ..
    } = stream;
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.at);
        return Err(errors);
    }
    warnings.sort_by_key(|warning| warning.at);
    declared.warnings = warnings;
    Ok(declared)
}

/// Errors and warnings so far, in no order.
#[derive(Default)]
struct Findings {
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

impl Findings {
    fn error(&mut self, at: Position, text: String) {
        self.errors.push(Finding {
            at,
            text: one_line(text),
        });
    }

    fn warning(&mut self, at: Position, text: String) {
        self.warnings.push(Finding {
            at,
            text: one_line(text),
        });
    }
}

/// Findings quote the text, which may hold line breaks and terminal controls.
fn one_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        if char.is_control() {
            line.extend(char.escape_default())
        } else {
            line.push(char)
        }
    }
    line
}

/// What the documents so far amount to.
#[derive(Default)]
struct Stream {
    declared: Declared,
    /// Where each name was first declared, even by an object with errors.
    first: BTreeMap<(Kind, ObjectRef), Position>,
    findings: Findings,
}

impl Stream {
    /// Reads one object, or each of a list's.
    fn read(&mut self, object: &Value<'_>) {
        let Some(mut fields) = object.fields(&mut self.findings) else {
            return;
        };
        let findings = &mut self.findings;
        let version_value = fields.required("apiVersion", findings);
        let version = version_value
            .as_ref()
            .and_then(|version| version.string(findings));
        let kind_value = fields.required("kind", findings);
        let kind = kind_value.as_ref().and_then(|kind| kind.string(findings));
        let (Some(version), Some(kind)) = (version, kind) else {
            return;
        };
        match (version, kind) {
            (NATIVE, "Network") => self.read_native(Kind::Network, object, fields),
            (NATIVE, "Peering") => self.read_native(Kind::Peering, object, fields),
            (NATIVE | "v1", "List") => self.read_list(fields),
            (NATIVE, _) => {
                if let Some(value) = kind_value {
                    let text =
                        format!("`{kind}` is not a kind of {NATIVE}; use Network or Peering");
                    value.error(text, findings);
                }
            }
            // Ours, but of another time: to skip it would drop a part of the table.
            (version, _) if version.starts_with("peerd/") => {
                if let Some(value) = version_value {
                    let text = format!("`{version}` is unknown to this version; use {NATIVE}");
                    value.error(text, findings);
                }
            }
            _ => object.warning(
                format_args!("skipped: peerd does not read kind {kind} of {version}"),
                findings,
            ),
        }
    }

    /// Reads the objects of a `kind: List`, as Kubernetes' tools write them.
    fn read_list(&mut self, mut fields: Fields<'_>) {
        let items = fields.required("items", &mut self.findings);
        fields.finish(&["metadata"], &mut self.findings);
        let items = items.and_then(|items| items.items(&mut self.findings));
        for item in items.unwrap_or_default() {
            self.read(&item);
        }
    }

    fn read_native(&mut self, kind: Kind, object: &Value<'_>, mut fields: Fields<'_>) {
        let at = object.node.at;
        let findings = &mut self.findings;
        let metadata = fields
            .required("metadata", findings)
            .map(|metadata| native_metadata::read(&metadata, findings))
            .unwrap_or_default();
        if let Some(id) = &metadata.id {
            match self.first.get(&(kind, id.clone())) {
                Some(first) => {
                    let text = format!(
                        "{kind} {id} is declared twice; the first is at line {}",
                        first.line
                    );
                    findings.error(at, text);
                }
                None => {
                    self.first.insert((kind, id.clone()), at);
                }
            }
        }
        let spec = fields.required("spec", findings);
        fields.finish(&["status"], findings);
        let Some(spec) = spec else { return };
        match kind {
            Kind::Network => {
                let network = native_network::read(metadata, &spec, findings);
                self.declared
                    .networks
                    .extend(network.map(|network| (network, at)));
            }
            Kind::Peering => {
                let consent = native_peering::read(metadata, &spec, findings);
                self.declared
                    .consents
                    .extend(consent.map(|consent| (consent, at)));
            }
        }
    }
}
