//! Overlap, judged at the receiver: what a network imports must be disjoint from
//! its own prefixes and from everything else it imports.

use std::collections::BTreeMap;

use ipnet::IpNet;

use crate::{
    compile::prefix::overlap,
    model::{Network, ObjectRef, PairLabel, Table},
};

/// What each network holds: its own prefixes, then what it has been given, each
/// with the network it belongs to.
pub(super) struct Imports<'a> {
    held: BTreeMap<&'a ObjectRef, Vec<(IpNet, ObjectRef)>>,
}

impl<'a> Imports<'a> {
    /// Every network with its own prefixes only.
    pub(super) fn none(table: &'a Table) -> Self {
        let own = |network: &Network| {
            let prefixes = network.prefixes.iter();
            prefixes
                .map(|prefix| (*prefix, network.id.clone()))
                .collect()
        };
        let networks = table.networks.values();
        Self {
            held: networks
                .map(|network| (&network.id, own(network)))
                .collect(),
        }
    }

    /// Give each network of `pair` what the other exports (the smaller label's
    /// network first), or nothing and the reason.
    pub(super) fn admit(
        &mut self,
        pair: &PairLabel,
        [smaller_gives, larger_gives]: &[Vec<IpNet>; 2],
    ) -> Result<(), String> {
        let (smaller, larger) = pair.networks();
        self.refuses(larger, smaller, smaller_gives)?;
        self.refuses(smaller, larger, larger_gives)?;
        for (receiver, giver, prefixes) in [
            (larger, smaller, smaller_gives),
            (smaller, larger, larger_gives),
        ] {
            if let Some(held) = self.held.get_mut(receiver) {
                held.extend(prefixes.iter().map(|prefix| (*prefix, giver.clone())));
            }
        }
        Ok(())
    }

    fn refuses(
        &self,
        receiver: &ObjectRef,
        giver: &ObjectRef,
        prefixes: &[IpNet],
    ) -> Result<(), String> {
        let held = self.held.get(receiver).into_iter().flatten();
        for (known, holder) in held {
            let Some(prefix) = prefixes.iter().find(|prefix| overlap(known, prefix)) else {
                continue;
            };
            return Err(if holder == receiver {
                format!("{prefix} of {giver} overlaps {known} of {receiver}")
            } else {
                format!(
                    "{prefix} of {giver} overlaps {known}, which {receiver} imports from {holder}"
                )
            });
        }
        Ok(())
    }
}
