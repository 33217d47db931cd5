//! Many documents at once, all or nothing; kept if confirmed, or taken back.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::IntoParams;

use super::{
    caller::Caller,
    change::{
        Mode, authorize, authorize_source, check, count, forget_expired, make, refuse_files,
        refuse_made, refuse_settings, routes, with_defaults,
    },
    objects::time,
    problem::{Problem, ProblemBody},
    request::{Documents, Params},
    schema::{Action, Applied, AppliedChange, RouteChanges},
    write::Write,
};
use crate::{
    daemon::{Shared, Snapshot},
    dialect,
    lifecycle::State as PeeringState,
    model::{Kind, Moment, ObjectRef},
    store::{self, Declaration, Key, Stored},
};

/// How to apply.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct How {
    /// Do everything but keep the outcome.
    #[param(nullable = false)]
    dry_run: Option<bool>,
    /// Delete what the API holds in the namespaces the documents name and they do not.
    #[param(nullable = false)]
    prune: Option<bool>,
    /// Take it back unless it is confirmed within so many seconds.
    #[param(nullable = false, minimum = 1, maximum = 86_400)]
    confirm_timeout: Option<u32>,
}

/// A large stream takes much memory while it is parsed: one at a time.
static PARSING: Semaphore = Semaphore::const_new(1);

/// What an apply came to.
type Changes = Vec<(Action, Key)>;

