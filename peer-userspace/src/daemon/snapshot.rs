//! What the daemon knows, as the API and the metrics read it.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::plan::Declared;
use crate::{
    compile::{ForwardingTable, Ids, Inputs, Ports},
    dialect::AtlasWords,
    host::HostView,
    kernel::{Datapath, KernelError},
    lifecycle::{Facts, Quotas, Refused, States},
    model::{Moment, PairLabel, Table},
    store::{FileReport, Store},
    telemetry::Counters,
};

/// How long an answer waits for the kernel to follow: long enough for a busy host, since
/// an older snapshot does not show what was made.
const PATIENCE: Duration = Duration::from_secs(30);

/// The state of everything after one look. Readers keep what they read while the daemon
/// goes on.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// What is declared, by files and through the API.
    pub declared: Arc<Declared>,
    /// What there is to say about the table files.
    pub files: Vec<FileReport>,
    /// The host as it was seen.
    pub host: Arc<HostView>,
    /// How much each owner may have.
    pub quotas: Quotas,
    /// In which words the Atlas operator's documents are answered.
    pub atlas_words: AtlasWords,
    /// What counts of the declarations.
    pub table: Arc<Table>,
    /// What of them exceeds a quota.
    pub refused: Refused,
    /// The declared ports on the host.
    pub ports: Arc<Ports>,
    /// The state of every consent and pair.
    pub states: Arc<States>,
    /// The pairs whose routes the kernel holds: those that carried traffic when it last
    /// followed, whatever is wanted since.
    pub in_kernel: Arc<BTreeSet<PairLabel>>,
    /// What is remembered.
    pub facts: Arc<Facts>,
    /// Milliseconds from host time to the wall's clock.
    pub wall_offset: i128,
    /// Ids in use.
    pub ids: Arc<Ids>,
    /// What the kernel holds.
    pub content: Arc<ForwardingTable>,
    /// Units of the tables' memory in use, and all there are.
    pub table_memory: [usize; 2],
    /// How often the kernel's content changed since the daemon started.
    pub generation: u64,
    /// The last attempt to make the kernel hold what it should.
    pub last_apply: LastApply,
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
    /// What the API accepted.
    pub store: Arc<Store>,
    /// Asks the daemon to let go of what emptied or vanished table files declared.
    pub release: Arc<Notify>,
    pub(super) snapshot: watch::Receiver<Arc<Snapshot>>,
    pub(super) datapath: Arc<Mutex<Datapath>>,
}

impl Snapshot {
    /// What a forwarding table follows from, with these ids.
    pub fn inputs<'a>(&'a self, ids: &'a Ids) -> Inputs<'a> {
        Inputs {
            table: &self.table,
            ports: &self.ports,
            host: &self.host,
            states: &self.states,
            ids,
        }
    }

    /// Host time on the wall's clock, as far as that can be told now.
    pub fn wall(&self, host: u64) -> Moment {
        let wall = i128::from(host) + self.wall_offset;
        Moment {
            wall: u64::try_from(wall).unwrap_or_default(),
            host,
        }
    }

    /// Take `now` for the time. The clocks' readings are a little apart each time: only
    /// a jump counts, lest every time shown changes with every look.
    pub fn set_clock(&mut self, now: Moment) {
        let offset = i128::from(now.wall) - i128::from(now.host);
        if offset.abs_diff(self.wall_offset) > 1000 {
            self.wall_offset = offset;
        }
    }
}

impl Shared {
    /// The latest snapshot.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.borrow().clone()
    }

    /// Word of every new snapshot.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Snapshot>> {
        self.snapshot.clone()
    }

    /// The snapshot that shows what was stored by `revision`, or the latest one if that
    /// takes longer than a user would wait.
    pub async fn after(&self, revision: u64) -> Arc<Snapshot> {
        let mut snapshot = self.snapshot.clone();
        let follows = |latest: &Arc<Snapshot>| latest.declared.stored.revision >= revision;
        let _ = timeout(PATIENCE, snapshot.wait_for(follows)).await;
        self.snapshot()
    }

    /// The counters of everything in `snapshot`, now.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn counters(&self, snapshot: &Snapshot) -> Result<Counters, KernelError> {
        lock(&self.datapath).counters(&snapshot.ids)
    }

    /// The counters of all ports, now.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn port_counters(&self, snapshot: &Snapshot) -> Result<Counters, KernelError> {
        let ids = Ids {
            devices: snapshot.ids.devices.clone(),
            ..Ids::default()
        };
        lock(&self.datapath).counters(&ids)
    }

    /// The counters of one pair, now.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn counters_of(
        &self,
        snapshot: &Snapshot,
        pair: Option<&PairLabel>,
    ) -> Result<Counters, KernelError> {
        let known = pair.and_then(|pair| snapshot.ids.peerings.get_key_value(pair));
        let ids = Ids {
            peerings: known
                .map(|(pair, id)| (pair.clone(), *id))
                .into_iter()
                .collect(),
            ..Ids::default()
        };
        lock(&self.datapath).counters(&ids)
    }
}

/// The datapath, also after a thread died holding it: what an apply left open is looked at
/// before the next.
pub(super) fn lock(datapath: &Mutex<Datapath>) -> MutexGuard<'_, Datapath> {
    datapath.lock().unwrap_or_else(PoisonError::into_inner)
}
