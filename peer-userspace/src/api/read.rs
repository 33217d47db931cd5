//! Reading: lists, single objects, what the kernel holds.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::IntoParams;

use super::{
    caller::Caller,
    documents::Place,
    objects::{self, Viewpoint, json, tag},
    problem::{Problem, ProblemBody},
    request::{Both, Named, Params},
    schema::{List, NetworkStatus, PeeringStatus, Resource},
    views,
};
use crate::{
    daemon::{Shared, Snapshot},
    lifecycle::State as PeeringState,
    model::{Kind, ObjectRef},
    telemetry,
};

/// Which objects.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filter {
    /// Only this namespace's, and the requests made to its networks.
    #[param(nullable = false)]
    namespace: Option<String>,
    /// Only those with all of these labels, `KEY=VALUE` or `KEY` separated by commas.
    #[param(nullable = false)]
    labels: Option<String>,
    /// Only peerings in this state.
    #[param(nullable = false)]
    state: Option<String>,
    /// Only peerings with this network, `NAMESPACE/NAME`, on either side.
    #[param(nullable = false)]
    network: Option<String>,
    /// Only peerings of this pair of networks.
    #[param(nullable = false)]
    peering: Option<String>,
    /// Only the object with this uid.
    #[param(nullable = false)]
    uid: Option<String>,
    /// Only requests of others that wait for an answer, or only what is not one.
    #[param(nullable = false)]
    incoming: Option<bool>,
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// At most so many.
    #[param(nullable = false, minimum = 1, maximum = 10_000)]
    limit: Option<usize>,
    /// Go on after this object: the `next` of the answer before.
    #[param(nullable = false)]
    after: Option<String>,
}

/// Which of what belongs to networks.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Scope {
    /// Only this namespace's.
    #[param(nullable = false)]
    namespace: Option<String>,
}

impl Filter {
    /// From where peerings are looked at.
    pub(super) fn viewpoint(&self) -> Viewpoint<'_> {
        Viewpoint {
            namespace: self.namespace.as_deref(),
            incoming: self.incoming,
        }
    }

    /// Refuse what no object could match.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let known = PeeringState::ALL.map(PeeringState::name);
        match self.state.as_deref() {
            Some(state) if !known.contains(&state) => Err(Problem::invalid_parameter(format!(
                "`{state}` is no state; the states are {}",
                known.join(", ")
            ))),
            _ => Ok(()),
        }
    }

    /// Whether `namespace` is meant.
    pub(super) fn is_in(&self, namespace: &str) -> bool {
        self.namespace
            .as_deref()
            .is_none_or(|wanted| wanted == namespace)
    }

    /// Whether `object`, as JSON and seen from where it should, is meant.
    pub(super) fn matches(&self, object: &Value) -> bool {
        let is = |wanted: &Option<String>, found: &Value| {
            wanted.as_deref().is_none_or(|wanted| found == wanted)
        };
        let status = &object["status"];
        let metadata = &object["metadata"];
        let labels = self.labels.as_deref().unwrap_or_default().split(',');
        let labelled = |wanted: &str| {
            let found = |key: &str| metadata["labels"].get(key);
            match wanted.split_once('=') {
                Some((key, value)) => found(key).is_some_and(|found| found == value),
                None => found(wanted).is_some(),
            }
        };
        is(&self.state, &status["state"])
            && is(&self.peering, &status["peering"])
            && is(&self.uid, &metadata["uid"])
            && self.network.as_deref().is_none_or(|wanted| {
                let is = |namespace: &Value, network: &Value| {
                    wanted.split_once('/').is_some_and(|(of, name)| {
                        namespace.as_str() == Some(of) && network.as_str() == Some(name)
                    })
                };
                let (spec, peer) = (&object["spec"], &status["peer"]);
                is(&metadata["namespace"], &spec["network"])
                    || is(&spec["peer"]["namespace"], &spec["peer"]["network"])
                    || is(&peer["namespace"], &peer["network"])
            })
            && labels.filter(|label| !label.is_empty()).all(labelled)
    }
}

