//! Creating, replacing, changing and deleting single objects.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::{
    caller::Caller,
    change::{
        Mode, authorize, authorize_source, check, forget_expired, make, peer_of, refuse_files,
        refuse_made, refuse_settings, stored_tag, with_defaults,
    },
    documents::{Network, Peering, Place},
    foreign::foreign_answer,
    problem::{Problem, ProblemBody},
    read::{absent, network_answer, peering_answer, tagged},
    request::{Named, Params, Patch, Preconditions, Text},
    schema::{NetworkStatus, PeeringStatus, Resource},
};
use crate::{
    daemon::{Shared, Snapshot},
    dialect,
    lifecycle::State as PeeringState,
    model::{Consent, Kind, ObjectRef, PeerRef},
    store::{Declaration, Key, Stored},
};

/// Whether it is meant.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct Write {
    /// Do everything but keep the outcome.
    #[param(nullable = false)]
    pub(super) dry_run: Option<bool>,
}

/// The one object of a body, which must be of `kind`.
fn read(text: &str, kind: Kind) -> Result<Declaration, Problem> {
    let declared = dialect::parse(text).map_err(|findings| Problem::invalid(&findings))?;
    let mut all = Declaration::all(declared);
    let declared = all
        .pop()
        .filter(|one| all.is_empty() && one.key().0 == kind);
    let declared = declared.ok_or_else(|| {
        let text = format!("the body must be one document of kind {kind}");
        Problem::invalid_document(text)
    })?;
    Ok(with_defaults(declared))
}

async fn create(
    shared: Shared,
    caller: Caller,
    mode: Mode,
    declared: Declaration,
) -> Result<Response, Problem> {
    let key = declared.key();
    authorize(&caller, &key)?;
    let (made, snapshot) = make(&shared, mode, {
        let (key, caller) = (key.clone(), caller.clone());
        move |snapshot, stored| {
            authorize_source(&caller, stored, &declared)?;
            refuse_files(stored, &key)?;
            refuse_made(snapshot, &key)?;
            forget_expired(snapshot, stored, &key);
            if let Some(known) = stored.objects.get(&key) {
                return match known.declared == declared {
                    true => Ok(false),
                    false => Err(Problem::already_exists(format!(
                        "there is another {} {}",
                        key.0, key.1
                    ))),
                };
            }
            if let Declaration::Peering(consent) = &declared {
                require_networks(snapshot, stored, &caller, consent)?;
            }
            stored.put(declared);
            check(snapshot, stored, std::slice::from_ref(&key))?;
            Ok(true)
        }
    })
    .await?;
    answer_made(made, answer(&shared, &snapshot, &caller, &key))
}

/// Refuse a request that names a network which the caller may see not to be there.
fn require_networks(
    snapshot: &Snapshot,
    stored: &Stored,
    caller: &Caller,
    consent: &Consent,
) -> Result<(), Problem> {
    // What came or went a moment ago may not be so in the snapshot yet.
    let exists = |network: &ObjectRef| stored.declares(&(Kind::Network, network.clone()));
    let own = consent.own();
    let Some(peer) = peer_of(snapshot, consent) else {
        // What another system calls a network may be said later.
        if matches!(consent.peer, PeerRef::Source(..)) {
            return Ok(());
        }
        let text = "nobody has the network with the id that the peering names";
        return Err(Problem::network_not_found(text));
    };
    for network in [&own, &peer] {
        if caller.sees(&network.namespace) && !exists(network) {
            return Err(Problem::network_not_found(format!(
                "there is no network {network}"
            )));
        }
    }
    Ok(())
}

async fn put(
    shared: Shared,
    caller: Caller,
    mode: Mode,
    preconditions: Preconditions,
    id: ObjectRef,
    declared: Declaration,
) -> Result<Response, Problem> {
    let key = declared.key();
    if key.1 != id {
        return Err(Problem::invalid_document(format!(
            "the document is {}'s, the path {id}'s",
            key.1
        )));
    }
    authorize(&caller, &key)?;
    let (made, snapshot) = make(&shared, mode, {
        let (key, caller) = (key.clone(), caller.clone());
        move |snapshot, stored| {
            authorize_source(&caller, stored, &declared)?;
            refuse_files(stored, &key)?;
            refuse_made(snapshot, &key)?;
            preconditions.check(stored_tag(stored, &key).as_deref())?;
            forget_expired(snapshot, stored, &key);
            refuse_settings(snapshot, stored, &declared)?;
            let made = !stored.objects.contains_key(&key);
            if let (true, Declaration::Peering(consent)) = (made, &declared) {
                require_networks(snapshot, stored, &caller, consent)?;
            }
            if stored.put(declared) {
                check(snapshot, stored, std::slice::from_ref(&key))?;
            }
            Ok(made)
        }
    })
    .await?;
    answer_made(made, answer(&shared, &snapshot, &caller, &key))
}

