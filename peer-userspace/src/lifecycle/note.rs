//! From declarations to facts: what is new, different or gone.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    State,
    facts::{ConsentFacts, Decisions, Facts, LISTED, NetworkFacts},
};
use crate::model::{AdminState, Consent, Kind, Moment, Name, ObjectRef, PeerRef, Table, uid};

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
    // Most looks make none.
    let mut taken: Option<BTreeSet<u32>> = None;
    let mut fresh = || {
        let known = || facts.uids().chain(uids.values().copied());
        let taken = taken.get_or_insert_with(|| known().map(uid::short).collect());
        let uid = uid::fresh(|short| taken.contains(&short), fresh);
        taken.insert(uid::short(uid));
        uid
    };
    let fresh: &mut dyn FnMut() -> Uuid = &mut fresh;
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
    let is_fixed = consent.origin.collects_failed();
    let same_peer = is_same_peer(&before.peer, &consent.peer);
    if before.network != consent.network || !same_peer {
        known.peer_uid = None;
        // Which network another system's name means may change without anybody's asking.
        if !(is_fixed && same_peer) {
            known.requested_at = now;
            known.was_active = false;
        }
    } else if unmatched && !is_fixed {
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

/// Labels and descriptions ask for nothing. What another system has against it, which place
/// it has in its document, and what the routes and rules of an Outscale Net say, is not what
/// was asked.
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
    let is_document = now.origin.document().is_some();
    if is_document && before.origin.document() == now.origin.document() {
        before.origin = now.origin.clone();
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect;

    #[test]
    fn no_two_uids_begin_alike_whoever_made_them() {
        let document = |name| {
            format!(
                "apiVersion: peerd/v1\nkind: Network\nmetadata: {{ name: {name} }}\n\
                 spec: {{ prefixes: [10.1.0.0/16] }}\n"
            )
        };
        let table = ["a", "b", "c"].map(document).join("---\n");
        let table = dialect::parse(&table).unwrap().table();
        let uid = |first: u32, rest: u64| Uuid::from_u64_pair(u64::from(first) << 32, rest);
        let stored = [((Kind::Network, "b".parse().unwrap()), uid(2, 0))].into();
        // Each first as another's that is known already.
        let mut thrown = [uid(1, 0), uid(1, 1), uid(2, 1), uid(3, 0)].into_iter();
        let noted = note(
            &Facts::default(),
            &table,
            &stored,
            &Decisions::default(),
            Moment { wall: 0, host: 0 },
            &mut || thrown.next().unwrap(),
        );
        let uids: Vec<u32> = noted.uids().map(uid::short).collect();
        assert_eq!(uids, [1, 2, 3]);
    }
}
