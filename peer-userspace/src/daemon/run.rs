//! The loop.

use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Notify, mpsc, watch},
    time::{MissedTickBehavior, interval, sleep},
};
use tracing::{info, warn};

use super::{
    config::Config,
    listen::Socket,
    plan::Declared,
    ready::Readiness,
    reconcile::Reconciler,
    snapshot::{Shared, Snapshot},
};
use crate::{
    api,
    compile::Needs,
    host::HostView,
    kernel::{
        self, Datapath, Globals, KernelError,
        host::{Host, HostChange},
    },
    store::{self, FileChange, FileReport, Store, Stored, TableFiles},
};

/// Changes come in bursts: an interface that comes up sends a dozen messages.
const SETTLE: Duration = Duration::from_millis(5);

/// A stand-in is made in one step and set up in the next; what it then still lacks
/// another look gives it.
const STEPS: usize = 3;

/// How often to look without being told, and to try again what failed.
const TICK: Duration = Duration::from_secs(5);

/// How soon to look again when the host could not be looked at, or is not ready.
const RETRY: Duration = Duration::from_millis(200);

/// How often the time is stored: a host that loses its power loses no more of it.
const TIME_TICK: Duration = Duration::from_secs(60);

/// How often the programs' log is read.
const LOG_TICK: Duration = Duration::from_millis(50);

/// What `peerd run` was told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Table files and directories.
    pub tables: Vec<PathBuf>,
    /// Where the store of what the API accepted is, and last good copies of tables.
    pub state_dir: PathBuf,
    /// Unix socket of the API.
    pub socket: PathBuf,
    /// Address of the API on TCP, if it is to be served there.
    pub listen: Option<SocketAddr>,
    /// Who may do what, and how much.
    pub config: Config,
    /// Address of `/metrics`.
    pub metrics: SocketAddr,
    /// Directory of the pins.
    pub bpffs: PathBuf,
    /// Have the programs tell of each decision.
    pub log_packets: bool,
}

/// Run until SIGTERM or SIGINT. What was pinned goes on forwarding afterwards.
///
/// # Errors
/// If the daemon cannot start; nothing in the kernel is changed then.
pub async fn run(options: Options) -> Result<()> {
    kernel::check_privileges()?;
    fs::create_dir_all(&options.state_dir)
        .with_context(|| format!("cannot make {}", options.state_dir.display()))?;
    let (store, facts) = Store::open(&options.state_dir)?;
    let store = Arc::new(store);
    let mut accepted = store.subscribe();
    let mut tables = TableFiles::open(&options.tables, &options.state_dir, &store.stored())
        .context("cannot read the tables")?;
    store.claim(|_| ((), tables.places()));
    report_files(&tables.reports());
    let (file_sender, mut file_changes) = mpsc::unbounded_channel();
    let _watcher =
        store::watch(tables.sources(), file_sender).context("cannot watch the table files")?;
    let socket = Socket::bind(&options.socket)?;
    let metrics = TcpListener::bind(options.metrics)
        .await
        .with_context(|| format!("cannot listen on {} for metrics", options.metrics))?;
    let tcp = match options.listen {
        None => None,
        Some(address) => {
            let listener = TcpListener::bind(address).await;
            Some(listener.with_context(|| format!("cannot listen on {address}"))?)
        }
    };
    let (mut host, mut host_changes) = Host::open(&options.bpffs).await?;
    let globals = Globals {
        log_packets: options.log_packets,
        mark: options.config.mark_bit.mask(),
        table_memory: options.config.table_memory.bytes(),
    };
    let mut datapath = Datapath::open(&options.bpffs, &globals)?;
    if options.log_packets {
        log_packets(&mut datapath);
    }
    let datapath = Arc::new(Mutex::new(datapath));

    let mut reconciler = Reconciler::new(datapath.clone(), store.clone(), facts, &options.config);
    let mut readiness = Readiness::new();
    let (snapshot, receiver) = watch::channel(Arc::new(Snapshot::default()));
    let release = Arc::new(Notify::new());
    let shared = Shared {
        store: store.clone(),
        release: release.clone(),
        snapshot: receiver,
        datapath,
    };
    let server = api::Server::new(shared.clone(), options.config.access.clone());
    // Callers wait on the sockets until there is something to show.
    let mut waiting = Some((server, socket.listener, tcp));
    tokio::spawn(api::serve_metrics(metrics, shared));

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut time_tick = interval(TIME_TICK);
    time_tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        let declared = Declared::new(tables.table().into(), accepted.borrow_and_update().clone());
        let looked = look(&mut host, declared, &mut reconciler, &mut seen).await;
        match &looked {
            Ok(false) => {}
            Ok(true) => {
                publish(&snapshot, &reconciler, &tables);
                if let Some((server, listener, tcp)) = waiting.take() {
                    tokio::spawn(server.clone().serve_socket(listener));
                    if let Some(tcp) = tcp {
                        tokio::spawn(server.serve_tcp(tcp));
                    }
                }
            }
            Err(error) => warn!("{error}"),
        }
        readiness.look(reconciler.latest());

        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            Ok(()) = accepted.changed() => {}
            () = release.notified() => {
                read_files(&store, &mut tables, |tables, _| tables.release());
                publish(&snapshot, &reconciler, &tables);
            }
            () = sleep(until(seen.as_ref(), &store)) => seen = None,
            () = sleep(RETRY), if looked.is_err() || readiness.is_waiting() => host.forget(),
            _ = time_tick.tick() => keep_time(&store),
            _ = tick.tick() => {
                host.forget();
                if reconciler.wants_another_look() {
                    seen = None;
                }
                let reports =
                    read_files(&store, &mut tables, |tables, stored| tables.reload(None, stored));
                report_files(&reports);
                if !reports.is_empty() {
                    publish(&snapshot, &reconciler, &tables);
                }
            }
            Some(change) = host_changes.recv() => {
                sleep(SETTLE).await;
                // Also if a look in between saw it announced: some things are announced
                // before they are done.
                host.forget();
                let mut next = Some(change);
                while let Some(change) = next {
                    if let HostChange::Gone(index) = change {
                        reconciler.interface_gone(index);
                        seen = None;
                    }
                    next = host_changes.try_recv().ok();
                }
            }
            Some(change) = file_changes.recv() => {
                sleep(SETTLE).await;
                let mut changed = Some(BTreeSet::new());
                collect(change, &mut changed);
                while let Ok(change) = file_changes.try_recv() {
                    collect(change, &mut changed);
                }
                report_files(&read_files(&store, &mut tables, |tables, stored| {
                    tables.reload(changed.as_ref(), stored)
                }));
                publish(&snapshot, &reconciler, &tables);
            }
        }
    }
    info!(
        "stopping; what is pinned in {} goes on forwarding",
        options.bpffs.display()
    );
    keep_time(&store);
    socket.file.remove();
    Ok(())
}

