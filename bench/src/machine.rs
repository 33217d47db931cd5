//! What the figures were measured on. Only reads, and leaves out what it cannot learn.

use std::{
    collections::BTreeMap,
    fs,
    process::Command,
    time::{Instant, SystemTime},
};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// The machine and the run, for the head of a report.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    /// When the run began, in UTC.
    pub(crate) date: String,
    /// How long it took, in seconds.
    pub(crate) seconds: u64,
    /// The commit the programs were built from, `-dirty` where files differ from it.
    pub(crate) commit: Option<String>,
    pub(crate) kernel: String,
    /// The preemption model, such as `none voluntary (full) lazy`, or `PREEMPT_DYNAMIC`
    /// where the kernel does not tell which it is.
    pub(crate) preemption: String,
    pub(crate) cpu: String,
    /// Logical ones.
    pub(crate) cores: usize,
    /// What runs this machine, such as `kvm`; `none` on bare metal.
    pub(crate) virtualisation: Option<String>,
    /// Of all memory, in MiB.
    pub(crate) memory: u64,
    /// Against which flaws of the CPU the kernel does something, and what.
    pub(crate) mitigations: BTreeMap<String, String>,
    /// Whether the kernel compiles BPF programs: `net.core.bpf_jit_enable`.
    pub(crate) bpf_jit: Option<String>,
    /// The machine's own interfaces that have a driver, and which.
    pub(crate) drivers: BTreeMap<String, String>,
    /// Of all CPU time during the run, what the host underneath took, in percent.
    pub(crate) steal: f64,
}

/// A run that began.
#[derive(Debug)]
pub(crate) struct Run {
    date: SystemTime,
    begun: Instant,
    time: CpuTime,
}

impl Run {
    /// It begins now.
    pub(crate) fn begin() -> Result<Self> {
        Ok(Self {
            date: SystemTime::now(),
            begun: Instant::now(),
            time: CpuTime::now()?,
        })
    }

    /// The machine, and the run from its beginning to now.
    pub(crate) fn describe(&self) -> Result<Machine> {
        let cpus = fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
        let memory = fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
        let memory = field(&memory, "MemTotal").and_then(|it| it.split(' ').next()?.parse().ok());
        let kernel = ["ostype", "osrelease", "version"]
            .map(|key| line(&format!("/proc/sys/kernel/{key}")).unwrap_or_default());
        Ok(Machine {
            date: humantime::format_rfc3339_seconds(self.date).to_string(),
            seconds: self.begun.elapsed().as_secs(),
            commit: commit(),
            kernel: kernel.join(" "),
            preemption: preemption(&kernel[2]),
            cpu: field(&cpus, "model name").unwrap_or("unknown").to_owned(),
            cores: cpus.matches("\nprocessor").count() + 1,
            virtualisation: virtualisation(&cpus),
            memory: memory.unwrap_or(0_u64) / 1024,
            mitigations: mitigations(),
            bpf_jit: line("/proc/sys/net/core/bpf_jit_enable"),
            drivers: drivers(),
            steal: CpuTime::now()?.steal_since(self.time),
        })
    }
}

/// CPU time of the whole machine since it started, in ticks.
#[derive(Clone, Copy, Debug)]
struct CpuTime {
    all: u64,
    stolen: u64,
}

impl CpuTime {
    fn now() -> Result<Self> {
        let text = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
        Self::parse(&text).context("/proc/stat has no line for all CPUs")
    }

    /// From `cpu user nice system idle iowait irq softirq steal …`; guests' time behind
    /// it is part of the user's.
    fn parse(text: &str) -> Option<Self> {
        let numbers = text.lines().next()?.strip_prefix("cpu ")?;
        let numbers = numbers.split_whitespace().take(8).map(str::parse);
        let numbers: Vec<u64> = numbers.collect::<Result<_, _>>().ok()?;
        Some(Self {
            all: numbers.iter().sum(),
            stolen: *numbers.get(7)?,
        })
    }

    /// In percent.
    fn steal_since(self, before: Self) -> f64 {
        let (all, stolen) = (self.all - before.all, self.stolen - before.stolen);
        100.0 * stolen as f64 / all.max(1) as f64
    }
}

/// What is chosen, where debugfs shows it; else what the kernel was built for.
fn preemption(version: &str) -> String {
    let built = || version.split(' ').find(|word| word.starts_with("PREEMPT"));
    let chosen = line("/sys/kernel/debug/sched/preempt");
    chosen.unwrap_or_else(|| built().unwrap_or("none").to_owned())
}

/// The commit of the checkout this program was built in.
fn commit() -> Option<String> {
    let mut git = Command::new("git");
    // Root may run what another user checked out.
    git.args(["-c", "safe.directory=*", "-C", env!("CARGO_MANIFEST_DIR")]);
    git.args(["describe", "--always", "--dirty", "--abbrev=12"]);
    let done = git.output().ok().filter(|done| done.status.success())?;
    Some(String::from_utf8(done.stdout).ok()?.trim().to_owned())
}

fn virtualisation(cpus: &str) -> Option<String> {
    let asked = Command::new("systemd-detect-virt").arg("--vm").output();
    let told = asked
        .ok()
        .and_then(|done| String::from_utf8(done.stdout).ok());
    let told = told.map(|name| name.trim().to_owned());
    let is_guest = field(cpus, "flags")?
        .split(' ')
        .any(|flag| flag == "hypervisor");
    told.filter(|name| !name.is_empty() && (name != "none" || !is_guest))
        .or_else(|| is_guest.then(|| "a virtual machine".to_owned()))
}

fn mitigations() -> BTreeMap<String, String> {
    const FOLDER: &str = "/sys/devices/system/cpu/vulnerabilities";
    let flaws = names(FOLDER).into_iter();
    let states = flaws.filter_map(|flaw| Some((line(&format!("{FOLDER}/{flaw}"))?, flaw)));
    states
        .filter(|(state, _)| state != "Not affected")
        .map(|(state, flaw)| (flaw, state))
        .collect()
}

fn drivers() -> BTreeMap<String, String> {
    const FOLDER: &str = "/sys/class/net";
    let driver = |interface: &String| {
        let driver = fs::read_link(format!("{FOLDER}/{interface}/device/driver")).ok()?;
        Some(driver.file_name()?.to_str()?.to_owned())
    };
    let interfaces = names(FOLDER).into_iter();
    interfaces
        .filter_map(|interface| Some((driver(&interface)?, interface)))
        .map(|(driver, interface)| (interface, driver))
        .collect()
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

/// A file of one line.
fn line(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// The first `KEY: value` of a text.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_its_share_of_all_time_since_the_beginning() {
        let before = CpuTime::parse("cpu  10 0 10 80 0 0 0 0 5 5\ncpu0 1\n").unwrap();
        let after = CpuTime::parse("cpu  20 0 20 140 0 0 0 20 9 9\n").unwrap();
        assert!((after.steal_since(before) - 20.0).abs() < 1e-9);
        assert!(before.steal_since(before).abs() < 1e-9);
    }

    #[test]
    fn a_machine_can_always_be_described() {
        let machine = Run::begin().unwrap().describe().unwrap();
        assert!(machine.cores > 0 && machine.memory > 0);
        assert!(machine.kernel.starts_with("Linux"), "{}", machine.kernel);
    }
}
