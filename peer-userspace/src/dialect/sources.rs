//! Which network a foreign name means.
//!
//! Owns that rule: the network whose `source` says so, else the one of the very same
//! namespace and name.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ObjectRef, Source, Table};

/// The networks that say what another system calls them.
#[derive(Clone, Debug)]
pub(super) struct Sources(BTreeMap<Source, BTreeSet<ObjectRef>>);

/// Whom a foreign name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meant {
    /// This network.
    One(ObjectRef),
    /// Nobody's: no network says that it is this, and none has the name.
    Nobody,
    /// So many say so, which is as good as none.
    Several(usize),
}

impl Meant {
    /// The network, if it is one.
    pub(super) fn network(self) -> Option<ObjectRef> {
        match self {
            Self::One(network) => Some(network),
            Self::Nobody | Self::Several(_) => None,
        }
    }
}

impl Sources {
    /// Those of a table's networks.
    pub(super) fn of(table: &Table) -> Self {
        let mut sources = Self(BTreeMap::new());
        for network in table.networks.values() {
            if let Some(source) = &network.source {
                sources.add(source, &network.id);
            }
        }
        sources
    }

    /// One more.
    pub(super) fn add(&mut self, source: &Source, network: &ObjectRef) {
        let known = self.0.entry(source.clone()).or_default();
        known.insert(network.clone());
    }

    /// The network that a foreign name means in `table`, whose sources these are.
    pub(super) fn meant(&self, table: &Table, source: &Source) -> Meant {
        let said = self.0.get(source).into_iter().flatten();
        match said.collect::<Vec<_>>().as_slice() {
            [network] => Meant::One((*network).clone()),
            [] => namesake(table, source).map_or(Meant::Nobody, Meant::One),
            several => Meant::Several(several.len()),
        }
    }
}

/// The network of the very same namespace and name, unless this very system calls it
/// otherwise.
fn namesake(table: &Table, source: &Source) -> Option<ObjectRef> {
    let network = table.networks.get(&source.namesake()?)?;
    let kind = |of: &Source| (of.api_version.clone(), of.kind.clone());
    let known = network.source.as_ref();
    let is_called_otherwise = known.is_some_and(|known| kind(known) == kind(source));
    (!is_called_otherwise).then(|| network.id.clone())
}

/// What is wrong with a name that so many networks claim.
pub(super) fn several(count: usize, source: &Source) -> String {
    format!("{count} Networks have {source} as their source; one may")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    /// Default/a, which another system calls so.
    fn table(api_version: &str, kind: &str, name: &str) -> Table {
        let text = format!(
            "apiVersion: peerd/v1\nkind: Network\nmetadata: {{ name: a }}\n\
             spec: {{ source: {{ apiVersion: {api_version}, kind: {kind}, name: {name} }} }}\n"
        );
        dialect::parse(&text).unwrap().table()
    }

    fn vpc(name: &str) -> Source {
        Source {
            api_version: "kubeovn.io/v1".to_owned(),
            kind: "Vpc".to_owned(),
            namespace: None,
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_namesake_is_meant_unless_this_very_system_calls_it_otherwise() {
        let a = Meant::One("default/a".parse().unwrap());
        for (table, name, meant) in [
            (table("kubeovn.io/v1", "Vpc", "x"), "x", a.clone()),
            (table("kubeovn.io/v1", "Vpc", "x"), "a", Meant::Nobody),
            (table("atlas.mongodb.com/v1", "AwsVpc", "x"), "a", a.clone()),
            (table("other.example/v1", "Vpc", "x"), "a", a.clone()),
        ] {
            assert_eq!(Sources::of(&table).meant(&table, &vpc(name)), meant);
        }
    }
}
