//! `GET /v1/watch`, read event by event.

use std::io::{BufRead as _, BufReader};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    api::Api,
    http::{Answer, Ask, Body, Line},
};

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// `added`, `synced`, `modified` or `removed`.
    pub name: String,
    /// The object.
    pub object: Value,
}

/// A watch under way.
pub struct Watch {
    lines: BufReader<Body<Box<dyn Line>>>,
}

impl Api {
    /// Watch, with a query such as `?kind=networks`.
    pub fn watch(&self, query: &str) -> Result<Watch> {
        let line = self.ask(&Ask::new("GET", &format!("/v1/watch{query}")))?;
        let (answer, body) = Answer::head(line)?;
        let kind = answer.header("content-type").unwrap_or_default();
        ensure!(
            answer.status == 200 && kind == "text/event-stream",
            "watch {query} answers {answer:?}"
        );
        Ok(Watch {
            lines: BufReader::new(body),
        })
    }
}

impl Watch {
    /// The next event; `None` where the watch has ended.
    pub fn event(&mut self) -> Result<Option<Event>> {
        let (mut name, mut data) = (String::new(), String::new());
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).context("no event came")?;
            if read == 0 {
                return Ok(None);
            }
            match line.trim_end().split_once(": ") {
                Some(("event", text)) => name = text.to_owned(),
                Some(("data", text)) => data = text.to_owned(),
                _ if line.trim_end().is_empty() && !name.is_empty() => break,
                _ => {}
            }
        }
        let object = serde_json::from_str(&data).with_context(|| data.clone())?;
        Ok(Some(Event { name, object }))
    }

    /// The next event that fits.
    pub fn until(&mut self, fits: impl Fn(&Event) -> bool) -> Result<Event> {
        loop {
            let event = self.event()?.context("the watch ended early")?;
            if fits(&event) {
                return Ok(event);
            }
        }
    }

    /// The objects told before `synced`.
    pub fn begin(&mut self) -> Result<Vec<Value>> {
        let mut objects = Vec::new();
        loop {
            let event = self.event()?.context("the watch ended before `synced`")?;
            match event.name.as_str() {
                "synced" => return Ok(objects),
                "added" => objects.push(event.object),
                other => anyhow::bail!("`{other}` came before `synced`"),
            }
        }
    }
}
