//! What answering a request changes: accept, reject, enable, disable.
//!
//! The same for every front-end. Owns who may answer what; must not know HTTP.

use serde_json::json;

use super::{
    caller::Caller,
    change::{
        authorize, check, consents, has_ended, peer_of, read_consent, refuse_files, refuse_made,
        with_defaults,
    },
    objects::generation,
    problem::Problem,
    read::absent,
    request::Preconditions,
    schema::Acceptance,
};
use crate::{
    daemon::{Role, Snapshot},
    lifecycle::{ConsentFacts, Rejection, State},
    model::{AdminState, Consent, Kind, Moment, Name, ObjectRef, Origin},
    store::{Declaration, Key, Stored},
};

/// A request of another owner's, and the network it asks for.
struct Request<'a> {
    facts: &'a ConsentFacts,
    state: State,
    requester: ObjectRef,
    wanted: ObjectRef,
    agreed: bool,
    /// Nothing but a new request leads out of its state.
    ended: bool,
}

/// The request `id`, if the caller may answer it.
fn request<'a>(
    snapshot: &'a Snapshot,
    caller: &Caller,
    id: &ObjectRef,
) -> Result<Request<'a>, Problem> {
    let gone = || absent(Kind::Peering, id);
    let facts = snapshot.facts.consents.get(id).ok_or_else(gone)?;
    let wanted = peer_of(snapshot, &facts.declared);
    let sees_wanted = wanted.as_ref().is_some_and(|it| caller.sees(&it.namespace));
    if !sees_wanted && !caller.sees(&id.namespace) {
        return Err(gone());
    }
    let wanted = wanted.ok_or_else(|| {
        Problem::network_not_found("nobody has the network with the id that the request names")
    })?;
    if !sees_wanted {
        // Not even whose it is, where the request names it by id.
        return Err(Problem::forbidden(format!(
            "only the owner of the network it asks for answers request {id}"
        )));
    }
    caller.must_be(Role::Operator, &wanted.namespace)?;
    let status = snapshot.states.consents.get(id).ok_or_else(gone)?;
    // What its owner paused or withdrew asks nobody for anything.
    let is_open = status.state != State::Deleted && status.state != State::Disabled;
    if !is_open && !caller.sees(&id.namespace) {
        return Err(gone());
    }
    let pair = facts
        .declared
        .pair()
        .and_then(|label| snapshot.states.pairs.get(&label));
    Ok(Request {
        facts,
        state: status.state,
        ended: status.is_terminal(),
        requester: facts.declared.own(),
        wanted,
        agreed: pair.is_some_and(|pair| pair.agreed && pair.consents.contains(id)),
    })
}

/// Consent to the request `id`. Returns the own consent, and whether it was made just
/// now.
pub(super) fn accept(
    (snapshot, stored): (&Snapshot, &mut Stored),
    caller: &Caller,
    id: &ObjectRef,
    preconditions: &Preconditions,
    (acceptance, origin): (Acceptance, Origin),
    now: Moment,
) -> Result<(Key, bool), Problem> {
    let request = request(snapshot, caller, id)?;
    preconditions.check(Some(&request_tag(snapshot, id, request.facts)))?;
    if let Some(known) = answered(snapshot, stored, &request) {
        refuse_other_answer(stored, &request, acceptance, &known)?;
        return Ok(((Kind::Peering, known), false));
    }
    if was_refused(stored, id, request.facts) {
        return Err(Problem::invalid_state(format!("request {id} is rejected")));
    }
    if request.ended || request.state == State::Disabled {
        return Err(Problem::invalid_state(format!(
            "request {id} is {}: there is nothing to accept",
            request.state
        )));
    }
    let network = &request.wanted;
    if !stored.declares(&(Kind::Network, network.clone())) {
        let text = format!("there is no network {network}");
        return Err(Problem::network_not_found(text));
    }
    refuse_redundant(snapshot, stored, &request, now);
    let is_listed = |id: &ObjectRef| {
        // In Outscale's lists what ended goes on to be seen beside what has its name next.
        let was_there = origin.is_outscale() && snapshot.facts.consents.contains_key(id);
        was_there || snapshot.declared.object_of(id).0 != Kind::Peering
    };
    let mut consent = consent(stored, &request, &acceptance, is_listed)?;
    consent.origin = origin;
    let key = (Kind::Peering, consent.id.clone());
    if stored.objects.contains_key(&key) {
        return Err(Problem::already_exists(format!(
            "there is another {} {}",
            key.0, key.1
        )));
    }
    refuse_files(stored, &key)?;
    refuse_made(snapshot, &key)?;
    stored.put(with_defaults(Declaration::Peering(consent)));
    check(snapshot, stored, std::slice::from_ref(&key))?;
    Ok((key, true))
}

