//! The state of each consent: the first row of the contract's table that fits.

use std::collections::BTreeMap;

use peer_userspace::lifecycle::State;

use super::{HOUR, Model, Pair, Verdict};

impl Model {
    pub(super) fn judge(&mut self) {
        let mut verdicts = BTreeMap::new();
        let mut open: BTreeMap<Pair, Vec<usize>> = BTreeMap::new();
        for (slot, past) in &self.consent_past {
            if let Some(deleted) = past.deleted {
                verdicts.insert(*slot, lasting(State::Deleted, deleted + HOUR));
                continue;
            }
            match self.own_verdict(*slot) {
                Ok(verdict) => {
                    verdicts.insert(*slot, verdict);
                }
                Err(pair) => open.entry(pair).or_default().push(*slot),
            }
        }
        // Both sides' objects have to get that far.
        open.retain(|pair, slots| self.both(*pair).all(|slot| slots.contains(&slot)));
        self.agreed.clear();
        for one in self.networks.keys() {
            for other in self.networks.keys().filter(|other| *other > one) {
                if self.have_agreed(*one, *other) {
                    self.agreed.insert((*one, *other));
                }
            }
        }
        self.carrying.clear();
        for (pair, state) in self.admit(open.keys().copied().collect()) {
            if matches!(state, State::Active | State::Provisioning) {
                self.carrying.insert(pair);
            }
            for slot in self.both(pair) {
                verdicts.insert(slot, Verdict { state, until: None });
            }
        }
        self.verdicts = verdicts;
    }

    /// The verdict on a declared consent, or the pair that may carry traffic if others
    /// leave it room.
    fn own_verdict(&self, slot: usize) -> Result<Verdict, Pair> {
        let (spec, past) = (&self.consents[&slot], &self.consent_past[&slot]);
        let now = |state| Ok(Verdict { state, until: None });
        if self.is_disabled(slot) {
            return now(State::Disabled);
        }
        if let Some(rejected) = past.rejected {
            return Ok(lasting(State::Rejected, rejected + HOUR));
        }
        if let Some(expired) = past.expired.filter(|_| past.rejected.is_none()) {
            return Ok(lasting(State::Expired, expired + HOUR));
        }
        let peer = self.asked(slot);
        let second = peer.is_some_and(|peer| self.counting(spec.own, peer) != Some(slot));
        if second || peer == Some(spec.own) || self.cannot_be(slot) {
            return now(State::Failed);
        }
        let Some((peer, theirs)) = peer.and_then(|peer| Some((peer, self.present(peer)?))) else {
            return if past.matched {
                now(State::Failed)
            } else {
                Ok(self.waiting(slot))
            };
        };
        if !self.have_agreed(spec.own, peer) {
            return Ok(self.waiting(slot));
        }
        if !self.has_port(peer) || theirs.zone != self.networks[&spec.own].zone {
            return now(State::Failed);
        }
        if let Some(answer) = self.counting(peer, spec.own) {
            if self.is_disabled(answer) {
                return now(State::PeerDisabled);
            }
            if self.cannot_be(answer) {
                return now(State::Failed);
            }
        }
        Err((spec.own.min(peer), spec.own.max(peer)))
    }

    /// Whether something of its own stands against a consent.
    fn cannot_be(&self, slot: usize) -> bool {
        let spec = &self.consents[&slot];
        spec.impossible
            || self.is_excess(slot)
            || self.present(spec.own).is_none()
            || !self.has_port(spec.own)
    }

    /// `pending`, or `expired` where that took too long.
    fn waiting(&self, slot: usize) -> Verdict {
        let (spec, past) = (&self.consents[&slot], &self.consent_past[&slot]);
        let deadline = spec.ttl.filter(|_| !past.matched);
        let deadline = deadline.map(|seconds| past.requested + seconds * 1000);
        match deadline {
            Some(deadline) if deadline <= self.now => lasting(State::Expired, self.now + HOUR),
            until => Verdict {
                state: State::Pending,
                until,
            },
        }
    }
}

fn lasting(state: State, until: u64) -> Verdict {
    Verdict {
        state,
        until: Some(until),
    }
}
