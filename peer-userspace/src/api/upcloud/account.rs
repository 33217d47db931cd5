//! The caller's account, which the Terraform provider reads before anything else.

use axum::Json;
use serde_json::{Value, json};

use super::super::caller::Caller;

/// Tell who calls.
pub(super) async fn get(caller: Caller) -> Json<Value> {
    Json(json!({ "account": { "credits": 0, "username": caller.name } }))
}