/// Apply a stream of documents, all or nothing.
#[utoipa::path(post, path = "/v1/apply", params(How),
    request_body(content((String = "application/yaml"), (serde_json::Value = "application/json"))), responses(
    (status = 200, body = Applied),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn apply(
    State(shared): State<Shared>,
    caller: Caller,
    Params(how): Params<How>,
    Documents(text): Documents,
) -> Result<Json<Applied>, Problem> {
    if how
        .confirm_timeout
        .is_some_and(|seconds| !(1..=86_400).contains(&seconds))
    {
        return Err(Problem::invalid_parameter(
            "confirmTimeout is a number from 1 to 86400",
        ));
    }
    let turn = PARSING.acquire().await;
    let turn = turn.map_err(|error| Problem::internal(error.to_string()))?;
    let declared = tokio::task::spawn_blocking(move || dialect::parse(&text)).await;
    drop(turn);
    let declared = declared.map_err(|error| Problem::internal(error.to_string()))?;
    let declared = declared.map_err(|findings| Problem::invalid(&findings))?;
    let warnings = declared.warnings.iter().map(ToString::to_string).collect();
    let documents = Declaration::all(declared);

    let mode = Mode::of(how.dry_run);
    let now = shared.store.clock().now();
    let confirm_by = how
        .confirm_timeout
        .map(|seconds| now.host + u64::from(seconds) * 1000);
    let before = shared.snapshot();
    let (changes, snapshot) = make(&shared, mode, {
        let caller = caller.clone();
        move |snapshot, stored| {
            let before = stored.clone();
            if mode == Mode::Real {
                refuse_unconfirmed(&before, &caller)?;
            }
            let changes = put(
                snapshot,
                stored,
                &caller,
                documents,
                how.prune == Some(true),
            )?;
            record(&before, stored, &caller, &changes, now, confirm_by);
            Ok(changes)
        }
    })
    .await?;
    if how.prune == Some(true) && caller.is_admin() && mode == Mode::Real {
        shared.release.notify_one();
    }
    let changed = changes
        .iter()
        .any(|(action, _)| *action != Action::Unchanged);
    let deadline = confirm_by.filter(|_| changed && mode == Mode::Real);
    Ok(Json(Applied {
        applied: mode == Mode::Real,
        routes: changed_routes(mode, &before, &snapshot),
        changes: changes
            .into_iter()
            .map(|change| shown(&snapshot, change))
            .collect(),
        warnings,
        confirm_by: deadline.map(|host| time(snapshot.wall(host))),
    }))
}

fn changed_routes(mode: Mode, before: &Snapshot, after: &Snapshot) -> RouteChanges {
    match mode {
        Mode::DryRun => routes(before, after),
        Mode::Real => count(&before.content, &after.content),
    }
}

fn put(
    snapshot: &Snapshot,
    stored: &mut Stored,
    caller: &Caller,
    documents: Vec<Declaration>,
    prune: bool,
) -> Result<Changes, Problem> {
    let mut changes = Changes::new();
    for document in documents {
        let key = document.key();
        let in_file = match &document {
            Declaration::Network(network) => {
                snapshot.declared.files.networks.get(&key.1) == Some(network)
            }
            Declaration::Peering(consent) => {
                snapshot.declared.files.consents.get(&key.1) == Some(consent)
            }
            Declaration::Foreign(foreign) => {
                snapshot.declared.files.foreign.get(&key) == Some(foreign)
            }
        };
        if stored.files.contains_key(&key) && in_file && caller.sees(&key.1.namespace) {
            changes.push((Action::Unchanged, key));
            continue;
        }
        let document = with_defaults(document);
        authorize(caller, &key)?;
        authorize_source(caller, stored, &document)?;
        refuse_files(stored, &key)?;
        forget_expired(snapshot, stored, &key);
        refuse_settings(snapshot, stored, &document)?;
        let known = stored.objects.contains_key(&key);
        let action = match (known, stored.put(document)) {
            (_, false) => Action::Unchanged,
            (true, true) => Action::Update,
            (false, true) => Action::Create,
        };
        changes.push((action, key));
    }
    if prune {
        let named: BTreeSet<&Key> = changes.iter().map(|(_, key)| key).collect();
        let namespaces: BTreeSet<_> = named.iter().map(|key| &key.1.namespace).collect();
        let others = stored
            .objects
            .keys()
            .filter(|key| namespaces.contains(&key.1.namespace) && !named.contains(key))
            // What no document can name, none leaves out.
            .filter(|key| key.0.is_written());
        let others: Vec<Key> = others.cloned().collect();
        for key in others {
            authorize(caller, &key)?;
            stored.objects.remove(&key);
            changes.push((Action::Delete, key));
        }
    }
    let touched: Vec<Key> = changes
        .iter()
        .filter(|(action, _)| matches!(action, Action::Create | Action::Update))
        .map(|(_, key)| key.clone())
        .collect();
    for key in &touched {
        // It takes the place of what a document says, but not of what is held, whose hold
        // would be nobody's then. What is pruned makes room.
        let document = snapshot.declared.object_of(&key.1);
        if stored.decisions.holds.contains(&key.1) && stored.declares(&document) {
            refuse_made(snapshot, key)?;
        }
    }
    check(snapshot, stored, &touched)?;
    Ok(changes)
}

fn refuse_unconfirmed(stored: &Stored, caller: &Caller) -> Result<(), Problem> {
    let last = stored.applies.get(&caller.name);
    // Also one whose time is up: it is about to be taken back.
    if last.is_some_and(|last| last.confirm_by.is_some()) {
        return Err(Problem::unconfirmed(
            "your last apply waits to be confirmed: confirm or undo it first",
        ));
    }
    Ok(())
}

/// Remember what the apply changed, if it changed anything.
fn record(
    before: &Stored,
    after: &mut Stored,
    caller: &Caller,
    changes: &Changes,
    at: Moment,
    confirm_by: Option<u64>,
) {
    let changed: Vec<_> = changes
        .iter()
        .filter(|(action, _)| *action != Action::Unchanged)
        .map(|(_, key)| {
            let object = |stored: &Stored| stored.objects.get(key).cloned();
            (key.clone(), [object(before), object(after)])
        })
        .collect();
    if changed.is_empty() {
        return;
    }
    let applied = store::Applied {
        confirm_by,
        at,
        changed,
    };
    after.applies.insert(caller.name.clone(), applied.into());
}

fn shown(snapshot: &Snapshot, (action, key): (Action, Key)) -> AppliedChange {
    AppliedChange {
        action,
        kind: key.0.to_string(),
        namespace: key.1.namespace.to_string(),
        name: key.1.name.to_string(),
        state: state(snapshot, &key),
    }
}

/// The state of the peering that an object is, if it is one and no more.
fn state(snapshot: &Snapshot, (kind, id): &Key) -> Option<PeeringState> {
    let status = |consent: &ObjectRef| snapshot.states.consents.get(consent);
    if *kind == Kind::Peering {
        return status(id).map(|status| status.state);
    }
    let consents = snapshot.declared.table.consents.values();
    let mut meant = consents.filter(|consent| consent.origin.document() == Some((*kind, id)));
    match (meant.next(), meant.next()) {
        (Some(consent), None) => status(&consent.id).map(|status| status.state),
        _ => None,
    }
}

/// Keep the caller's last apply.
#[utoipa::path(post, path = "/v1/confirm", params(Write), responses(
    (status = 200, body = Applied),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn confirm(
    State(shared): State<Shared>,
    caller: Caller,
    Params(write): Params<Write>,
) -> Result<Json<Applied>, Problem> {
    let now = shared.store.clock().now();
    let mode = Mode::of(write.dry_run);
    let ((), _) = make(&shared, mode, move |_, stored| {
        let last = stored.applies.get(&caller.name);
        let waits = |last: &store::Applied| last.confirm_by.is_some_and(|until| until > now.host);
        let last = last.filter(|last| waits(last)).ok_or_else(|| {
            Problem::nothing_to_confirm("no apply of yours waits to be confirmed")
        })?;
        let confirmed = store::Applied {
            confirm_by: None,
            ..store::Applied::clone(last)
        };
        stored.applies.insert(caller.name, confirmed.into());
        Ok(())
    })
    .await?;
    Ok(Json(Applied {
        applied: mode == Mode::Real,
        ..Applied::default()
    }))
}

/// Take the caller's last apply back.
#[utoipa::path(post, path = "/v1/undo", params(Write), responses(
    (status = 200, body = Applied),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn undo(
    State(shared): State<Shared>,
    caller: Caller,
    Params(write): Params<Write>,
) -> Result<Json<Applied>, Problem> {
    let before = shared.snapshot();
    let mode = Mode::of(write.dry_run);
    let (changes, snapshot) = make(&shared, mode, move |_, stored| {
        let last = stored.applies.remove(&caller.name);
        let last = last.ok_or_else(|| {
            Problem::nothing_to_undo("there is no apply of yours that could be taken back")
        })?;
        for (key, _) in &last.changed {
            authorize(&caller, key)?;
        }
        let changes = last.changed.iter().map(|(key, [then, _])| {
            let action = match (then, stored.objects.contains_key(key)) {
                (None, _) => Action::Delete,
                (Some(_), true) => Action::Update,
                (Some(_), false) => Action::Create,
            };
            (action, key.clone())
        });
        let changes: Changes = changes.collect();
        let kept = stored.take_back(&last);
        if let Some((kind, id)) = kept.first() {
            return Err(Problem::changed_meanwhile(format!(
                "{kind} {id} was changed since: nothing is taken back"
            )));
        }
        Ok(changes)
    })
    .await?;
    Ok(Json(Applied {
        applied: mode == Mode::Real,
        routes: changed_routes(mode, &before, &snapshot),
        changes: changes
            .into_iter()
            .map(|change| shown(&snapshot, change))
            .collect(),
        ..Applied::default()
    }))
}
