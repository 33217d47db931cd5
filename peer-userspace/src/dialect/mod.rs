//! Documents of a peering table, read into the model.
//!
//! Owns what the documents look like: YAML, `apiVersion` and `kind`, fields,
//! defaults, and one clear sentence for everything that is wrong with them.
//! What several objects amount to together is `lifecycle`'s. Pure.

mod addresses;
mod atlas;
mod atlas_containers;
mod atlas_peers;
mod atlas_status;
#[cfg(test)]
mod atlas_tests;
mod convert;
mod fields;
mod foreign;
mod json;
mod kube_ovn;
mod kube_ovn_connect;
mod kube_ovn_read;
mod kube_ovn_routes;
mod kube_ovn_status;
#[cfg(test)]
mod kube_ovn_tests;
mod native_metadata;
mod native_network;
mod native_peering;
mod native_port;
mod native_rules;
mod native_source;
mod oep8;
#[cfg(test)]
mod oep8_tests;
mod outscale;
mod scalar;
mod sources;
mod standing;
mod translate;
mod value;
pub mod write;
mod yaml;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, sync::Arc};

use fields::Fields;
use value::Value;

use crate::model::{Consent, Foreign, Kind, Network, ObjectRef, Source, Spec, Table};

pub use addresses::never_forwarded;
pub use convert::{Converted, Document, convert};
pub use oep8::request as peering_request;
pub use outscale::kept as kept_net;
pub use standing::{Around, AtlasWords, Neighbour, Standing, Surroundings};
pub use translate::translate;

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
    /// Documents of other systems in document order, each with where it starts.
    pub foreign: Vec<(Foreign, Position)>,
    /// What was skipped or has no effect, in the text's order.
    pub warnings: Vec<Finding>,
}

impl Declared {
    /// Whether no object that peerd knows was in the text.
    pub fn is_empty(&self) -> bool {
        self.keys().next().is_none()
    }

    /// Kind, name and place of every object.
    pub fn keys(&self) -> impl Iterator<Item = ((Kind, &ObjectRef), Position)> {
        let networks = self.networks.iter();
        let networks = networks.map(|(network, at)| ((Kind::Network, &network.id), *at));
        let consents = self.consents.iter();
        let consents = consents.map(|(consent, at)| ((Kind::Peering, &consent.id), *at));
        let foreign = self.foreign.iter();
        let foreign = foreign.map(|(foreign, at)| ((foreign.kind(), &foreign.id), *at));
        networks.chain(consents).chain(foreign)
    }

    /// Everything as a table.
    pub fn table(self) -> Table {
        let mut table = Table::default();
        let networks = self.networks.into_iter();
        table
            .networks
            .extend(networks.map(|(network, _)| (network.id.clone(), network)));
        let consents = self.consents.into_iter();
        table
            .consents
            .extend(consents.map(|(consent, _)| (consent.id.clone(), consent)));
        let foreign = self.foreign.into_iter();
        let foreign = foreign.map(|(foreign, _)| ((foreign.kind(), foreign.id.clone()), foreign));
        table
            .foreign
            .extend(foreign.map(|(key, foreign)| (key, Arc::new(foreign))));
        table
    }
}

/// Reads a stream of YAML or JSON documents, or returns every error in it in the
/// text's order.
///
/// A syntax error ends the reading; the errors before it are still returned.
pub fn parse(text: &str) -> Result<Declared, Vec<Finding>> {
    read(text, Stream::default())
}

/// Reads what peerd itself wrote down, also of kinds that users do not write.
pub fn parse_stored(text: &str) -> Result<Declared, Vec<Finding>> {
    let stream = Stream {
        is_stored: true,
        ..Stream::default()
    };
    read(text, stream)
}

fn read(text: &str, mut stream: Stream) -> Result<Declared, Vec<Finding>> {
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

/// What another system calls the network that a foreign object stands for or belongs to.
fn source_of(foreign: &Foreign) -> Option<Source> {
    match &foreign.spec {
        Spec::OnmetalNetwork => {
            let ObjectRef { namespace, name } = &foreign.id;
            Some(oep8::source(namespace.as_str(), name.as_str()))
        }
        Spec::Vpc(_) => Some(kube_ovn::source(foreign.id.name.as_str())),
        Spec::Subnet(subnet) => Some(kube_ovn::source(subnet.vpc())),
        _ => None,
    }
}

/// `status` of a foreign object in its own system's words: of the consents that it is, and
/// of the network that it stands for with those it is peered with and what is declared
/// around it. `None` if its system shows it no more.
pub fn status(
    foreign: &Foreign,
    consents: &[Standing],
    peered: &[Neighbour],
    around: &Around<'_>,
    words: AtlasWords,
) -> Option<serde_json::Value> {
    match &foreign.spec {
        Spec::PeeringRequest(_) => oep8::request_status(consents.first()),
        Spec::OnmetalNetwork => Some(oep8::network_status(peered)),
        Spec::Vpc(vpc) => {
            let own = (consents, peered);
            Some(kube_ovn_status::vpc(foreign, vpc, own, around))
        }
        Spec::Subnet(subnet) => Some(kube_ovn_status::subnet(subnet, around)),
        Spec::AtlasProject(project) => Some(atlas_status::status(project, consents, words)),
        Spec::Net(_) => Some(serde_json::json!({})),
    }
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
    /// Whether it is what peerd wrote down.
    is_stored: bool,
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
            words => match Kind::of(words).filter(|kind| kind.is_written() || self.is_stored) {
                Some(kind) => self.read_foreign(kind, object, fields),
                None => object.warning(
                    format_args!(
                        "skipped: peerd does not read kind {} of {}",
                        words.1, words.0
                    ),
                    findings,
                ),
            },
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

    fn read_foreign(&mut self, kind: Kind, object: &Value<'_>, fields: Fields<'_>) {
        let Some(foreign) = foreign::read(kind, object, fields, &mut self.findings) else {
            return;
        };
        let at = object.node.at;
        let known = &mut self.declared.foreign;
        // Documentation shows an object growing, and Kubernetes applies one after the other.
        if let Some(before) = known
            .iter()
            .position(|(known, _)| known.kind() == kind && known.id == foreign.id)
        {
            let (_, first) = known.remove(before);
            let text = format!(
                "{kind} {} is declared at line {} already; this one takes its place",
                foreign.id, first.line
            );
            self.findings.warning(at, text);
        }
        known.push((foreign, at));
    }

    /// Remembers a name, or reports that it is taken.
    fn refuse_second(&mut self, key: (Kind, ObjectRef), at: Position) {
        match self.first.get(&key) {
            Some(first) => {
                let text = format!(
                    "{} {} is declared twice; the first is at line {}",
                    key.0, key.1, first.line
                );
                self.findings.error(at, text);
            }
            None => {
                self.first.insert(key, at);
            }
        }
    }

    fn read_native(&mut self, kind: Kind, object: &Value<'_>, mut fields: Fields<'_>) {
        let at = object.node.at;
        let findings = &mut self.findings;
        let metadata = fields
            .required("metadata", findings)
            .map(|metadata| native_metadata::read(&metadata, findings))
            .unwrap_or_default();
        if let Some(id) = metadata.id.clone() {
            self.refuse_second((kind, id), at);
        }
        let findings = &mut self.findings;
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
            _ => {}
        }
    }
}
