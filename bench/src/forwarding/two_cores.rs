//! Two cores: one sends and counts, the other is the router. What it delivers under more
//! than it can take, and what it takes without losing a packet.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use bench_ebpf::{BURST, Plan};
use peer_tests::interrupt;

use super::{
    arm::Arm,
    forwarder::Forwarder,
    plan::Packets,
    programs::{Delivery, Programs},
    rig::{Rig, Shape},
    scenario::Case,
    threads,
};
use crate::{
    Options,
    result::{Row, Section},
};

pub(super) const ID: &str = "two-cores";

const ARMS: [Arm; 6] = [
    Arm::Bare,
    Arm::Xdp,
    Arm::Tc,
    Arm::XdpForward,
    Arm::Fib,
    Arm::Kernel,
];
/// Sends and counts.
const OUTSIDE: usize = 0;
/// Is the router.
const ROUTER: usize = 1;
/// Halvings of what is between the rates known to be lossless and lossy.
const STEPS: u32 = 7;
/// Of each try.
const DURATION: Duration = Duration::from_millis(100);

/// An arm, and what came out so far.
struct Subject {
    arm: Arm,
    forwarder: Option<Forwarder>,
    overload: Row,
    lossless: Row,
}

pub(super) fn run(programs: &mut Programs, options: &Options) -> Result<Vec<Section>> {
    eprintln!("bench: {ID}");
    let case = Case::hot(Shape::of(63, 1000), 512);
    let mut subjects = Vec::new();
    for arm in ARMS {
        subjects.push(Subject::new(arm, &case, programs, options));
    }
    for _ in 0..if options.quick { 3 } else { 10 } {
        for subject in &mut subjects {
            subject.take_turn(&case.packets, programs)?;
        }
    }
    let (overload, lossless): (Vec<_>, Vec<_>) = subjects
        .into_iter()
        .map(|subject| (subject.overload, subject.lossless))
        .unzip();
    let section = |(what, method, rows): (&str, &str, Vec<Row>)| Section {
        id: format!("{ID}-{}", what.replace(' ', "-")),
        title: format!("Two cores, 64 networks of 1,000 prefixes, 512 hot destinations: {what}"),
        method: format!(
            "The router's NAPI has a thread on the second core; the first one sends, and counts \
             in a thread too. {method}"
        ),
        rows,
        charts: Vec::new(),
        targets: Vec::new(),
    };
    let sections = [
        (
            "overload",
            "What arrives of as much as can be sent.",
            overload,
        ),
        (
            "no loss",
            "The fastest of paced bursts of 64 packets of which all arrive, found by halving; \
             what the first core can send is its limit.",
            lossless,
        ),
    ];
    Ok(sections.map(section).into())
}

impl Subject {
    fn new(arm: Arm, case: &Case, programs: &mut Programs, options: &Options) -> Self {
        let forwarder = forwarder(arm, case, programs, options);
        let void = forwarder.as_ref().err().map(|error| format!("{error:#}"));
        let row = || Row {
            arm: arm.name().into(),
            unit: "Mpps".into(),
            less_is_better: false,
            samples: Vec::new(),
            void: void.clone(),
        };
        Self {
            arm,
            overload: row(),
            lossless: row(),
            forwarder: forwarder.ok(),
        }
    }

    fn take_turn(&mut self, packets: &Packets, programs: &mut Programs) -> Result<()> {
        let Some(forwarder) = &self.forwarder else {
            return Ok(());
        };
        let mut send = |gap: u64, rate: f64| {
            interrupt::check()?;
            let plan = Plan {
                gap,
                ..packets.plan()
            };
            let bursts = rate * 1e6 * DURATION.as_secs_f64() / f64::from(BURST);
            let count = (bursts as u32).max(1) * BURST;
            let inlet = forwarder.rig.inlet();
            let delivery = programs.send(&inlet, &plan, &packets.frame(), count, OUTSIDE)?;
            let is_right = !self.arm.is_router() || delivery.counted.wrong == 0;
            ensure!(is_right, "{} packets were wrong", delivery.counted.wrong);
            anyhow::Ok(delivery)
        };
        let offered = send(0, 1.0)?;
        let most = offered.sent as f64 / offered.took.as_secs_f64() / 1e6;
        self.overload.samples.push(send(0, most)?.delivered());
        let paced = |rate: f64| send((f64::from(BURST) * 1e3 / rate) as u64, rate);
        self.lossless.samples.push(search(most, paced)?);
        Ok(())
    }
}

/// The greatest rate below `most`, in Mpps, at which all arrives. Twice lost is lost: once
/// may be the machine's doing.
fn search(most: f64, mut send: impl FnMut(f64) -> Result<Delivery>) -> Result<f64> {
    let (mut lossless, mut lossy) = (0.0, most);
    let mut reached = 0.0;
    for _ in 0..STEPS {
        let rate = (lossless + lossy) / 2.0;
        let mut delivery = send(rate)?;
        if !delivery.is_whole() {
            delivery = send(rate)?;
        }
        if delivery.is_whole() {
            lossless = rate;
            // What it really was: the generator may have had no time for more.
            reached = delivery.delivered();
        } else {
            lossy = rate;
        }
    }
    Ok(reached)
}

/// A forwarder whose router works on one core and all else on another.
fn forwarder(
    arm: Arm,
    case: &Case,
    programs: &mut Programs,
    options: &Options,
) -> Result<Forwarder> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    ensure!(cores > ROUTER, "there is one CPU only");
    let rig = Rig::new(ID, &arm.needs(&case.shape), programs)?;
    let forwarder = Forwarder::new(arm, rig, options)?;
    let rig = &forwarder.rig;
    // Before others: else packets would wait for the generator, which never sleeps, and
    // for whatever else the machine does.
    threads::prefer(&threads::receive_on(rig.router(), "p0", ROUTER)?)?;
    threads::prefer(&threads::receive_on(&rig.sink, "far1", OUTSIDE)?)?;
    Ok(forwarder)
}

#[cfg(test)]
mod tests {
    use bench_ebpf::Counted;

    use super::*;

    #[test]
    fn the_search_finds_the_rate_from_which_on_packets_are_lost() {
        let send = |rate: f64| {
            let sent = (rate * 1e6) as u64;
            Ok(Delivery {
                sent,
                counted: Counted {
                    frames: sent.min(1_234_567),
                    wrong: 0,
                },
                took: Duration::from_secs(1),
                each: Duration::ZERO,
            })
        };
        let found = search(3.0, send).unwrap();
        assert!((1.20..=1.235).contains(&found), "{found}");
    }
}
