//! One side of a pair: whether it consents, and what stands against its consent
//! before other pairs are looked at.

use std::collections::BTreeMap;

use super::{
    facts::ConsentFacts,
    judge::Circumstances,
    reason::{Reason, Whom},
    settle::listed_until,
    state::{State, Status},
};
use crate::{
    compile::policy,
    model::{AdminState, Consent, Network, ObjectRef, Origin, PairLabel},
};

/// One network of a pair, with the consents it gave to the other that have not
/// ended. The oldest counts that can be.
#[derive(Clone, Debug)]
pub(super) struct Side<'a> {
    pub(super) own: &'a ObjectRef,
    pub(super) consents: Vec<&'a Consent>,
}

/// The consents that have not ended, by pair.
pub(super) fn by_pair<'a>(at: &Circumstances<'a>) -> BTreeMap<PairLabel, Vec<&'a Consent>> {
    let mut pairs: BTreeMap<PairLabel, Vec<&Consent>> = BTreeMap::new();
    for (id, consent) in &at.table.consents {
        let facts = at.facts.consents.get(id);
        let has_ended = facts.is_some_and(|facts| terminal(consent, facts, at).is_some());
        if let Some(pair) = consent.pair().filter(|_| !has_ended) {
            pairs.entry(pair).or_default().push(consent);
        }
    }
    pairs
}

/// `disabled`, if that is what its owner wants.
pub(super) fn disabled(consent: &Consent, at: &Circumstances<'_>) -> Option<Status> {
    if consent.admin_state == AdminState::Down {
        return Some(Status::new(State::Disabled, Reason::AdminDown));
    }
    let held = at.decisions.holds.contains(&consent.id);
    held.then(|| Status::new(State::Disabled, Reason::Held))
}

/// `rejected` or `expired`, if its request ended so.
pub(super) fn terminal(
    consent: &Consent,
    facts: &ConsentFacts,
    at: &Circumstances<'_>,
) -> Option<Status> {
    let by = Whom::of(consent, Some(facts));
    // What is collected was rejected before, if it was.
    let collected = consent.origin.collects_failed() && facts.expired_at.is_some();
    let rejection = at.decisions.rejection(&consent.id, facts);
    let (state, reason, ended) = if let Some(rejection) = rejection.filter(|_| !collected) {
        if rejection.impossible {
            let why = rejection.reason.clone().unwrap_or_default();
            (State::Failed, Reason::Impossible(why), rejection.at)
        } else {
            let reason = Reason::Rejected(by, rejection.reason.clone());
            (State::Rejected, reason, rejection.at)
        }
    } else {
        (State::Expired, Reason::Unanswered(by), facts.expired_at?)
    };
    let mut status = Status::new(state, reason);
    status.until = Some(listed_until(ended));
    Some(status)
}

