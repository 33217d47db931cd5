//! Many who write to one store at the same time, on a disk that is full by turns.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Result, ensure};
use peer_tests::{SOON, Scene, wait_until};
use peer_userspace::{
    lifecycle::{Facts, NetworkFacts},
    model::{Kind, Moment, ObjectRef},
    store::{Declaration, Store, StoreError, Stored},
};
use serde_json::json;
use uuid::Uuid;

use super::around::{Mounts, stuff};

const WRITERS: usize = 8;

/// How often the disk is full.
const TURNS: usize = 10;

/// Writes refused before the disk has room again, and accepted before it is full again.
const REFUSED: usize = 5 * WRITERS;
const ACCEPTED: usize = 10 * WRITERS;

/// Between two writes of a writer.
const REST: Duration = Duration::from_millis(1);

/// What everybody saw.
#[derive(Debug, Default)]
struct Seen {
    accepted: Mutex<BTreeSet<usize>>,
    refused: AtomicUsize,
    is_over: AtomicBool,
}

impl Seen {
    fn count(&self) -> usize {
        let accepted = self.accepted.lock();
        accepted.unwrap_or_else(PoisonError::into_inner).len()
    }

    fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::Relaxed)
    }

    /// Add networks, each numbered by how many there are, which shows what it builds upon.
    fn write(&self, store: &Store) {
        while self.goes_on() {
            match store.write(add) {
                Ok((number, after)) => {
                    let shown = store.stored();
                    assert!(shown.revision >= after.revision, "{number} is not shown");
                    let mut accepted = self.accepted.lock().expect("nobody failed");
                    assert!(accepted.insert(number), "{number} was accepted twice");
                }
                Err(StoreError::Full(_)) => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => panic!("{error}"),
            }
            thread::sleep(REST);
        }
    }

    /// What is shown is what was built upon one another, and nothing of it goes away.
    fn read(&self, store: &Store) {
        let mut last = 0;
        while self.goes_on() {
            let shown = numbers(&store.stored());
            assert!(shown.len() >= last, "{} of {last}", shown.len());
            assert!(shown.iter().copied().eq(0..shown.len()), "{shown:?}");
            last = shown.len();
        }
    }

    /// Keep facts as the daemon does; returns those that are kept.
    fn observe(&self, store: &Store) -> Arc<Facts> {
        let mut kept = Arc::new(Facts::default());
        for number in 0.. {
            if !self.goes_on() {
                break;
            }
            let mut facts = Facts::clone(&kept);
            let known = NetworkFacts {
                uid: Uuid::from_u128(number),
                since: Moment::default(),
                gone: None,
            };
            let id = format!("seen/network-{number}");
            facts.networks.insert(id.parse().expect("a name"), known);
            let facts = Arc::new(facts);
            if store.keep_facts(&kept, &facts).is_ok() {
                kept = facts;
            }
            thread::sleep(REST);
        }
        kept
    }

    /// Fill the disk and make room, by turns.
    fn turn(&self, stuffing: &Path) -> Result<()> {
        for _ in 0..TURNS {
            let refused = self.refused.load(Ordering::Relaxed);
            stuff(stuffing)?;
            wait_until("writes are refused", SOON, || {
                let now = self.refused.load(Ordering::Relaxed);
                ensure!(now >= refused + REFUSED, "{now}, {refused} before");
                Ok(())
            })?;
            fs::remove_file(stuffing)?;
            let accepted = self.count();
            wait_until("writes are accepted", SOON, || {
                let now = self.count();
                ensure!(now >= accepted + ACCEPTED, "{now}, {accepted} before");
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn add(stored: &mut Stored) -> Result<usize, StoreError> {
    let number = stored.objects.len();
    // Long, since a few bytes might still find a place in the store.
    let prefixes = (0..=255).map(|third| format!("10.1.{third}.0/24"));
    let document = json!({
        "apiVersion": "peerd/v1",
        "kind": "Network",
        "metadata": { "namespace": "added", "name": format!("network-{number}") },
        "spec": { "prefixes": prefixes.collect::<Vec<_>>(), "ports": [] },
    });
    let declared = Declaration::read(&document.to_string()).expect("a network");
    assert!(stored.put(declared), "{number} is there already");
    Ok(number)
}

/// The numbers of the networks that were added.
fn numbers(stored: &Stored) -> BTreeSet<usize> {
    let number = |id: &ObjectRef| {
        let number = id.name.as_str().strip_prefix("network-");
        number.and_then(|number| number.parse().ok())
    };
    let networks = stored.objects.keys();
    let networks = networks.filter(|(kind, _)| *kind == Kind::Network);
    networks.filter_map(|(_, id)| number(id)).collect()
}

#[test]
fn of_many_who_write_on_a_disk_full_by_turns_exactly_the_accepted_are_there() -> Result<()> {
    let scene = Scene::prepare("together")?;
    let state = scene.lab.folder().join("state");
    let tiny = format!(
        "mkdir -p {0}\nmount -t tmpfs -o size=32m tiny {0}",
        state.display()
    );
    let mounts = Mounts::new(&scene, &tiny)?;
    let state = mounts.inside(&state)?;
    let (store, _) = Store::open(&state)?;
    let seen = Seen::default();
    let kept = thread::scope(|scope| {
        for _ in 0..WRITERS {
            scope.spawn(|| seen.write(&store));
        }
        scope.spawn(|| seen.read(&store));
        let kept = scope.spawn(|| seen.observe(&store));
        let turned = seen.turn(&state.join("stuffing"));
        seen.is_over.store(true, Ordering::Relaxed);
        let kept = kept.join().expect("facts are kept or not");
        turned.map(|()| kept)
    })?;
    drop(store);
    let (store, facts) = Store::open(&state)?;
    let found = numbers(&store.stored());
    let accepted = seen.accepted.into_inner()?;
    println!(
        "{} accepted, {} refused, {} facts",
        accepted.len(),
        seen.refused.into_inner(),
        kept.networks.len()
    );
    ensure!(found == accepted, "{found:?}, accepted were {accepted:?}");
    ensure!(facts == *kept, "other facts than were kept");
    Ok(())
}
