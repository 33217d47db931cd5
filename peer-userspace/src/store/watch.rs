//! Word that table files changed.

use std::path::{Path, PathBuf};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::sync::mpsc;

/// Which files to read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// These.
    Files(Vec<PathBuf>),
    /// All: events were lost, or a directory was exchanged as a whole.
    All,
}

/// Watch files and directories until the watcher is dropped.
///
/// # Errors
/// If the system refuses to watch.
pub fn watch(
    sources: &[PathBuf],
    changed: mpsc::UnboundedSender<FileChange>,
) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        let change = match event {
            Ok(event) => of(event),
            Err(_) => Some(FileChange::All),
        };
        if let Some(change) = change {
            // The daemon is gone when nobody listens.
            let _ = changed.send(change);
        }
    })?;
    for source in sources {
        // A file is replaced by renaming another over it: its directory sees that.
        let watched = if source.is_dir() {
            Some(source.as_path())
        } else {
            source.parent()
        };
        watcher.watch(
            watched.unwrap_or(Path::new("/")),
            RecursiveMode::NonRecursive,
        )?;
    }
    Ok(watcher)
}

/// A file is read when its writer has closed it or moved it here: before that it
/// may be half written and still parse, with half of its objects missing. What this
/// misses (a link's target edited, the directory exchanged) is found by looking now
/// and then.
fn of(event: Event) -> Option<FileChange> {
    if event.need_rescan() {
        return Some(FileChange::All);
    }
    let finished = matches!(
        event.kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Remove(_)
            | EventKind::Modify(ModifyKind::Name(_))
    );
    if !finished {
        return None;
    }
    // Kubernetes exchanges a whole volume by renaming this link.
    if event.paths.iter().any(|path| path.ends_with("..data")) {
        return Some(FileChange::All);
    }
    Some(FileChange::Files(event.paths))
}
