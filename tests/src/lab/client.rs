//! Asking a running daemon, through its client and its metrics.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::{
    daemon::Daemon,
    metrics::Metrics,
    process::{self, Output, SHORT},
};

/// State of a consent as `peerctl get peerings` tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// `status.state`.
    pub state: String,
    /// `status.reason`.
    pub reason: String,
}

impl Daemon {
    /// Run its client.
    pub fn peerctl(&self, arguments: &[&str]) -> Result<Output> {
        let mut peerctl = Command::new(&self.programs.peerctl);
        process::run(
            peerctl.arg("--socket").arg(&self.socket).args(arguments),
            SHORT,
        )
    }

    /// Run its client with a text on standard input.
    pub fn peerctl_with(&self, arguments: &[&str], input: &str) -> Result<Output> {
        let mut peerctl = Command::new(&self.programs.peerctl);
        peerctl.arg("--socket").arg(&self.socket).args(arguments);
        process::run_with_input(&mut peerctl, input, SHORT)
    }

    /// Run its client over TCP from inside the router, with a token or without.
    pub fn peerctl_over_tcp(&self, arguments: &[&str], token: Option<&str>) -> Result<Output> {
        let address = self.listen.context("the daemon does not listen on TCP")?;
        let mut peerctl = self.router.command(&self.programs.peerctl);
        peerctl.args(["--server", &format!("http://{address}")]);
        if let Some(token) = token {
            peerctl.env("PEERD_TOKEN", token);
        }
        process::run(peerctl.args(arguments), SHORT)
    }

    /// Objects of a kind as the client lists them in JSON.
    pub fn get(&self, kind: &str) -> Result<Vec<Value>> {
        let text = self.peerctl(&["get", kind, "-A", "-o", "json"])?.ok()?;
        match serde_json::from_str(&text)? {
            Value::Array(objects) => Ok(objects),
            Value::Object(mut list) => match list.remove("items") {
                Some(Value::Array(objects)) => Ok(objects),
                _ => bail!("get {kind} answers an object without items: {text}"),
            },
            _ => bail!("get {kind} answers neither array nor object: {text}"),
        }
    }

    /// State of one consent.
    pub fn status(&self, namespace: &str, name: &str) -> Result<Status> {
        let consents = self.get("peerings")?;
        let metadata = |consent: &Value, key| consent["metadata"][key].as_str().map(str::to_owned);
        let consent = consents
            .iter()
            .find(|consent| {
                metadata(consent, "namespace").as_deref() == Some(namespace)
                    && metadata(consent, "name").as_deref() == Some(name)
            })
            .with_context(|| format!("there is no consent {namespace}/{name} in {consents:?}"))?;
        let field = |key| {
            consent["status"][key]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        Ok(Status {
            state: field("state"),
            reason: field("reason"),
        })
    }

    /// Its metrics, fetched from inside the router as a scraper there would.
    pub fn metrics(&self) -> Result<Metrics> {
        let connected = self
            .router
            .enter(|| TcpStream::connect_timeout(&self.metrics_address, SHORT))?;
        let mut stream = connected.context("cannot connect to /metrics")?;
        stream.set_read_timeout(Some(SHORT))?;
        // HTTP/1.0, so that the answer is one piece and ends with the connection.
        write!(
            stream,
            "GET /metrics HTTP/1.0\r\nHost: {}\r\n\r\n",
            self.metrics_address
        )?;
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .context("cannot read /metrics")?;
        let (head, body) = answer
            .split_once("\r\n\r\n")
            .context("/metrics answered no HTTP")?;
        let status = head.lines().next().unwrap_or_default();
        ensure!(
            status.contains(" 200"),
            "/metrics answered {status}: {body}"
        );
        Metrics::parse(body.to_owned())
    }
}
