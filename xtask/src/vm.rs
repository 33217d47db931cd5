//! `cargo xtask vm`: the tests that matter, on other kernels than this machine's.
//!
//! Each kernel boots in a virtual machine over this machine's files, which it can read
//! and not change, and runs test programs built here.

mod machine;
mod packages;
mod pktgen;

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use peer_tests::{interrupt, tools::cache};
use serde_json::Value;

use crate::{
    debian::{self, Needed},
    run::{cargo, exec, output, root},
    setup,
};
use packages::{Kernel, LINES, Line};

const PACKAGES: &[Needed] = &[(
    "qemu-system-x86",
    "qemu-system-x86_64",
    "virtual machines with other kernels",
)];

/// Test programs and which of their tests: what loading, attaching, forwarding, taking
/// over and letting go ask of a kernel. Few, since without KVM each takes some seconds to
/// get the programs past the verifier alone.
const TESTS: [(&str, &[&str]); 5] = [
    ("datapath", &["budget"]),
    (
        "e2e_traffic",
        &[
            "peered_networks_ping",
            "the_first_packet_after_start",
            "the_kernels_own_forwarding_stays_off",
            "udp_is_carried",
        ],
    ),
    (
        "e2e_hooks",
        &[
            "detach_leaves_no_pin",
            "filters_of_others",
            "generic_xdp",
            "ports_are_listed",
        ],
    ),
    (
        "e2e_restart",
        &["kill_9", "a_restart_takes_over", "somebody_removed"],
    ),
    ("e2e_policy", &["by_tc", "pings_go_by_rules"]),
];

/// For one kernel, on a busy machine without KVM.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// For one test program, on the clock of the virtual machine.
const PROGRAM_SECONDS: u32 = 600;
/// What the guest's script says at its end.
const DONE: &str = "vm: done";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Instead, the benchmark by the kernel's packet generator on a machine's interfaces
    #[arg(long)]
    pktgen: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::run()?;
    debian::install_missing(PACKAGES)?;
    // From here on Ctrl-C ends the work, not us, so that clean-up happens.
    interrupt::catch();
    if options.pktgen {
        return pktgen::run();
    }
    println!("vm: building peerd and the tests");
    exec(cargo().arg("build"))?;
    let script = script(&test_programs()?)?;
    let mut failed = Vec::new();
    for line in &LINES {
        interrupt::check()?;
        if let Err(error) = try_kernel(line, &script) {
            println!("vm: {}: {error:#}", line.name);
            failed.push(line.name);
        }
    }
    ensure!(
        failed.is_empty(),
        "not all is well on {}",
        failed.join(", ")
    );
    Ok(())
}

/// The built test programs by name.
fn test_programs() -> Result<BTreeMap<String, PathBuf>> {
    let build = || {
        let mut build = cargo();
        build.args(["test", "--no-run", "--quiet", "--package", "peer-tests"]);
        build.args(TESTS.iter().flat_map(|(name, _)| ["--test", name]));
        build
    };
    exec(&mut build())?;
    let mut programs = BTreeMap::new();
    for line in output(build().arg("--message-format=json"))?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let name = message["target"]["name"].as_str();
        if let (Some(name), Some(program)) = (name, message["executable"].as_str()) {
            programs.insert(name.to_owned(), PathBuf::from(program));
        }
    }
    Ok(programs)
}

/// What the guest runs.
fn script(programs: &BTreeMap<String, PathBuf>) -> Result<String> {
    let mut script = format!(
        "export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PROPTEST_RNG_SEED=1\n\
         cd {}/tests\n\
         ip link set lo up\n\
         echo vm: Linux $(uname -r) is up\n",
        root().display()
    );
    for (name, tests) in TESTS {
        let program = programs.get(name).with_context(|| format!("no {name}"))?;
        script += &format!(
            "timeout {PROGRAM_SECONDS} {} --test-threads=1 --color=never --show-output {} 2>&1\n\
             echo vm: {name} ended with $?\n",
            program.display(),
            tests.join(" "),
        );
    }
    Ok(script)
}

fn try_kernel(line: &Line, script: &str) -> Result<()> {
    let started = Instant::now();
    let mut tally = Tally::default();
    let boot = Boot {
        line,
        script,
        devices: &[],
        log: line.name,
        limit: LIMIT,
    };
    boot.run(|line| tally.hear(line))?;
    println!(
        "vm: {}: {} passed, {} failed, in {:.0?}",
        line.name,
        tally.passed,
        tally.failed,
        started.elapsed()
    );
    tally.verdict()
}

/// A machine to start.
struct Boot<'a> {
    line: &'a Line,
    /// What it runs.
    script: &'a str,
    /// Further arguments of QEMU.
    devices: &'a [String],
    /// Names the file that has the whole console.
    log: &'a str,
    limit: Duration,
}

impl Boot<'_> {
    /// Hear every line of its console until its script has ended.
    fn run(&self, hear: impl FnMut(&str)) -> Result<()> {
        let kernel = Kernel::get(self.line)?;
        println!("vm: {}: booting Linux {}", self.line.name, kernel.release);
        let scratch = Scratch::new()?;
        let script = format!("{}\necho {DONE}\n/run/busybox reboot -f\n", self.script);
        let first_files = kernel.first_files(&script, &scratch.0)?;
        let log = cache()?.join(format!("vm/{}.log", self.log));
        let machine = machine::Parts {
            image: &kernel.image(),
            first_files: &first_files,
            devices: self.devices,
        };
        println!("vm: its console goes to {}", log.display());
        machine::run(&machine, &log, DONE, self.limit, hear)
    }
}

/// What the test programs said.
#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
    /// Programs that ended well.
    well: usize,
}

impl Tally {
    fn hear(&mut self, line: &str) {
        let result = line
            .strip_prefix("test ")
            .map(|line| line.rsplit_once(" ... "));
        match result.flatten() {
            Some((name, "ok")) => {
                self.passed += 1;
                println!("PASS {name}");
            }
            Some((name, "FAILED")) => {
                self.failed += 1;
                println!("FAIL {name}");
            }
            _ => {}
        }
        let told = line.starts_with("vm: ") || line.ends_with(" instructions verified");
        if told {
            println!("{line}");
        }
        self.well += usize::from(line.starts_with("vm: ") && line.ends_with(" ended with 0"));
    }

    fn verdict(&self) -> Result<()> {
        if self.failed > 0 || self.well < TESTS.len() || self.passed == 0 {
            bail!(
                "{} tests failed, and {} of {} test programs ended well",
                self.failed,
                self.well,
                TESTS.len()
            );
        }
        Ok(())
    }
}

/// A folder that is gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = env::temp_dir().join(format!("peerd-vm-{}", process::id()));
        fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
