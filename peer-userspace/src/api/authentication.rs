//! Who sent a request over TCP, by its `Authorization` header, and the refusal of whoever
//! is not known, in the words of the API that was asked.
//!
//! Owns the schemes. What a caller may do is `caller`'s, what signatures are is
//! `signature`'s.

use std::time::SystemTime;

use axum::{
    Json,
    body::Body,
    http::{HeaderValue, Request, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    caller::{Caller, Guard},
    problem::Problem,
    request::{BODY, read_bytes},
    signature::{self, Claim, SignatureError},
};

/// Why a request is not served.
enum Refusal {
    /// Nobody knows whose it is.
    Unknown(String),
    /// It could not be read.
    Unread(Problem),
}

impl From<SignatureError> for Refusal {
    fn from(error: SignatureError) -> Self {
        Self::Unknown(error.to_string())
    }
}

/// The request, with its caller among the extensions; or the answer that refuses it.
pub(super) async fn authenticate(
    guard: &Guard,
    request: Request<Body>,
    now: SystemTime,
) -> Result<Request<Body>, Response> {
    let (mut head, body) = request.into_parts();
    match identify(guard, &head, body, now).await {
        Ok((caller, body)) => {
            head.extensions.insert(caller);
            Ok(Request::from_parts(head, body))
        }
        Err(Refusal::Unknown(why)) => Err(refuse(head.uri.path(), why)),
        Err(Refusal::Unread(problem)) => Err(problem.into_response()),
    }
}

async fn identify(
    guard: &Guard,
    head: &Parts,
    body: Body,
    now: SystemTime,
) -> Result<(Caller, Body), Refusal> {
    let value = head.headers.get(header::AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok());
    let (scheme, rest) = value
        .unwrap_or_default()
        .split_once(' ')
        .unwrap_or_default();
    let is = |known| scheme.eq_ignore_ascii_case(known);
    let caller = if is(signature::SCHEME) {
        return signed(guard, head, rest, body, now).await;
    } else if is("bearer") {
        guard.token(rest.trim(), None)
    } else if is("basic") {
        basic(rest.trim()).and_then(|(name, token)| guard.token(&token, Some(&name)))
    } else {
        None
    };
    let caller = caller.ok_or_else(|| {
        let why = "every request here bears a known token, alone or with its name, or a signature";
        Refusal::Unknown(why.to_owned())
    })?;
    Ok((caller, body))
}

/// Name and password (RFC 7617). osc-cli writes them in the alphabet for URLs.
fn basic(text: &str) -> Option<(String, String)> {
    let bytes = BASE64_STANDARD.decode(text);
    let bytes = bytes.or_else(|_| BASE64_URL_SAFE.decode(text)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// A signature covers the body, which is therefore read before the caller is known; but
/// not a stranger's, who can name no key.
async fn signed(
    guard: &Guard,
    head: &Parts,
    credentials: &str,
    body: Body,
    now: SystemTime,
) -> Result<(Caller, Body), Refusal> {
    let claim = Claim::read(head, credentials, now)?;
    let (secret, caller) = guard.key(claim.access_key).ok_or_else(|| {
        Refusal::Unknown(format!("there is no access key {} here", claim.access_key))
    })?;
    let body = read_bytes(&head.headers, body, BODY).await;
    let body = body.map_err(Refusal::Unread)?;
    claim.verify(secret.expose(), &body)?;
    Ok((caller, Body::from(body)))
}

/// Tell a caller that it is not known, as the API that it speaks would.
fn refuse(path: &str, why: String) -> Response {
    let (body, challenge) = if path.starts_with("/1.3/") {
        let error = json!({ "error_code": "AUTHENTICATION_FAILED", "error_message": why });
        (json!({ "error": error }), "Basic realm=\"peerd\"")
    } else if path.starts_with("/api/") {
        let error = json!({ "Code": "1", "Type": "AccessDenied", "Details": why });
        let context = json!({ "RequestId": Uuid::new_v4() });
        let body = json!({ "Errors": [error], "ResponseContext": context });
        (body, signature::SCHEME)
    } else {
        return Problem::unauthenticated(why).into_response();
    };
    let mut response = (StatusCode::UNAUTHORIZED, Json(body)).into_response();
    let challenge = HeaderValue::from_static(challenge);
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::Value;

    use super::*;

    #[test]
    fn names_and_passwords_are_read_in_both_alphabets_and_split_at_the_first_colon() {
        let ci = Some(("ci".to_owned(), "s>?:secret".to_owned()));
        // Of osc-sdk-python, and as osc-cli writes it.
        assert_eq!(basic("Y2k6cz4/OnNlY3JldA=="), ci);
        assert_eq!(basic("Y2k6cz4_OnNlY3JldA=="), ci);
        // No colon, no base64, no UTF-8.
        for bad in ["Y2k=", "ci:secret", "Y2k6cz4/OnNlY3JldA", "/zr/", ""] {
            assert_eq!(basic(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn whoever_is_not_known_is_told_so_in_the_words_of_the_api_asked() {
        let native = json!({
            "type": "urn:peerd:unauthenticated", "title": "unauthenticated", "status": 401,
            "detail": "who?",
        });
        let upcloud = json!({ "error": {
            "error_code": "AUTHENTICATION_FAILED", "error_message": "who?",
        } });
        let outscale = json!({
            "Errors": [{ "Code": "1", "Type": "AccessDenied", "Details": "who?" }],
            "ResponseContext": { "RequestId": "some" },
        });
        for (path, expected, challenge) in [
            ("/v1/networks", &native, "Bearer"),
            ("/1.3/network-peering", &upcloud, "Basic realm=\"peerd\""),
            ("/api/v1/ReadNets", &outscale, "OSC4-HMAC-SHA256"),
            ("/api/latest/ReadNets", &outscale, "OSC4-HMAC-SHA256"),
        ] {
            let answer = refuse(path, "who?".to_owned());
            assert_eq!(answer.status(), 401, "{path}");
            assert_eq!(answer.headers()["www-authenticate"], challenge, "{path}");
            let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
            let mut body: Value = serde_json::from_slice(&body).unwrap();
            if let Some(id) = body.pointer_mut("/ResponseContext/RequestId") {
                let text = id.as_str().unwrap();
                text.parse::<Uuid>().unwrap();
                *id = "some".into();
            }
            assert_eq!(body, *expected, "{path}");
        }
    }
}