/// Reject the own requests that ask for what is being accepted.
fn refuse_redundant(snapshot: &Snapshot, stored: &mut Stored, request: &Request<'_>, now: Moment) {
    let asks = |consent: &&Consent| {
        consent.origin == Origin::OutscaleRequest
            && consent.own() == request.wanted
            && peer_of(snapshot, consent).as_ref() == Some(&request.requester)
    };
    let redundant: Vec<ObjectRef> = consents(snapshot, stored)
        .filter(asks)
        .map(|consent| consent.id.clone())
        .collect();
    for id in redundant {
        let Some(facts) = snapshot.facts.consents.get(&id) else {
            continue;
        };
        let rejection = Rejection {
            uid: facts.uid,
            request: facts.request,
            at: now,
            reason: Some("the peer's own request was accepted".to_owned()),
            impossible: false,
        };
        let known = stored.decisions.rejections.entry(id);
        known.or_insert(rejection);
    }
}

/// Whether somebody refused a request, and not only it could never be.
fn was_refused(stored: &Stored, id: &ObjectRef, facts: &ConsentFacts) -> bool {
    let rejection = stored.decisions.rejection(id, facts);
    rejection.is_some_and(|rejection| !rejection.impossible)
}

/// Whoever answers may make sure that it is what was looked at.
fn request_tag(snapshot: &Snapshot, id: &ObjectRef, facts: &ConsentFacts) -> String {
    format!("\"{}.{}\"", facts.uid, generation(snapshot, id, facts))
}

/// Refuse an acceptance that says otherwise than the consent there is.
fn refuse_other_answer(
    stored: &Stored,
    request: &Request<'_>,
    acceptance: Acceptance,
    known: &ObjectRef,
) -> Result<(), Problem> {
    if acceptance == Acceptance::default() {
        return Ok(());
    }
    let named = acceptance.name.as_deref();
    let other_name = named.is_some_and(|name| name != known.name.as_str());
    let acceptance = Acceptance {
        name: Some(known.name.to_string()),
        ..acceptance
    };
    let wanted = consent(stored, request, &acceptance, |_| false)?;
    let wanted = with_defaults(Declaration::Peering(wanted));
    let object = stored.objects.get(&(Kind::Peering, known.clone()));
    if !other_name && object.is_some_and(|object| object.declared == wanted) {
        return Ok(());
    }
    Err(Problem::invalid_state(format!(
        "{known} answers this request already, otherwise: change that"
    )))
}

/// The consent that answers a request already.
fn answered(snapshot: &Snapshot, stored: &Stored, request: &Request<'_>) -> Option<ObjectRef> {
    // Two of Outscale's requests wait for each other's owners.
    let asks = |consent: &Consent| consent.origin == Origin::OutscaleRequest;
    let request_asks = asks(&request.facts.declared);
    let answers = |consent: &Consent| {
        !(request_asks && asks(consent))
            && consent.own() == request.wanted
            && peer_of(snapshot, consent).as_ref() == Some(&request.requester)
    };
    let mut all = consents(snapshot, stored);
    all.find(|consent| answers(consent) && !has_ended(snapshot, stored, consent))
        .map(|consent| consent.id.clone())
}