async fn patch(
    shared: Shared,
    caller: Caller,
    mode: Mode,
    preconditions: Preconditions,
    key: Key,
    patch: Value,
) -> Result<Response, Problem> {
    authorize(&caller, &key)?;
    let ((), snapshot) = make(&shared, mode, {
        let (key, caller) = (key.clone(), caller.clone());
        move |snapshot, stored| {
            refuse_files(stored, &key)?;
            refuse_made(snapshot, &key)?;
            let known = stored
                .objects
                .get(&key)
                .ok_or_else(|| absent(key.0, &key.1))?;
            preconditions.check(stored_tag(stored, &key).as_deref())?;
            let mut document = known.declared.document();
            merge(&mut document, &patch);
            let declared = read(&document.to_string(), key.0)?;
            if declared.key() != key {
                return Err(Problem::invalid_document(
                    "a patch cannot give another name",
                ));
            }
            authorize_source(&caller, stored, &declared)?;
            refuse_settings(snapshot, stored, &declared)?;
            if stored.put(declared) {
                check(snapshot, stored, std::slice::from_ref(&key))?;
            }
            Ok(())
        }
    })
    .await?;
    answer(&shared, &snapshot, &caller, &key)
}

/// RFC 7396 section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Default::default());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

pub(super) async fn delete(
    shared: Shared,
    caller: Caller,
    mode: Mode,
    preconditions: Preconditions,
    key: Key,
) -> Result<Response, Problem> {
    if !caller.sees(&key.1.namespace) {
        return Err(absent(key.0, &key.1));
    }
    authorize(&caller, &key)?;
    let before = shared.snapshot();
    let (was_there, snapshot) = make(&shared, mode, {
        let key = key.clone();
        move |snapshot, stored| {
            let tag = stored_tag(stored, &key);
            match &tag {
                Some(tag) => preconditions.check(Some(tag))?,
                None => {
                    refuse_files(stored, &key)?;
                    refuse_made(snapshot, &key)?;
                }
            }
            Ok(stored.objects.remove(&key).is_some())
        }
    })
    .await?;
    match key.0 {
        // A network leaves nothing behind.
        Kind::Peering => {
            let shows = |snapshot: &Snapshot| {
                let status = snapshot.states.consents.get(&key.1);
                status.is_some_and(|status| was_there || status.state == PeeringState::Deleted)
            };
            // One that had ended is not listed again as deleted.
            let shown = if shows(&snapshot) { &snapshot } else { &before };
            if !shows(shown) {
                return Err(absent(key.0, &key.1));
            }
            peering_answer(&shared, shown, &caller, &key.1).map(tagged)
        }
        // A network leaves nothing behind.
        _ if was_there => answer(&shared, &before, &caller, &key),
        _ => Err(absent(key.0, &key.1)),
    }
}

/// `answer` with the status that tells whether the object was made just now.
pub(super) fn answer_made(
    made: bool,
    answer: Result<Response, Problem>,
) -> Result<Response, Problem> {
    let status = if made {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, answer?).into_response())
}

/// The object as it is now.
pub(super) fn answer(
    shared: &Shared,
    snapshot: &Snapshot,
    caller: &Caller,
    key: &Key,
) -> Result<Response, Problem> {
    match key.0 {
        Kind::Network => network_answer(snapshot, caller, &key.1).map(tagged),
        Kind::Peering => peering_answer(shared, snapshot, caller, &key.1).map(tagged),
        _ => foreign_answer(snapshot, caller, key).map(|object| Json(object).into_response()),
    }
}

