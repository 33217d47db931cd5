//! One request over the daemon's unix socket.

use std::path::Path;

use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use super::{Exit, Failure};

/// GET `path` and read the answer as JSON.
pub(super) async fn get(socket: &Path, path: &str) -> Result<Value, Failure> {
    let unavailable = |error: &dyn std::fmt::Display| Failure {
        exit: Exit::Unavailable,
        text: format!("peerd does not answer on {}: {error}", socket.display()),
    };
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|error| unavailable(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| unavailable(&error))?;
    tokio::spawn(connection);
    let request = Request::get(path)
        .header(hyper::header::HOST, "peerd")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::failed(error.to_string()))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| unavailable(&error))?;
    let refused = !response.status().is_success();
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| unavailable(&error))?;
    let answer: Value = serde_json::from_slice(&body.to_bytes())
        .map_err(|error| Failure::failed(format!("peerd's answer is no JSON: {error}")))?;
    if refused {
        let detail = answer["detail"]
            .as_str()
            .unwrap_or("refused without a reason");
        return Err(Failure::failed(detail));
    }
    Ok(answer)
}
