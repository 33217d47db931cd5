//! What the documents of other systems mean in native terms.
//!
//! Owns the order, and the names of what is made. What each system's documents say is
//! translated in that system's own file. Pure, and the same for
//! every order of documents.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use super::{
    atlas_peers, kube_ovn, oep8, outscale,
    sources::{Meant, Sources},
};
use crate::model::{
    Consent, Kind, Name, Network, ObjectRef, PeerRef, RouteMode, Source, Table, Unmanaged,
};

/// `declared` with the networks and consents that its foreign documents mean.
pub fn translate(declared: Table) -> Table {
    let is_native = |consent: &Consent| {
        !consent.origin.is_outscale() && !matches!(consent.peer, PeerRef::Source(..))
    };
    if declared.foreign.is_empty() && declared.consents.values().all(is_native) {
        return declared;
    }
    let mut translator = Translator {
        sources: Sources::of(&declared),
        table: declared.clone(),
        declared: &declared,
        tried: BTreeMap::new(),
    };
    // Networks first: what peers are called is looked up among them.
    kube_ovn::networks(&mut translator);
    atlas_peers::networks(&mut translator);
    oep8::consents(&mut translator);
    kube_ovn::consents(&mut translator);
    atlas_peers::consents(&mut translator);
    outscale::settings(&mut translator);
    translator.name_peers();
    translator.table
}

/// A table on its way.
pub(super) struct Translator<'a> {
    /// As it was declared.
    pub(super) declared: &'a Table,
    /// With what was made so far.
    pub(super) table: Table,
    sources: Sources,
    /// By the name that was asked for and the kind that did, how many were tried: those
    /// are taken for good.
    tried: BTreeMap<(ObjectRef, Option<Kind>), u32>,
}

impl Translator<'_> {
    /// The network that a foreign name means.
    pub(super) fn meant(&self, source: &Source) -> Meant {
        self.sources.meant(&self.table, source)
    }

    /// Adds a consent, under its name or the next that is free.
    pub(super) fn add(&mut self, mut consent: Consent) {
        consent.id.name = self.free_name(&consent);
        // It quotes what may be any text.
        consent.objection = consent.objection.map(super::one_line);
        self.table.consents.insert(consent.id.clone(), consent);
    }

    /// The name the consent asks for; where another has it, with its origin's number.
    fn free_name(&mut self, consent: &Consent) -> Name {
        let wanted = consent.id.name.as_str();
        let kind = consent.origin.document().map(|(kind, _)| kind);
        let tried = self.tried.entry((consent.id.clone(), kind)).or_default();
        let kind = kind.map(|kind| kind.to_string()).unwrap_or_default();
        loop {
            *tried += 1;
            let name = match *tried {
                1 => label(wanted),
                2 => label(&format!("{wanted}-{kind}")),
                number => label(&format!("{number}-{wanted}-{kind}")),
            };
            let id = ObjectRef {
                namespace: consent.id.namespace.clone(),
                name: name.clone(),
            };
            if !self.table.consents.contains_key(&id) {
                return name;
            }
        }
    }

    /// Adds a network that is known only by a foreign document, unless one of its name is
    /// there. It has no ports: those are the host's, and nobody said which.
    pub(super) fn add_network(&mut self, network: Network) {
        let Entry::Vacant(free) = self.table.networks.entry(network.id.clone()) else {
            return;
        };
        if let Some(source) = &network.source {
            self.sources.add(source, &network.id);
        }
        free.insert(network);
    }

    fn name_peers(&mut self) {
        let sources = |consent: &Consent| match &consent.peer {
            PeerRef::Source(source, _) => Some((consent.id.clone(), source.clone())),
            _ => None,
        };
        let named: Vec<_> = self.table.consents.values().filter_map(sources).collect();
        for (id, source) in named {
            let network = self.meant(&source).network();
            if let Some(consent) = self.table.consents.get_mut(&id) {
                consent.peer = PeerRef::Source(source, network);
            }
        }
    }
}

/// A network without ports.
pub(super) fn portless(id: ObjectRef, source: Source) -> Network {
    Network {
        id,
        labels: BTreeMap::new(),
        source: Some(source),
        zone: "default".to_owned(),
        prefixes: Arc::default(),
        ports: Vec::new(),
        routes: RouteMode::Auto,
        static_routes: Vec::new(),
        unmanaged: Unmanaged::Pass,
        auto_accept: Vec::new(),
    }
}

/// A text as a DNS label: what is none of it becomes a hyphen.
pub(super) fn label(text: &str) -> Name {
    let mut label = String::with_capacity(text.len());
    for char in text.chars().map(|char| char.to_ascii_lowercase()) {
        match char {
            'a'..='z' | '0'..='9' => label.push(char),
            _ if label.ends_with('-') || label.is_empty() => {}
            _ => label.push('-'),
        }
    }
    // All of it is ASCII by now.
    label.truncate(63);
    let label = label.trim_end_matches('-');
    label.parse().unwrap_or_else(|_| Name::unnamed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_a_label() {
        for (text, expected) in [
            ("peering upcloud->aiven", "peering-upcloud-aiven"),
            ("my_VNet", "my-vnet"),
            ("--a--", "a"),
            ("", "unnamed"),
            ("→", "unnamed"),
            (&"x".repeat(80), &"x".repeat(63)),
        ] {
            assert_eq!(label(text).as_str(), expected, "{text}");
        }
    }
}
