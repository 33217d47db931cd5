//! Just enough of HTTP/1.1 to ask the API anything, also what is wrong.

use std::io::{BufRead as _, BufReader, Read, Write};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

/// A connection to the API.
pub trait Line: Read + Write + Send {}

impl<T: Read + Write + Send> Line for T {}

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl Ask {
    /// A request without a body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body of a media type.
    pub fn body(self, kind: &str, body: &str) -> Self {
        let mut ask = self.header("Content-Type", kind);
        ask.body = Some(body.to_owned());
        ask
    }

    /// With a body in JSON.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", &body.to_string())
    }

    /// With a body in YAML.
    pub fn yaml(self, body: &str) -> Self {
        self.body("application/yaml", body)
    }

    /// Method and target.
    pub fn title(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    /// As it goes over the line.
    pub fn text(&self) -> String {
        let Self { method, target, .. } = self;
        let mut text =
            format!("{method} {target} HTTP/1.1\r\nHost: peerd\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        let body = self.body.as_deref();
        if let Some(body) = body {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        text + "\r\n" + body.unwrap_or_default()
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Read one to its end.
    pub fn read(line: impl Read) -> Result<Self> {
        let (mut answer, mut body) = Self::head(line)?;
        body.read_to_string(&mut answer.body)
            .with_context(|| format!("an answer was cut off: {answer:?}"))?;
        Ok(answer)
    }

    /// Read its head; the body may go on for long.
    pub(crate) fn head<L: Read>(line: L) -> Result<(Self, Body<L>)> {
        let mut line = BufReader::new(line);
        let mut lines = Vec::new();
        loop {
            let mut text = String::new();
            line.read_line(&mut text)?;
            match text.trim_end() {
                "" if lines.is_empty() => bail!("the connection ended without an answer"),
                "" => break,
                text => lines.push(text.to_owned()),
            }
        }
        let status = lines[0]
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok());
        let headers = lines[1..].iter().filter_map(|line| line.split_once(": "));
        let answer = Self {
            status: status.with_context(|| format!("no HTTP: {lines:?}"))?,
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: String::new(),
        };
        let length = |name| answer.header(name).and_then(|length| length.parse().ok());
        let body = Body {
            line,
            chunked: answer.header("transfer-encoding") == Some("chunked"),
            left: length("content-length").unwrap_or(0),
        };
        Ok((answer, body))
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// The body in JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("no JSON: {self:?}"))
    }

    /// The body of what had to be answered with a status.
    pub fn expect(&self, status: u16) -> Result<Value> {
        if self.status != status {
            bail!("not {status} but {}: {}", self.status, self.body);
        }
        self.json()
    }

    /// The sentence of what had to be refused with a status and a code, as a problem.
    pub fn refused(&self, status: u16, code: &str) -> Result<String> {
        let problem = self.expect(status)?;
        let kind = self.header("content-type");
        let expected = serde_json::json!([code, format!("urn:peerd:{code}"), status]);
        let found = serde_json::json!([problem["title"], problem["type"], problem["status"]]);
        if kind != Some("application/problem+json") || found != expected {
            bail!("no problem {code}, or not as {kind:?}: {}", self.body);
        }
        let detail = problem["detail"].as_str().context("it says nothing")?;
        Ok(detail.to_owned())
    }

    /// Its `ETag`.
    pub fn tag(&self) -> Result<String> {
        let tag = self.header("etag");
        Ok(tag
            .with_context(|| format!("no ETag: {self:?}"))?
            .to_owned())
    }
}

/// The body of an answer, as it comes in.
pub(crate) struct Body<L> {
    line: BufReader<L>,
    chunked: bool,
    left: usize,
}

impl<L: Read> Read for Body<L> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 && self.chunked {
            let mut size = String::new();
            // The end of the chunk before.
            while size.trim().is_empty() && self.line.read_line(&mut size)? > 0 {}
            let size = usize::from_str_radix(size.trim(), 16);
            self.left = size.map_err(std::io::Error::other)?;
            self.chunked = self.left > 0;
        }
        // A connection may be cut right behind the answer: what was sent too much for it is not read.
        if self.left == 0 {
            return Ok(0);
        }
        let most = into.len().min(self.left);
        let read = self.line.read(&mut into[..most])?;
        if read == 0 && most > 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read;
        Ok(read)
    }
}
