//! NetPeerings: one object for both sides, made of one consent or two.
//!
//! Owns which consents make which NetPeering, and for whom it exists. What of it is shown
//! is `shown`'s, what changes it `create`'s and `requests`'.

use serde_json::Value;

use super::{
    Call,
    errors::Error,
    filters::{Known, Query, TAGS, Type},
    ids::Resource,
    params::Params,
};
use crate::{
    api::{caller::Caller, objects::knows_peer},
    daemon::Snapshot,
    lifecycle::{ConsentFacts, State, Status},
    model::{Consent, Moment, ObjectRef, Origin, uid},
};

const FILTERS: [Known; 10] = [
    ("NetPeeringIds", Type::Texts, "NetPeeringId"),
    ("SourceNetNetIds", Type::Texts, "SourceNet/NetId"),
    ("SourceNetAccountIds", Type::Texts, "SourceNet/AccountId"),
    ("SourceNetIpRanges", Type::Texts, "SourceNet/IpRange"),
    ("AccepterNetNetIds", Type::Texts, "AccepterNet/NetId"),
    (
        "AccepterNetAccountIds",
        Type::Texts,
        "AccepterNet/AccountId",
    ),
    ("AccepterNetIpRanges", Type::Texts, "AccepterNet/IpRange"),
    ("StateNames", Type::Texts, "State/Name"),
    ("StateMessages", Type::Texts, "State/Message"),
    ("ExpirationDates", Type::Texts, "ExpirationDate"),
];

/// `ReadNetPeerings`.
pub(super) fn read(call: &Call, mut params: Params) -> Result<Value, Error> {
    let query = Query::read(&mut params, &[&FILTERS, &TAGS])?;
    params.finish()?;
    let snapshot = call.shared.snapshot();
    let all = all(&snapshot, &call.caller).map(|peering| (peering.id(), peering.json()));
    Ok(query.answer("NetPeerings", all))
}

/// A NetPeering that exists for a caller.
pub(super) struct NetPeering<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) caller: &'a Caller,
    pub(super) facts: &'a ConsentFacts,
    /// The consent that asked.
    pub(super) request: &'a Consent,
    pub(super) status: &'a Status,
    /// The consent that answers it.
    pub(super) answer: Option<&'a Consent>,
    /// Both sides consent.
    pub(super) agreed: bool,
}

/// Every NetPeering that exists for the caller.
pub(super) fn all<'a>(
    snapshot: &'a Snapshot,
    caller: &'a Caller,
) -> impl Iterator<Item = NetPeering<'a>> + 'a {
    let consents = snapshot.facts.consents.iter();
    consents.filter_map(|(id, facts)| NetPeering::of(snapshot, caller, id, facts))
}

/// The one with the id.
pub(super) fn find<'a>(
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    id: &str,
) -> Result<NetPeering<'a>, Error> {
    let digits = Resource::NetPeering.read(id)?;
    let mut consents = snapshot.facts.consents.iter();
    consents
        .find(|(_, facts)| uid::short(facts.uid) == digits)
        .and_then(|(id, facts)| NetPeering::of(snapshot, caller, id, facts))
        .ok_or_else(|| Error::no_peering(format!("the NetPeeringId `{id}` does not exist")))
}

/// The id of the NetPeering that a consent is the request of, or the answer to.
pub(super) fn id_of(snapshot: &Snapshot, consent: &ObjectRef) -> Option<String> {
    let facts = &snapshot.facts.consents;
    let status = snapshot.states.consents.get(consent)?;
    let of = |id: &ObjectRef| Some(Resource::NetPeering.id(facts.get(id)?.uid));
    if status.is_terminal() {
        return None;
    }
    let request = counterpart(snapshot, snapshot.table.consents.get(consent)?)
        .filter(|other| asked_first(snapshot, &other.id, consent));
    of(request.map_or(consent, |request| &request.id))
}

/// The other side's consent that makes one peering with this one.
fn counterpart<'a>(snapshot: &'a Snapshot, consent: &Consent) -> Option<&'a Consent> {
    let pair = snapshot.states.pairs.get(&consent.pair()?)?;
    if !pair.consents.contains(&consent.id) {
        return None;
    }
    let other = pair.consents.iter().find(|id| **id != consent.id)?;
    let other = snapshot.table.consents.get(other)?;
    (!both_ask(consent, other)).then_some(other)
}

/// Two requests of Outscale's are two peerings, until one of them is accepted.
pub(super) fn both_ask(one: &Consent, other: &Consent) -> bool {
    one.origin == Origin::OutscaleRequest && other.origin == Origin::OutscaleRequest
}

