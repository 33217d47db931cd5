//! A kernel that refuses: maps that take no further changes.

use std::{
    os::fd::{AsFd as _, AsRawFd as _},
    path::Path,
};

use anyhow::{Result, ensure};
use aya::maps::MapData;
use peer_tests::Daemon;

/// Have the kernel refuse the rules of any further peering.
pub(crate) fn freeze_rules(daemon: &Daemon) -> Result<()> {
    freeze(&daemon.bpffs.join("policies"))
}

/// Have the kernel refuse further changes of a map by system calls (Linux 5.2).
#[expect(unsafe_code, reason = "aya has no BPF_MAP_FREEZE")]
fn freeze(pin: &Path) -> Result<()> {
    const BPF_MAP_FREEZE: libc::c_int = 22;
    let map = MapData::from_pin(pin)?;
    let fd = map.fd().as_fd().as_raw_fd();
    // SAFETY: the attribute of this command is the map's descriptor alone.
    let done = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            BPF_MAP_FREEZE,
            &raw const fd,
            size_of_val(&fd),
        )
    };
    let error = std::io::Error::last_os_error();
    ensure!(done == 0, "{}: {error}", pin.display());
    Ok(())
}
