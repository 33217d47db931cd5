//! Outscale's API (docs/outscale.md): `POST /api/v1/ACTION` and `POST /api/latest/ACTION`.
//!
//! Owns Outscale's words, ids and codes. Must not decide anything about peerings: the
//! rules are `lifecycle`'s, what a write changes is `answer`'s and `change`'s.

mod create;
mod errors;
mod filters;
mod groups;
mod ids;
mod links;
mod net_peerings;
mod nets;
mod params;
mod requests;
mod routes;
mod rules;
mod settings;
mod shown;
mod tags;
mod words;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse as _, Response},
    routing::any,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    caller::Caller,
    change::{Mode, make_or},
    request::{BODY, read_bytes},
};
use crate::{
    daemon::{Shared, Snapshot},
    store::Stored,
};
use errors::Error;
use params::Params;

/// Its paths.
pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/api/v1/{action}", any(answer))
        .route("/api/latest/{action}", any(answer))
}

/// One call.
struct Call {
    shared: Shared,
    caller: Caller,
    mode: Mode,
}

impl Call {
    /// Change what is stored, or with `DryRun` see whether it could be.
    async fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&Caller, &Snapshot, &mut Stored) -> Result<T, Error> + Send + 'static,
    ) -> Result<(T, Arc<Snapshot>), Error> {
        let caller = self.caller.clone();
        make_or(&self.shared, self.mode, move |snapshot, stored| {
            change(&caller, snapshot, stored)
        })
        .await
    }
}

async fn answer(
    State(shared): State<Shared>,
    Path(action): Path<String>,
    request: Request,
) -> Response {
    let (status, mut body) = match perform(shared, &action, request).await {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => (error.status, error.body()),
    };
    body["ResponseContext"] = json!({ "RequestId": Uuid::new_v4() });
    (status, Json(body)).into_response()
}

async fn perform(shared: Shared, action: &str, request: Request) -> Result<Value, Error> {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Err(Error::method("every call here is a POST"));
    }
    let caller = head.extensions.get::<Caller>().cloned();
    let caller = caller.ok_or_else(|| Error::unauthenticated("the caller is not known"))?;
    let body = read_bytes(&head.headers, body, BODY).await?;
    let mut params = Params::parse(&body)?;
    let dry_run = params.flag("DryRun")?;
    let call = Call {
        shared,
        caller,
        mode: Mode::of(dry_run),
    };
    let answer = call.perform(action, params).await?;
    Ok(match call.mode {
        Mode::Real => answer,
        Mode::DryRun => json!({}),
    })
}

impl Call {
    async fn perform(&self, action: &str, params: Params) -> Result<Value, Error> {
        match action {
            "AcceptNetPeering" => requests::accept(self, params).await,
            "CreateNetPeering" => create::create(self, params).await,
            "CreateRoute" => routes::create(self, params).await,
            "CreateSecurityGroupRule" => groups::create_rule(self, params).await,
            "CreateTags" => tags::create(self, params).await,
            "DeleteNetPeering" => requests::delete(self, params).await,
            "DeleteRoute" => routes::delete(self, params).await,
            "DeleteSecurityGroupRule" => groups::delete_rule(self, params).await,
            "DeleteTags" => tags::delete(self, params).await,
            "LinkRouteTable" => links::link(self, params).await,
            "ReadAccounts" => nets::read_accounts(self, params),
            "ReadNetPeerings" => net_peerings::read(self, params),
            "ReadNets" => nets::read(self, params),
            "ReadRouteTables" => routes::read(self, params),
            "ReadSecurityGroups" => groups::read(self, params),
            "ReadSubnets" => nets::read_subnets(self, params),
            "ReadTags" => tags::read(self, params),
            "RejectNetPeering" => requests::reject(self, params).await,
            "UnlinkRouteTable" => links::unlink(self, params).await,
            "UpdateRoute" => routes::update(self, params).await,
            other => Err(Error::unknown_action(format!(
                "peerd knows no call `{other}`; docs/outscale.md names those it does"
            ))),
        }
    }
}
