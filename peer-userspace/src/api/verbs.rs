//! Deciding about consents: accept, reject, enable, disable.

use super::{
    answer,
    caller::Caller,
    change::{Mode, make},
    documents::Place,
    problem::{Problem, ProblemBody},
    read::{peering_answer, tagged},
    request::{Named, Options, Params, Preconditions},
    schema::{Acceptance, PeeringStatus, Refusal, Resource},
    write::{Write, answer as object_answer, answer_made},
};
use crate::{
    daemon::Shared,
    model::{AdminState, Kind, ObjectRef, Origin},
};
use axum::{extract::State, response::Response};

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
    let now = shared.store.clock().now();
    let ((key, made), snapshot) = make(&shared, Mode::of(write.dry_run), {
        let caller = caller.clone();
        move |snapshot, stored| {
            let how = (acceptance, Origin::Native);
            answer::accept((snapshot, stored), &caller, &id, &preconditions, how, now)
        }
    })
    .await?;
    answer_made(made, object_answer(&shared, &snapshot, &caller, &key))
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
            let reason = refusal.reason;
            answer::reject((snapshot, stored), &caller, &id, &preconditions, reason, at)
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
    let key = (Kind::Peering, id.clone());
    let ((), snapshot) = make(&shared, mode, {
        let caller = caller.clone();
        move |snapshot, stored| answer::switch((snapshot, stored), &caller, &id, wanted)
    })
    .await?;
    object_answer(&shared, &snapshot, &caller, &key)
}