/// What was looked at last, and when to look again all the same, in host time.
struct Seen {
    declared: Declared,
    host: Arc<HostView>,
    deadline: Option<u64>,
}

/// How long until time alone changes something.
fn until(seen: Option<&Seen>, store: &Store) -> Duration {
    let deadline = seen.and_then(|seen| seen.deadline);
    let left = deadline.map(|deadline| deadline.saturating_sub(store.clock().now().host));
    // A sleep cannot be longer than the timer's range, and the loop turns more often.
    Duration::from_millis(left.unwrap_or(u64::MAX)).min(2 * TICK)
}

fn keep_time(store: &Store) {
    if let Err(error) = tokio::task::block_in_place(|| store.keep_time()) {
        warn!("the time is not stored: {error}");
    }
}

/// Read table files, which takes and frees names, while the API takes none.
fn read_files<T>(
    store: &Store,
    tables: &mut TableFiles,
    read: impl FnOnce(&mut TableFiles, &Stored) -> T,
) -> T {
    tokio::task::block_in_place(|| {
        store.claim(|stored| {
            let answer = read(tables, stored);
            (answer, tables.places())
        })
    })
}

/// Look at what is declared and at the host, and make the kernel follow if they are
/// not as they were `seen`. Returns whether that was so.
async fn look(
    host: &mut Host,
    declared: Declared,
    reconciler: &mut Reconciler,
    seen: &mut Option<Seen>,
) -> Result<bool, KernelError> {
    let mut latest = host.view(&declared.table.interfaces()).await?;
    if let Some(seen) = seen
        && seen.declared == declared
        && seen.host == latest
    {
        return Ok(false);
    }
    let mut view = HostView::clone(&latest);
    let mut needs = Needs::default();
    for _ in 0..STEPS {
        needs = reconciler.needs(&declared, &view);
        let (any, unmade) = host.provide(&needs, &view).await;
        if any {
            latest = host.view(&declared.table.interfaces()).await?;
            view = HostView::clone(&latest);
        }
        view.unmade = unmade;
        if !any {
            break;
        }
    }
    let ports = reconciler.latest().ports.clone();
    let deadline = {
        let declared = declared.clone();
        tokio::task::block_in_place(|| reconciler.reconcile(declared, view))
    };
    // Nobody announces programs that are put on interfaces, or taken off.
    if reconciler.latest().ports != ports {
        host.forget();
    }
    let wanted = reconciler.latest().content.next_hops();
    host.keep_fresh(wanted.difference(&latest.managed).copied())
        .await;
    host.release(latest.kept_for_us.difference(&wanted).copied())
        .await;
    // Now that nothing leads there any more.
    host.remove_other_stand_ins(&needs, &latest).await;
    *seen = Some(Seen {
        declared,
        host: latest,
        deadline,
    });
    Ok(true)
}

fn publish(snapshot: &watch::Sender<Arc<Snapshot>>, reconciler: &Reconciler, tables: &TableFiles) {
    let mut latest = reconciler.latest().clone();
    latest.files = tables.reports();
    snapshot.send_replace(Arc::new(latest));
}

/// `None` stands for all files.
fn collect(change: FileChange, changed: &mut Option<BTreeSet<PathBuf>>) {
    match (change, changed.as_mut()) {
        (FileChange::Files(files), Some(changed)) => changed.extend(files),
        (FileChange::All, _) => *changed = None,
        _ => {}
    }
}

fn report_files(reports: &[FileReport]) {
    for report in reports {
        let file = report.file.display();
        for error in &report.errors {
            warn!("{error}");
        }
        match (report.errors.len(), report.objects) {
            (0, _) => {}
            (_, 0) => warn!("{file} is refused; nothing of it is in force"),
            (_, _) => warn!("{file} is refused; its last good version stays in force"),
        }
        for warning in &report.warnings {
            warn!("{warning}");
        }
    }
}

/// Pass on what the programs tell.
fn log_packets(datapath: &mut Datapath) {
    let Some(mut logger) = datapath.logger() else {
        warn!("the BPF programs have no log");
        return;
    };
    tokio::spawn(async move {
        let mut tick = interval(LOG_TICK);
        loop {
            tick.tick().await;
            logger.flush();
        }
    });
}
