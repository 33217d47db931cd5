//! Objects of other systems, with their status in those systems' words.
//!
//! Owns which of them a caller sees. The words are `dialect`'s.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use serde_json::Value;
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
    dialect::{self, Around, Neighbour, Standing, Surroundings},
    lifecycle::{self, ConsentFacts},
    model::{Consent, Foreign, Kind, Moment, ObjectRef, Origin},
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
    let view = View::of(&snapshot, &caller);
    let items = view.all(kind).filter(|object| {
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
    let view = View::of(snapshot, caller);
    let foreign = snapshot.declared.table.foreign.get(key);
    let shown = foreign
        .filter(|_| caller.sees(&key.1.namespace))
        .and_then(|foreign| view.shown(foreign));
    let made = || {
        let mut made = view.made_elsewhere(key.0);
        made.find(|object| {
            object["metadata"]["namespace"] == key.1.namespace.as_str()
                && object["metadata"]["name"] == key.1.name.as_str()
        })
    };
    shown.or_else(made).ok_or_else(|| absent(key.0, &key.1))
}

/// What a caller is shown, and what is looked up for each object of a list.
struct View<'a> {
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    declared: Surroundings<'a>,
    /// The consents that each document is.
    meant: BTreeMap<(Kind, &'a ObjectRef), Vec<&'a Consent>>,
}

impl<'a> View<'a> {
    fn of(snapshot: &'a Snapshot, caller: &'a Caller) -> Self {
        let mut meant: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for consent in snapshot.table.consents.values() {
            if let Some(document) = consent.origin.document() {
                meant.entry(document).or_default().push(consent);
            }
        }
        Self {
            snapshot,
            caller,
            declared: Surroundings::of(&snapshot.declared.table),
            meant,
        }
    }

    /// All objects of a kind that the caller sees, by namespace and name.
    fn all(&self, kind: Kind) -> impl Iterator<Item = Value> {
        let declared = self.snapshot.declared.table.foreign.values();
        let declared = declared.filter(move |foreign| {
            foreign.kind() == kind && self.caller.sees(&foreign.id.namespace)
        });
        let declared = declared.filter_map(|foreign| self.shown(foreign));
        declared.chain(self.made_elsewhere(kind))
    }

    /// Peerings that no document of `kind` asked for, in its words: whatever asks for them,
    /// they are seen through every front-end that has words for them.
    fn made_elsewhere(&self, kind: Kind) -> impl Iterator<Item = Value> {
        let consents = self.snapshot.table.consents.values();
        let consents = consents.filter(move |consent| {
            kind == Kind::NetworkPeeringRequest
                && self.caller.sees(&consent.id.namespace)
                && consent.origin.document().map(|(kind, _)| kind) != Some(kind)
        });
        consents.filter_map(|consent| {
            let standing = standing(self.snapshot, self.caller, consent)?;
            let request = dialect::peering_request(consent, &standing);
            self.with_status(&request, None, (&[standing], &[]))
        })
    }

    /// A declared object with its status; `None` if its own system shows it no more.
    fn shown(&self, foreign: &Foreign) -> Option<Value> {
        let (snapshot, caller) = (self.snapshot, self.caller);
        let own = self.meant.get(&(foreign.kind(), &foreign.id));
        let own = own.into_iter().flatten();
        let mut standings: Vec<_> = own
            .filter_map(|consent| standing(snapshot, caller, consent))
            .collect();
        standings.sort_by_key(|standing| standing.entry);
        let network = self.declared.network_of(foreign);
        let network = network.as_ref();
        let peered = network.map(|network| {
            let pairs = snapshot.states.pairs_of(network);
            let carrying = pairs.filter(|(_, pair)| pair.carries);
            let peers = carrying.map(|(label, _)| neighbour(snapshot, label.other(network)));
            peers.filter(|peer| self.knows(network, peer))
        });
        let peered: Vec<_> = peered.into_iter().flatten().collect();
        self.with_status(foreign, network, (&standings, &peered))
    }

    /// Whether the caller may know with whom a network peers. What is in no namespace may
    /// stand for anybody's network: by their names there its peers are known to all who
    /// see that.
    fn knows(&self, network: &ObjectRef, peer: &Neighbour) -> bool {
        let kind = peer.source.as_ref();
        let kind = kind.and_then(|it| Kind::of((&*it.api_version, &*it.kind)));
        self.caller.sees(&network.namespace)
            || self.caller.sees(&peer.id.namespace)
            || kind.is_some_and(|kind| !kind.is_namespaced())
    }

    fn with_status(
        &self,
        foreign: &Foreign,
        network: Option<&ObjectRef>,
        (standings, peered): (&[Standing], &[Neighbour]),
    ) -> Option<Value> {
        let around = Around {
            all: &self.declared,
            network: network.and_then(|network| self.snapshot.declared.written(network)),
        };
        let words = self.snapshot.atlas_words;
        let status = dialect::status(foreign, standings, peered, &around, words)?;
        let mut object = foreign.document.clone();
        object["status"] = status;
        Some(object)
    }
}

/// How a consent stands.
fn standing(snapshot: &Snapshot, caller: &Caller, consent: &Consent) -> Option<Standing> {
    let facts: &ConsentFacts = snapshot.facts.consents.get(&consent.id)?;
    let status = snapshot.states.consents.get(&consent.id)?;
    let peer = knows_peer(caller, facts, consent);
    // One that succeeded in time keeps showing until when it had.
    let kept = || {
        let ttl = consent
            .ttl
            .filter(|_| status.state == lifecycle::State::Active)?;
        let ttl = ttl.milliseconds()?;
        Some(facts.requested_at.host.saturating_add(ttl))
    };
    let deadline = facts.deadline().or_else(kept);
    Some(Standing {
        entry: match consent.origin {
            Origin::Document(_, _, entry) => entry,
            _ => 0,
        },
        consent: consent.id.clone(),
        uid: facts.uid,
        state: status.state,
        reason: if caller.sees(&consent.id.namespace) {
            status.reason.text(|namespace| caller.sees(namespace))
        } else {
            // What its document says is no secret, what its owner's network does is.
            let objection = consent.objection.clone();
            objection.unwrap_or_else(|| status.state.to_string())
        },
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