/// The consent that is to answer a request.
fn consent(
    stored: &Stored,
    request: &Request<'_>,
    acceptance: &Acceptance,
    is_listed: impl Fn(&ObjectRef) -> bool,
) -> Result<Consent, Problem> {
    let namespace = &request.wanted.namespace;
    let requester = &request.requester;
    let free = || free_name(stored, namespace, requester, is_listed).map(|name| name.to_string());
    let name = acceptance.name.clone().or_else(free);
    let mut spec = json!({
        "network": request.wanted.name,
        "peer": { "namespace": requester.namespace, "network": requester.name },
    });
    let optional = [
        (
            "export",
            acceptance.export.as_ref().map(|export| json!(export)),
        ),
        ("allow", acceptance.allow.as_ref().map(|rules| json!(rules))),
        (
            "allowOut",
            acceptance.allow_out.as_ref().map(|rules| json!(rules)),
        ),
    ];
    for (field, value) in optional {
        if let Some(value) = value {
            spec[field] = value;
        }
    }
    let document = json!({
        "apiVersion": "peerd/v1",
        "kind": "Peering",
        "metadata": {
            "namespace": namespace,
            "name": name,
            "labels": acceptance.labels.clone().unwrap_or_default(),
        },
        "spec": spec,
    });
    read_consent(&document)
}

/// Refuse the request `id`, perhaps with a word about it.
pub(super) fn reject(
    (snapshot, stored): (&Snapshot, &mut Stored),
    caller: &Caller,
    id: &ObjectRef,
    preconditions: &Preconditions,
    reason: Option<String>,
    at: Moment,
) -> Result<(), Problem> {
    let request = request(snapshot, caller, id)?;
    let facts = request.facts;
    preconditions.check(Some(&request_tag(snapshot, id, facts)))?;
    if was_refused(stored, id, facts) {
        return Ok(());
    }
    if request.agreed || request.ended {
        return Err(Problem::invalid_state(format!(
            "request {id} is {}: there is nothing to reject",
            request.state
        )));
    }
    let rejection = Rejection {
        uid: facts.uid,
        request: facts.request,
        at,
        reason,
        impossible: false,
    };
    stored.decisions.rejections.insert(id.clone(), rejection);
    Ok(())
}

/// Set the `adminState` of an own consent, by a hold where others declare it.
pub(super) fn switch(
    (snapshot, stored): (&Snapshot, &mut Stored),
    caller: &Caller,
    id: &ObjectRef,
    wanted: AdminState,
) -> Result<(), Problem> {
    let key = (Kind::Peering, id.clone());
    if !caller.sees(&key.1.namespace) {
        return Err(absent(key.0, &key.1));
    }
    authorize(caller, &key)?;
    if let Some(known) = stored.objects.get(&key) {
        let mut declared = known.declared.clone();
        if let Declaration::Peering(consent) = &mut declared {
            consent.admin_state = wanted;
        }
        stored.put(declared);
        return Ok(());
    }
    let declared = snapshot.declared.table.consents.get(&key.1);
    let declared = declared.ok_or_else(|| absent(key.0, &key.1))?;
    let holds = &mut stored.decisions.holds;
    if wanted == AdminState::Down {
        holds.insert(key.1);
        return Ok(());
    }
    holds.remove(&key.1);
    if declared.admin_state == AdminState::Down {
        // No hold of ours is in the way: the file itself says so.
        return refuse_files(stored, &key);
    }
    Ok(())
}

/// A name for a consent to peer with `peer`: `to-PEER`, or the next that is free and not
/// listed.
pub(super) fn free_name(
    stored: &Stored,
    namespace: &Name,
    peer: &ObjectRef,
    is_listed: impl Fn(&ObjectRef) -> bool,
) -> Option<Name> {
    let short = format!("to-{}", peer.name);
    let long = format!("to-{}-{}", peer.namespace, peer.name);
    let numbered = (2..).map(|number| format!("to-{number}-{}", peer.name));
    let names = [short, long].into_iter().chain(numbered.take(1000));
    // Parts of a label are labels, but for a hyphen at the end.
    let names = names.filter_map(|mut name| {
        name.truncate(63);
        name.trim_end_matches('-').parse::<Name>().ok()
    });
    let mut free = names.filter(|name| {
        let id = ObjectRef {
            namespace: namespace.clone(),
            name: name.clone(),
        };
        !is_listed(&id) && !stored.declares(&(Kind::Peering, id))
    });
    free.next()
}
