//! The pin directory: mounted, locked, emptied; and the names of what is in it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::Path,
};

use rustix::{
    fs::statfs,
    mount::{MountFlags, mount},
};

use super::KernelError;

const MOUNT_POINT: &str = "/sys/fs/bpf";
/// `BPF_FS_MAGIC` of linux/magic.h.
const MAGIC: i64 = 0xcafe_4a11;

/// Make `dir` exist on a BPF file system, mounting it at its usual place if no
/// one has.
pub(super) fn prepare(dir: &Path) -> Result<(), KernelError> {
    let parent = dir.parent().unwrap_or(dir);
    if parent == Path::new(MOUNT_POINT) && !is_bpffs(parent) {
        mount(
            "bpf",
            MOUNT_POINT,
            "bpf",
            MountFlags::NOSUID | MountFlags::NODEV,
            None,
        )
        .map_err(|errno| KernelError::file("mount a BPF file system at", parent, errno.into()))?;
    }
    if !is_bpffs(parent) {
        return Err(KernelError::NotBpffs {
            dir: dir.to_owned(),
        });
    }
    match fs::create_dir(dir) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(KernelError::file("create", dir, error))
        }
        _ => Ok(()),
    }
}

fn is_bpffs(path: &Path) -> bool {
    statfs(path).is_ok_and(|stat| stat.f_type == MAGIC)
}

/// Hold the directory against other daemons until the file is dropped.
pub(super) fn lock(dir: &Path) -> Result<File, KernelError> {
    let file = File::open(dir).map_err(|error| KernelError::file("open", dir, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(KernelError::Locked {
            dir: dir.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(KernelError::file("lock", dir, error)),
    }
}

/// The names of all pins.
pub(super) fn names(dir: &Path) -> Result<Vec<String>, KernelError> {
    let entries = fs::read_dir(dir).map_err(|error| KernelError::file("list", dir, error))?;
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect())
}

/// Remove one pin; it does not matter if it is gone already.
pub(super) fn remove(path: &Path) -> Result<(), KernelError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(KernelError::file("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Remove every pin, links first so that no program runs on half of its maps,
/// and the directory.
pub(super) fn remove_all(dir: &Path) -> Result<(), KernelError> {
    let mut names = names(dir)?;
    names.sort_by_key(|name| !name.starts_with("link_"));
    for name in names {
        remove(&dir.join(name))?;
    }
    fs::remove_dir(dir).map_err(|error| KernelError::file("remove", dir, error))
}
