//! Errors as UpCloud's clients read them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::super::problem::Problem;
use crate::store::StoreError;

/// An error with one of UpCloud's codes and a sentence.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// An attribute that is missing or wrong.
    pub(super) fn attribute(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// A network that does not exist for the caller.
    pub(super) fn no_network(uuid: &str) -> Self {
        let message = format!("there is no network with the uuid {uuid}");
        Self::new(StatusCode::NOT_FOUND, "NETWORK_NOT_FOUND", message)
    }

    /// A peering that does not exist for the caller.
    pub(super) fn no_peering(uuid: &str) -> Self {
        let message = format!("there is no network peering with the uuid {uuid}");
        Self::new(StatusCode::NOT_FOUND, "PEERING_NOT_FOUND", message)
    }

    /// What cannot be as things stand.
    pub(super) fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, message)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let (status, code, message) = problem.into_parts();
        let (status, code) = match code {
            "unauthenticated" => (status, "AUTHENTICATION_FAILED"),
            "forbidden" => (status, "NETWORK_FORBIDDEN"),
            "network-not-found" => (status, "NETWORK_NOT_FOUND"),
            "pair-exists" => (status, "PEERING_CONFLICT"),
            "quota-exceeded" => (StatusCode::CONFLICT, "PEERING_LIMIT_REACHED"),
            "invalid-parameter" | "invalid-document" => {
                (StatusCode::BAD_REQUEST, "INVALID_REQUEST")
            }
            // Errors that UpCloud has no word for, in its spelling.
            other => return Self::new(status, &other.to_uppercase().replace('-', "_"), message),
        };
        Self::new(status, code, message)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({ "error_code": self.code, "error_message": self.message });
        (self.status, Json(json!({ "error": error }))).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(problem: Problem) -> (u16, String) {
        let refusal = Refusal::from(problem);
        (refusal.status.as_u16(), refusal.code)
    }

    #[test]
    fn our_problems_have_upclouds_codes() {
        let code = |status, code: &str| (status, code.to_owned());
        for (problem, expected) in [
            (Problem::forbidden(""), code(403, "NETWORK_FORBIDDEN")),
            (Problem::pair_exists(""), code(409, "PEERING_CONFLICT")),
            (
                Problem::quota_exceeded(""),
                code(409, "PEERING_LIMIT_REACHED"),
            ),
            (Problem::invalid_document(""), code(400, "INVALID_REQUEST")),
            (Problem::declared_in_file(""), code(409, "DECLARED_IN_FILE")),
            (Problem::made_by_document(""), code(409, "MADE_BY_DOCUMENT")),
            (Problem::storage_full(""), code(507, "STORAGE_FULL")),
            (Problem::too_large(""), code(413, "TOO_LARGE")),
        ] {
            assert_eq!(told(problem), expected);
        }
    }
}
