//! UpCloud's API: `/1.3/network-peering`, and what its clients read before they use it.
//!
//! Owns UpCloud's words, shapes and error codes. What a call means is said in native
//! terms: whether it may be is `change`'s and `answer`'s to say, what it amounts to
//! `lifecycle`'s.

mod account;
mod body;
mod labels;
mod network;
mod peering;
mod query;
mod refusal;
mod show;
mod words;

use axum::{
    Router,
    http::StatusCode,
    routing::{any, get},
};

use crate::daemon::Shared;
use refusal::Refusal;

/// Everything below `/1.3`.
pub(super) fn router() -> Router<Shared> {
    let peerings = get(peering::list).post(peering::create);
    let networks = get(network::list);
    let router = Router::new()
        .route("/network-peering", peerings)
        .route(
            "/network-peering/{uuid}",
            get(peering::get)
                .patch(peering::modify)
                .delete(peering::delete),
        )
        // The Go client asks for a zone's networks with a slash.
        .route("/network", networks.clone())
        .route("/network/", networks)
        .route("/network/{uuid}", get(network::get))
        .route("/account", get(account::get))
        .fallback(nothing)
        .method_not_allowed_fallback(async || {
            Refusal::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "METHOD_NOT_ALLOWED",
                "this path does not know the method",
            )
        });
    // The one path below it that nesting leaves out.
    Router::new()
        .nest("/1.3", router)
        .route("/1.3/", any(nothing))
}

async fn nothing() -> Refusal {
    let message = "there is nothing at this path";
    Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
}
