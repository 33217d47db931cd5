//! A kernel that refuses: maps that take no further changes.

use std::{
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
    path::Path,
};

use anyhow::{Result, ensure};
use aya::maps::MapData;
use peer_tests::Daemon;

/// Have the kernel refuse further changes of the networks' tables.
pub(crate) fn freeze_tables(daemon: &Daemon) -> Result<()> {
    for pin in fs::read_dir(&daemon.bpffs)? {
        let path = pin?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("fib4_") || name.starts_with("fib6_") {
            freeze(&path)?;
        }
    }
    Ok(())
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
