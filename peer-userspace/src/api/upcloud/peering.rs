//! `/1.3/network-peering`: list, get, create, modify, delete.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        answer::{free_name, switch},
        caller::Caller,
        change::{
            Mode, authorize, check, make_or, read_consent, refuse_files, refuse_made, with_defaults,
        },
        problem::Problem,
        request::Text,
    },
    body::{self, Create, Modify},
    query::Filter,
    refusal::Refusal,
    show::Peering,
};
use crate::{
    daemon::{Shared, Snapshot},
    model::{AdminState, Consent, Kind, ObjectRef, Origin},
    store::{Declaration, Key, Stored},
};

type Place = Result<Path<String>, PathRejection>;

/// List the own consents.
pub(super) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    filter: Result<Filter, Refusal>,
) -> Result<Json<Value>, Refusal> {
    let filter = filter?;
    let snapshot = shared.snapshot();
    let is =
        |name, uuid: Option<Uuid>| filter.wants(name, uuid.map(|uuid| uuid.to_string()).as_deref());
    let wanted = Peering::all(&snapshot, &caller).filter(|peering| {
        filter.has_labels(&peering.consent.labels)
            && is("uuid", Some(peering.facts.uid))
            && is("network_uuid_local", peering.network())
            && is("network_uuid_peer", peering.peer())
    });
    let all: Vec<Value> = wanted.map(|peering| peering.show()).collect();
    Ok(Json(
        json!({ "network_peerings": { "network_peering": all } }),
    ))
}

