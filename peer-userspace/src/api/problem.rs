//! Errors of the API (RFC 9457), each with a stable code (docs/api.md).

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{dialect::Finding, kernel::KernelError, store::StoreError};

/// An error with a stable code and a sentence.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<String>,
}

/// The body of an error.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// `urn:peerd:CODE`.
    r#type: String,
    /// The stable code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// One sentence.
    detail: String,
    /// Of a document: each error as `LINE:COLUMN: sentence`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<String>,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $status:ident $code:literal;)*) => {
        $($(#[$doc])* pub(super) fn $name(detail: impl Into<String>) -> Self {
            Self { status: StatusCode::$status, code: $code, detail: detail.into(), errors: Vec::new() }
        })*
    };
}

impl Problem {
    codes! {
        invalid_parameter: BAD_REQUEST "invalid-parameter";
        unauthenticated: UNAUTHORIZED "unauthenticated";
        forbidden: FORBIDDEN "forbidden";
        quota_exceeded: FORBIDDEN "quota-exceeded";
        not_found: NOT_FOUND "not-found";
        network_not_found: NOT_FOUND "network-not-found";
        method_not_allowed: METHOD_NOT_ALLOWED "method-not-allowed";
        timeout: REQUEST_TIMEOUT "timeout";
        already_exists: CONFLICT "already-exists";
        declared_in_file: CONFLICT "declared-in-file";
        made_by_document: CONFLICT "made-by-document";
        pair_exists: CONFLICT "pair-exists";
        invalid_state: CONFLICT "invalid-state";
        unconfirmed: CONFLICT "unconfirmed";
        nothing_to_confirm: CONFLICT "nothing-to-confirm";
        nothing_to_undo: CONFLICT "nothing-to-undo";
        changed_meanwhile: PRECONDITION_FAILED "changed-meanwhile";
        too_large: PAYLOAD_TOO_LARGE "too-large";
        unsupported_media_type: UNSUPPORTED_MEDIA_TYPE "unsupported-media-type";
        invalid_document: UNPROCESSABLE_ENTITY "invalid-document";
        too_many_watchers: TOO_MANY_REQUESTS "too-many-watchers";
        storage_full: INSUFFICIENT_STORAGE "storage-full";
        internal: INTERNAL_SERVER_ERROR "internal";
    }

    /// Status, code and sentence, for those who tell them in other words.
    pub(super) fn into_parts(self) -> (StatusCode, &'static str, String) {
        (self.status, self.code, self.detail)
    }

    /// A document with errors, each at its place.
    pub(super) fn invalid(findings: &[Finding]) -> Self {
        let mut problem = Self::invalid_document(match findings {
            [one] => one.text.clone(),
            several => format!("the document has {} errors", several.len()),
        });
        problem.errors = findings.iter().map(ToString::to_string).collect();
        problem
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full(_) => Self::storage_full(error.to_string()),
            _ => Self::internal(error.to_string()),
        }
    }
}

impl From<KernelError> for Problem {
    fn from(error: KernelError) -> Self {
        Self::internal(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = ProblemBody {
            r#type: format!("urn:peerd:{}", self.code),
            title: self.code,
            status: self.status.as_u16(),
            detail: self.detail,
            errors: self.errors,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
