//! What applications get: TCP throughput, round trips and small datagrams between two
//! hosts, with the router's work done by peerd or by its kernel.
//!
//! Owns the order of rounds and what becomes of the numbers. Must not know how traffic is
//! made (`traffic.rs`) or how a router is switched over (`arms.rs`).

mod arms;
mod traffic;

use anyhow::Result;
use peer_tests::{Direction, interrupt};

use crate::{
    Options,
    result::{Row, Section, Target},
    stats,
};
use arms::{Arm, World};
use traffic::Traffic;

const FAMILIES: [&str; 2] = ["IPv4", "IPv6"];

/// One kind of traffic in one family.
#[derive(Clone, Copy, Debug)]
struct Case {
    traffic: Traffic,
    /// Index into [`FAMILIES`].
    family: usize,
}

/// How much is measured.
struct Plan {
    rounds: usize,
    /// Of throughput; what has a sample a packet takes half of it.
    seconds: u32,
    cases: Vec<Case>,
}

impl Plan {
    fn new(is_quick: bool) -> Self {
        let stream = |streams, direction| Traffic::Stream { streams, direction };
        let (up, down) = (Direction::Upload, Direction::Download);
        let mut traffic = vec![stream(1, up), stream(8, up)];
        if !is_quick {
            traffic.extend([stream(1, down), stream(8, down)]);
        }
        traffic.extend([Traffic::RoundTrips, Traffic::Datagrams]);
        let families = if is_quick { 0..1 } else { 0..FAMILIES.len() };
        let cases = traffic.into_iter().flat_map(|traffic| {
            let case = move |family| Case { traffic, family };
            families.clone().map(case)
        });
        Self {
            rounds: if is_quick { 3 } else { 10 },
            seconds: if is_quick { 1 } else { 2 },
            cases: cases.collect(),
        }
    }
}

impl Case {
    fn id(self) -> String {
        format!("{}-{}", self.traffic.id(), FAMILIES[self.family]).to_lowercase()
    }
}

/// Every figure of every case, or of those whose id is asked for.
pub(crate) fn run(options: &Options) -> Result<Vec<Section>> {
    let mut plan = Plan::new(options.quick);
    if let Some(part) = &options.only {
        // Sections' ids are longer, and decide in the end.
        let may_be_wanted = |id: &str| id.contains(part) || part.starts_with(id);
        plan.cases.retain(|case| may_be_wanted(&section_id(*case)));
    }
    if plan.cases.is_empty() {
        return Ok(Vec::new());
    }
    let results = measure(&plan, &mut World::new(&options.programs)?)?;
    let part = options.only.as_deref().unwrap_or_default();
    let sections = plan.cases.iter().zip(results);
    Ok(sections
        .flat_map(|(case, arms)| sections_of(*case, &arms, &plan))
        .filter(|section| section.id.contains(part))
        .collect())
}

fn section_id(case: Case) -> String {
    format!("transport-{}", case.id())
}

/// What an arm came to in one case.
#[derive(Clone, Debug, Default)]
struct Outcome {
    /// For each round one number a figure of the case.
    rounds: Vec<Vec<f64>>,
    void: Option<String>,
}

/// For each case the outcomes of [`Arm::ALL`], in this order.
fn measure(plan: &Plan, world: &mut World) -> Result<Vec<[Outcome; Arm::ALL.len()]>> {
    let mut results: Vec<[Outcome; Arm::ALL.len()]> =
        vec![std::array::from_fn(|_| Outcome::default()); plan.cases.len()];
    for round in 0..plan.rounds {
        println!("transport: round {} of {}", round + 1, plan.rounds);
        for turn in 0..Arm::ALL.len() {
            // Nobody is always the first, nor always after the same one.
            let place = (round + turn) % Arm::ALL.len();
            let ready = world.switch_to(Arm::ALL[place]);
            interrupt::check()?;
            for (case, outcomes) in plan.cases.iter().zip(&mut results) {
                let outcome = &mut outcomes[place];
                if outcome.void.is_some() {
                    continue;
                }
                let measured = match &ready {
                    Ok(()) => case.traffic.run(world, case.family, plan.seconds),
                    Err(error) => Err(anyhow::anyhow!("{error:#}")),
                };
                interrupt::check()?;
                match measured {
                    Ok(figures) => outcome.rounds.push(figures),
                    Err(error) => outcome.void = Some(format!("{error:#}")),
                }
            }
        }
    }
    Ok(results)
}

