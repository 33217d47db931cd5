//! The kernel edge: the only code that speaks to the kernel.
//!
//! Owns loading, pinning, attaching, map content and counters (aya), and what the
//! host looks like (netlink). Decides nothing: it carries out changes and reports.

mod attach;
mod batch;
mod bpffs;
mod counters;
mod datapath;
mod error;
mod fibs;
pub mod host;
mod maps;
mod object;
mod privileges;
mod registry;

pub use counters::{Counters, DropCounts};
pub use datapath::Datapath;
pub use error::KernelError;
pub use privileges::check as check_privileges;
pub use registry::Registered;

/// Remove everything of ours below `dir`: traffic stops, counters are forgotten.
///
/// # Errors
/// If a daemon still uses the directory, or a pin cannot be removed.
pub fn detach(dir: &std::path::Path) -> Result<bool, KernelError> {
    if !dir.exists() {
        return Ok(false);
    }
    let _lock = bpffs::lock(dir)?;
    bpffs::remove_all(dir)?;
    Ok(true)
}
