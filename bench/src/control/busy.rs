//! What traffic loses while everything around it changes.
//!
//! Owns the scene and the traffic; the changes come by calls (`busy/calls.rs`) or by files
//! (`busy/files.rs`).

mod calls;
mod files;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use peer_tests::interrupt;

use super::{
    prober::Prober,
    site::{Routes, Site},
};
use crate::result::{Row, Section, Target};

pub(super) const ID: &str = "control-busy";

/// Changes to reach a second.
const WANTED: f64 = 1_000.0;

/// Changes asked for a second: somewhat more than is to be reached, since a change that
/// comes late is not made up for.
const ASKED: u32 = 1_100;

/// A way to ask for changes.
struct Way {
    id: &'static str,
    title: &'static str,
    method: String,
    /// The networks that change, given a daemon that runs with the site's own.
    prepare: fn(&Site) -> Result<()>,
    /// Ask for changes so long; returns how many were made.
    change: fn(&Site, Duration) -> Result<u64>,
}

/// What a run came to.
struct Outcome {
    /// Changes a second.
    rate: f64,
    /// Datagrams a second.
    sent: f64,
    lost: usize,
}

/// The sections, one for each way.
pub(super) fn run(programs: &Path, is_quick: bool) -> Result<Vec<Section>> {
    let (runs, time) = if is_quick {
        (1, Duration::from_secs(2))
    } else {
        (3, Duration::from_secs(10))
    };
    let mut ways = vec![calls::way()];
    if !is_quick {
        ways.push(files::way());
    }
    let sections = ways.iter().map(|way| section(programs, way, runs, time));
    sections.collect()
}

fn section(programs: &Path, way: &Way, runs: usize, time: Duration) -> Result<Section> {
    let id = format!("{ID}-{}", way.id);
    let mut rows = [
        ("changes", "changes/s", false),
        ("datagrams sent", "datagrams/s", false),
        ("datagrams lost", "datagrams", true),
    ]
    .map(|(arm, unit, less_is_better)| Row {
        arm: arm.to_owned(),
        unit: unit.to_owned(),
        less_is_better,
        samples: Vec::new(),
        void: None,
    });
    for number in 0..runs {
        println!("{id}: run {} of {runs}", number + 1);
        interrupt::check()?;
        match measure(programs, way, time) {
            Ok(Outcome { rate, sent, lost }) => {
                for (row, sample) in rows.iter_mut().zip([rate, sent, lost as f64]) {
                    row.samples.push(sample);
                }
            }
            Err(error) => rows
                .iter_mut()
                .for_each(|row| row.void = Some(format!("{error:#}"))),
        }
    }
    Ok(Section {
        title: format!("Traffic while much changes by {}", way.title),
        method: format!(
            "{} Meanwhile a host sends thousands of numbered datagrams a second to a host of another \
             peering; lost is what did not arrive. Runs take {time:?}.",
            way.method
        ),
        targets: targets(way, &rows),
        id,
        rows: rows.into(),
        charts: Vec::new(),
    })
}

/// The worst run counts.
fn targets(way: &Way, rows: &[Row; 3]) -> Vec<Target> {
    let [changes, _, lost] = rows;
    let worst = |row: &Row, pick: fn(f64, f64) -> f64| {
        let samples = row.samples.iter().copied().filter(|_| row.void.is_none());
        samples.reduce(pick).unwrap_or(f64::NAN)
    };
    vec![
        Target {
            claim: format!("changes by {}, slowest run", way.title),
            wanted: WANTED,
            at_least: true,
            measured: worst(changes, f64::min),
            unit: "changes/s".to_owned(),
        },
        Target {
            claim: format!("datagrams lost under changes by {}, worst run", way.title),
            wanted: 0.0,
            at_least: false,
            measured: worst(lost, f64::max),
            unit: "datagrams".to_owned(),
        },
    ]
}

fn measure(programs: &Path, way: &Way, time: Duration) -> Result<Outcome> {
    let mut site = Site::new(programs)?;
    site.daemon
        .write_table(&site.table(Routes::NONE).to_string())?;
    site.daemon.start()?;
    (way.prepare)(&site)?;
    let prober = Prober::start(&site.blue, &site.green)?;
    let begun = Instant::now();
    let changes = (way.change)(&site, time);
    let took = begun.elapsed().as_secs_f64();
    let probes = prober.finish()?;
    let lost = probes.iter().filter(|probe| probe.came.is_none()).count();
    ensure!(
        lost < probes.len(),
        "no datagram of {} arrived",
        probes.len()
    );
    Ok(Outcome {
        rate: changes? as f64 / took,
        sent: probes.len() as f64 / took,
        lost,
    })
}
