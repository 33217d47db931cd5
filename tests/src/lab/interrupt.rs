//! Ctrl-C during a demo: noted, so that what was built is still taken down.

use anyhow::{Result, bail};

use super::sys;

/// Note Ctrl-C, hang-up and termination instead of dying of them. Programs the
/// lab runs still end at once, and [`check`] then stops the work.
pub fn catch() {
    sys::catch_signals(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP]);
}

/// An error once a signal was noted.
pub fn check() -> Result<()> {
    if sys::interrupted() {
        bail!("interrupted");
    }
    Ok(())
}
