//! Overlap, judged at the receiver: what a network imports must be disjoint from
//! its own prefixes and from everything else it imports.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::{
    compile::prefix::overlap,
    model::{ObjectRef, PairLabel, Table},
};

/// What each network holds: its own prefixes, then what it has been given.
pub(super) struct Imports<'a> {
    held: BTreeMap<&'a ObjectRef, Vec<(IpNet, &'a ObjectRef)>>,
}

impl<'a> Imports<'a> {
    /// Every network with its own prefixes only.
    pub(super) fn none(table: &'a Table) -> Self {
        let own = |network: &'a crate::model::Network| {
            network
                .prefixes
                .iter()
                .map(|prefix| (*prefix, &network.id))
                .collect()
        };
        Self {
            held: table
                .networks
                .values()
                .map(|network| (&network.id, own(network)))
                .collect(),
        }
    }

    /// Give `receiver` the prefixes of `giver`, or say what stands against it.
    pub(super) fn refusal(
        &self,
        receiver: &ObjectRef,
        giver: &ObjectRef,
        prefixes: &[IpNet],
    ) -> Option<String> {
        let held = self.held.get(receiver)?;
        prefixes.iter().find_map(|prefix| {
            let (known, holder) = held.iter().find(|(known, _)| overlap(known, prefix))?;
            Some(if *holder == receiver {
                format!("{prefix} of {giver} overlaps {known} of {receiver}")
            } else {
                format!(
                    "{prefix} of {giver} overlaps {known}, which {receiver} imports from {holder}"
                )
            })
        })
    }

    /// Record that `pair` is admitted.
    pub(super) fn admit(&mut self, pair: &'a PairLabel, exports: &[Vec<IpNet>; 2]) {
        let (smaller, larger) = pair.networks();
        for (receiver, giver, prefixes) in [
            (larger, smaller, &exports[0]),
            (smaller, larger, &exports[1]),
        ] {
            if let Some(held) = self.held.get_mut(receiver) {
                held.extend(prefixes.iter().map(|prefix| (*prefix, giver)));
            }
        }
    }
}
