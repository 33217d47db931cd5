//! Requests to peerd and its answers.
//!
//! Owns HTTP, and what tells peerd from another program: an answer in JSON, and
//! refusals as problems of peerd's own (RFC 9457). Must not know what is asked.

use std::{error::Error as _, future::Future, time::Duration};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response,
    body::{Bytes, Incoming},
    header,
};
use serde_json::Value;
use tokio::time::timeout;

use super::{
    Failure,
    failure::note,
    server::{Server, ServerArgs},
    url::Url,
};

/// A connection that takes longer will not come.
const CONNECT: Duration = Duration::from_secs(10);

/// An answer that takes longer will not come: peerd itself waits 30 s for a
/// request, and a large table takes it a while.
const ANSWER: Duration = Duration::from_secs(120);

/// Asks one peerd.
#[derive(Debug)]
pub struct Client {
    server: Server,
}

/// What a request carries.
pub(super) struct Body {
    media_type: &'static str,
    content: String,
}

impl Body {
    pub(super) fn json(value: &Value) -> Self {
        Self {
            media_type: "application/json",
            content: value.to_string(),
        }
    }

    pub(super) fn yaml(content: String) -> Self {
        Self {
            media_type: "application/yaml",
            content,
        }
    }
}

impl Client {
    /// Of the daemon that the arguments or the environment name.
    ///
    /// # Errors
    /// If they name none rightly.
    pub fn new(args: &ServerArgs) -> Result<Self, Failure> {
        Ok(Self::of(args.server()?))
    }

    /// Of a daemon that is there.
    pub(super) fn of(server: Server) -> Self {
        Self { server }
    }

    /// Read.
    pub(super) async fn get(&self, url: &Url) -> Result<Value, Failure> {
        self.send(Method::GET, url, None).await
    }

    /// Ask, and read the answer as JSON; null where there is none.
    pub(super) async fn send(
        &self,
        method: Method,
        url: &Url,
        body: Option<Body>,
    ) -> Result<Value, Failure> {
        let asked = format!("{method} {}", url.path());
        let response = self.exchange(method, url, body, "application/json").await?;
        let bytes = self.body(response).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes)
            .map_err(|_| self.foreign(format!("its answer to {asked} is no JSON")))
    }

    /// Ask for server-sent events.
    pub(super) async fn events(&self, url: &Url) -> Result<Incoming, Failure> {
        let response = self
            .exchange(Method::GET, url, None, "text/event-stream")
            .await?;
        if media_type(&response) != "text/event-stream" {
            let why = format!("its answer to GET {} is no event stream", url.path());
            return Err(self.foreign(why));
        }
        Ok(response.into_body())
    }

    /// An answer that is not as agreed.
    pub(super) fn foreign(&self, why: impl Into<String>) -> Failure {
        Failure::Foreign {
            server: self.server.to_string(),
            why: why.into(),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        url: &Url,
        body: Option<Body>,
        accept: &'static str,
    ) -> Result<Response<Incoming>, Failure> {
        let asked = format!("{method} {}", url.path());
        let mut request = Request::builder()
            .method(method)
            .uri(url.to_string())
            .header(header::HOST, self.server.host())
            .header(header::ACCEPT, accept);
        if let Some(bearer) = self.server.bearer() {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        let content = match body {
            Some(Body {
                media_type,
                content,
            }) => {
                request = request.header(header::CONTENT_TYPE, media_type);
                Bytes::from(content)
            }
            None => Bytes::new(),
        };
        let request = request
            .body(Full::new(content))
            .map_err(|error| Failure::Failed(format!("cannot ask {asked}: {error}")))?;
        let mut sender = self
            .within(CONNECT, "cannot be connected to", self.server.connect())
            .await?
            .map_err(|error| self.unavailable(error.to_string()))?;
        let response = self
            .within(ANSWER, "does not answer", sender.send_request(request))
            .await?
            .map_err(|error| self.broken(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        Err(self.refusal(&asked, response).await)
    }

    /// What an answer that is no success says.
    async fn refusal(&self, asked: &str, response: Response<Incoming>) -> Failure {
        let status = response.status();
        let is_problem = media_type(&response) == "application/problem+json";
        let bytes = match self.body(response).await {
            Ok(bytes) => bytes,
            Err(failure) => return failure,
        };
        let problem: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let is_ours = problem["type"]
            .as_str()
            .is_some_and(|code| code.starts_with("urn:peerd:"));
        let Some(detail) = problem["detail"].as_str().filter(|_| is_problem && is_ours) else {
            return self.foreign(format!("it answers {status} to {asked}"));
        };
        Failure::Refused {
            detail: detail.to_owned(),
            errors: sentences(&problem["errors"]),
        }
    }

    async fn body(&self, response: Response<Incoming>) -> Result<Bytes, Failure> {
        let body = self
            .within(
                ANSWER,
                "does not end its answer",
                response.into_body().collect(),
            )
            .await?
            .map_err(|error| self.broken(&error))?;
        Ok(body.to_bytes())
    }

    async fn within<T>(
        &self,
        limit: Duration,
        what: &str,
        future: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        timeout(limit, future)
            .await
            .map_err(|_| self.unavailable(format!("it {what} within {} s", limit.as_secs())))
    }

    fn unavailable(&self, why: String) -> Failure {
        Failure::Unavailable {
            server: self.server.to_string(),
            why,
        }
    }

    fn broken(&self, error: &hyper::Error) -> Failure {
        if error.is_parse() {
            return self.foreign("it does not speak HTTP");
        }
        // hyper keeps the operating system's word for it one level down.
        let why = error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string);
        self.unavailable(why)
    }
}

/// The texts in an array.
pub(super) fn sentences(array: &Value) -> Vec<String> {
    let texts = array.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Tell what an answer warns of, on stderr.
pub(super) fn report_warnings(answer: &Value) {
    for warning in sentences(&answer["warnings"]) {
        note(&format!("{warning} (warning)"));
    }
}

/// `Content-Type` without parameters, in lower case.
fn media_type(response: &Response<Incoming>) -> String {
    let value = response.headers().get(header::CONTENT_TYPE);
    let value = value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}