/// Get an own consent.
pub(super) async fn get(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Json<Value>, Refusal> {
    answer(&shared.snapshot(), &caller, uuid(place)?)
}

/// Consent to peer with the network that has a uuid.
pub(super) async fn create(
    State(shared): State<Shared>,
    caller: Caller,
    text: Result<Text, Problem>,
) -> Result<(StatusCode, Json<Value>), Refusal> {
    let Text(text) = text?;
    let create = body::create(&text)?;
    let (uuid, snapshot) = make_or(&shared, Mode::Real, {
        let caller = caller.clone();
        move |snapshot, stored| request(snapshot, stored, &caller, create)
    })
    .await?;
    Ok((StatusCode::CREATED, answer(&snapshot, &caller, uuid)?))
}

/// Change an own consent.
pub(super) async fn modify(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    text: Result<Text, Problem>,
) -> Result<Json<Value>, Refusal> {
    let uuid = uuid(place)?;
    let Text(text) = text?;
    let modify = body::modify(&text)?;
    let ((), snapshot) = make_or(&shared, Mode::Real, {
        let caller = caller.clone();
        move |snapshot, stored| alter(snapshot, stored, &caller, uuid, modify)
    })
    .await?;
    answer(&snapshot, &caller, uuid)
}

/// Take an own consent back, which must be disabled.
pub(super) async fn delete(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<StatusCode, Refusal> {
    let uuid = uuid(place)?;
    make_or(&shared, Mode::Real, move |snapshot, stored| {
        withdraw(snapshot, stored, &caller, uuid)
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn uuid(place: Place) -> Result<Uuid, Refusal> {
    let text = place.map(|Path(text)| text).unwrap_or_default();
    text.parse().map_err(|_| Refusal::no_peering(&text))
}

fn answer(snapshot: &Snapshot, caller: &Caller, uuid: Uuid) -> Result<Json<Value>, Refusal> {
    let peering = Peering::find(snapshot, caller, uuid);
    let peering = peering.ok_or_else(|| Refusal::no_peering(&uuid.to_string()))?;
    Ok(Json(json!({ "network_peering": peering.show() })))
}

/// Put the consent that `create` asks for. Returns its uuid.
fn request(
    snapshot: &Snapshot,
    stored: &mut Stored,
    caller: &Caller,
    create: Create,
) -> Result<Uuid, Refusal> {
    let known = |uuid| {
        let network = snapshot.facts.network_of(uuid);
        network.filter(|network| is_declared(snapshot, stored, network))
    };
    let own = known(create.network).filter(|own| caller.sees(&own.namespace));
    let own = own.ok_or_else(|| Refusal::no_network(&create.network.to_string()))?;
    let role = |id: ObjectRef| authorize(caller, &(Kind::Peering, id));
    role(own.clone())?;
    if let Some(why) = snapshot.ports.none_of(own) {
        return Err(Refusal::conflict(
            "LOCAL_NETWORK_NO_ROUTER",
            format!("network {own} has no working port: {why}"),
        ));
    }
    let peer = known(create.peer).ok_or_else(|| {
        let message = format!("there is no network with the uuid {}", create.peer);
        Refusal::new(StatusCode::NOT_FOUND, "PEER_NETWORK_NOT_FOUND", message)
    })?;
    if peer == own {
        let message = format!("network {own} cannot peer with itself");
        return Err(Refusal::attribute("PEER_NETWORK_INVALID", message));
    }
    // Whose a uuid is, only the answer to a request tells: not even the name of one's own
    // object.
    let called = if caller.sees(&peer.namespace) {
        peer.clone()
    } else {
        format!("{}/{}", own.namespace, create.peer)
            .parse()
            .map_err(|_| Problem::internal("a uuid is a name"))?
    };
    let name = free_name(stored, &own.namespace, &called, |id| {
        snapshot.facts.consents.contains_key(id)
    });
    let document = json!({
        "apiVersion": "peerd/v1",
        "kind": "Peering",
        "metadata": { "namespace": own.namespace, "name": name, "labels": create.labels },
        "spec": {
            "description": create.name,
            "network": own.name,
            "peer": { "id": create.peer },
            "adminState": create.admin_state,
        },
    });
    let mut consent = read_consent(&document)?;
    consent.origin = Origin::UpCloud;
    let key = (Kind::Peering, consent.id.clone());
    stored.put(with_defaults(Declaration::Peering(consent)));
    check(snapshot, stored, std::slice::from_ref(&key))?;
    let made = stored.objects.get(&key).map(|object| object.uid);
    made.ok_or_else(|| Problem::internal("what was put is not there").into())
}

/// Whether the network `id` is there: what came or went a moment ago may not be so in
/// the snapshot yet.
fn is_declared(snapshot: &Snapshot, stored: &Stored, id: &ObjectRef) -> bool {
    let key = (Kind::Network, id.clone());
    let by_document = || {
        let networks = &snapshot.declared.table.networks;
        !snapshot.declared.stored.declares(&key) && networks.contains_key(id)
    };
    stored.declares(&key) || by_document()
}

/// The own consent that may be changed, and where it stands.
fn own<'a>(
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    uuid: Uuid,
) -> Result<(Peering<'a>, Key), Refusal> {
    let peering = Peering::find(snapshot, caller, uuid);
    let peering = peering.ok_or_else(|| Refusal::no_peering(&uuid.to_string()))?;
    let key = (Kind::Peering, peering.consent.id.clone());
    authorize(caller, &key)?;
    Ok((peering, key))
}

/// The consent as the API holds it; an error if others declare it, or nobody does any
/// more.
fn held<'a>(
    snapshot: &Snapshot,
    stored: &'a Stored,
    key: &Key,
    uuid: Uuid,
) -> Result<&'a Consent, Refusal> {
    let object = stored.objects.get(key).filter(|object| object.uid == uuid);
    if let Some(Declaration::Peering(consent)) = object.map(|object| &object.declared) {
        return Ok(consent);
    }
    refuse_files(stored, key)?;
    refuse_made(snapshot, key)?;
    Err(Refusal::no_peering(&uuid.to_string()))
}

fn alter(
    snapshot: &Snapshot,
    stored: &mut Stored,
    caller: &Caller,
    uuid: Uuid,
    modify: Modify,
) -> Result<(), Refusal> {
    let (peering, key) = own(snapshot, caller, uuid)?;
    // Clients say all there is, whatever they change of it.
    let name = modify.name.filter(|name| name != peering.name());
    let labels = modify
        .labels
        .filter(|labels| labels != &peering.consent.labels);
    if name.is_some() || labels.is_some() {
        let known = held(snapshot, stored, &key, uuid)?;
        let mut document = Declaration::Peering(known.clone()).document();
        if let Some(name) = name {
            document["spec"]["description"] = json!(name);
        }
        if let Some(labels) = labels {
            document["metadata"]["labels"] = json!(labels);
        }
        let consent = read_consent(&document)?;
        stored.put(Declaration::Peering(consent));
    }
    if let Some(wanted) = modify.admin_state {
        switch((snapshot, stored), caller, &key.1, wanted)?;
    }
    Ok(())
}

fn withdraw(
    snapshot: &Snapshot,
    stored: &mut Stored,
    caller: &Caller,
    uuid: Uuid,
) -> Result<(), Refusal> {
    let (peering, key) = own(snapshot, caller, uuid)?;
    let consent = held(snapshot, stored, &key, uuid)?;
    if consent.admin_state != AdminState::Down {
        let message = format!(
            "network peering `{}` is not disabled: disable it first",
            peering.name()
        );
        return Err(Refusal::conflict("PEERING_NOT_DISABLED", message));
    }
    stored.objects.remove(&key);
    Ok(())
}
