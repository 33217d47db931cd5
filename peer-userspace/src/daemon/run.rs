//! The loop.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, sleep},
};
use tracing::{info, warn};

use super::{
    listen::Socket,
    ready::Readiness,
    reconcile::Reconciler,
    snapshot::{Shared, Snapshot},
};
use crate::{
    api,
    host::HostView,
    kernel::{
        self, Datapath, KernelError,
        host::{Host, HostChange},
    },
    model::Table,
    store::{self, FileChange, FileReport, TableFiles},
};

/// Changes come in bursts: an interface that comes up sends a dozen messages.
const SETTLE: Duration = Duration::from_millis(5);

/// How often to look without being told, and to try again what failed.
const TICK: Duration = Duration::from_secs(5);

/// How soon to look again when the host could not be looked at, or is not ready.
const RETRY: Duration = Duration::from_millis(200);

/// How often the programs' log is read.
const LOG_TICK: Duration = Duration::from_millis(50);

/// What `peerd run` was told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Table files and directories.
    pub tables: Vec<PathBuf>,
    /// Where last good copies are kept.
    pub state_dir: PathBuf,
    /// Unix socket of the API.
    pub socket: PathBuf,
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
    let mut tables =
        TableFiles::open(&options.tables, &options.state_dir).context("cannot read the tables")?;
    report_files(&tables.reports());
    let (file_sender, mut file_changes) = mpsc::unbounded_channel();
    let _watcher =
        store::watch(tables.sources(), file_sender).context("cannot watch the table files")?;
    let socket = Socket::bind(&options.socket)?;
    let metrics = TcpListener::bind(options.metrics)
        .await
        .with_context(|| format!("cannot listen on {} for metrics", options.metrics))?;
    let (host, mut host_changes) = Host::open().await?;
    let mut datapath = Datapath::open(&options.bpffs, options.log_packets)?;
    if options.log_packets {
        log_packets(&mut datapath);
    }
    let datapath = Arc::new(Mutex::new(datapath));

    let mut reconciler = Reconciler::new(datapath.clone());
    let mut readiness = Readiness::new();
    let (snapshot, receiver) = watch::channel(Arc::new(Snapshot::default()));
    let shared = Shared {
        snapshot: receiver,
        datapath,
    };
    tokio::spawn(api::serve_socket(socket.listener, shared.clone()));
    tokio::spawn(api::serve_metrics(metrics, shared));

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        let looked = look(&host, &tables, &mut reconciler, &mut seen).await;
        match &looked {
            Ok(false) => {}
            Ok(true) => publish(&snapshot, &reconciler, &tables),
            Err(error) => warn!("{error}"),
        }
        readiness.look(reconciler.latest());

        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            () = sleep(RETRY), if looked.is_err() || readiness.is_waiting() => {}
            _ = tick.tick() => {
                if reconciler.wants_another_look() {
                    seen = None;
                }
                let reports = tables.reload(None);
                report_files(&reports);
                if !reports.is_empty() {
                    publish(&snapshot, &reconciler, &tables);
                }
            }
            Some(change) = host_changes.recv() => {
                sleep(SETTLE).await;
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
                report_files(&tables.reload(changed.as_ref()));
                publish(&snapshot, &reconciler, &tables);
            }
        }
    }
    info!(
        "stopping; what is pinned in {} goes on forwarding",
        options.bpffs.display()
    );
    socket.file.remove();
    Ok(())
}

/// Look at tables and host, and make the kernel follow if they are not as they
/// were `seen`. Returns whether that was so.
async fn look(
    host: &Host,
    tables: &TableFiles,
    reconciler: &mut Reconciler,
    seen: &mut Option<(Table, HostView)>,
) -> Result<bool, KernelError> {
    let table = tables.table();
    let view = host.view(&table.interfaces()).await?;
    let now = Some((table, view));
    if now == *seen {
        return Ok(false);
    }
    if let Some((table, view)) = &now {
        let (table, view) = (table.clone(), view.clone());
        tokio::task::block_in_place(|| reconciler.reconcile(table, view));
    }
    if let Some((_, view)) = &now {
        let wanted = reconciler.next_hops();
        host.keep_fresh(wanted.difference(&view.managed).copied())
            .await;
        host.release(view.kept_for_us.difference(&wanted).copied())
            .await;
    }
    *seen = now;
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
