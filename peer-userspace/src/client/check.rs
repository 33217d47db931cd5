//! `peerctl check`: what is wrong with a table, without a daemon.

use std::collections::BTreeMap;

use super::{Exit, Failure, documents::Files, failure::note, output::print, tables::Tables};
use crate::{
    dialect::{self, Declared, Finding},
    model::Kind,
};

/// Arguments of `check`.
#[derive(Clone, Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    files: Files,
}

impl Check {
    /// Say whether the files are valid, and what they declare.
    ///
    /// # Errors
    /// If any file is refused, or all of them together.
    pub fn run(&self) -> Result<Exit, Failure> {
        let tables = Tables::read(&self.files)?;
        for warning in tables.documents.places(&foreseen(tables.whole)) {
            note(&format!("{warning} (warning)"));
        }
        let valid = tables.each.iter();
        let valid = valid.map(|(name, declared)| format!("{name}: valid; {}", counts(declared)));
        print(&valid.collect::<Vec<_>>().join("\n"))?;
        Ok(Exit::Done)
    }
}

/// How many objects of each kind there are.
fn counts(declared: &Declared) -> String {
    let mut counts = BTreeMap::from([(Kind::Network, 0), (Kind::Peering, 0)]);
    for ((kind, _), _) in declared.keys() {
        *counts.entry(kind).or_default() += 1;
    }
    let counts = counts.iter();
    let counts = counts.map(|(kind, count)| format!("{}: {count}", kind.plural()));
    counts.collect::<Vec<_>>().join(", ")
}

/// What keeps documents of other systems from peering, as far as the files tell.
fn foreseen(declared: Declared) -> Vec<Finding> {
    let places = declared.keys();
    let places: BTreeMap<_, _> = places
        .map(|((kind, id), at)| ((kind, id.clone()), at))
        .collect();
    let table = dialect::translate(declared.table());
    let objections = table.consents.values().filter_map(|consent| {
        let (kind, id) = consent.origin.document()?;
        let objection = consent.objection.as_ref()?;
        Some(Finding {
            at: *places.get(&(kind, id.clone()))?,
            text: format!("{}: {objection}", kind.label(id)),
        })
    });
    let mut foreseen: Vec<Finding> = objections.collect();
    foreseen.sort_by(|one, other| (one.at, &one.text).cmp(&(other.at, &other.text)));
    // What a whole document lacks, each of its entries does.
    foreseen.dedup();
    foreseen
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = "apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { namespace: a, name: ask }
spec: { localNetworkRef: { name: blue }, remoteNetworkRef: { name: green } }
";

    #[test]
    fn only_kinds_that_are_there_are_counted_beside_our_own() {
        let declared = dialect::parse(REQUEST).unwrap();
        assert_eq!(
            counts(&declared),
            "networks: 0, peerings: 0, networkpeeringrequests: 1"
        );
        assert_eq!(counts(&Declared::default()), "networks: 0, peerings: 0");
    }

    #[test]
    fn what_cannot_peer_is_foreseen_where_it_is_written() {
        let text = format!("# nothing\n---\n{REQUEST}");
        let foreseen = foreseen(dialect::parse(&text).unwrap());
        assert_eq!(foreseen.len(), 1);
        let text = foreseen[0].to_string();
        assert!(
            text.starts_with("3:1: NetworkPeeringRequest a/ask: "),
            "{text}"
        );
    }
}
