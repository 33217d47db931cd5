//! From declarations to facts: what is new, different or gone.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{
    State,
    facts::{ConsentFacts, Decisions, Facts, LISTED, NetworkFacts},
};
use crate::model::{AdminState, Consent, Kind, Moment, Name, ObjectRef, PeerRef, Table};

/// How many deleted consents of one namespace stay listed.
const MOST_LISTED: usize = 1000;

/// The uids that objects were given when they were made; others are given one when
/// they are first seen.
pub type Uids = BTreeMap<(Kind, ObjectRef), Uuid>;

/// What is known after looking at `table`, whose peers may be named by id. `fresh`
/// makes random uids.
pub fn note(
    facts: &Facts,
    table: &Table,
    uids: &Uids,
    decisions: &Decisions,
    now: Moment,
    fresh: &mut dyn FnMut() -> Uuid,
) -> Facts {
    let mut noted = facts.clone();
    for id in table.networks.keys() {
        let uid = uids.get(&(Kind::Network, id.clone())).copied();
        note_network(&mut noted.networks, id, uid, now, fresh);
    }
    for (id, known) in &mut noted.networks {
        if !table.networks.contains_key(id) {
            known.gone.get_or_insert(now);
        }
    }
    noted
        .networks
        .retain(|_, known| known.gone.is_none_or(|gone| now.since(gone) < LISTED));

    for (id, consent) in &table.consents {
        let consent = &noted.resolved(consent);
        let uid = uids.get(&(Kind::Peering, id.clone())).copied();
        let same = |known: &&mut ConsentFacts| {
            known.deleted_at.is_none() && uid.is_none_or(|uid| uid == known.uid)
        };
        match noted.consents.get_mut(id).filter(same) {
            Some(known) => {
                note_consent(known, consent, now);
                let paused = decisions.holds.contains(id);
                note_resumed(known, paused, now);
            }
            None => {
                let uid = uid.unwrap_or_else(&mut *fresh);
                noted.consents.insert(id.clone(), first(uid, consent, now));
            }
        }
    }
    noted.consents.retain(|id, known| {
        if table.consents.contains_key(id) {
            return true;
        }
        // What had ended already was listed for its time.
        if known.expired_at.is_some() || decisions.rejection(id, known).is_some() {
            return false;
        }
        let deleted = *known.deleted_at.get_or_insert(now);
        now.since(deleted) < LISTED
    });
    forget_oldest(&mut noted.consents);
    noted
}

/// However many consents an owner makes and deletes, so many stay listed.
fn forget_oldest(consents: &mut BTreeMap<ObjectRef, ConsentFacts>) {
    let mut deleted: BTreeMap<&Name, Vec<(u64, &ObjectRef)>> = BTreeMap::new();
    for (id, known) in &*consents {
        if let Some(at) = known.deleted_at {
            let of_owner = deleted.entry(&id.namespace).or_default();
            of_owner.push((at.host, id));
        }
    }
    let mut forgotten: Vec<ObjectRef> = Vec::new();
    for (_, mut of_owner) in deleted {
        of_owner.sort();
        let excess = of_owner.len().saturating_sub(MOST_LISTED);
        forgotten.extend(of_owner[..excess].iter().map(|(_, id)| (*id).clone()));
    }
    for id in forgotten {
        consents.remove(&id);
    }
}

fn note_network(
    networks: &mut BTreeMap<ObjectRef, NetworkFacts>,
    id: &ObjectRef,
    uid: Option<Uuid>,
    now: Moment,
    fresh: &mut dyn FnMut() -> Uuid,
) {
    match networks.get_mut(id) {
        // A file that lost and found a document declares the same network.
        Some(known) if uid.is_none_or(|uid| uid == known.uid) => {
            if known.gone.take().is_some() {
                known.since = now;
            }
        }
        _ => {
            let known = NetworkFacts {
                uid: uid.unwrap_or_else(fresh),
                since: now,
                gone: None,
            };
            networks.insert(id.clone(), known);
        }
    }
}

fn first(uid: Uuid, consent: &Consent, now: Moment) -> ConsentFacts {
    ConsentFacts {
        uid,
        declared: consent.clone(),
        generation: 1,
        request: 1,
        requested_at: now,
        peer_uid: None,
        expired_at: None,
        deleted_at: None,
        state: None,
        was_active: false,
    }
}

/// A request is made anew when it asks for something else. To pause it is not to
/// ask again, but its time to wait begins anew when the pause is over.
fn note_consent(known: &mut ConsentFacts, consent: &Consent, now: Moment) {
    let before = std::mem::replace(&mut known.declared, consent.clone());
    if is_same(&before, consent) {
        return;
    }
    known.generation += 1;
    let unmatched = known.peer_uid.is_none();
    if before.network != consent.network || !is_same_peer(&before.peer, &consent.peer) {
        known.requested_at = now;
        known.peer_uid = None;
        known.was_active = false;
    } else if unmatched && !consent.origin.collects_failed() {
        known.requested_at = now;
    }
    let paused = Consent {
        admin_state: before.admin_state,
        ..consent.clone()
    };
    let only_paused = is_same(&before, &paused);
    if !only_paused {
        known.expired_at = None;
        known.request = known.generation;
    }
}

/// A pause does not count as waiting, whether its owner paused or a hold did.
fn note_resumed(known: &mut ConsentFacts, held: bool, now: Moment) {
    let was_paused = matches!(known.state, Some((State::Disabled, _)));
    let is_paused = held || known.declared.admin_state == AdminState::Down;
    let is_fixed = known.declared.origin.collects_failed();
    if was_paused && !is_paused && known.peer_uid.is_none() && !is_fixed {
        known.requested_at = now;
    }
}

/// Labels and descriptions ask for nothing. What another system has against it, and what
/// the routes and rules of an Outscale Net say, is not what was asked.
fn is_same(before: &Consent, now: &Consent) -> bool {
    let mut before = Consent {
        labels: now.labels.clone(),
        description: now.description.clone(),
        objection: now.objection.clone(),
        peer: if is_same_peer(&before.peer, &now.peer) {
            now.peer.clone()
        } else {
            before.peer.clone()
        },
        ..before.clone()
    };
    if now.origin.is_outscale() {
        before.routes = now.routes.clone();
        before.allow = now.allow.clone();
        before.allow_out = now.allow_out.clone();
    }
    before == *now
}

fn is_same_peer(before: &PeerRef, now: &PeerRef) -> bool {
    match (before, now) {
        (PeerRef::Id(before, _), PeerRef::Id(now, _)) => before == now,
        (PeerRef::Network(before), PeerRef::Network(now)) => before == now,
        (PeerRef::Source(before, _), PeerRef::Source(now, _)) => before == now,
        _ => false,
    }
}