/// Whether of two consents of a pair `one` is the request and `other` the answer:
/// Outscale's own request always is, else the older one.
pub(super) fn asked_first(snapshot: &Snapshot, one: &ObjectRef, other: &ObjectRef) -> bool {
    let rank = |id: &ObjectRef| {
        let facts = snapshot.facts.consents.get(id);
        let asks = facts.is_some_and(|facts| facts.declared.origin == Origin::OutscaleRequest);
        let since = facts.map_or(u64::MAX, |facts| facts.requested_at.host);
        (!asks, since)
    };
    (rank(one), one) < (rank(other), other)
}

impl<'a> NetPeering<'a> {
    /// The one that the consent `id` is the request of, if the caller may see it.
    fn of(
        snapshot: &'a Snapshot,
        caller: &'a Caller,
        id: &'a ObjectRef,
        facts: &'a ConsentFacts,
    ) -> Option<Self> {
        let request = snapshot.table.consents.get(id).unwrap_or(&facts.declared);
        let status = snapshot.states.consents.get(id)?;
        let mut peering = Self {
            snapshot,
            caller,
            facts,
            request,
            status,
            answer: None,
            agreed: false,
        };
        if status.is_terminal() {
            return (!peering.went_with_its_request() && peering.is_shown()).then_some(peering);
        }
        if let Some(label) = request.pair() {
            let pair = snapshot.states.pairs.get(&label)?;
            if !pair.consents.contains(id) {
                return None;
            }
            peering.agreed = pair.agreed;
            peering.answer = counterpart(snapshot, request);
            if peering
                .answer
                .is_some_and(|other| asked_first(snapshot, &other.id, id))
            {
                return None;
            }
        }
        peering.is_shown().then_some(peering)
    }

    /// Whether this consent was withdrawn and had only been the answer to another.
    fn went_with_its_request(&self) -> bool {
        if self.status.state != State::Deleted {
            return false;
        }
        if self.request.origin == Origin::OutscaleAnswer {
            return true;
        }
        let Some(accepter) = self.request.peer.network() else {
            return false;
        };
        let asked = |id: &ObjectRef, other: &ConsentFacts| {
            let peer = other.declared.peer.network();
            let was_there = |at: Moment| at.host >= self.facts.requested_at.host;
            id.namespace == accepter.namespace
                && other.declared.network == accepter.name
                && peer.is_some_and(|peer| *peer == self.request.own())
                && other.peer_uid.is_some()
                && other.deleted_at.is_none_or(was_there)
                && asked_first(self.snapshot, id, &self.request.id)
        };
        let mut others = self.snapshot.facts.consents.iter();
        self.facts.peer_uid.is_some() && others.any(|(id, other)| asked(id, other))
    }

    /// Whether it exists for the caller: for the requester always; for the accepter as
    /// long as it asks, and afterwards if it was answered.
    fn is_shown(&self) -> bool {
        let sees_accepter = |accepter: &ObjectRef| self.caller.sees(&accepter.namespace);
        self.sees_request()
            || self.request.peer.network().is_some_and(sees_accepter)
                && match self.status.state {
                    // Whoever was asked reads for an hour that it was taken back.
                    State::Deleted => {
                        self.was_accepted() || self.request.origin == Origin::OutscaleRequest
                    }
                    State::Disabled => self.answer.is_some(),
                    State::Rejected
                    | State::Expired
                    | State::Failed
                    | State::Pending
                    | State::PeerDisabled
                    | State::Conflict
                    | State::Provisioning
                    | State::Active => true,
                }
    }

    /// Whether the caller is the requester.
    pub(super) fn sees_request(&self) -> bool {
        self.caller.sees(&self.request.id.namespace)
    }

    /// Whether both sides ever consented.
    pub(super) fn was_accepted(&self) -> bool {
        self.agreed || self.facts.peer_uid.is_some()
    }

    /// Its id.
    pub(super) fn id(&self) -> String {
        Resource::NetPeering.id(self.facts.uid)
    }

    /// Nothing but a new request leads out of its state.
    pub(super) fn has_ended(&self) -> bool {
        self.status.is_terminal()
    }

    /// The accepter, as far as the caller may know it.
    pub(super) fn accepter(&self) -> Option<&'a ObjectRef> {
        knows_peer(self.caller, self.facts, self.request)
    }

    /// The consent of one of its Nets.
    pub(super) fn consent_of(&self, net: &ObjectRef) -> Option<&'a Consent> {
        let both = [Some(self.request), self.answer].into_iter().flatten();
        let mut own = both.filter(|consent| consent.own() == *net);
        own.next()
    }

    /// The consent that is the caller's own; of both, the request.
    pub(super) fn own_consent(&self) -> Option<&'a Consent> {
        let both = [Some(self.request), self.answer].into_iter().flatten();
        let mut own = both.filter(|consent| self.caller.sees(&consent.id.namespace));
        own.next()
    }
}
