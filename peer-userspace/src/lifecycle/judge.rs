//! From consents to pairs: which of them carry traffic, and what state that gives
//! each consent.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ipnet::IpNet;
use peer_common::limits;

use super::{
    exports::exports,
    facts::{Decisions, Facts},
    overlap::Imports,
    quota::{Quotas, Refused},
    reason::Reason,
    settle::listed_until,
    side::{Side, by_pair},
    state::{State, Status},
};
use crate::{
    compile::Ports,
    model::{Moment, ObjectRef, PairLabel, Table},
};

/// All that states follow from.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// What is declared, peers named by id resolved.
    pub table: &'a Table,
    /// The ports of its networks on this host.
    pub ports: &'a Ports,
    /// What is remembered.
    pub facts: &'a Facts,
    /// What owners decided besides.
    pub decisions: &'a Decisions,
    /// How much each may have.
    pub quotas: &'a Quotas,
    /// What exceeds that.
    pub refused: &'a Refused,
    /// Pairs whose routes the kernel holds.
    pub in_kernel: &'a BTreeSet<PairLabel>,
    /// The time.
    pub now: Moment,
}

/// The state of everything declared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// State of each consent, also of those deleted not long ago.
    pub consents: BTreeMap<ObjectRef, Status>,
    /// Every pair with at least one consent that has not ended.
    pub pairs: BTreeMap<PairLabel, Pair>,
    /// The pairs each network is one half of.
    by_network: BTreeMap<ObjectRef, Vec<PairLabel>>,
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
    exports: [Arc<[IpNet]>; 2],
}

impl Pair {
    fn of(at: &Circumstances<'_>, [smaller, larger]: &[Side<'_>; 2]) -> Self {
        let given = |side: &Side<'_>| {
            let network = side.network(at);
            network.map_or_else(Arc::default, |network| exports(network, side.first()))
        };
        let sides = if smaller.own == larger.own {
            vec![smaller]
        } else {
            vec![smaller, larger]
        };
        Self {
            agreed: smaller.own != larger.own
                && smaller.agrees(at, larger)
                && larger.agrees(at, smaller),
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
    pub fn pairs_of(&self, network: &ObjectRef) -> impl Iterator<Item = (&PairLabel, &Pair)> {
        let labels = self.by_network.get(network).into_iter().flatten();
        labels.filter_map(|label| self.pairs.get_key_value(label))
    }

    /// The pairs to count packets for: all, or where they are too many for one host,
    /// those that both sides agreed on.
    pub fn counted(&self) -> impl Iterator<Item = &PairLabel> {
        let all = self.pairs.len() < limits::MAX_PEERINGS as usize;
        let counted = self
            .pairs
            .iter()
            .filter(move |(_, pair)| all || pair.agreed);
        counted.map(|(label, _)| label)
    }

    /// The pairs that carry traffic.
    pub fn carrying(&self) -> impl Iterator<Item = &PairLabel> {
        let carrying = self.pairs.iter().filter(|(_, pair)| pair.carries);
        carrying.map(|(label, _)| label)
    }

    /// What these states become once the kernel has followed them.
    pub fn followed(&mut self) {
        for status in self.consents.values_mut() {
            match (status.state, &status.reason) {
                (State::Provisioning, _) => *status = Status::new(State::Active, Reason::Agreed),
                (State::Deleted, _) => status.reason = Reason::Withdrawn,
                _ => {}
            }
        }
    }

    /// When after `now` time alone next changes a state, in host time.
    pub fn next_change(&self, now: Moment) -> Option<u64> {
        let times = self.consents.values().filter_map(|status| status.until);
        times.filter(|until| *until > now.host).min()
    }

    fn add(&mut self, label: &PairLabel, pair: Pair) {
        let (smaller, larger) = label.networks();
        for network in BTreeSet::from([smaller, larger]) {
            let of_network = self.by_network.entry(network.clone()).or_default();
            of_network.push(label.clone());
        }
        self.pairs.insert(label.clone(), pair);
    }
}

