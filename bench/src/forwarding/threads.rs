//! NAPI in threads of its own, each on one CPU: who receives where.

use std::{collections::BTreeSet, fs, process::Command, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{
    Namespace,
    process::{self, SHORT},
};
use rustix::{
    process::Pid,
    thread::{CpuSet, sched_setaffinity},
};

/// Have an interface receive in a thread on a CPU.
pub(super) fn receive_on(namespace: &Namespace, interface: &str, cpu: usize) -> Result<Vec<i32>> {
    let before = threads(interface)?;
    // Not nsenter, which would leave us with another namespace's /sys.
    let mut ip = Command::new("ip");
    ip.args(["netns", "exec", &namespace.name, "sh", "-c"]);
    ip.arg(format!("echo 1 > /sys/class/net/{interface}/threaded"));
    process::run(&mut ip, SHORT)?
        .ok()
        .with_context(|| format!("{interface} takes no threaded NAPI"))?;
    thread::sleep(Duration::from_millis(50));
    let made: Vec<_> = threads(interface)?.difference(&before).copied().collect();
    ensure!(!made.is_empty(), "{interface} receives without NAPI");
    let mut only = CpuSet::new();
    only.set(cpu);
    for &thread in &made {
        let pid = Pid::from_raw(thread);
        sched_setaffinity(pid, &only)
            .with_context(|| format!("cannot move {interface}'s NAPI to CPU {cpu}"))?;
    }
    Ok(made)
}

/// Have threads run before any ordinary one on their CPU.
pub(super) fn prefer(threads: &[i32]) -> Result<()> {
    for thread in threads {
        let mut chrt = Command::new("chrt");
        process::run(
            chrt.args(["--fifo", "--pid", "1", &thread.to_string()]),
            SHORT,
        )?
        .ok()?;
    }
    Ok(())
}

/// The kernel's NAPI threads of interfaces of this name, in all namespaces.
fn threads(interface: &str) -> Result<BTreeSet<i32>> {
    let prefix = format!("napi/{interface}-");
    let processes = fs::read_dir("/proc").context("cannot read /proc")?;
    let ids = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(ids
        .filter(|id: &i32| {
            fs::read_to_string(format!("/proc/{id}/comm"))
                .is_ok_and(|name| name.starts_with(&prefix))
        })
        .collect())
}