impl<'a> Side<'a> {
    /// The smaller label's side, then the larger's.
    pub(super) fn both(
        at: &Circumstances<'a>,
        pair: &'a PairLabel,
        consents: Vec<&'a Consent>,
    ) -> [Self; 2] {
        let (smaller, larger) = pair.networks();
        let side = |own: &'a ObjectRef| {
            let mut consents: Vec<&Consent> = consents
                .iter()
                .copied()
                .filter(|consent| {
                    consent.id.namespace == own.namespace && consent.network == own.name
                })
                .collect();
            consents.sort_by_key(|consent| {
                let facts = at.facts.consents.get(&consent.id);
                let requested = facts.map_or(u64::MAX, |facts| facts.requested_at.host);
                // What cannot be stands in the way of none that can.
                (consent.objection.is_some(), requested, &consent.id)
            });
            Self { own, consents }
        };
        [side(smaller), side(larger)]
    }

    /// The consent that counts, if it was given by an object.
    pub(super) fn first(&self) -> Option<&'a Consent> {
        self.consents.first().copied()
    }

    /// The network, if it exists.
    pub(super) fn network(&self, at: &Circumstances<'a>) -> Option<&'a Network> {
        at.table.networks.get(self.own)
    }

    /// Whether this side consents to peer with `other`: by an object, or in advance.
    pub(super) fn agrees(&self, at: &Circumstances<'a>, other: &Self) -> bool {
        let in_advance = |network: &Network| network.accepts_by_itself(&other.own.namespace);
        // Two that wait for an answer are none to each other.
        let both_ask = self.only_asks() && other.only_asks();
        let by_object = !(self.consents.is_empty() || both_ask);
        self.network(at)
            .is_some_and(|network| by_object || in_advance(network))
    }

    /// Whether its consent is one that is to be answered by accepting it.
    fn only_asks(&self) -> bool {
        self.first()
            .is_some_and(|consent| consent.origin == Origin::OutscaleRequest)
    }

    /// Whether nothing of this side alone stands against traffic.
    pub(super) fn can_carry(&self, at: &Circumstances<'a>) -> bool {
        self.network(at).is_some() && at.ports.none_of(self.own).is_none()
    }

    /// The first state that applies to `consent`, down to `peer-disabled`; `None` if
    /// nothing but an overlap can stand against traffic.
    pub(super) fn status(
        &self,
        consent: &Consent,
        peer: &Side<'a>,
        at: &Circumstances<'a>,
    ) -> Option<Status> {
        if let Some(disabled) = disabled(consent, at) {
            return Some(disabled);
        }
        if let Some(objection) = &consent.objection {
            return against(objection.clone());
        }
        let facts = at.facts.consents.get(&consent.id);
        if let Some(first) = self.first().filter(|first| first.id != consent.id) {
            let whom = Whom::of(consent, facts);
            return against(format!(
                "{} peers with {whom} by {} already",
                self.own, first.id
            ));
        }
        if self.own == peer.own {
            return against(format!("network {} cannot peer with itself", self.own));
        }
        if let Some(status) = against_itself(consent, at) {
            return Some(status);
        }
        let network = self.network(at)?;
        let other = peer.network(at);
        if other.is_none() && facts.is_some_and(|facts| facts.peer_uid.is_some()) {
            return failed(Reason::PeerGone(Some(peer.own.clone())));
        }
        // Before it consents, nothing of the peer is looked at.
        match other.filter(|_| peer.agrees(at, self)) {
            None => Some(pending(facts, consent, at)),
            Some(other) => peer.against(network, other, at),
        }
    }

    /// What stands against traffic on this side, which consented, seen from `network`.
    fn against(&self, network: &Network, own: &Network, at: &Circumstances<'a>) -> Option<Status> {
        if at.ports.none_of(self.own).is_some() {
            return failed(Reason::NoPeerPort(self.own.clone()));
        }
        if network.zone != own.zone {
            return failed(Reason::Zones([
                (network.id.clone(), network.zone.clone()),
                (own.id.clone(), own.zone.clone()),
            ]));
        }
        let consent = self.first()?;
        if disabled(consent, at).is_some() {
            return Some(Status::new(State::PeerDisabled, Reason::PeerDown));
        }
        if at.refused.consents.contains_key(&consent.id) {
            return against("the peer's consent has failed".to_owned());
        }
        if consent.objection.is_some() {
            return against("the peer's consent has failed".to_owned());
        }
        if policy::excess(consent).is_some() {
            return against("the peer's consent has more rules than can be enforced".to_owned());
        }
        None
    }
}

/// What stands against a consent whoever its peer is.
pub(super) fn against_itself(consent: &Consent, at: &Circumstances<'_>) -> Option<Status> {
    if let Some(why) = at.refused.consents.get(&consent.id) {
        return against(why.clone());
    }
    if let Some(objection) = &consent.objection {
        return against(objection.clone());
    }
    if let Some(reason) = policy::excess(consent) {
        return against(reason);
    }
    let own = consent.own();
    let network = at.table.networks.get(&own);
    if network.is_some_and(|network| network.prefixes.is_empty()) {
        return against(format!(
            "network {own} has no prefixes, and what it has as its source says none"
        ));
    }
    if !at.table.networks.contains_key(&own) {
        return failed(match at.refused.networks.get(&own) {
            Some(why) => Reason::NoPort(own, why.clone()),
            None => Reason::NoNetwork(own),
        });
    }
    let reason = at.ports.none_of(&own)?;
    failed(Reason::NoPort(own, reason))
}

/// Waiting for the peer, or no longer.
pub(super) fn pending(
    facts: Option<&ConsentFacts>,
    consent: &Consent,
    at: &Circumstances<'_>,
) -> Status {
    let whom = Whom::of(consent, facts);
    let until = facts.and_then(ConsentFacts::deadline);
    if until.is_some_and(|until| until <= at.now.host) {
        let mut status = Status::new(State::Expired, Reason::Unanswered(whom));
        status.until = Some(listed_until(at.now));
        return status;
    }
    let mut status = Status::new(State::Pending, Reason::NotConsented(whom));
    status.until = until;
    status
}

fn failed(reason: Reason) -> Option<Status> {
    Some(Status::new(State::Failed, reason))
}

fn against(sentence: String) -> Option<Status> {
    failed(Reason::Against(sentence))
}
