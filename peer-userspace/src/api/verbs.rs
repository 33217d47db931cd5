//! Deciding about consents: accept, reject, enable, disable.

use axum::{extract::State, response::Response};
use serde_json::json;

use super::{
    caller::Caller,
    change::{
        Mode, authorize, check, consents, has_ended, make, peer_of, refuse_files, with_defaults,
    },
    documents::Place,
    objects::generation,
    problem::{Problem, ProblemBody},
    read::{absent, peering_answer, tagged},
    request::{Named, Options, Params, Preconditions},
    schema::{Acceptance, PeeringStatus, Refusal, Resource},
    write::{Write, answer, answer_made},
};
use crate::{
    daemon::{Role, Shared, Snapshot},
    dialect,
    lifecycle::{ConsentFacts, Rejection, State as PeeringState},
    model::{AdminState, Consent, Kind, Name, ObjectRef},
    store::{Declaration, Stored},
};

/// A request of another owner's, and the network it asks for.
struct Request<'a> {
    facts: &'a ConsentFacts,
    state: PeeringState,
    requester: ObjectRef,
    wanted: ObjectRef,
    agreed: bool,
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
    let is_open = status.state != PeeringState::Deleted && status.state != PeeringState::Disabled;
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
        requester: facts.declared.own(),
        wanted,
        agreed: pair.is_some_and(|pair| pair.agreed && pair.consents.contains(id)),
    })
}

