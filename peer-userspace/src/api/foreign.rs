//! Objects of other systems, with their status in those systems' words.
//!
//! Owns which of them a caller sees. The words are `dialect`'s.

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::{
    caller::Caller,
    change::Mode,
    objects::{knows_peer, time},
    problem::{Problem, ProblemBody},
    read::{Filter, absent},
    request::{Params, Preconditions},
    schema::List,
    write::{self, Write},
};
use crate::{
    daemon::{Shared, Snapshot},
    dialect::{self, Neighbour, Standing},
    lifecycle::ConsentFacts,
    model::{Consent, Foreign, Kind, Moment, ObjectRef, Origin, Source, Spec},
    store::Key,
};

/// The objects that the path names.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "described, never made")]
pub(super) struct OfKind {
    /// `networkpeeringrequests`, `networks.networking.api.onmetal.de`, `vpcs`, `subnets` or
    /// `atlasprojects`.
    kind: String,
}

/// The object that the path names.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "described, never made")]
pub(super) struct OneOfKind {
    /// As in the list's path.
    kind: String,
    /// The owner; of what is in no namespace, `default`.
    namespace: String,
    /// The object's name.
    name: String,
}

/// List the objects of another system's kind.
#[utoipa::path(get, path = "/v1/foreign/{kind}", params(OfKind, Filter), responses(
    (status = 200, body = List),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    Path(kind): Path<String>,
    Params(filter): Params<Filter>,
) -> Result<Json<List>, Problem> {
    let kind = kind_of(&kind)?;
    filter.check()?;
    let snapshot = shared.snapshot();
    let all = all(&snapshot, &caller, kind);
    let items = all.filter(|object| {
        let namespace = object["metadata"]["namespace"].as_str();
        filter.is_in(namespace.unwrap_or("default")) && filter.matches(object)
    });
    Ok(Json(List::of(items.collect())))
}

/// Get one object of another system's kind.
#[utoipa::path(get, path = "/v1/foreign/{kind}/{namespace}/{name}", params(OneOfKind), responses(
    (status = 200, body = Value),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn get(
    State(shared): State<Shared>,
    caller: Caller,
    Path(place): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    let key = key(&place)?;
    foreign_answer(&shared.snapshot(), &caller, &key).map(Json)
}

/// Delete an object of another system's kind.
#[utoipa::path(delete, path = "/v1/foreign/{kind}/{namespace}/{name}",
    params(OneOfKind, Write), responses(
    (status = 200, body = Value),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn delete(
    State(shared): State<Shared>,
    caller: Caller,
    Path(place): Path<(String, String, String)>,
    Params(how): Params<Write>,
    preconditions: Preconditions,
) -> Result<Response, Problem> {
    let key = key(&place)?;
    write::delete(shared, caller, Mode::of(how.dry_run), preconditions, key).await
}

/// The kind that a path calls so.
fn kind_of(plural: &str) -> Result<Kind, Problem> {
    let mut kinds = Kind::ALL
        .into_iter()
        .filter(|kind| kind.is_foreign() && kind.is_written());
    let found = kinds.find(|kind| kind.plural() == plural);
    found.ok_or_else(|| Problem::not_found(format!("`{plural}` is no kind of another system's")))
}

fn key((kind, namespace, name): &(String, String, String)) -> Result<Key, Problem> {
    let id = format!("{namespace}/{name}").parse();
    let id = id.map_err(|error| Problem::invalid_parameter(format!("{error}")))?;
    Ok((kind_of(kind)?, id))
}

/// The object under `key`, if it exists for the caller.
pub(super) fn foreign_answer(
    snapshot: &Snapshot,
    caller: &Caller,
    key: &Key,
) -> Result<Value, Problem> {
    let foreign = snapshot.declared.table.foreign.get(key);
    let shown = foreign
        .filter(|_| caller.sees(&key.1.namespace))
        .and_then(|foreign| shown(snapshot, caller, foreign));
    let made = || {
        let mut made = made_elsewhere(snapshot, caller, key.0);
        made.find(|object| {
            object["metadata"]["namespace"] == key.1.namespace.as_str()
                && object["metadata"]["name"] == key.1.name.as_str()
        })
    };
    shown.or_else(made).ok_or_else(|| absent(key.0, &key.1))
}

/// All objects of a kind that the caller sees, by namespace and name.
fn all<'a>(
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    kind: Kind,
) -> impl Iterator<Item = Value> + 'a {
    let declared = snapshot.declared.table.foreign.values();
    let declared = declared
        .filter(move |foreign| foreign.kind() == kind && caller.sees(&foreign.id.namespace))
        .filter_map(|foreign| shown(snapshot, caller, foreign));
    declared.chain(made_elsewhere(snapshot, caller, kind))
}

