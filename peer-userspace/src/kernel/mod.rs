//! The kernel edge: the only code that speaks to the kernel.
//!
//! Owns loading, pinning, attaching, map content and counters (aya), and what the
//! host looks like (netlink). Decides nothing: it carries out changes and reports.

mod attach;
mod bpffs;
mod counters;
mod datapath;
mod error;
mod fibs;
pub mod host;
mod inners;
mod maps;
mod object;
mod peer;
mod policies;
mod privileges;
mod registry;
mod syscall;

use std::path::Path;

pub use datapath::Datapath;
pub use error::KernelError;
pub use peer::{Credentials, credentials};
pub use privileges::check as check_privileges;

/// Take everything of ours out of the kernel: what is pinned below `dir`, so that
/// traffic stops and counters are forgotten, and the neighbours kept for us.
/// Returns whether there was anything.
///
/// # Errors
/// If a daemon still uses the directory, or a pin cannot be removed.
pub async fn detach(dir: &Path) -> Result<bool, KernelError> {
    let pinned = dir.exists();
    if pinned {
        let _lock = bpffs::lock(dir)?;
        bpffs::remove_all(dir)?;
    }
    let any = host::release_all().await? || pinned;
    Ok(any)
}
