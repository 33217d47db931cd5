//! What the programs alone cost: no packet is sent, the verdict is all.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use aya::programs::{SchedClassifier, TestRun as _, TestRunOptions, TestRunResult, Xdp};

use aya_obj::programs::XdpAttachType;
use peer_tests::Namespace;

use super::{
    addresses::{Family, index},
    arm::Arm,
    forwarder::{Forwarder, Work},
    last_cpu,
    plan::Packets,
    programs::{self, Programs, stay_on},
    redirect::Redirect,
    rig::{Rig, Shape},
    scenario::Case,
};
use crate::{
    Options,
    result::{Row, Section},
};

pub(super) const ID: &str = "program-cost";

/// Runs on one packet, each of which takes one from its TTL.
const REPEAT: u32 = 200;
/// Times that the packet is made anew, for one sample.
const PACKETS: u32 = 2500;
/// `XDP_REDIRECT` and `TC_ACT_REDIRECT`.
const REDIRECTED: [u32; 2] = [4, 7];

/// A program, and the packet it runs on.
struct Subject<'a> {
    name: String,
    router: &'a Namespace,
    packet: Vec<u8>,
    program: Program<'a>,
}

enum Program<'a> {
    Xdp(Xdp),
    Tc(SchedClassifier),
    Own(&'a Redirect),
}

pub(super) fn run(programs: &mut Programs, options: &Options) -> Result<Section> {
    eprintln!("bench: {ID}");
    let shapes = [
        ("1 prefix", Shape::of(1, 1)),
        ("64 networks of 1,000", Shape::of(63, 1000)),
        ("100,000 prefixes", Shape::of(1, 100_000)),
    ];
    let mut forwarders = Vec::new();
    for (name, shape) in shapes {
        let shape = Shape {
            families: &[Family::V4, Family::V6],
            ..shape
        };
        for arm in [Arm::Xdp, Arm::Fib] {
            let rig = Rig::new(ID, &shape, programs)?;
            rig.turn_back()?;
            forwarders.push((name, Forwarder::new(arm, rig, options)?));
        }
    }
    let mut subjects = Vec::new();
    for family in [Family::V4, Family::V6] {
        for (name, forwarder) in &forwarders {
            let case = Case::hot(forwarder.rig.shape.clone(), 1);
            let packets = Packets {
                family,
                ..case.packets
            };
            let name = format!("{name}, {}", family.name());
            subjects.extend(subjects_of(&name, forwarder, &packets)?);
        }
    }
    let mut rows: Vec<_> = subjects.iter().map(Subject::row).collect();
    let rounds = if options.quick { 3 } else { 10 };
    for _ in 0..rounds {
        for (subject, row) in subjects.iter().zip(&mut rows) {
            row.samples.push(subject.sample()?);
        }
    }
    Ok(Section {
        id: ID.into(),
        title: "Programs alone, one hot destination".into(),
        method: "BPF_PROG_TEST_RUN, 500,000 runs a sample; nothing is sent. The next hop has \
                 the router's own MAC, so that the same packet is forwarded again and again."
            .into(),
        rows,
        charts: Vec::new(),
        targets: Vec::new(),
    })
}

fn subjects_of<'a>(
    name: &str,
    forwarder: &'a Forwarder,
    packets: &Packets,
) -> Result<Vec<Subject<'a>>> {
    let subject = |hook: &str, program| Subject {
        name: format!("{hook}: {name}"),
        router: forwarder.rig.router(),
        packet: packets.packet(u8::MAX),
        program,
    };
    Ok(match &forwarder.work {
        Work::Peerd(daemon) => {
            let pin = |name| daemon.bpffs.join(name);
            let xdp = Xdp::from_pin(pin("prog_xdp"), XdpAttachType::Interface)?;
            let tc = SchedClassifier::from_pin(pin("prog_tc"))?;
            vec![
                subject(Arm::Xdp.name(), Program::Xdp(xdp)),
                subject(Arm::Tc.name(), Program::Tc(tc)),
            ]
        }
        Work::Redirect(redirect) => {
            vec![subject(Arm::Fib.name(), Program::Own(redirect))]
        }
        _ => Vec::new(),
    })
}

impl Subject<'_> {
    fn row(&self) -> Row {
        Row {
            arm: self.name.clone(),
            unit: "ns/run".into(),
            less_is_better: true,
            samples: Vec::new(),
            void: None,
        }
    }

    /// Nanoseconds a run.
    fn sample(&self) -> Result<f64> {
        let took = self.router.enter(|| {
            stay_on(last_cpu())?;
            (0..PACKETS).try_fold(Duration::ZERO, |sum, _| {
                let result = self.test_run()?;
                ensure!(
                    REDIRECTED.contains(&result.return_value),
                    "it returned {}",
                    result.return_value
                );
                Ok(sum + result.duration)
            })
        })?;
        let took = took.with_context(|| format!("cannot run {}", self.name))?;
        Ok(took.as_nanos() as f64 / f64::from(PACKETS))
    }

    fn test_run(&self) -> Result<TestRunResult> {
        let xdp = programs::context(self.packet.len(), index(0));
        // struct __sk_buff, whose eleventh word is the ifindex.
        let mut skb = [0; 48];
        skb[10] = index(0);
        let context = match self.program {
            Program::Tc(_) => bytemuck::bytes_of(&skb),
            _ => bytemuck::bytes_of(&xdp),
        };
        let options = TestRunOptions {
            data_in: Some(&self.packet),
            ctx_in: Some(context),
            repeat: REPEAT,
            ..TestRunOptions::new()
        };
        match &self.program {
            Program::Xdp(program) => Ok(program.test_run(options)?),
            Program::Tc(program) => Ok(program.test_run(options)?),
            Program::Own(program) => program.test_run(options),
        }
    }
}
