//! `GET /v1/watch`: what is there and how it changes, for as long as it takes.
//!
//! Owns the lines that end or break: it asks again, and tells only what is new.
//! Must not know who watches what for.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt, io,
    time::Duration,
};

use futures::{Stream, StreamExt as _, stream, stream::BoxStream};
use http_body_util::BodyExt as _;
use hyper::body::{Bytes, Incoming};
use serde_json::Value;
use sse_stream::{Sse, SseByteStream};
use tokio::time::{Instant, sleep, timeout};

use super::{Client, Failure, resolve, url::Url};
use crate::model::ObjectRef;

/// A line without as much as a comment for so long is dead: peerd sends one every
/// 15 s.
const SILENCE: Duration = Duration::from_secs(45);

/// How long peerd may be away, which it is while it is restarted.
const AWAY: Duration = Duration::from_secs(30);

/// How long to wait before asking again.
const PAUSE: Duration = Duration::from_secs(1);

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Event {
    Added(Value),
    Modified(Value),
    Removed(Value),
    /// All that was there at the beginning has been told; comes once.
    Synced,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Added(_) => "added",
            Self::Modified(_) => "modified",
            Self::Removed(_) => "removed",
            Self::Synced => "synced",
        })
    }
}

/// A watch that goes on until it is dropped.
pub(super) struct Watch<'a> {
    client: &'a Client,
    url: Url,
    line: Option<BoxStream<'static, Result<Sse, sse_stream::Error>>>,
    known: Known,
    waiting: VecDeque<Event>,
}

impl<'a> Watch<'a> {
    /// Begin to watch; a line is to last for `seconds`.
    pub(super) async fn begin(client: &'a Client, url: Url, seconds: u64) -> Result<Self, Failure> {
        let url = url.with("timeout", seconds);
        let line = client.events(&url).await?;
        Ok(Self {
            client,
            url,
            line: Some(events(line).boxed()),
            known: Known::default(),
            waiting: VecDeque::new(),
        })
    }

    /// What happens next.
    pub(super) async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Ok(event);
            }
            let Some(line) = &mut self.line else {
                let line = self.ask_again().await?;
                self.line = Some(events(line).boxed());
                self.known.begin_again();
                continue;
            };
            match line.next().await {
                Some(Ok(sse)) => self.take(&sse)?,
                // At its end or broken: what is missed is told by the next one.
                Some(Err(_)) | None => self.line = None,
            }
        }
    }

    async fn ask_again(&self) -> Result<Incoming, Failure> {
        let lost = Instant::now();
        loop {
            sleep(PAUSE).await;
            match self.client.events(&self.url).await {
                Err(Failure::Unavailable { .. }) if lost.elapsed() < AWAY => {}
                answer => return answer,
            }
        }
    }

    fn take(&mut self, sse: &Sse) -> Result<(), Failure> {
        let Some(event) = sse.event.as_deref() else {
            return Ok(());
        };
        if event == "synced" {
            self.waiting.extend(self.known.synced());
            return Ok(());
        }
        if !["added", "modified", "removed"].contains(&event) {
            return Ok(());
        }
        let object: Value = serde_json::from_str(sse.data.as_deref().unwrap_or_default())
            .map_err(|_| self.client.foreign("an event of its watch is no JSON"))?;
        let id = resolve::id(self.client, &object)?;
        self.waiting.extend(match event {
            "removed" => self.known.removed(&id, object),
            _ => self.known.seen(id, object),
        });
        Ok(())
    }
}

/// The events of an answer; silence is an error.
fn events(body: Incoming) -> impl Stream<Item = Result<Sse, sse_stream::Error>> {
    let pieces = stream::unfold(body, |mut body| async {
        let piece: io::Result<Bytes> = match timeout(SILENCE, body.frame()).await {
            Ok(None) => return None,
            Ok(Some(Ok(frame))) => Ok(frame.into_data().unwrap_or_default()),
            Ok(Some(Err(error))) => Err(io::Error::other(error)),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        Some((piece, body))
    });
    SseByteStream::new(pieces.boxed())
}

/// What has been told, so that a line that begins again tells only what is new.
#[derive(Debug, Default)]
struct Known {
    objects: BTreeMap<ObjectRef, Value>,
    /// Of these, what the present line has not told yet.
    unseen: BTreeSet<ObjectRef>,
    synced: bool,
}

impl Known {
    fn begin_again(&mut self) {
        self.unseen = self.objects.keys().cloned().collect();
    }

    fn seen(&mut self, id: ObjectRef, object: Value) -> Option<Event> {
        self.unseen.remove(&id);
        match self.objects.insert(id, object.clone()) {
            None => Some(Event::Added(object)),
            Some(before) => (before != object).then_some(Event::Modified(object)),
        }
    }

    fn removed(&mut self, id: &ObjectRef, object: Value) -> Option<Event> {
        self.unseen.remove(id);
        self.objects.remove(id).map(|_| Event::Removed(object))
    }

    fn synced(&mut self) -> Vec<Event> {
        let gone = std::mem::take(&mut self.unseen).into_iter();
        let mut events: Vec<Event> = gone
            .filter_map(|id| self.objects.remove(&id).map(Event::Removed))
            .collect();
        if !self.synced {
            self.synced = true;
            events.push(Event::Synced);
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id(name: &str) -> ObjectRef {
        name.parse().unwrap()
    }

    #[test]
    fn a_line_that_begins_again_tells_only_what_is_new() {
        let mut known = Known::default();
        assert!(matches!(
            known.seen(id("a"), json!(1)),
            Some(Event::Added(_))
        ));
        known.seen(id("b"), json!(1));
        known.seen(id("c"), json!(1));
        assert_eq!(known.synced(), [Event::Synced]);

        known.begin_again();
        assert_eq!(known.seen(id("a"), json!(1)), None);
        assert_eq!(
            known.seen(id("b"), json!(2)),
            Some(Event::Modified(json!(2)))
        );
        assert_eq!(known.seen(id("d"), json!(1)), Some(Event::Added(json!(1))));
        assert_eq!(known.synced(), [Event::Removed(json!(1))]);
        assert_eq!(known.removed(&id("c"), json!(1)), None);
    }
}
