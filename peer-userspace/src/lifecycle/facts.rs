//! What is remembered of declarations beyond what they say now.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::State;
use crate::model::{Consent, Moment, ObjectRef, PairLabel, PeerRef, Table};

/// How long a consent that ended stays listed, in milliseconds of host time.
pub const LISTED: u64 = 3_600_000;

/// What looking at declarations again and again has shown; only [`note`] and
/// [`settle`] write it.
///
/// [`note`]: super::note()
/// [`settle`]: super::settle()
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// By network.
    pub networks: BTreeMap<ObjectRef, NetworkFacts>,
    /// By consent.
    pub consents: BTreeMap<ObjectRef, ConsentFacts>,
    /// Since when each pair that carries traffic does so.
    pub active_since: BTreeMap<PairLabel, Moment>,
}

/// What is remembered of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkFacts {
    /// Its random id.
    pub uid: Uuid,
    /// When it was first declared.
    pub since: Moment,
    /// When it was found to be declared no more.
    pub gone: Option<Moment>,
}

/// What is remembered of a consent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentFacts {
    /// Its random id.
    pub uid: Uuid,
    /// What it last said.
    pub declared: Consent,
    /// Counts what it said so far, from 1.
    pub generation: u64,
    /// The generation that its request, as it stands, began with: a rejection is
    /// of one request.
    pub request: u64,
    /// When that request was made.
    pub requested_at: Moment,
    /// The peer network's uid, once both sides had consented.
    pub peer_uid: Option<Uuid>,
    /// When it waited for too long.
    pub expired_at: Option<Moment>,
    /// When it was found to be declared no more.
    pub deleted_at: Option<Moment>,
    /// The state it was last seen in, and since when.
    pub state: Option<(State, Moment)>,
    /// Whether its request, as it stands, ever carried traffic.
    pub was_active: bool,
}

/// What owners decided about consents beside declaring them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Requests that were refused.
    pub rejections: BTreeMap<ObjectRef, Rejection>,
    /// Consents of table files that are disabled all the same.
    pub holds: BTreeSet<ObjectRef>,
}

/// A refusal of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The consent's.
    pub uid: Uuid,
    /// [`ConsentFacts::request`].
    pub request: u64,
    /// When.
    pub at: Moment,
    /// A word about it.
    pub reason: Option<String>,
    /// Nobody refused it: it could not be from the start, and never will.
    pub impossible: bool,
}

impl Facts {
    /// The uids of everything that is remembered.
    pub fn uids(&self) -> impl Iterator<Item = Uuid> {
        let networks = self.networks.values().map(|known| known.uid);
        networks.chain(self.consents.values().map(|known| known.uid))
    }

    /// The network that has this uid, also one that is gone.
    pub fn network_of(&self, uid: Uuid) -> Option<&ObjectRef> {
        let mut networks = self.networks.iter();
        networks
            .find(|(_, facts)| facts.uid == uid)
            .map(|(id, _)| id)
    }

    /// The networks of `table`, those declared first before the others.
    pub fn by_age<'a>(&self, table: &'a Table) -> Vec<&'a ObjectRef> {
        let mut networks: Vec<&ObjectRef> = table.networks.keys().collect();
        networks.sort_by_key(|id| {
            let facts = self.networks.get(id);
            (facts.map_or(u64::MAX, |facts| facts.since.host), *id)
        });
        networks
    }

    /// `table` with the peers that are named by id named by name as well. (Those named as
    /// other systems do were named when those systems' documents were translated.)
    pub fn resolve(&self, mut table: Table) -> Table {
        for consent in table.consents.values_mut() {
            if matches!(consent.peer, PeerRef::Id(..)) {
                *consent = self.resolved(consent);
            }
        }
        table
    }

    /// `consent` with a peer that is named by id named by name as well, as far as it
    /// is known.
    pub(super) fn resolved(&self, consent: &Consent) -> Consent {
        let mut consent = consent.clone();
        if let PeerRef::Id(uid, network) = &mut consent.peer {
            *network = self.network_of(*uid).cloned();
        }
        consent
    }
}

impl ConsentFacts {
    /// When the request expires, in host time. Once matched it never does, or where what
    /// fails is collected too, once it was active.
    pub fn deadline(&self) -> Option<u64> {
        let succeeded = if self.declared.origin.collects_failed() {
            self.was_active
        } else {
            self.peer_uid.is_some()
        };
        if succeeded {
            return None;
        }
        let ttl = self.declared.ttl?.milliseconds()?;
        Some(self.requested_at.host.saturating_add(ttl))
    }
}

impl Decisions {
    /// The refusal of `consent`'s request as it stands.
    pub fn rejection(&self, consent: &ObjectRef, facts: &ConsentFacts) -> Option<&Rejection> {
        let rejection = self.rejections.get(consent)?;
        (rejection.uid == facts.uid && rejection.request == facts.request).then_some(rejection)
    }
}
