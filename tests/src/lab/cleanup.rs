//! Taking labs down: their own at the end, and those of processes that died.
//!
//! Everything of a lab bears its id, so what there is to remove is found by
//! looking, not by remembering; a lab that was killed is cleaned up as well as
//! one that ended.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use super::{
    process::{self, SHORT},
    sys,
    wait::SOON,
};

const NAMESPACES: &str = "/run/netns";
const BPFFS: &str = "/sys/fs/bpf";
const FOLDERS: &str = "/tmp";
const NAMESPACE_PREFIX: &str = "pd";
const PINS_PREFIX: &str = "peerd-";
const FOLDER_PREFIX: &str = "peerd-lab-";
/// Stands in the folder of a lab that is to outlive the process that made it.
const KEPT: &str = "kept";

/// Folder for a lab's own files. Short, since a socket's path may have 107 bytes.
pub(crate) fn folder(id: &str) -> PathBuf {
    Path::new(FOLDERS).join(format!("{FOLDER_PREFIX}{id}"))
}

/// The bpffs folder of a lab's daemon.
pub(crate) fn bpffs(id: &str) -> PathBuf {
    Path::new(BPFFS).join(format!("{PINS_PREFIX}{id}"))
}

/// Name of one of a lab's namespaces.
pub(crate) fn namespace(id: &str, name: &str) -> String {
    format!("{NAMESPACE_PREFIX}{id}-{name}")
}

/// Let a lab outlive this process, until [`remove_kept`].
pub(crate) fn keep(id: &str) -> std::io::Result<()> {
    fs::write(folder(id).join(KEPT), "")
}

/// Remove what labs of dead processes left behind.
pub fn sweep() {
    for id in all_labs() {
        let process = id.split('-').next().unwrap_or_default();
        let alive = Path::new("/proc").join(process).exists();
        if !alive && !folder(&id).join(KEPT).exists() {
            remove(&id);
        }
    }
}

/// Remove labs that were left up on purpose; returns how many there were.
pub fn remove_kept() -> usize {
    let kept = all_labs()
        .into_iter()
        .filter(|id| folder(id).join(KEPT).exists());
    kept.inspect(|id| remove(id)).count()
}

/// What there still is of a lab: namespaces, pins, files.
pub fn residue(id: &str) -> Vec<PathBuf> {
    let of_this_lab = |path: &PathBuf| {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        lab_of(name).as_deref() == Some(id)
    };
    traces().into_iter().filter(of_this_lab).collect()
}

/// Remove all of a lab. Every step is tried, whatever became of the others;
/// what could not be removed is said.
pub(crate) fn remove(id: &str) {
    for path in residue(id) {
        if path.starts_with(NAMESPACES) {
            end_processes_in(&path);
            let name = path.file_name().unwrap_or_default();
            let _ = process::run(Command::new("ip").args(["netns", "del"]).arg(name), SHORT);
        } else {
            let _ = fs::remove_dir_all(path);
        }
    }
    for path in residue(id) {
        eprintln!("lab {id} could not remove {}", path.display());
    }
}

/// Kill what still runs in a namespace, which can only be the lab's, and see it gone.
fn end_processes_in(namespace: &Path) {
    let deadline = Instant::now() + SOON;
    loop {
        let processes = processes_in(namespace);
        for &process in &processes {
            let _ = sys::signal(process, libc::SIGKILL);
        }
        if processes.is_empty() || Instant::now() > deadline {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// Ids of the processes whose network namespace is this one.
fn processes_in(namespace: &Path) -> Vec<u32> {
    let identity = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    let Some(wanted) = identity(namespace) else {
        return Vec::new();
    };
    let all = entries("/proc")
        .into_iter()
        .filter_map(|name| name.parse().ok());
    all.filter(|process: &u32| {
        identity(&Path::new("/proc").join(process.to_string()).join("ns/net")) == Some(wanted)
    })
    .collect()
}

/// Ids of every lab that has left a trace.
fn all_labs() -> BTreeSet<String> {
    let traces = traces();
    let names = traces.iter().filter_map(|path| path.file_name()?.to_str());
    names.filter_map(lab_of).collect()
}

/// Everything on this machine that may be a lab's.
fn traces() -> Vec<PathBuf> {
    let inside = |folder| {
        entries(folder)
            .into_iter()
            .map(|name| Path::new(folder).join(name))
    };
    [NAMESPACES, BPFFS, FOLDERS]
        .into_iter()
        .flat_map(inside)
        .collect()
}

/// The lab a name belongs to. Every name of a lab is a prefix, then
/// `PID-COUNTER`, then perhaps more; other people's names have no such thing.
fn lab_of(name: &str) -> Option<String> {
    let id = [FOLDER_PREFIX, PINS_PREFIX, NAMESPACE_PREFIX]
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix))?;
    let mut parts = id.split('-');
    let process: u32 = parts.next()?.parse().ok()?;
    let counter: u32 = parts.next()?.parse().ok()?;
    Some(format!("{process}-{counter}"))
}

fn entries(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_labs_id_is_read_back_from_its_names_and_from_no_others() {
        for own in [
            "pd12-3-blue",
            "peerd-12-3",
            "peerd-12-3-second",
            "peerd-lab-12-3",
        ] {
            assert_eq!(lab_of(own).as_deref(), Some("12-3"), "{own}");
        }
        for other in ["", "12-3", "peerd", "peerd-blue-3", "pd12-blue"] {
            assert_eq!(lab_of(other), None, "{other}");
        }
    }
}
