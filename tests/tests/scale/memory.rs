//! What the daemon and the kernel's maps take.

use std::{collections::BTreeSet, fs, os::fd::AsRawFd as _, path::Path};

use anyhow::{Context as _, Result};

/// `VmRSS` and `VmHWM` of a process, in KiB.
pub(super) fn of_process(process: u32) -> Result<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    Ok((field(&status, "VmRSS:")?, field(&status, "VmHWM:")?))
}

/// Ids of all BPF maps on this machine.
pub(super) fn maps() -> BTreeSet<u32> {
    let maps = aya::maps::loaded_maps().filter_map(Result::ok);
    maps.map(|map| map.id()).collect()
}

/// How many maps there are that were not there `before`, and the bytes the kernel says
/// they take. Maps that others on this machine made meanwhile count as well.
pub(super) fn of_new_maps(before: &BTreeSet<u32>) -> Result<(usize, u64)> {
    let (mut count, mut bytes) = (0, 0);
    for map in aya::maps::loaded_maps() {
        // One that is gone by now is nobody's.
        let Ok(map) = map else { continue };
        if before.contains(&map.id()) {
            continue;
        }
        let Ok(open) = map.fd() else { continue };
        let info = Path::new("/proc/self/fdinfo")
            .join(std::os::fd::AsFd::as_fd(&open).as_raw_fd().to_string());
        count += 1;
        bytes += field(&fs::read_to_string(info)?, "memlock:")?;
    }
    Ok((count, bytes))
}

/// The number after a key in a file of /proc.
fn field(text: &str, key: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("{key} is not told"))
}
