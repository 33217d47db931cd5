//! The native form of a table: what documents of other systems mean, in our own words and
//! such that it needs none of them.
//!
//! Owns what can be left out of it and what cannot be carried over. What the documents
//! mean is `translate`'s. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    oep8, one_line, parse,
    translate::{portless, translate},
    write,
};
use crate::model::{Consent, Kind, Network, Origin, PeerRef, Source, Spec, Table, Ttl};

/// A table in native form.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Converted {
    /// Networks, then consents, each by name.
    pub documents: Vec<Document>,
    /// What has no native form, a sentence each.
    pub lost: Vec<String>,
    /// What was carried over and still needs another system's words, a sentence each.
    pub warnings: Vec<String>,
}

/// A native document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// What has to be added to it, a sentence each.
    pub notes: Vec<&'static str>,
    /// The document.
    pub content: Value,
}

/// What `declared` means, in native form.
///
/// Read again it means the same: the same networks and consents, but for where they come
/// from and what other systems call them. That nobody said a network's ports or prefixes
/// stands against no consent here: whoever gets the native form is to add them.
pub fn convert(declared: Table) -> Converted {
    let table = translate(with_networks(declared));
    let mut converted = Converted::default();
    let carried = table.consents.values();
    let carried = carried.filter(|consent| consent.objection.is_none());
    let named: BTreeSet<&Source> = carried.filter_map(still_foreign).collect();
    for network in table.networks.values() {
        let native = without_source(network, &named);
        let label = Kind::Network.label(&native.id);
        converted.add(label, missing(&native), write::network(&native));
    }
    for consent in table.consents.values() {
        let document = consent.origin.document();
        let (kind, id) = document.unwrap_or((Kind::Peering, &consent.id));
        let label = kind.label(id);
        if let Some(objection) = &consent.objection {
            converted.lose(&label, objection);
            continue;
        }
        if let Some(source) = still_foreign(consent) {
            converted.warnings.push(one_line(format!(
                "{label}: no network here is {source}, so its peer is still named by that"
            )));
        }
        converted.add(label, Vec::new(), write::consent(&native(consent)));
    }
    converted
}

impl Converted {
    /// Adds a document, if it is one: another system may say what ours has no place for.
    fn add(&mut self, label: String, notes: Vec<&'static str>, content: Value) {
        match parse(&content.to_string()) {
            Ok(_) => self.documents.push(Document { notes, content }),
            Err(errors) => {
                let errors = errors.into_iter().map(|error| error.text);
                self.lose(&label, &errors.collect::<Vec<_>>().join("; "));
            }
        }
    }

    fn lose(&mut self, label: &str, why: &str) {
        let lost = one_line(format!("{label}: {why}"));
        // What a whole document lacks, each of its entries does.
        if !self.lost.contains(&lost) {
            self.lost.push(lost);
        }
    }
}

/// The table as if the networks that only other systems' documents tell of were declared.
fn with_networks(mut declared: Table) -> Table {
    let mut networks = translate(declared.clone()).networks;
    for foreign in declared.foreign.values() {
        let namespace = foreign.id.namespace.as_str();
        let name = match &foreign.spec {
            Spec::PeeringRequest(request) => request.local.as_str(),
            Spec::OnmetalNetwork => foreign.id.name.as_str(),
            // Of all others the translation made networks.
            _ => continue,
        };
        let source = oep8::source(namespace, name);
        let is_known = networks
            .values()
            .any(|network| network.source.as_ref() == Some(&source));
        if let Some(id) = source.namesake().filter(|_| !is_known) {
            networks
                .entry(id.clone())
                .or_insert_with(|| portless(id, source));
        }
    }
    networks.retain(|id, _| !declared.networks.contains_key(id));
    declared.networks.extend(networks);
    declared
}

/// What its peer is called, if that is not known to be a network of ours.
fn still_foreign(consent: &Consent) -> Option<&Source> {
    match &consent.peer {
        PeerRef::Source(source, None) => Some(source),
        _ => None,
    }
}

/// The network without its source, unless something depends on it: its prefixes, or whom
/// one of the names in `named` does not mean.
fn without_source(network: &Network, named: &BTreeSet<&Source>) -> Network {
    let mut network = network.clone();
    let depends = named.iter().any(|source| {
        network.source.as_ref() == Some(*source) || source.namesake().as_ref() == Some(&network.id)
    });
    if !depends && !network.prefixes.is_empty() {
        network.source = None;
    }
    network
}

/// What only the owner can add.
fn missing(network: &Network) -> Vec<&'static str> {
    let mut notes = Vec::new();
    if network.prefixes.is_empty() {
        notes.push("its source says no prefixes here: add them");
    }
    if network.ports.is_empty() {
        notes.push("the ports are this host's: add its interfaces that face this network");
    }
    notes
}

/// The consent as one of our own.
fn native(consent: &Consent) -> Consent {
    let mut consent = consent.clone();
    if let PeerRef::Source(_, Some(peer)) = consent.peer {
        consent.peer = PeerRef::Network(peer);
    }
    if consent.origin != Origin::Native {
        // Ours would get a time to be answered where it says none.
        consent.ttl.get_or_insert(Ttl::Never);
        consent.origin = Origin::Native;
    }
    consent
}

#[cfg(test)]
mod tests;
