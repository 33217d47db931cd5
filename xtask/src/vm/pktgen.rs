//! `cargo xtask vm --pktgen`: the benchmark by the kernel's packet generator, and native XDP,
//! on a virtual machine's network interfaces. Its figures are an emulation's: they say that
//! all works, and which way forwards faster, not how fast.

use std::{collections::BTreeMap, env, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::{Boot, packages::LINES};
use crate::bench;

/// For all of it, on a busy machine without KVM.
const LIMIT: Duration = Duration::from_secs(30 * 60);
/// Both families of three ways to forward.
const MEASUREMENTS: usize = 6;

pub(super) fn run() -> Result<()> {
    println!("vm: building peerd and the benchmark");
    bench::build()?;
    let programs = programs()?;
    let script = format!(
        "PROGRAMS={}\n{}",
        programs.display(),
        include_str!("pktgen.sh")
    );
    let mut seen = Seen::default();
    let boot = Boot {
        line: &LINES[1],
        script: &script,
        devices: &interfaces(),
        log: "pktgen",
        limit: LIMIT,
    };
    boot.run(|line| seen.hear(line))?;
    seen.verdict()
}

/// Where cargo puts what it builds for speed: beside the folder that this program is in.
fn programs() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let target = program.ancestors().nth(2);
    Ok(target.context("xtask is in no folder")?.join("release"))
}

/// Four interfaces, cabled in pairs. Offloads that put packets together keep XDP away.
fn interfaces() -> Vec<String> {
    let interface = |number: usize| {
        let cable = number / 2;
        [
            "-netdev".to_owned(),
            format!("hubport,id=cable{number},hubid={cable}"),
            "-device".to_owned(),
            format!(
                "virtio-net-pci,netdev=cable{number},mac=52:54:00:00:00:0{number},romfile=,\
                 guest_csum=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off"
            ),
        ]
    };
    (0..4).flat_map(interface).collect()
}

/// What the guest told.
#[derive(Default)]
struct Seen {
    /// The greatest rate without loss, of the last round, by who forwarded where to.
    rates: BTreeMap<String, f64>,
    is_native: bool,
    /// Whether eth2 sent what XDP redirected, as its driver counts it.
    is_redirected: bool,
}

impl Seen {
    fn hear(&mut self, line: &str) {
        let Some(told) = line.strip_prefix("vm: ") else {
            return;
        };
        // Every trial is in the console's file.
        if !told.contains(" not taken by the driver ") {
            println!("{line}");
        }
        let rate = told.strip_suffix(" packets/s without loss");
        if let Some((who, rate)) = rate.and_then(|told| told.rsplit_once(": ")) {
            self.rates
                .insert(who.to_owned(), rate.parse().unwrap_or(0.0));
        }
        self.is_native |= told.starts_with("mode xdp: eth2") && told.contains(" xdp ");
        self.is_redirected |= told.starts_with("mode xdp: eth2: tx_xdp_tx: ");
    }

    fn verdict(&self) -> Result<()> {
        ensure!(
            self.is_native,
            "mode xdp attached no native XDP program to eth2"
        );
        ensure!(
            self.is_redirected,
            "eth2 sent nothing by XDP: something else forwarded"
        );
        for (who, rate) in &self.rates {
            ensure!(*rate > 0.0, "{who}: nothing got through without loss");
        }
        ensure!(
            self.rates.len() == MEASUREMENTS,
            "{} of {MEASUREMENTS} measurements ended",
            self.rates.len()
        );
        Ok(())
    }
}