/// Consent to another owner's request.
#[utoipa::path(post, path = "/v1/peerings/{namespace}/{name}/accept",
    params(Place, Write),
    request_body = Option<Acceptance>, responses(
    (status = 201, body = Resource<PeeringStatus>, description = "the own consent"),
    (status = 200, body = Resource<PeeringStatus>, description = "the own consent, there already"),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn accept(
    State(shared): State<Shared>,
    caller: Caller,
    Named(id): Named,
    Params(write): Params<Write>,
    preconditions: Preconditions,
    Options(acceptance): Options<Acceptance>,
) -> Result<Response, Problem> {
    let ((key, made), snapshot) = make(&shared, Mode::of(write.dry_run), {
        let caller = caller.clone();
        move |snapshot, stored| {
            let request = request(snapshot, &caller, &id)?;
            preconditions.check(Some(&request_tag(snapshot, &id, request.facts)))?;
            if let Some(known) = answered(snapshot, stored, &request) {
                refuse_other_answer(stored, &request, acceptance, &known)?;
                return Ok(((Kind::Peering, known), false));
            }
            if stored.decisions.rejection(&id, request.facts).is_some() {
                return Err(Problem::invalid_state(format!("request {id} is rejected")));
            }
            if request.state.is_terminal() || request.state == PeeringState::Disabled {
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
            let consent = consent(stored, &request, &acceptance)?;
            let key = (Kind::Peering, consent.id.clone());
            if stored.objects.contains_key(&key) {
                return Err(Problem::already_exists(format!(
                    "there is another {} {}",
                    key.0, key.1
                )));
            }
            refuse_files(stored, &key)?;
            stored.put(with_defaults(Declaration::Peering(consent)));
            check(snapshot, stored, std::slice::from_ref(&key))?;
            Ok((key, true))
        }
    })
    .await?;
    answer_made(made, answer(&shared, &snapshot, &caller, &key))
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
    let wanted = consent(stored, request, &acceptance)?;
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
    let answers = |consent: &Consent| {
        consent.own() == request.wanted
            && peer_of(snapshot, consent).as_ref() == Some(&request.requester)
    };
    let mut all = consents(snapshot, stored);
    all.find(|consent| answers(consent) && !has_ended(snapshot, consent))
        .map(|consent| consent.id.clone())
}

/// The consent that is to answer a request.
fn consent(
    stored: &Stored,
    request: &Request<'_>,
    acceptance: &Acceptance,
) -> Result<Consent, Problem> {
    let namespace = &request.wanted.namespace;
    let taken = |name: &str| {
        let name: Option<Name> = name.parse().ok();
        name.is_none_or(|name| {
            let id = ObjectRef {
                namespace: namespace.clone(),
                name,
            };
            stored.declares(&(Kind::Peering, id))
        })
    };
    let requester = &request.requester;
    let name = acceptance.name.clone().unwrap_or_else(|| {
        let short = format!("to-{}", requester.name);
        let long = format!("to-{}-{}", requester.namespace, requester.name);
        let numbered = (2..).map(|number| format!("to-{number}-{}", requester.name));
        let names = [short, long].into_iter().chain(numbered.take(1000));
        // Parts of a label are labels, but for a hyphen at the end.
        let mut names = names.map(|mut name| {
            name.truncate(63);
            name.trim_end_matches('-').to_owned()
        });
        names.find(|name| !taken(name)).unwrap_or_default()
    });
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
    let declared = dialect::parse(&document.to_string());
    let mut declared = declared.map_err(|findings| Problem::invalid(&findings))?;
    let consent = declared.consents.pop().map(|(consent, _)| consent);
    consent.ok_or_else(|| Problem::internal("an acceptance made no consent"))
}

/// Refuse another owner's request.
#[utoipa::path(post, path = "/v1/peerings/{namespace}/{name}/reject",
    params(Place, Write),
    request_body = Option<Refusal>, responses(
    (status = 200, body = Resource<PeeringStatus>, description = "the request"),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn reject(
    State(shared): State<Shared>,
    caller: Caller,
    Named(id): Named,
    Params(write): Params<Write>,
    preconditions: Preconditions,
    Options(refusal): Options<Refusal>,
) -> Result<Response, Problem> {
    let word = refusal.reason.as_deref().unwrap_or_default();
    if word.chars().count() > 1000 || word.contains(char::is_control) {
        return Err(Problem::invalid_document(
            "reason is one line of at most 1000 characters",
        ));
    }
    let at = shared.store.clock().now();
    let ((), snapshot) = make(&shared, Mode::of(write.dry_run), {
        let (caller, id) = (caller.clone(), id.clone());
        move |snapshot, stored| {
            let request = request(snapshot, &caller, &id)?;
            let facts = request.facts;
            preconditions.check(Some(&request_tag(snapshot, &id, facts)))?;
            if stored.decisions.rejection(&id, facts).is_some() {
                return Ok(());
            }
            if request.agreed || request.state.is_terminal() {
                return Err(Problem::invalid_state(format!(
                    "request {id} is {}: there is nothing to reject",
                    request.state
                )));
            }
            let rejection = Rejection {
                uid: facts.uid,
                request: facts.request,
                at,
                reason: refusal.reason,
            };
            stored.decisions.rejections.insert(id, rejection);
            Ok(())
        }
    })
    .await?;
    peering_answer(&shared, &snapshot, &caller, &id).map(tagged)
}

/// Let an own consent carry traffic again.
#[utoipa::path(post, path = "/v1/peerings/{namespace}/{name}/enable",
    params(Place, Write), responses(
    (status = 200, body = Resource<PeeringStatus>),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn enable(
    State(shared): State<Shared>,
    caller: Caller,
    Named(id): Named,
    Params(write): Params<Write>,
) -> Result<Response, Problem> {
    set(shared, caller, id, Mode::of(write.dry_run), AdminState::Up).await
}

/// Stop an own consent's traffic and keep the consent.
#[utoipa::path(post, path = "/v1/peerings/{namespace}/{name}/disable",
    params(Place, Write), responses(
    (status = 200, body = Resource<PeeringStatus>),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn disable(
    State(shared): State<Shared>,
    caller: Caller,
    Named(id): Named,
    Params(write): Params<Write>,
) -> Result<Response, Problem> {
    set(
        shared,
        caller,
        id,
        Mode::of(write.dry_run),
        AdminState::Down,
    )
    .await
}

async fn set(
    shared: Shared,
    caller: Caller,
    id: ObjectRef,
    mode: Mode,
    wanted: AdminState,
) -> Result<Response, Problem> {
    let key = (Kind::Peering, id);
    if !caller.sees(&key.1.namespace) {
        return Err(absent(key.0, &key.1));
    }
    authorize(&caller, &key)?;
    let ((), snapshot) = make(&shared, mode, {
        let key = key.clone();
        move |snapshot, stored| {
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
    })
    .await?;
    answer(&shared, &snapshot, &caller, &key)
}
