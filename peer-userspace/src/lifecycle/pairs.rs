//! From consents to pairs, and from pairs back to the state of each consent.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::{
    exports::exports,
    overlap::Imports,
    state::{State, Status},
};
use crate::{
    compile::Ports,
    model::{AdminState, Consent, Network, ObjectRef, PairLabel, Table},
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
    let mut states = States::default();
    let mut candidates = Vec::new();
    let labels: BTreeSet<PairLabel> = table.consents.values().map(Consent::pair).collect();
    for label in &labels {
        let sides = Sides::of(table, label);
        let (statuses, open) = before_overlap(table, ports, label, &sides);
        let pair = sides.pair(table, label);
        if open {
            candidates.push((label, pair.exports.clone()));
        }
        states.consents.extend(statuses);
        states.pairs.insert(label.clone(), pair);
    }
    // Oldest first: whoever carries traffic goes on doing so.
    candidates.sort_by_key(|(label, _)| {
        (
            facts.active_since.get(label).copied().unwrap_or(u64::MAX),
            label.to_string(),
        )
    });
    let mut imports = Imports::none(table);
    for (label, exports) in &candidates {
        let (smaller, larger) = label.networks();
        let refusal = imports
            .refusal(larger, smaller, &exports[0])
            .or_else(|| imports.refusal(smaller, larger, &exports[1]));
        let status = match refusal {
            Some(reason) => Status::new(State::Conflict, reason),
            None => {
                imports.admit(label, exports);
                if let Some(pair) = states.pairs.get_mut(label) {
                    pair.carries = true;
                }
                if facts.in_kernel.contains(label) {
                    Status::new(State::Active, "both sides consent")
                } else {
                    Status::new(State::Provisioning, "agreed, not yet in the kernel")
                }
            }
        };
        for consent in &states.pairs[label].consents {
            states.consents.insert(consent.clone(), status.clone());
        }
    }
    states
}

/// The consents of a pair: the first by name on each side counts.
struct Sides<'a> {
    smaller: Vec<&'a Consent>,
    larger: Vec<&'a Consent>,
}

impl<'a> Sides<'a> {
    fn of(table: &'a Table, label: &PairLabel) -> Self {
        let of = |network: &ObjectRef| {
            table
                .consents
                .values()
                .filter(|consent| &consent.own() == network && &consent.pair() == label)
                .collect()
        };
        let (smaller, larger) = label.networks();
        if smaller == larger {
            return Self {
                smaller: of(smaller),
                larger: Vec::new(),
            };
        }
        Self {
            smaller: of(smaller),
            larger: of(larger),
        }
    }

    fn pair(&self, table: &Table, label: &PairLabel) -> Pair {
        let (smaller, larger) = label.networks();
        let given = |network: &ObjectRef, consents: &[&Consent]| {
            let network = table.networks.get(network);
            network.map_or_else(Vec::new, |network| {
                exports(network, consents.first().copied())
            })
        };
        let agreed = smaller != larger
            && table.networks.contains_key(smaller)
            && table.networks.contains_key(larger)
            && consents(table, smaller, larger, &self.smaller)
            && consents(table, larger, smaller, &self.larger);
        Pair {
            agreed,
            carries: false,
            consents: [&self.smaller, &self.larger]
                .into_iter()
                .filter_map(|side| side.first().map(|consent| consent.id.clone()))
                .collect(),
            exports: [given(smaller, &self.smaller), given(larger, &self.larger)],
        }
    }
}

/// Whether `side` consents to peer with `other`: by an object or in advance.
fn consents(table: &Table, side: &ObjectRef, other: &ObjectRef, objects: &[&Consent]) -> bool {
    !objects.is_empty()
        || table
            .networks
            .get(side)
            .is_some_and(|side| side.accepts_by_itself(&other.namespace))
}

