//! The kernel edge: the only code that speaks to the kernel.
//!
//! Owns loading, pinning, attaching, map content and counters (aya), and what the
//! host looks like (netlink). Decides nothing: it carries out changes and reports.

mod attach;
mod bpffs;
mod clsact;
mod counters;
mod datapath;
mod error;
mod groups;
pub mod host;
mod inners;
mod links;
mod maps;
mod memory;
mod object;
mod peer;
mod policies;
mod privileges;
mod registry;
mod syscall;
mod tables;
mod tcx;

use std::path::Path;

use tcx::Tcx;

pub use datapath::Datapath;
pub use error::KernelError;
pub use object::Globals;
pub use peer::{Credentials, credentials};
pub use privileges::check as check_privileges;

/// Take everything of ours out of the kernel: what is pinned below `dir`, so that
/// traffic stops and counters are forgotten, stand-ins, and the neighbours kept for us.
/// Returns whether there was anything.
///
/// # Errors
/// If a daemon still uses the directory, or a pin cannot be removed.
pub async fn detach(dir: &Path) -> Result<bool, KernelError> {
    let pinned = dir.exists();
    let _lock = pinned.then(|| bpffs::lock(dir)).transpose()?;
    // Before the maps it reads.
    let filtered = Tcx::of(dir).detach_filters()?;
    if pinned {
        bpffs::remove_all(dir)?;
    }
    let any = host::release_all(dir).await? || pinned || filtered;
    Ok(any)
}
