//! From states to facts: what came to be.

use super::{
    facts::{Facts, LISTED},
    judge::States,
    state::State,
};
use crate::model::{Moment, ObjectRef, PairLabel};

/// What is known once `states` were found. Agreement, seniority and expiry are facts
/// from then on; a pair counts as active as soon as it is to be, since what the
/// kernel does next must find its place kept.
pub fn settle(facts: &Facts, states: &States, now: Moment) -> Facts {
    let mut settled = facts.clone();
    for (label, pair) in &states.pairs {
        for id in &pair.consents {
            let Some(known) = settled.consents.get_mut(id) else {
                continue;
            };
            let own = known.declared.own();
            if pair.agreed
                && let Some(peer) = facts.networks.get(label.other(&own))
            {
                known.peer_uid = Some(peer.uid);
            }
        }
        if pair.carries {
            settled.active_since.entry(label.clone()).or_insert(now);
        }
    }
    let carries = |label: &PairLabel| states.pairs.get(label).is_some_and(|pair| pair.carries);
    settled.active_since.retain(|label, _| carries(label));
    for (id, known) in &mut settled.consents {
        let Some(status) = states.consents.get(id) else {
            continue;
        };
        let state = match status.state {
            // What is decided here is in the kernel a moment later.
            State::Provisioning => State::Active,
            other => other,
        };
        known.was_active |= state == State::Active;
        if state == State::Expired {
            known.expired_at.get_or_insert(now);
        }
        if known.state.is_none_or(|(known, _)| known != state) {
            known.state = Some((state, now));
        }
    }
    settled
}

/// The consents that ended long enough ago to be listed no more.
pub fn overdue(states: &States, now: Moment) -> impl Iterator<Item = &ObjectRef> {
    states.consents.iter().filter_map(move |(id, status)| {
        let ended = status.is_terminal() && status.until.is_some_and(|until| until <= now.host);
        ended.then_some(id)
    })
}

/// When a consent that ended at `at` is listed no more, in host time.
pub(super) fn listed_until(at: Moment) -> u64 {
    at.host.saturating_add(LISTED)
}
