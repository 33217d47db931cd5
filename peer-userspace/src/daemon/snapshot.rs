//! What the daemon knows, as the API and the metrics read it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tokio::sync::watch;

use crate::{
    compile::{ForwardingTable, Ids, Ports},
    host::HostView,
    kernel::{Datapath, KernelError},
    lifecycle::{State, States},
    model::{ObjectRef, Table},
    store::FileReport,
    telemetry::Counters,
};

/// The state of everything after one look.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// What is declared.
    pub table: Table,
    /// What there is to say about the table files.
    pub files: Vec<FileReport>,
    /// The host as it was seen.
    pub host: HostView,
    /// The declared ports on it.
    pub ports: Ports,
    /// The state of every consent and pair.
    pub states: States,
    /// Since when each consent is in its state.
    pub since: BTreeMap<ObjectRef, Since>,
    /// Ids in use.
    pub ids: Ids,
    /// What the kernel holds.
    pub content: ForwardingTable,
    /// How often the kernel's content changed since the daemon started.
    pub generation: u64,
    /// The last attempt to make the kernel hold what it should.
    pub last_apply: LastApply,
}

/// A state and when it was entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since {
    /// The state.
    pub state: State,
    /// When, in milliseconds of Unix time.
    pub at: u64,
}

/// Outcome of an apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastApply {
    /// When, in milliseconds of Unix time; 0 for never.
    pub at: u64,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// Access for the API: the latest snapshot, and the counters at any moment.
#[derive(Clone)]
pub struct Shared {
    pub(super) snapshot: watch::Receiver<Arc<Snapshot>>,
    pub(super) datapath: Arc<Mutex<Datapath>>,
}

impl Shared {
    /// The latest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// The counters of everything in `snapshot`, now.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn counters(&self, snapshot: &Snapshot) -> Result<Counters, KernelError> {
        lock(&self.datapath).counters(&snapshot.ids)
    }
}

/// The datapath, also after a thread died holding it: its content is looked at
/// anew before every apply.
pub(super) fn lock(datapath: &Mutex<Datapath>) -> MutexGuard<'_, Datapath> {
    datapath.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Milliseconds of Unix time.
pub(super) fn now() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
