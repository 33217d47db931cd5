//! Pinned links: where their pins are, and whether they still hold on to anything.

use std::path::{Path, PathBuf};

use aya::programs::{
    ProgramError,
    links::{FdLink, PinnedLink},
};

use super::{KernelError, bpffs, syscall};

/// Where a link of this kind is pinned.
pub(super) fn path(dir: &Path, kind: &str, index: u32) -> PathBuf {
    dir.join(format!("link_{kind}_{index}"))
}

/// The interfaces with a pinned link of this kind.
pub(super) fn pinned(dir: &Path, kind: &str) -> Result<Vec<u32>, KernelError> {
    let names = bpffs::names(dir)?;
    let pins = names.iter().filter_map(|name| {
        let (found, index) = name.strip_prefix("link_")?.rsplit_once('_')?;
        (found == kind).then(|| index.parse().ok())?
    });
    Ok(pins.collect())
}

/// Whether a pinned link is attached to the interface it is named after.
pub(super) fn is_alive(dir: &Path, kind: &str, index: u32) -> bool {
    syscall::link_interface(&path(dir, kind, index)).is_ok_and(|attached| attached == index)
}

/// Pin a link.
pub(super) fn pin(dir: &Path, link: FdLink, kind: &str, index: u32) -> Result<(), KernelError> {
    let path = path(dir, kind, index);
    // A pin outlives its interface; the ifindex may have come again.
    bpffs::remove(&path)?;
    link.pin(&path)
        .map_err(|error| KernelError::refused("pinning a link", error))?;
    Ok(())
}

/// A pinned link.
pub(super) fn open(dir: &Path, kind: &str, index: u32) -> Result<FdLink, KernelError> {
    PinnedLink::from_pin(path(dir, kind, index))
        .map(FdLink::from)
        .map_err(|error| KernelError::refused("opening a pinned link", error))
}

/// Whether a link was updated; `false` if its interface is gone (ENOLINK).
pub(super) fn updated(replaced: Result<(), ProgramError>) -> Result<bool, KernelError> {
    match replaced {
        Ok(()) => Ok(true),
        Err(ProgramError::SyscallError(error))
            if error.io_error.raw_os_error() == Some(libc::ENOLINK) =>
        {
            Ok(false)
        }
        Err(error) => Err(KernelError::refused("replacing a program", error)),
    }
}
