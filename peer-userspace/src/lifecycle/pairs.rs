//! From consents to pairs: which of them carry traffic, and what state that gives
//! each consent.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::{
    exports::exports,
    overlap::Imports,
    side::Side,
    state::{State, Status},
};
use crate::{
    compile::Ports,
    model::{Consent, ObjectRef, PairLabel, Table},
};

/// What the declarations do not say.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Since when a pair carries traffic, in milliseconds of Unix time.
    pub active_since: BTreeMap<PairLabel, u64>,
    /// Pairs whose routes the kernel holds.
    pub in_kernel: BTreeSet<PairLabel>,
}

/// The state of everything declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// State of each consent.
    pub consents: BTreeMap<ObjectRef, Status>,
    /// Every pair with at least one consent.
    pub pairs: BTreeMap<PairLabel, Pair>,
}

/// One pair of networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Both sides consented.
    pub agreed: bool,
    /// Traffic is to flow.
    pub carries: bool,
    /// The consents that count, at most one a side.
    pub consents: Vec<ObjectRef>,
    /// What the smaller label's network exports, then the larger's.
    exports: [Vec<IpNet>; 2],
}

impl Pair {
    fn of(table: &Table, [smaller, larger]: &[Side<'_>; 2]) -> Self {
        let given = |side: &Side<'_>| {
            let network = side.network(table);
            network.map_or_else(Vec::new, |network| exports(network, side.first()))
        };
        let sides = if smaller.own == larger.own {
            vec![smaller]
        } else {
            vec![smaller, larger]
        };
        Self {
            agreed: smaller.own != larger.own
                && smaller.agrees(table, larger.own)
                && larger.agrees(table, smaller.own),
            carries: false,
            consents: sides
                .iter()
                .filter_map(|side| side.first().map(|consent| consent.id.clone()))
                .collect(),
            exports: [given(smaller), given(larger)],
        }
    }

    /// What `giver`, one of `label`'s networks, exports to the other.
    pub fn exports_of(&self, label: &PairLabel, giver: &ObjectRef) -> &[IpNet] {
        &self.exports[usize::from(label.networks().0 != giver)]
    }
}

impl States {
    /// The pairs `network` is one half of.
    pub fn pairs_of<'a>(
        &'a self,
        network: &'a ObjectRef,
    ) -> impl Iterator<Item = (&'a PairLabel, &'a Pair)> {
        self.pairs.iter().filter(move |(label, _)| {
            let (smaller, larger) = label.networks();
            smaller == network || larger == network
        })
    }
}

/// The state of every consent and pair.
pub fn judge(table: &Table, ports: &Ports, facts: &Facts) -> States {
    let labels: BTreeSet<PairLabel> = table.consents.values().map(Consent::pair).collect();
    let mut states = States::default();
    let mut candidates = Vec::new();
    for label in &labels {
        let sides = Side::both(table, label);
        let pair = Pair::of(table, &sides);
        let mut open = pair.agreed;
        for (side, peer) in [(&sides[0], &sides[1]), (&sides[1], &sides[0])] {
            for consent in &side.consents {
                if let Some(status) = side.status(consent, peer, table, ports) {
                    open &= !pair.consents.contains(&consent.id);
                    states.consents.insert(consent.id.clone(), status);
                }
            }
        }
        if open {
            candidates.push(label);
        }
        states.pairs.insert(label.clone(), pair);
    }
    admit(candidates, &mut states, table, facts);
    states
}

/// Let candidates carry traffic, oldest first: whoever does so goes on doing so,
/// and what overlaps it waits.
fn admit(mut candidates: Vec<&PairLabel>, states: &mut States, table: &Table, facts: &Facts) {
    let since = |label| facts.active_since.get(label).copied().unwrap_or(u64::MAX);
    candidates.sort_by_cached_key(|label| (since(label), label.to_string()));
    let mut imports = Imports::none(table);
    for label in candidates {
        let Some(pair) = states.pairs.get_mut(label) else {
            continue;
        };
        let status = match imports.admit(label, &pair.exports) {
            Err(reason) => Status::new(State::Conflict, reason),
            Ok(()) if facts.in_kernel.contains(label) => {
                Status::new(State::Active, "both sides consent")
            }
            Ok(()) => Status::new(State::Provisioning, "agreed, not yet in the kernel"),
        };
        pair.carries = status.state != State::Conflict;
        for consent in &pair.consents {
            states.consents.insert(consent.clone(), status.clone());
        }
    }
}