/// The states that need no look at other pairs, and whether the pair is open to
/// carry traffic.
fn before_overlap(
    table: &Table,
    ports: &Ports,
    label: &PairLabel,
    sides: &Sides<'_>,
) -> (Vec<(ObjectRef, Status)>, bool) {
    let mut statuses = Vec::new();
    let (smaller, larger) = label.networks();
    for (own, other, mine, theirs) in [
        (smaller, larger, &sides.smaller, &sides.larger),
        (larger, smaller, &sides.larger, &sides.smaller),
    ] {
        for (position, consent) in mine.iter().enumerate() {
            let side = Side {
                table,
                ports,
                own,
                other,
                consent,
                theirs,
            };
            let status = match position {
                0 => side.status(),
                _ => side.duplicate(mine[0]),
            };
            statuses.push((consent.id.clone(), status));
        }
    }
    // A side that consents in advance has no object whose state could say no.
    let open = statuses
        .iter()
        .filter(|(id, _)| {
            [&sides.smaller, &sides.larger]
                .iter()
                .any(|side| side.first().is_some_and(|first| &first.id == id))
        })
        .all(|(_, status)| status.is_none());
    let statuses = statuses
        .into_iter()
        .map(|(id, status)| {
            let open = || Status::new(State::Provisioning, "agreed, not yet in the kernel");
            (id, status.unwrap_or_else(open))
        })
        .collect();
    (statuses, open)
}

/// One consent with what is needed to judge it.
struct Side<'a> {
    table: &'a Table,
    ports: &'a Ports,
    own: &'a ObjectRef,
    other: &'a ObjectRef,
    consent: &'a Consent,
    theirs: &'a [&'a Consent],
}

impl Side<'_> {
    /// The first state that applies, down to `peer-disabled`; `None` if nothing
    /// but an overlap stands against traffic.
    fn status(&self) -> Option<Status> {
        let failed = |reason: String| Some(Status::new(State::Failed, reason));
        let Self { own, other, .. } = self;
        if self.consent.admin_state == AdminState::Down {
            return Some(Status::new(State::Disabled, "its adminState is down"));
        }
        if own == other {
            return failed(format!("network {own} cannot peer with itself"));
        }
        if !self.consent.unsupported.is_empty() {
            let fields = self.consent.unsupported.join(", ");
            return failed(format!(
                "{fields}: not supported by this version; nothing is forwarded"
            ));
        }
        let Some(network) = self.table.networks.get(*own) else {
            return failed(format!("network {own} does not exist"));
        };
        if let Some(reason) = self.ports.none_of(own) {
            return failed(format!("network {own} has no working port: {reason}"));
        }
        let Some(peer) = self.agreed_peer() else {
            return Some(Status::new(
                State::Pending,
                format!("{other} has not consented"),
            ));
        };
        self.with_peer(network, peer)
    }

    /// The peer's network, once both sides consented: before that nothing of it
    /// is looked at.
    fn agreed_peer(&self) -> Option<&Network> {
        let peer = self.table.networks.get(self.other);
        if consents(self.table, self.other, self.own, self.theirs) {
            peer
        } else {
            None
        }
    }

    fn with_peer(&self, network: &Network, peer: &Network) -> Option<Status> {
        let failed = |reason: String| Some(Status::new(State::Failed, reason));
        if let Some(reason) = self.ports.none_of(&peer.id) {
            return failed(format!("network {} has no working port: {reason}", peer.id));
        }
        if network.zone != peer.zone {
            return failed(format!(
                "{} is in zone {}, {} in zone {}",
                network.id, network.zone, peer.id, peer.zone
            ));
        }
        let theirs = self.theirs.first()?;
        if theirs.admin_state == AdminState::Down {
            return Some(Status::new(
                State::PeerDisabled,
                "the peer's adminState is down",
            ));
        }
        if !theirs.unsupported.is_empty() {
            return failed("the peer's consent asks for what this version does not support".into());
        }
        None
    }

    fn duplicate(&self, first: &Consent) -> Option<Status> {
        Some(Status::new(
            State::Failed,
            format!(
                "{} peers with {} by {} already",
                self.own, self.other, first.id
            ),
        ))
    }
}
