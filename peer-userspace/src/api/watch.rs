//! Changes as they happen (HTML Living Standard, server-sent events).

use std::{
    collections::BTreeMap,
    convert::Infallible,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    extract::State,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::Stream;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, timeout_at},
};
use utoipa::IntoParams;

use super::{
    caller::Caller,
    objects,
    problem::{Problem, ProblemBody},
    read::Filter,
    request::Both,
};
use crate::{
    daemon::{Shared, Snapshot},
    model::ObjectRef,
    telemetry::Counters,
};

/// Events that may wait for a slow reader; one that falls further behind waits too.
const WAITING: usize = 64;

/// Watchers at a time: each looks at everything whenever anything changes.
static WATCHERS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(64)));

/// What to watch.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct What {
    /// `peerings` or `networks`; peerings by default.
    #[param(nullable = false)]
    kind: Option<String>,
    /// For how many seconds; 300 by default.
    #[param(nullable = false, minimum = 1, maximum = 3600)]
    timeout: Option<u64>,
}

/// Watch objects come, change and go.
#[utoipa::path(get, path = "/v1/watch", params(What, Filter), responses(
    (status = 200, body = String, content_type = "text/event-stream"),
    (status = "4XX", body = ProblemBody, content_type = "application/problem+json")))]
pub(super) async fn watch(
    State(shared): State<Shared>,
    caller: Caller,
    Both(what, filter): Both<What, Filter>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let seconds = what.timeout.unwrap_or(300);
    if !(1..=3600).contains(&seconds) {
        return Err(Problem::invalid_parameter(
            "timeout is a number from 1 to 3600",
        ));
    }
    filter.check()?;
    let place = WATCHERS.clone().try_acquire_owned();
    let place = place.map_err(|_| Problem::too_many_watchers("too many callers watch already"))?;
    let networks = match what.kind.as_deref() {
        None | Some("peerings") => false,
        Some("networks") => true,
        Some(other) => {
            let text = format!("kind `{other}` cannot be watched; peerings and networks can");
            return Err(Problem::invalid_parameter(text));
        }
    };
    let watched = Watched {
        shared,
        caller,
        filter,
        networks,
    };
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let until = Instant::now() + Duration::from_secs(seconds);
    tokio::spawn(async move {
        let _place = place;
        // Whoever listened is gone, or the time is up.
        let _ = timeout_at(until, watched.tell(sender)).await;
    });
    let events = futures::stream::poll_fn(move |context| receiver.poll_recv(context));
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(futures::StreamExt::map(events, Ok)).keep_alive(alive))
}

struct Watched {
    shared: Shared,
    caller: Caller,
    filter: Filter,
    networks: bool,
}

impl Watched {
    /// Tell of everything, until nobody listens.
    async fn tell(&self, sender: mpsc::Sender<Event>) -> Option<()> {
        let mut snapshots = self.shared.subscribe();
        let mut known = BTreeMap::new();
        let mut synced = false;
        loop {
            snapshots.mark_unchanged();
            let events = tokio::task::block_in_place(|| self.look(&mut known));
            for event in events {
                sender.send(event).await.ok()?;
            }
            if !synced {
                sender.send(event("synced", &Value::Null)).await.ok()?;
                synced = true;
            }
            tokio::select! {
                changed = snapshots.changed() => changed.ok()?,
                () = sender.closed() => return None,
            }
        }
    }

    /// What is new, different or gone since the last look. Of what was told only a
    /// digest is kept.
    fn look(&self, known: &mut BTreeMap<ObjectRef, u64>) -> Vec<Event> {
        let snapshot = self.shared.snapshot();
        let mut events = Vec::new();
        let mut now = BTreeMap::new();
        self.each(&snapshot, |id, object| {
            let text = object.to_string();
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            let digest = hasher.finish();
            match known.get(&id) {
                None => events.push(Event::default().event("added").data(text)),
                Some(before) if *before != digest => {
                    events.push(Event::default().event("modified").data(text));
                }
                Some(_) => {}
            }
            now.insert(id, digest);
        });
        let kind = if self.networks { "Network" } else { "Peering" };
        for id in known.keys().filter(|id| !now.contains_key(id)) {
            let gone = json!({
                "apiVersion": "peerd/v1",
                "kind": kind,
                "metadata": { "namespace": id.namespace, "name": id.name },
            });
            events.push(event("removed", &gone));
        }
        *known = now;
        events
    }

    /// Everything watched. Counters change all the time and are no change.
    fn each(&self, snapshot: &Snapshot, mut tell: impl FnMut(ObjectRef, Value)) {
        let mut tell = |id: Option<ObjectRef>, object: Value| {
            if let Some(id) = id.filter(|_| self.filter.matches(&object)) {
                tell(id, object);
            }
        };
        if self.networks {
            let networks = objects::networks(snapshot, &self.caller);
            for network in networks.filter(|it| self.filter.is_in(&it.metadata.namespace)) {
                tell(network.metadata.id(), objects::json(&network));
            }
            return;
        }
        let counters = Counters::default();
        let from = self.filter.viewpoint();
        for peering in objects::peerings(snapshot, &counters, &self.caller, from) {
            let mut object = objects::json(&peering);
            if let Some(status) = object["status"].as_object_mut() {
                status.remove("forwarded");
                status.remove("received");
            }
            tell(peering.metadata.id(), object);
        }
    }
}

fn event(name: &str, object: &Value) -> Event {
    Event::default().event(name).data(object.to_string())
}