impl Page {
    /// The part of `all`, which is in order, that is asked for.
    fn of<T: Serialize>(
        &self,
        filter: &Filter,
        all: impl Iterator<Item = Resource<T>>,
    ) -> Result<List, Problem> {
        if self
            .limit
            .is_some_and(|limit| !(1..=10_000).contains(&limit))
        {
            return Err(Problem::invalid_parameter(
                "limit is a number from 1 to 10000",
            ));
        }
        filter.check()?;
        let after: Option<ObjectRef> = match &self.after {
            None => None,
            Some(after) => Some(after.parse().map_err(|_| {
                Problem::invalid_parameter(format!("after: `{after}` is no NAMESPACE/NAME"))
            })?),
        };
        let is_behind = |object: &Resource<T>| {
            after.as_ref().is_none_or(|after| {
                let at = (
                    object.metadata.namespace.as_str(),
                    object.metadata.name.as_str(),
                );
                at > (after.namespace.as_str(), after.name.as_str())
            })
        };
        let matching = all
            .filter(is_behind)
            .map(|object| objects::json(&object))
            .filter(|object| filter.matches(object));
        let limit = self.limit.unwrap_or(usize::MAX);
        let mut items: Vec<Value> = matching.take(limit.saturating_add(1)).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let name = |item: &Value| {
            let part = |key: &str| {
                item["metadata"][key]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            format!("{}/{}", part("namespace"), part("name"))
        };
        let next = items.last().filter(|_| more).map(name);
        Ok(List {
            next,
            ..List::of(items)
        })
    }
}

/// List networks.
#[utoipa::path(get, path = "/v1/networks", params(Filter, Page), responses(
    (status = 200, body = List),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn networks(
    State(shared): State<Shared>,
    caller: Caller,
    Both(filter, page): Both<Filter, Page>,
) -> Result<Json<List>, Problem> {
    let snapshot = shared.snapshot();
    let networks = objects::networks(&snapshot, &caller);
    let networks = networks.filter(|network| filter.is_in(&network.metadata.namespace));
    page.of(&filter, networks).map(Json)
}

/// List peerings.
#[utoipa::path(get, path = "/v1/peerings", params(Filter, Page), responses(
    (status = 200, body = List),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn peerings(
    State(shared): State<Shared>,
    caller: Caller,
    Both(filter, page): Both<Filter, Page>,
) -> Result<Json<List>, Problem> {
    let snapshot = shared.snapshot();
    let counters = shared.counters(&snapshot)?;
    page.of(
        &filter,
        objects::peerings(&snapshot, &counters, &caller, filter.viewpoint()),
    )
    .map(Json)
}

/// Get a network.
#[utoipa::path(get, path = "/v1/networks/{namespace}/{name}",
    params(Place), responses(
    (status = 200, body = Resource<NetworkStatus>),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn network(
    State(shared): State<Shared>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    network_answer(&shared.snapshot(), &caller, &id).map(tagged)
}

/// Get a peering.
#[utoipa::path(get, path = "/v1/peerings/{namespace}/{name}",
    params(Place), responses(
    (status = 200, body = Resource<PeeringStatus>),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn peering(
    State(shared): State<Shared>,
    caller: Caller,
    Named(id): Named,
) -> Result<Response, Problem> {
    peering_answer(&shared, &shared.snapshot(), &caller, &id).map(tagged)
}

/// The network `id`, if it exists for the caller.
pub(super) fn network_answer(
    snapshot: &Snapshot,
    caller: &Caller,
    id: &ObjectRef,
) -> Result<Resource<NetworkStatus>, Problem> {
    let declared = snapshot.declared.table.networks.get(id);
    let seen = declared.filter(|_| caller.sees(&id.namespace));
    seen.map(|declared| objects::network(snapshot, declared))
        .ok_or_else(|| absent(Kind::Network, id))
}

/// The consent `id`, if it exists for the caller.
pub(super) fn peering_answer(
    shared: &Shared,
    snapshot: &Snapshot,
    caller: &Caller,
    id: &ObjectRef,
) -> Result<Resource<PeeringStatus>, Problem> {
    let facts = snapshot.facts.consents.get(id);
    let facts = facts.ok_or_else(|| absent(Kind::Peering, id))?;
    let counters = shared.counters_of(snapshot, facts.declared.pair().as_ref())?;
    objects::peering(
        snapshot,
        &counters,
        caller,
        Viewpoint::default(),
        (id, facts),
    )
    .ok_or_else(|| absent(Kind::Peering, id))
}

/// What is not there, or not for the caller.
pub(super) fn absent(kind: Kind, id: &ObjectRef) -> Problem {
    let kind = kind.to_string().to_lowercase();
    Problem::not_found(format!("there is no {kind} {id}"))
}

/// An object with its tag.
pub(super) fn tagged<T: Serialize>(object: Resource<T>) -> Response {
    let body = Json(json(&object));
    match tag(&object) {
        Some(tag) => ([(header::ETAG, tag)], body).into_response(),
        None => body.into_response(),
    }
}

/// List routes.
#[utoipa::path(get, path = "/v1/routes", params(Scope), responses(
    (status = 200, body = List),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn routes(
    State(shared): State<Shared>,
    caller: Caller,
    Params(scope): Params<Scope>,
) -> Json<List> {
    let routes = views::routes(
        &shared.snapshot(),
        |network| scope.sees(&caller, network),
        |network| caller.sees(&network.namespace),
    );
    Json(List::of(routes))
}

/// List ports.
#[utoipa::path(get, path = "/v1/ports", params(Scope), responses(
    (status = 200, body = List),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    (status = "5XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn ports(
    State(shared): State<Shared>,
    caller: Caller,
    Params(scope): Params<Scope>,
) -> Result<Json<List>, Problem> {
    let snapshot = shared.snapshot();
    let counters = shared.port_counters(&snapshot)?;
    let ports = views::ports(&snapshot, &counters, |network| scope.sees(&caller, network));
    Ok(Json(List::of(ports)))
}

/// List neighbours on managed ports.
#[utoipa::path(get, path = "/v1/neighbours", params(Scope), responses(
    (status = 200, body = List),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn neighbours(
    State(shared): State<Shared>,
    caller: Caller,
    Params(scope): Params<Scope>,
) -> Json<List> {
    let neighbours = views::neighbours(&shared.snapshot(), |network| scope.sees(&caller, network));
    Json(List::of(neighbours))
}

/// List counts of dropped packets.
#[utoipa::path(get, path = "/v1/drops", params(Scope), responses(
    (status = 200, body = List),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn drops(
    State(shared): State<Shared>,
    caller: Caller,
    Params(scope): Params<Scope>,
) -> Result<Json<List>, Problem> {
    let counters = shared.counters(&shared.snapshot())?;
    let drops = views::drops(&counters, |network| scope.sees(&caller, network));
    Ok(Json(List::of(drops)))
}

/// Tell how the daemon is.
#[utoipa::path(get, path = "/v1/status", responses(
    (status = 200, body = inline(serde_json::Map<String, Value>)),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn status(State(shared): State<Shared>, caller: Caller) -> Json<Value> {
    let sees = |id: &ObjectRef| caller.sees(&id.namespace);
    Json(views::status(&shared.snapshot(), sees, caller.sees_all()))
}

/// Show all metrics, to those who may see all namespaces.
#[utoipa::path(get, path = "/metrics", responses(
    (status = 200, body = String, content_type = "application/openmetrics-text"),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn metrics(
    State(shared): State<Shared>,
    caller: Caller,
) -> Result<Response, Problem> {
    if !caller.sees_all() {
        return Err(Problem::forbidden(
            "metrics name every network: only who may see all namespaces may read them",
        ));
    }
    all_metrics(State(shared)).await
}

/// The metrics' own listener.
pub(super) async fn all_metrics(State(shared): State<Shared>) -> Result<Response, Problem> {
    let snapshot = shared.snapshot();
    let counters = shared.counters(&snapshot)?;
    let text = telemetry::render(&snapshot, &counters)
        .map_err(|error| Problem::internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, telemetry::CONTENT_TYPE)], text).into_response())
}

impl Scope {
    fn sees(&self, caller: &Caller, network: &ObjectRef) -> bool {
        let wanted = self.namespace.as_deref();
        caller.sees(&network.namespace)
            && wanted.is_none_or(|wanted| wanted == network.namespace.as_str())
    }
}
