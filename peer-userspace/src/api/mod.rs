//! The HTTP API (docs/api.md): the daemon's snapshot as JSON, changes to what it
//! stores, and its metrics.
//!
//! Owns who may do what, paths, filters and the shape of answers. Must not decide
//! what networks or peerings amount to: that is `lifecycle`'s.

mod answer;
mod apply;
mod authentication;
mod caller;
mod change;
mod documents;
mod foreign;
mod objects;
mod outscale;
mod problem;
mod read;
mod request;
mod schema;
mod serve;
mod signature;
mod upcloud;
mod verbs;
mod views;
mod watch;
mod write;

use axum::{Json, Router, routing::get};
use tokio::net::TcpListener;
use tracing::error;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::daemon::Shared;
use problem::Problem;
pub use serve::Server;

#[derive(OpenApi)]
#[openapi(
    info(title = "peerd", description = "The router between peered networks"),
    modifiers(&Schemes),
    security(("token" = []), ("nameAndToken" = []))
)]
struct Description;

/// On TCP callers are known by tokens. (OpenAPI has no word for signatures.)
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        for (name, scheme) in [
            ("token", HttpAuthScheme::Bearer),
            ("nameAndToken", HttpAuthScheme::Basic),
        ] {
            let scheme = SecurityScheme::Http(Http::new(scheme));
            components.add_security_scheme(name, scheme);
        }
    }
}

/// Everything, for callers that are known.
fn router(shared: Shared) -> Router {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(read::networks, write::create_network))
        .routes(routes!(
            read::network,
            write::put_network,
            write::patch_network,
            write::delete_network
        ))
        .routes(routes!(read::peerings, write::create_peering))
        .routes(routes!(
            read::peering,
            write::put_peering,
            write::patch_peering,
            write::delete_peering
        ))
        .routes(routes!(verbs::accept))
        .routes(routes!(verbs::reject))
        .routes(routes!(verbs::enable))
        .routes(routes!(verbs::disable))
        .routes(routes!(apply::apply))
        .routes(routes!(apply::confirm))
        .routes(routes!(apply::undo))
        .routes(routes!(watch::watch))
        .routes(routes!(foreign::list))
        .routes(routes!(foreign::get, foreign::delete))
        .routes(routes!(read::routes))
        .routes(routes!(read::ports))
        .routes(routes!(read::neighbours))
        .routes(routes!(read::drops))
        .routes(routes!(read::status))
        .routes(routes!(read::metrics))
        .split_for_parts();
    router
        .merge(outscale::router())
        .route("/openapi.json", get(async || Json(description)))
        .merge(upcloud::router())
        .fallback(async || Problem::not_found("there is nothing at this path"))
        .method_not_allowed_fallback(async || {
            Problem::method_not_allowed("this path does not know the method")
        })
        .with_state(shared)
}

/// Serve the metrics alone, which name networks and nothing else, on TCP.
pub async fn serve_metrics(listener: TcpListener, shared: Shared) {
    let router = Router::new()
        .route("/metrics", get(read::all_metrics))
        .with_state(shared);
    if let Err(error) = axum::serve(listener, router).await {
        error!("the metrics stopped: {error}");
    }
}
