//! What rows of a scenario mean: its figures, and its curves. Pure.

use super::{
    arm::Arm,
    scenario::{Scenario, Wanted},
};
use crate::{
    result::{Chart, Row, Series, Target},
    stats::median,
};

/// The row of an arm and a case: every arm of the first case, then of the next.
fn row<'a>(scenario: &Scenario, rows: &'a [Row], (arm, case): (Arm, usize)) -> Option<&'a Row> {
    let arms = scenario.arms;
    let place = arms.iter().position(|one| *one == arm)?;
    let row = rows.get(case * arms.len() + place)?;
    row.void.is_none().then_some(row)
}

/// The scenario's figures. What cannot be had is not a number, and not reached.
pub(super) fn targets(scenario: &Scenario, rows: &[Row]) -> Vec<Target> {
    let goals = scenario.goals.iter();
    goals
        .map(|goal| {
            let of = row(scenario, rows, goal.of);
            let pair = of.zip(row(scenario, rows, goal.against));
            let claim = goal.claim.clone();
            let measured = |figure: fn(&Row, &Row) -> Vec<f64>| {
                pair.and_then(|(of, against)| median(&figure(of, against)))
                    .unwrap_or(f64::NAN)
            };
            match goal.wanted {
                Wanted::Times(wanted) => Target {
                    claim,
                    wanted,
                    at_least: true,
                    measured: measured(Row::gain_over),
                    unit: "times".into(),
                },
                Wanted::Nanoseconds(wanted) => Target {
                    claim,
                    wanted,
                    at_least: false,
                    measured: measured(more),
                    unit: "ns".into(),
                },
            }
        })
        .collect()
}

/// How much more one took than another in each round.
fn more(of: &Row, against: &Row) -> Vec<f64> {
    let rounds = of.samples.iter().zip(&against.samples);
    rounds.map(|(of, against)| of - against).collect()
}

/// The scenario's curve of every arm.
pub(super) fn charts(scenario: &Scenario, rows: &[Row]) -> Vec<Chart> {
    let Some(axis) = scenario.axis else {
        return Vec::new();
    };
    let series = scenario.arms.iter().map(|arm| Series {
        name: arm.name().into(),
        points: scenario
            .cases
            .iter()
            .enumerate()
            .filter_map(|(place, case)| {
                let row = row(scenario, rows, (*arm, place))?;
                Some((case.x, median(&row.samples)?))
            })
            .collect(),
    });
    vec![Chart {
        id: scenario.id.into(),
        title: scenario.title.into(),
        x_label: axis.into(),
        y_label: "ns/packet".into(),
        is_x_logarithmic: true,
        series: series.collect(),
    }]
}
