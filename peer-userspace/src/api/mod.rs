//! The HTTP API: the daemon's snapshot as JSON, and its metrics.
//!
//! Owns paths, filters and the shape of answers. Must not decide anything about
//! networks or peerings.

mod problem;
mod views;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, UnixListener};
use tracing::error;

use crate::{daemon::Shared, telemetry};
use problem::Problem;

/// Serve everything on the unix socket.
pub async fn serve_socket(listener: UnixListener, shared: Shared) {
    let router = Router::new()
        .route("/v1/status", get(status))
        .route("/v1/{kind}", get(list))
        .route("/v1/{kind}/{namespace}/{name}", get(one))
        .route("/metrics", get(metrics))
        .with_state(shared);
    if let Err(error) = axum::serve(listener, router).await {
        error!("the API stopped: {error}");
    }
}

/// Serve the metrics alone, which name networks and nothing else, on TCP.
pub async fn serve_metrics(listener: TcpListener, shared: Shared) {
    let router = Router::new()
        .route("/metrics", get(metrics))
        .with_state(shared);
    if let Err(error) = axum::serve(listener, router).await {
        error!("the metrics stopped: {error}");
    }
}

/// Which objects to list.
#[derive(Clone, Debug, Default, Deserialize)]
struct Filter {
    /// Only this namespace's.
    namespace: Option<String>,
    /// Only those in this state.
    state: Option<String>,
    /// Only those with all of these labels, `KEY=VALUE` separated by commas.
    labels: Option<String>,
}

async fn list(
    State(shared): State<Shared>,
    Path(kind): Path<String>,
    Query(filter): Query<Filter>,
) -> Result<Json<Value>, Problem> {
    let items = items(&shared, &kind)?;
    let items: Vec<Value> = items
        .into_iter()
        .filter(|item| filter.matches(item))
        .collect();
    Ok(Json(
        json!({ "apiVersion": "peerd/v1", "kind": "List", "items": items }),
    ))
}

async fn one(
    State(shared): State<Shared>,
    Path((kind, namespace, name)): Path<(String, String, String)>,
) -> Result<Json<Value>, Problem> {
    items(&shared, &kind)?
        .into_iter()
        .find(|item| {
            item["metadata"]["namespace"] == namespace.as_str()
                && item["metadata"]["name"] == name.as_str()
        })
        .map(Json)
        .ok_or_else(|| Problem::not_found(format!("there is no {namespace}/{name} among {kind}")))
}

fn items(shared: &Shared, kind: &str) -> Result<Vec<Value>, Problem> {
    let snapshot = shared.snapshot();
    let counters = || {
        shared
            .counters(&snapshot)
            .map_err(|error| Problem::internal(error.to_string()))
    };
    Ok(match kind {
        "networks" => views::networks(&snapshot),
        "peerings" => views::peerings(&snapshot, &counters()?),
        "routes" => views::routes(&snapshot),
        "ports" => views::ports(&snapshot),
        "neighbours" => views::neighbours(&snapshot),
        "drops" => views::drops(&counters()?),
        _ => return Err(Problem::not_found(format!("there is no kind {kind}"))),
    })
}

async fn status(State(shared): State<Shared>) -> Json<Value> {
    Json(views::status(&shared.snapshot()))
}

async fn metrics(State(shared): State<Shared>) -> Result<Response, Problem> {
    let snapshot = shared.snapshot();
    let counters = shared
        .counters(&snapshot)
        .map_err(|error| Problem::internal(error.to_string()))?;
    let text = telemetry::render(&snapshot, &counters)
        .map_err(|error| Problem::internal(error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, telemetry::CONTENT_TYPE)], text).into_response())
}

impl Filter {
    fn matches(&self, item: &Value) -> bool {
        let namespace = match &item["metadata"]["namespace"] {
            Value::String(namespace) => Some(namespace.as_str()),
            // Ports and routes name their network instead.
            _ => item["network"]
                .as_str()
                .and_then(|network| network.split('/').next()),
        };
        let labels = self.labels.as_deref().unwrap_or_default();
        let labelled = |wanted: &str| {
            let (key, value) = wanted.split_once('=').unwrap_or((wanted, ""));
            item["metadata"]["labels"][key] == value
        };
        self.namespace
            .as_deref()
            .is_none_or(|wanted| namespace == Some(wanted))
            && self
                .state
                .as_deref()
                .is_none_or(|state| item["status"]["state"] == state)
            && labels
                .split(',')
                .filter(|label| !label.is_empty())
                .all(labelled)
    }
}
