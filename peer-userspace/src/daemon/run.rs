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
    net::{TcpListener, UnixListener},
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
    time::{MissedTickBehavior, interval, sleep},
};
use tracing::{info, warn};

use super::{
    ready::Readiness,
    reconcile::Reconciler,
    snapshot::{Shared, Snapshot},
};
use crate::{
    api,
    kernel::{
        self, Datapath,
        host::{Host, HostChange},
    },
    store::{self, FileChange, FileReport, TableFiles},
};

/// Changes come in bursts: an interface that comes up sends a dozen messages.
const SETTLE: Duration = Duration::from_millis(5);

/// How often to look without being told, and to try again what failed.
const TICK: Duration = Duration::from_secs(5);

/// How soon to look again when the host could not be looked at.
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
    let mut datapath = Datapath::open(&options.bpffs, options.log_packets)?;
    if options.log_packets {
        log_packets(&mut datapath);
    }
    let datapath = Arc::new(Mutex::new(datapath));
    let (host, mut host_changes) = Host::open().await?;
    let (file_sender, mut file_changes) = mpsc::unbounded_channel();
    let _watcher =
        store::watch(tables.sources(), file_sender).context("cannot watch the table files")?;

    let mut reconciler = Reconciler::new(datapath.clone());
    let mut readiness = Readiness::new();
    let (snapshot, receiver) = watch::channel(Arc::new(Snapshot::default()));
    let shared = Shared {
        snapshot: receiver,
        datapath,
    };
    // Listeners before the first look, so that a taken address changes nothing.
    let socket = bind_socket(&options.socket)?;
    let metrics = TcpListener::bind(options.metrics)
        .await
        .with_context(|| format!("cannot listen on {} for metrics", options.metrics))?;
    tokio::spawn(api::serve_socket(socket, shared.clone()));
    tokio::spawn(api::serve_metrics(metrics, shared));

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    loop {
        let table = tables.table();
        let view = match host.view(&table.interfaces()).await {
            Ok(view) => view,
            // A dump that was interrupted by a change is one to make again.
            Err(error) => {
                warn!("{error}");
                sleep(RETRY).await;
                continue;
            }
        };
        let now = Some((table, view));
        if now != seen || reconciler.is_unfinished() {
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
            seen = now;
        }
        let mut latest = reconciler.latest().clone();
        latest.files = tables.reports();
        readiness.look(&latest);
        snapshot.send_replace(Arc::new(latest));

        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = tick.tick() => reconciler.retry(),
            () = sleep(Duration::from_millis(100)), if readiness.is_waiting() => {}
            Some(change) = host_changes.recv() => {
                host_changed(change, &mut reconciler);
                sleep(SETTLE).await;
                while let Ok(change) = host_changes.try_recv() {
                    host_changed(change, &mut reconciler);
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
            }
        }
    }
    info!(
        "stopping; what is pinned in {} goes on forwarding",
        options.bpffs.display()
    );
    // A socket left behind is taken over by the next daemon.
    let _ = std::fs::remove_file(&options.socket);
    Ok(())
}

fn host_changed(change: HostChange, reconciler: &mut Reconciler) {
    if let HostChange::Gone(index) = change {
        reconciler.interface_gone(index);
    }
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

/// Listen on a socket that its owner and group may use.
fn bind_socket(path: &std::path::Path) -> Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt as _;
    let context = || format!("cannot listen on {}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(context)?;
    }
    // Left by a daemon that was killed; a living one holds the pin directory, and
    // we would not have come here.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(context);
        }
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(context)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).with_context(context)?;
    Ok(listener)
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
