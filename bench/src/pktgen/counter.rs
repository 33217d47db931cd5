//! How many packets came out of the router.

use std::{
    io::{self, Write as _},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use peer_tests::{interrupt, process};
use serde_json::Value;

/// Drivers read their hardware's counters now and then, and queues drain.
const QUIET: Duration = Duration::from_millis(1500);
/// For a counter that somebody else's traffic keeps moving.
const LIMIT: Duration = Duration::from_secs(10);

/// A counter of packets that only grows.
pub(super) enum Counter {
    /// Packets received by an interface of this machine.
    Interface(String),
    /// Whatever the user reads at the far end.
    ByHand,
}

impl Counter {
    /// As it stands now.
    pub(super) fn read(&self) -> Result<u64> {
        match self {
            Self::Interface(name) => received(name),
            Self::ByHand => asked(),
        }
    }

    /// As it stands when nothing comes any more, or `wanted` have come since `before`.
    pub(super) fn settled(&self, before: u64, wanted: u64) -> Result<u64> {
        if matches!(self, Self::ByHand) {
            return asked();
        }
        let started = Instant::now();
        let (mut last, mut changed) = (self.read()?, started);
        while last - before < wanted && changed.elapsed() < QUIET && started.elapsed() < LIMIT {
            interrupt::check()?;
            thread::sleep(Duration::from_millis(20));
            let now = self.read()?;
            if now != last {
                (last, changed) = (now, Instant::now());
            }
        }
        Ok(last)
    }
}

/// By netlink: sysfs may show another network namespace's interfaces.
fn received(interface: &str) -> Result<u64> {
    let mut ip = Command::new("ip");
    ip.args(["-json", "-stats", "link", "show", "dev", interface]);
    let told = process::run(&mut ip, process::SHORT)?.ok()?;
    let links: Value = serde_json::from_str(&told)?;
    let packets = links[0]["stats64"]["rx"]["packets"].as_u64();
    packets.with_context(|| format!("{interface} counts no packets"))
}

fn asked() -> Result<u64> {
    loop {
        interrupt::check()?;
        print!("packets received at the far end so far: ");
        io::stdout().flush()?;
        let mut line = String::new();
        if io::stdin().read_line(&mut line)? == 0 {
            bail!("nobody tells how many packets the far end has received");
        }
        match line.trim().parse() {
            Ok(count) => return Ok(count),
            Err(_) => println!("a whole number is wanted"),
        }
    }
}