/// A section for each figure of a case.
fn sections_of(case: Case, outcomes: &[Outcome], plan: &Plan) -> Vec<Section> {
    let figures = case.traffic.figures().iter().enumerate();
    let sections = figures.map(|(place, figure)| {
        let rows: Vec<_> = Arm::ALL
            .iter()
            .zip(outcomes)
            .map(|(arm, outcome)| Row {
                arm: arm.name().to_owned(),
                unit: figure.unit.to_owned(),
                less_is_better: figure.less_is_better,
                samples: outcome
                    .rounds
                    .iter()
                    .map(|figures| figures[place])
                    .collect(),
                void: outcome.void.clone(),
            })
            .collect();
        let title = format!(
            "{}, {}: {}",
            case.traffic.title(),
            FAMILIES[case.family],
            figure.name
        );
        let targets = figure.is_target.then(|| target(&title, &rows));
        Section {
            id: format!("{}-{}", section_id(case), figure.id),
            method: format!("{} {}", case.traffic.method(plan.seconds), arms::METHOD),
            title,
            rows,
            charts: Vec::new(),
            targets: targets.into_iter().collect(),
        }
    });
    sections.collect()
}

/// peerd is to be no worse than the kernel's own routes.
fn target(title: &str, rows: &[Row]) -> Target {
    let of = |arm: Arm| rows.iter().find(|row| row.arm == arm.name());
    let gain = match (of(Arm::Peerd), of(Arm::KernelRoutes)) {
        (Some(ours), Some(kernel)) if ours.void.is_none() && kernel.void.is_none() => {
            stats::median(&ours.gain_over(kernel))
        }
        _ => None,
    };
    Target {
        claim: format!(
            "{title}, {} against {}",
            Arm::Peerd.name(),
            Arm::KernelRoutes.name()
        ),
        wanted: 1.0,
        at_least: true,
        measured: gain.unwrap_or(f64::NAN),
        unit: "ratio".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn outcomes(rates: [&[f64]; 3]) -> Vec<Outcome> {
        let outcome = |rates: &[f64]| Outcome {
            rounds: rates.iter().map(|rate| vec![*rate]).collect(),
            void: None,
        };
        rates.map(outcome).to_vec()
    }

    fn stream() -> Case {
        let (streams, direction) = (1, Direction::Upload);
        let traffic = Traffic::Stream { streams, direction };
        Case { traffic, family: 0 }
    }

    #[test]
    fn a_target_is_the_median_of_the_ratios_within_rounds() {
        let plan = Plan::new(true);
        let arms = [&[10.0, 20.0, 30.0][..], &[1.0; 3], &[11.0, 24.0, 27.0]];
        let sections = sections_of(stream(), &outcomes(arms), &plan);
        let measured = sections[0].targets[0].measured;
        assert!((measured - 1.1).abs() < 1e-9, "{measured}");
    }

    #[test]
    fn a_void_arm_reaches_nothing() {
        let plan = Plan::new(true);
        let mut outcomes = outcomes([&[1.0], &[1.0], &[2.0]]);
        outcomes[2].void = Some("it lost its way".to_owned());
        let sections = sections_of(stream(), &outcomes, &plan);
        assert!(!sections[0].targets[0].is_reached());
    }

    #[test]
    fn every_section_has_an_id_of_its_own() {
        let plan = Plan::new(false);
        let nothing = outcomes([&[], &[], &[]]);
        let sections = plan.cases.iter();
        let sections = sections.flat_map(|case| sections_of(*case, &nothing, &plan));
        let ids: Vec<_> = sections.map(|section| section.id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }
}
