//! What should become of consents, written down from the contract: facts are
//! remembered from look to look, and states follow from them.

mod admission;
mod standing;
mod states;

use std::collections::{BTreeMap, BTreeSet};

use peer_userspace::lifecycle::State;

use super::universe::{ConsentSpec, NetworkSpec, network_is_a_files};

/// How long what ended stays listed, in milliseconds.
pub(crate) const HOUR: u64 = 3_600_000;

/// A pair of networks, the smaller number first.
pub(crate) type Pair = (usize, usize);

/// What each namespace may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) networks: usize,
    pub(crate) prefixes: usize,
    pub(crate) consents: usize,
    pub(crate) imports: usize,
}

/// What is remembered of a network.
#[derive(Clone, Debug)]
pub(crate) struct NetworkPast {
    /// The so-many-th network that was made.
    pub(crate) made: u32,
    pub(crate) since: u64,
    pub(crate) gone: Option<u64>,
}

/// What is remembered of a consent.
#[derive(Clone, Debug)]
pub(crate) struct ConsentPast {
    pub(crate) said: ConsentSpec,
    pub(crate) requested: u64,
    /// Both sides had consented once.
    pub(crate) matched: bool,
    pub(crate) rejected: Option<u64>,
    pub(crate) expired: Option<u64>,
    pub(crate) deleted: Option<u64>,
    /// Its owner, or a hold, stopped it when it was looked at last.
    pub(crate) paused: bool,
}

/// A state, and when time alone ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) state: State,
    pub(crate) until: Option<u64>,
}

/// Everything that is known.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) wall: u64,
    pub(crate) limits: Limits,
    pub(crate) networks: BTreeMap<usize, NetworkSpec>,
    pub(crate) consents: BTreeMap<usize, ConsentSpec>,
    pub(crate) holds: BTreeSet<usize>,
    /// Networks of the API that were deleted and made again since the last look.
    pub(crate) renewed: BTreeSet<usize>,
    pub(crate) made: u32,
    pub(crate) network_past: BTreeMap<usize, NetworkPast>,
    pub(crate) consent_past: BTreeMap<usize, ConsentPast>,
    pub(crate) active_since: BTreeMap<Pair, u64>,
    /// Pairs the kernel held when it was looked last, and holds now.
    pub(crate) in_kernel: BTreeSet<Pair>,
    /// What the last look found.
    pub(crate) verdicts: BTreeMap<usize, Verdict>,
    pub(crate) agreed: BTreeSet<Pair>,
    pub(crate) carrying: BTreeSet<Pair>,
}

impl Model {
    pub(crate) fn new(limits: Limits, networks: BTreeMap<usize, NetworkSpec>) -> Self {
        Self {
            now: 1_000_000,
            wall: 1_800_000_000_000,
            limits,
            networks,
            consents: BTreeMap::new(),
            holds: BTreeSet::new(),
            renewed: BTreeSet::new(),
            made: 0,
            network_past: BTreeMap::new(),
            consent_past: BTreeMap::new(),
            active_since: BTreeMap::new(),
            in_kernel: BTreeSet::new(),
            verdicts: BTreeMap::new(),
            agreed: BTreeSet::new(),
            carrying: BTreeSet::new(),
        }
    }

    /// Look at what is declared now.
    pub(crate) fn look(&mut self) {
        self.remember_networks();
        self.remember_consents();
        self.judge();
        while self.expire() {
            self.judge();
        }
        self.settle();
    }

    /// Whether any request is found to have expired now.
    fn expire(&mut self) -> bool {
        let mut any = false;
        for (slot, past) in &mut self.consent_past {
            if self.verdicts[slot].state == State::Expired && past.expired.is_none() {
                past.expired = Some(self.now);
                any = true;
            }
        }
        any
    }

    fn remember_networks(&mut self) {
        let now = self.now;
        for network in self.networks.keys() {
            let renewed = self.renewed.remove(network);
            match self.network_past.get_mut(network) {
                Some(past) if past.gone.is_none() && !renewed => {}
                // A file that lost and found a document declares the same network.
                Some(past) if network_is_a_files(*network) => {
                    past.gone = None;
                    past.since = now;
                }
                _ => {
                    self.made += 1;
                    let past = NetworkPast {
                        made: self.made,
                        since: now,
                        gone: None,
                    };
                    self.network_past.insert(*network, past);
                }
            }
        }
        let declared = &self.networks;
        self.network_past.retain(|network, past| {
            declared.contains_key(network) || now - *past.gone.get_or_insert(now) < HOUR
        });
    }

    fn remember_consents(&mut self) {
        let now = self.now;
        for (slot, says) in &self.consents {
            match self.consent_past.get_mut(slot) {
                Some(past) if past.deleted.is_none() => {
                    past.hear(says, now);
                    let stopped = !says.up || self.holds.contains(slot);
                    // Its time to wait begins anew when the pause is over.
                    if past.paused && !stopped && !past.matched {
                        past.requested = now;
                    }
                    past.paused = stopped;
                }
                _ => {
                    let past = ConsentPast {
                        said: says.clone(),
                        requested: now,
                        matched: false,
                        rejected: None,
                        expired: None,
                        deleted: None,
                        paused: !says.up || self.holds.contains(slot),
                    };
                    self.consent_past.insert(*slot, past);
                }
            }
        }
        let declared = &self.consents;
        self.consent_past.retain(|slot, past| {
            if declared.contains_key(slot) {
                return true;
            }
            let ended = past.rejected.is_some() || past.expired.is_some();
            !ended && now - *past.deleted.get_or_insert(now) < HOUR
        });
    }

    /// Since when a pair carries traffic, as far as its place goes.
    fn senior(&self, pair: Pair) -> Option<u64> {
        self.active_since.get(&pair).copied()
    }

    /// What came to be: agreement, expiry, seniority.
    fn settle(&mut self) {
        let agreed: Vec<usize> = self
            .agreed
            .iter()
            .flat_map(|pair| self.both(*pair))
            .collect();
        for (slot, past) in &mut self.consent_past {
            past.matched |= agreed.contains(slot);
        }
        self.expire();
        let carrying = &self.carrying;
        self.active_since.retain(|pair, _| carrying.contains(pair));
        for pair in carrying {
            self.active_since.entry(*pair).or_insert(self.now);
        }
    }
}

impl ConsentPast {
    /// The consent says this now.
    fn hear(&mut self, says: &ConsentSpec, now: u64) {
        let before = std::mem::replace(&mut self.said, says.clone());
        let labelled = |spec: &ConsentSpec| ConsentSpec {
            label: says.label,
            ..spec.clone()
        };
        let paused = |spec: &ConsentSpec| ConsentSpec {
            up: says.up,
            ..labelled(spec)
        };
        // Asked of another, it was never answered.
        if (before.own, before.peer) != (says.own, says.peer) {
            self.matched = false;
        }
        if labelled(&before) != *says && !self.matched {
            self.requested = now;
        }
        if paused(&before) != *says {
            self.rejected = None;
            self.expired = None;
        }
    }
}