macro_rules! handlers {
    ($kind:ident, $path:literal, $status:ty, $create:ident, $put:ident, $patch:ident, $delete:ident) => {
        #[doc = concat!("Create a ", stringify!($kind), ".")]
        #[utoipa::path(post, path = concat!("/v1/", $path), params(Write),
            request_body(content(($kind = "application/json"), (String = "application/yaml"))), responses(
            (status = 201, body = Resource<$status>, description = "made"),
            (status = 200, body = Resource<$status>, description = "it is there"),
            (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
            (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
        pub(super) async fn $create(
            State(shared): State<Shared>,
            caller: Caller,
            Params(write): Params<Write>,
            Text(text): Text,
        ) -> Result<Response, Problem> {
            let declared = read(&text, Kind::$kind)?;
            create(shared, caller, Mode::of(write.dry_run), declared).await
        }

        #[doc = concat!("Create or replace a ", stringify!($kind), ".")]
        #[utoipa::path(put, path = concat!("/v1/", $path, "/{namespace}/{name}"),
            params(Place, Write),
            request_body(content(($kind = "application/json"), (String = "application/yaml"))), responses(
            (status = 201, body = Resource<$status>, description = "made"),
            (status = 200, body = Resource<$status>, description = "replaced, or there already"),
            (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
            (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
        pub(super) async fn $put(
            State(shared): State<Shared>,
            caller: Caller,
            Named(id): Named,
            Params(write): Params<Write>,
            preconditions: Preconditions,
            Text(text): Text,
        ) -> Result<Response, Problem> {
            let declared = read(&text, Kind::$kind)?;
            put(shared, caller, Mode::of(write.dry_run), preconditions, id, declared).await
        }

        #[doc = concat!("Change a ", stringify!($kind), " by a merge patch (RFC 7396).")]
        #[utoipa::path(patch, path = concat!("/v1/", $path, "/{namespace}/{name}"),
            params(Place, Write),
            request_body(content = Value, content_type = "application/merge-patch+json"), responses(
            (status = 200, body = Resource<$status>),
            (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
            (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
        pub(super) async fn $patch(
            State(shared): State<Shared>,
            caller: Caller,
            Named(id): Named,
            Params(write): Params<Write>,
            preconditions: Preconditions,
            Patch(patch_value): Patch,
        ) -> Result<Response, Problem> {
            let key = (Kind::$kind, id);
            patch(shared, caller, Mode::of(write.dry_run), preconditions, key, patch_value).await
        }

        #[doc = concat!("Delete a ", stringify!($kind), ".")]
        #[utoipa::path(delete, path = concat!("/v1/", $path, "/{namespace}/{name}"),
            params(Place, Write), responses(
            (status = 200, body = Resource<$status>),
            (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
            (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
        pub(super) async fn $delete(
            State(shared): State<Shared>,
            caller: Caller,
            Named(id): Named,
            Params(write): Params<Write>,
            preconditions: Preconditions,
        ) -> Result<Response, Problem> {
            let key = (Kind::$kind, id);
            delete(shared, caller, Mode::of(write.dry_run), preconditions, key).await
        }
    };
}

handlers!(
    Network,
    "networks",
    NetworkStatus,
    create_network,
    put_network,
    patch_network,
    delete_network
);
handlers!(
    Peering,
    "peerings",
    PeeringStatus,
    create_peering,
    put_peering,
    patch_peering,
    delete_peering
);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::caller::Guard, *};
    use crate::kernel::Credentials;

    #[test]
    fn networks_count_that_no_snapshot_shows_yet() {
        let root = Guard::new(Vec::new()).local(&Credentials {
            user: 0,
            groups: Vec::new(),
        });
        let document = |kind: &str, name: &str, spec: Value| {
            let metadata = json!({ "namespace": "a", "name": name });
            json!({ "apiVersion": "peerd/v1", "kind": kind, "metadata": metadata, "spec": spec })
                .to_string()
        };
        let network = |name| document("Network", name, json!({ "prefixes": ["10.1.0.0/16"] }));
        let spec = json!({ "network": "x", "peer": { "network": "y" } });
        let Ok(Declaration::Peering(consent)) =
            read(&document("Peering", "to-y", spec), Kind::Peering)
        else {
            panic!("no consent");
        };
        let snapshot = Snapshot::default();
        let mut stored = Stored::default();
        for name in ["x", "y"] {
            assert!(require_networks(&snapshot, &stored, &root, &consent).is_err());
            stored.put(read(&network(name), Kind::Network).unwrap());
        }
        assert!(require_networks(&snapshot, &stored, &root, &consent).is_ok());
    }

    #[test]
    fn a_merge_patch_replaces_what_it_names_and_removes_what_it_nulls() {
        let mut target = json!({ "spec": { "a": 1, "b": { "c": 2 } }, "kept": true });
        merge(
            &mut target,
            &json!({ "spec": { "a": null, "b": { "d": [3] } } }),
        );
        assert_eq!(
            target,
            json!({ "spec": { "b": { "c": 2, "d": [3] } }, "kept": true })
        );
    }
}
