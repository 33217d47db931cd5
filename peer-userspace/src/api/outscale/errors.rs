//! Refusals as Outscale words them.
//!
//! Owns codes and types. Codes are those of Outscale's list of errors; the sentences are
//! ours.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::problem::Problem;
use crate::store::StoreError;

/// Why a call is refused.
#[derive(Debug)]
pub(super) struct Error {
    /// The status.
    pub(super) status: StatusCode,
    code: u16,
    kind: &'static str,
    details: String,
}

const RESOURCE: &str = "InvalidResource";
const STATE: &str = "InvalidState";
const VALUE: &str = "InvalidParameterValue";
const CONFLICT: &str = "ResourceConflict";
const TOO_MANY: &str = "TooManyResources (QuotaExceded)";

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident: $status:ident $code:literal $kind:expr;)*) => {
        $($(#[$doc])* pub(super) fn $name(details: impl Into<String>) -> Self {
            Self { status: StatusCode::$status, code: $code, kind: $kind, details: details.into() }
        })*
    };
}

impl Error {
    codes! {
        unauthenticated: UNAUTHORIZED 1 "AccessDenied";
        method: METHOD_NOT_ALLOWED 2 "AccessDenied";
        not_authorized: UNAUTHORIZED 5 "AccessDenied";
        internal: INTERNAL_SERVER_ERROR 2000 "InternalError";
        unknown_parameter: BAD_REQUEST 3001 "InvalidParameter";
        contradiction: BAD_REQUEST 3002 "InvalidParameter";
        invalid_parameter: BAD_REQUEST 4045 VALUE;
        invalid_value: BAD_REQUEST 4047 VALUE;
        invalid_tag_key: BAD_REQUEST 4069 VALUE;
        invalid_tag_value: BAD_REQUEST 4070 VALUE;
        other_net: BAD_REQUEST 4086 VALUE;
        wrong_prefix: BAD_REQUEST 4104 VALUE;
        malformed_id: BAD_REQUEST 4105 VALUE;
        wrong_type: BAD_REQUEST 4110 VALUE;
        too_large: BAD_REQUEST 4113 VALUE;
        too_small: BAD_REQUEST 4114 VALUE;
        no_gateway: BAD_REQUEST 5001 RESOURCE;
        no_rule: BAD_REQUEST 5008 RESOURCE;
        no_group: BAD_REQUEST 5020 RESOURCE;
        no_nat_service: BAD_REQUEST 5032 RESOURCE;
        no_peering: BAD_REQUEST 5035 RESOURCE;
        no_nic: BAD_REQUEST 5036 RESOURCE;
        no_resource: BAD_REQUEST 5044 RESOURCE;
        no_route: BAD_REQUEST 5045 RESOURCE;
        no_route_table: BAD_REQUEST 5046 RESOURCE;
        no_link: BAD_REQUEST 5047 RESOURCE;
        no_subnet: BAD_REQUEST 5057 RESOURCE;
        no_member: BAD_REQUEST 5060 RESOURCE;
        no_vm: BAD_REQUEST 5063 RESOURCE;
        no_net: BAD_REQUEST 5065 RESOURCE;
        invalid_state: CONFLICT 6003 STATE;
        invalid_transition: CONFLICT 6004 STATE;
        missing_parameter: BAD_REQUEST 7000 "MissingParameter";
        not_supported: BAD_REQUEST 8011 "OperationNotSupported";
        rule_exists: CONFLICT 9000 CONFLICT;
        route_exists: CONFLICT 9052 CONFLICT;
        peering_exists: CONFLICT 9067 CONFLICT;
        too_many_rules: BAD_REQUEST 10017 TOO_MANY;
        too_many_peerings: BAD_REQUEST 10035 TOO_MANY;
        too_many_routes: BAD_REQUEST 10040 TOO_MANY;
        unknown_action: NOT_FOUND 12000 "InvalidAction";
    }

    /// The body, but for `ResponseContext`.
    pub(super) fn body(self) -> Value {
        let code = self.code.to_string();
        json!({ "Errors": [{ "Code": code, "Type": self.kind, "Details": self.details }] })
    }
}

/// What the model refuses.
impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let (_, code, detail) = problem.into_parts();
        match code {
            "unauthenticated" => Self::unauthenticated(detail),
            "forbidden" => Self::not_authorized(detail),
            "quota-exceeded" => Self::too_many_peerings(detail),
            "not-found" => Self::no_peering(detail),
            "network-not-found" => Self::no_net(detail),
            "already-exists" | "pair-exists" => Self::peering_exists(detail),
            "declared-in-file" | "made-by-document" => Self::invalid_state(detail),
            "invalid-state" => Self::invalid_transition(detail),
            "invalid-parameter" | "invalid-document" | "too-large" | "timeout" => {
                Self::invalid_parameter(detail)
            }
            _ => Self::internal(detail),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}