/// The state of every consent and pair.
pub fn judge(at: &Circumstances<'_>) -> States {
    let mut states = ended(at);
    let mut candidates = Vec::new();
    for (label, consents) in by_pair(at) {
        let sides = Side::both(at, &label, consents);
        let pair = Pair::of(at, &sides);
        let mut open = pair.agreed;
        for (side, peer) in [(&sides[0], &sides[1]), (&sides[1], &sides[0])] {
            for consent in &side.consents {
                if let Some(status) = side.status(consent, peer, at) {
                    open &= !pair.consents.contains(&consent.id);
                    states.consents.insert(consent.id.clone(), status);
                }
            }
        }
        // An autoAccept is no object that could have a state, but stops as much.
        open &= sides.iter().all(|side| side.can_carry(at));
        if open {
            candidates.push(label.clone());
        }
        if !pair.consents.is_empty() {
            states.add(&label, pair);
        }
    }
    admit(candidates, &mut states, at);
    collect_failed(&mut states, at);
    // What one consent leaves, another may carry on.
    for (id, known) in at
        .facts
        .consents
        .iter()
        .filter(|(_, known)| known.deleted_at.is_some())
    {
        let pair = known.declared.pair();
        let carried = pair.and_then(|pair| states.pairs.get(&pair));
        if carried.is_some_and(|pair| pair.carries)
            && let Some(status) = states.consents.get_mut(id)
        {
            status.reason = Reason::Withdrawn;
        }
    }
    states
}

/// The consents that no pair can count: gone, refused, expired, or naming nobody.
fn ended(at: &Circumstances<'_>) -> States {
    let mut states = States::default();
    for (id, known) in &at.facts.consents {
        let Some(consent) = at.table.consents.get(id) else {
            let Some(deleted) = known.deleted_at else {
                continue;
            };
            let pair = known.declared.pair();
            let passes = pair.is_some_and(|pair| at.in_kernel.contains(&pair));
            let reason = if passes {
                Reason::Withdrawing
            } else {
                Reason::Withdrawn
            };
            let mut status = Status::new(State::Deleted, reason);
            status.until = Some(listed_until(deleted));
            states.consents.insert(id.clone(), status);
            continue;
        };
        let disabled = super::side::disabled(consent, at);
        let unknown = || {
            if consent.peer.network().is_some() {
                return None;
            }
            if known.peer_uid.is_some() {
                return Some(Status::new(State::Failed, Reason::PeerGone(None)));
            }
            let status = super::side::against_itself(consent, at);
            Some(status.unwrap_or_else(|| super::side::pending(Some(known), consent, at)))
        };
        if let Some(status) = super::side::terminal(consent, known, at) {
            states
                .consents
                .insert(id.clone(), disabled.unwrap_or(status));
        } else if let Some(status) = unknown() {
            states
                .consents
                .insert(id.clone(), disabled.unwrap_or(status));
        }
    }
    states
}

/// Let what has failed end with its time, and not before, where its own system collects
/// it so.
fn collect_failed(states: &mut States, at: &Circumstances<'_>) {
    for (id, known) in &at.facts.consents {
        if !known.declared.origin.collects_failed() {
            continue;
        }
        let Some(status) = states.consents.get_mut(id) else {
            continue;
        };
        if !matches!(
            status.state,
            State::Failed | State::Conflict | State::Rejected
        ) {
            continue;
        }
        status.until = known.deadline();
        if status.until.is_some_and(|deadline| deadline <= at.now.host) {
            status.state = State::Expired;
            status.until = Some(listed_until(at.now));
        }
    }
}

/// Let candidates carry traffic, oldest first: whoever does so goes on doing so,
/// and what overlaps it waits.
fn admit(mut candidates: Vec<PairLabel>, states: &mut States, at: &Circumstances<'_>) {
    candidates.sort_by_cached_key(|label| {
        let consents = states.pairs.get(label).map(|pair| pair.consents.as_slice());
        let consents = consents.unwrap_or_default();
        let since = at.facts.active_since.get(label);
        let requested = consents.iter().filter_map(|id| at.facts.consents.get(id));
        // The pair is as old as its agreement: the later request made it.
        let requested = requested.map(|known| known.requested_at.host).max();
        (
            since.map_or(u64::MAX, |since| since.host),
            requested.unwrap_or(u64::MAX),
            label.to_string(),
        )
    });
    let mut imports = Imports::none(at.table, at.quotas);
    for label in &candidates {
        let Some(pair) = states.pairs.get_mut(label) else {
            continue;
        };
        let status = match imports.admit(label, &pair.exports) {
            Err(against) => *against,
            Ok(()) if at.in_kernel.contains(label) => Status::new(State::Active, Reason::Agreed),
            Ok(()) => Status::new(State::Provisioning, Reason::NotInKernel),
        };
        pair.carries = matches!(status.state, State::Active | State::Provisioning);
        for consent in &pair.consents {
            states.consents.insert(consent.clone(), status.clone());
        }
    }
}
