//! Forwarding: packets a second through a router of each kind, all else being the same.

mod addresses;
mod arm;
mod comparisons;
mod cost;
mod forwarder;
mod measure;
mod peerd;
mod plan;
mod programs;
mod redirect;
mod rig;
mod scenario;
mod sweeps;
mod threads;
mod two_cores;
mod verdict;
mod xdp_forward;

use std::{thread, time::Duration};

use anyhow::Result;

use crate::{
    Options,
    result::{Row, Section},
};
use arm::Arm;
use forwarder::Forwarder;
use measure::{Effort, Line, measure};
use programs::Programs;
use rig::{Rig, Shape};
use scenario::Scenario;

/// How it was measured, for all scenarios; docs/bench.md says more.
const METHOD: &str = "Live frames to destinations drawn at random, by generator, router and \
    sink on one core. A sample is one turn of 50 ms, as the kernel times it. A turn that lost \
    packets, or delivered them otherwise than a router does, is taken again twice, then the \
    arm is void.";

pub(crate) fn run(options: &Options) -> Result<Vec<Section>> {
    let wanted = |scenario: &Scenario| match &options.only {
        Some(part) => scenario.id.contains(part),
        None => scenario.is_quick || !options.quick,
    };
    let all = comparisons::comparisons()
        .into_iter()
        .chain(sweeps::sweeps());
    let wanted: Vec<_> = all.filter(wanted).collect();
    let with = |id: &str| match &options.only {
        Some(part) => id.contains(&**part) || part.starts_with(id),
        None => !options.quick,
    };
    let (with_cost, with_two_cores) = (with(cost::ID), with(two_cores::ID));
    if wanted.is_empty() && !with_cost && !with_two_cores {
        return Ok(Vec::new());
    }
    let mut programs = Programs::load()?;
    let mut sections = Vec::new();
    for scenario in &wanted {
        sections.push(compare(scenario, &mut programs, options)?);
    }
    if with_cost {
        sections.push(cost::run(&mut programs, options)?);
    }
    if with_two_cores {
        sections.extend(two_cores::run(&mut programs, options)?);
    }
    Ok(sections)
}

/// A rig, or why it forwards nothing.
struct Made {
    arm: Arm,
    shape: Shape,
    forwarder: Result<Forwarder, String>,
}

fn compare(scenario: &Scenario, programs: &mut Programs, options: &Options) -> Result<Section> {
    eprintln!("bench: {}: {}", scenario.id, scenario.title);
    let effort = effort(options, scenario);
    let mut rows = build_and_measure(scenario, effort, programs, options)?;
    for _ in 1..effort.builds {
        let again = build_and_measure(scenario, effort, programs, options)?;
        for (row, again) in rows.iter_mut().zip(again) {
            row.samples.extend(again.samples);
            row.void = row.void.take().or(again.void);
        }
    }
    Ok(Section {
        id: scenario.id.into(),
        title: scenario.title.into(),
        method: format!(
            "{METHOD} Set up {} times, {} rounds each.",
            effort.builds, effort.rounds
        ),
        charts: verdict::charts(scenario, &rows),
        targets: verdict::targets(scenario, &rows),
        rows,
    })
}

fn build_and_measure(
    scenario: &Scenario,
    effort: Effort,
    programs: &mut Programs,
    options: &Options,
) -> Result<Vec<Row>> {
    let mut made: Vec<Made> = Vec::new();
    for &arm in scenario.arms {
        for case in &scenario.cases {
            let shape = arm.needs(&case.shape);
            if find(&made, arm, &shape).is_some() {
                continue;
            }
            let rig = Rig::new(scenario.id, &shape, programs)?;
            let forwarder = Forwarder::new(arm, rig, options);
            made.push(Made {
                arm,
                shape,
                forwarder: forwarder.map_err(|error| format!("{error:#}")),
            });
        }
    }
    let mut lines = Vec::new();
    for case in &scenario.cases {
        for &arm in scenario.arms {
            let made = find(&made, arm, &arm.needs(&case.shape));
            lines.extend(made.map(|made| Line {
                arm,
                name: match (&*case.name, scenario.axis) {
                    ("", _) => arm.name().to_owned(),
                    (name, None) => format!("{}: {name}", arm.name()),
                    (name, Some(axis)) => format!("{}: {name} {axis}", arm.name()),
                },
                packets: case.packets,
                forwarder: made.forwarder.as_ref().map_err(Clone::clone),
            }));
        }
    }
    measure(&lines, effort, programs)
}

fn find<'a>(made: &'a [Made], arm: Arm, shape: &Shape) -> Option<&'a Made> {
    made.iter()
        .find(|made| made.arm == arm && made.shape == *shape)
}

fn effort(options: &Options, scenario: &Scenario) -> Effort {
    Effort {
        builds: match (options.quick, scenario.axis) {
            (true, _) => 1,
            (false, Some(_)) => 3,
            (false, None) => 5,
        },
        rounds: 10,
        duration: Duration::from_millis(50),
        cpu: last_cpu(),
    }
}

/// The CPU to work on: not the first one, where most devices interrupt.
fn last_cpu() -> usize {
    thread::available_parallelism().map_or(1, usize::from) - 1
}