/// Peerings that no document of `kind` asked for, in its words: whatever asks for them,
/// they are seen through every front-end that has words for them.
fn made_elsewhere<'a>(
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    kind: Kind,
) -> impl Iterator<Item = Value> + 'a {
    let consents = snapshot.table.consents.values();
    let consents = consents.filter(move |consent| {
        kind == Kind::NetworkPeeringRequest
            && caller.sees(&consent.id.namespace)
            && consent.origin.document().map(|(kind, _)| kind) != Some(kind)
    });
    consents.filter_map(|consent| {
        let standing = standing(snapshot, caller, consent)?;
        let request = dialect::peering_request(consent, &standing);
        with_status(snapshot, &request, &[standing], &[])
    })
}

/// A declared object with its status; `None` if its own system shows it no more.
fn shown(snapshot: &Snapshot, caller: &Caller, foreign: &Foreign) -> Option<Value> {
    let kind = foreign.kind();
    let consents = snapshot.table.consents.values();
    let own = consents.filter(|consent| consent.origin.document() == Some((kind, &foreign.id)));
    let own: Vec<&Consent> = own.collect();
    let mut standings: Vec<_> = own
        .iter()
        .filter_map(|consent| standing(snapshot, caller, consent))
        .collect();
    standings.sort_by_key(|standing| standing.entry);
    let peered = network_of(snapshot, foreign).map(|network| {
        let pairs = snapshot.states.pairs_of(network);
        let carrying = pairs.filter(|(_, pair)| pair.carries);
        carrying.map(|(label, _)| neighbour(snapshot, label.other(network)))
    });
    let peered: Vec<_> = peered.into_iter().flatten().collect();
    with_status(snapshot, foreign, &standings, &peered)
}

fn with_status(
    snapshot: &Snapshot,
    foreign: &Foreign,
    standings: &[Standing],
    peered: &[Neighbour],
) -> Option<Value> {
    let status = dialect::status(foreign, standings, peered, snapshot.atlas_words)?;
    let mut object = foreign.document.clone();
    if foreign.kind().is_namespaced() {
        object["metadata"]["namespace"] = json!(foreign.id.namespace);
    }
    object["status"] = status;
    Some(object)
}

/// The network that a foreign object stands for.
fn network_of<'a>(snapshot: &'a Snapshot, foreign: &Foreign) -> Option<&'a ObjectRef> {
    if !matches!(foreign.spec, Spec::OnmetalNetwork | Spec::Vpc(_)) {
        return None;
    }
    let (api_version, kind) = foreign.kind().words();
    let namespaced = foreign.kind().is_namespaced();
    let source = Source {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        namespace: namespaced.then(|| foreign.id.namespace.to_string()),
        name: foreign.id.name.to_string(),
    };
    let networks = &snapshot.declared.table.networks;
    let mut said = networks
        .values()
        .filter(|network| network.source.as_ref() == Some(&source));
    let found = said.next().or_else(|| networks.get(&foreign.id))?;
    Some(&found.id)
}

/// How a consent stands.
pub(super) fn standing(
    snapshot: &Snapshot,
    caller: &Caller,
    consent: &Consent,
) -> Option<Standing> {
    let facts: &ConsentFacts = snapshot.facts.consents.get(&consent.id)?;
    let status = snapshot.states.consents.get(&consent.id)?;
    let peer = knows_peer(caller, facts, consent);
    let ttl = consent.ttl.and_then(|ttl| ttl.milliseconds());
    let deadline = ttl.map(|ttl| facts.requested_at.host.saturating_add(ttl));
    Some(Standing {
        entry: match consent.origin {
            Origin::Document(_, _, entry) => entry,
            _ => 0,
        },
        consent: consent.id.clone(),
        uid: facts.uid,
        state: status.state,
        reason: status.reason.text(|namespace| caller.sees(namespace)),
        deadline: deadline.map(|host| seconds(snapshot.wall(host))),
        network: neighbour(snapshot, &consent.own()),
        peer: peer.map(|peer| neighbour(snapshot, peer)),
    })
}

fn neighbour(snapshot: &Snapshot, id: &ObjectRef) -> Neighbour {
    let declared = snapshot.declared.table.networks.get(id);
    let facts = snapshot.facts.networks.get(id);
    Neighbour {
        id: id.clone(),
        uid: facts.map(|facts| facts.uid),
        source: declared.and_then(|network| network.source.clone()),
    }
}

/// RFC 3339 without fractions, as Kubernetes writes times.
fn seconds(at: Moment) -> String {
    let text = time(at);
    match text.split_once('.') {
        Some((whole, _)) => format!("{whole}Z"),
        None => text,
    }
}
