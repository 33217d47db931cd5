//! How long one change takes from the call of the API to the packets.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Api, documents, interrupt};
use serde_json::json;

use super::{
    prober::{Probe, Prober, closed_after, opened_after},
    site::{Family, Routes, Site},
};
use crate::{
    result::{Row, Section, Target},
    stats,
};

pub(super) const ID: &str = "control-change";

/// How long a destination stays open, and closed, after the call was answered.
const REST: Duration = Duration::from_millis(20);

/// The consent that exports red's only destination to blue, or does not.
const CONSENT: &str = "/v1/peerings/red-team/to-blue";

/// Milliseconds of each change on one table.
#[derive(Clone, Copy, Debug)]
struct Change {
    opened: f64,
    closed: f64,
    answered: f64,
}

/// A number of a change.
struct Figure {
    id: &'static str,
    /// For the list of figures to reach, if it is among them.
    claim: Option<&'static str>,
    title: &'static str,
    of: fn(&Change) -> f64,
}

const FIGURES: [Figure; 3] = [
    Figure {
        id: "open",
        claim: Some("one change: call to first packet"),
        title: "A destination opened: from the call of the API to the first packet that passes",
        of: |change| change.opened,
    },
    Figure {
        id: "close",
        claim: Some("one change: call to last packet"),
        title: "A destination closed: from the call of the API to the last packet that passes",
        of: |change| change.closed,
    },
    Figure {
        id: "answer",
        claim: None,
        title: "A destination opened: from the call of the API to its answer",
        of: |change| change.answered,
    },
];

/// The sections, a figure each; a row is a table.
pub(super) fn run(programs: &Path, is_quick: bool) -> Result<Vec<Section>> {
    let (rounds, counts): (usize, &[u32]) = if is_quick {
        (30, &[0])
    } else {
        (200, &[0, 100_000])
    };
    let mut tables = Vec::new();
    for &count in counts {
        let routes = Routes {
            count,
            family: Family::V4,
        };
        println!("{ID}: {rounds} changes with {}", routes.name());
        interrupt::check()?;
        tables.push((routes, measure(programs, routes, rounds)));
    }
    let sections = FIGURES.iter().map(|figure| Section {
        id: format!("{ID}-{}", figure.id),
        title: figure.title.to_owned(),
        method: format!(
            "{rounds} times, PATCH of a consent's `export` on the API's socket opens one \
             destination and closes it again {REST:?} after the answer, with few routes on the host \
             and with many of another network's. A host sends a numbered datagram there \
             every 100 to 200 µs all the time; one thread sends and receives, so that no wake-up is \
             measured. Counted are packets sent after the call began."
        ),
        rows: tables
            .iter()
            .map(|(routes, changes)| row(figure, *routes, changes))
            .collect(),
        charts: Vec::new(),
        targets: tables
            .iter()
            .filter_map(|(routes, changes)| target(figure, *routes, changes))
            .collect(),
    });
    Ok(sections.collect())
}

fn measure(programs: &Path, routes: Routes, rounds: usize) -> Result<Vec<Change>> {
    let mut site = Site::new(programs)?;
    site.daemon.write_table(&site.table(routes).to_string())?;
    site.daemon.start()?;
    site.wait_held(2 * u64::from(routes.count))?;
    let api = site.daemon.api();
    for (own, peer) in [("blue", "red"), ("red", "blue")] {
        let (id, peer) = (
            format!("{own}-team/to-{peer}"),
            format!("{peer}-team/{peer}"),
        );
        let consent = documents::consent(&id, own, &peer);
        api.put("POST", "/v1/peerings", &consent)?.expect(201)?;
    }
    export(&api, false)?;
    let prober = Prober::start(&site.blue, &site.red)?;
    // By turns opening and closing, each with how long it took to answer; the last is the end.
    let mut calls = Vec::new();
    for _ in 0..rounds {
        interrupt::check()?;
        for open in [true, false] {
            let call = Instant::now();
            export(&api, open)?;
            calls.push((call, call.elapsed()));
            thread::sleep(REST);
        }
    }
    let end = Instant::now();
    let probes = prober.finish()?;
    let ends = calls
        .iter()
        .skip(2)
        .step_by(2)
        .map(|(call, _)| *call)
        .chain([end]);
    calls
        .chunks_exact(2)
        .zip(ends)
        .map(|(pair, end)| read(&probes, pair[0], pair[1].0, end))
        .collect()
}

fn export(api: &Api, open: bool) -> Result<()> {
    let prefixes: &[&str] = if open { &["10.3.0.0/16"] } else { &[] };
    let patch = json!({ "spec": { "export": prefixes } });
    api.put("PATCH", CONSENT, &patch)?.expect(200).map(drop)
}

/// What a destination's opening by a call, answered after a time, and its closing came to.
fn read(
    probes: &[Probe],
    (open, answered): (Instant, Duration),
    close: Instant,
    end: Instant,
) -> Result<Change> {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    let opened = opened_after(probes, open, close);
    let opened = opened.context("no packet passed after the destination was opened")?;
    let closed = closed_after(probes, close, end);
    ensure!(
        close + closed + REST / 2 < end,
        "packets still passed long after the destination was closed"
    );
    Ok(Change {
        opened: milliseconds(opened),
        closed: milliseconds(closed),
        answered: milliseconds(answered),
    })
}

fn row(figure: &Figure, routes: Routes, changes: &Result<Vec<Change>>) -> Row {
    let samples = changes.iter().flatten().map(figure.of);
    Row {
        arm: routes.name(),
        unit: "ms".to_owned(),
        less_is_better: true,
        samples: samples.collect(),
        void: changes.as_ref().err().map(|error| format!("{error:#}")),
    }
}

fn target(figure: &Figure, routes: Routes, changes: &Result<Vec<Change>>) -> Option<Target> {
    let samples: Vec<_> = changes.iter().flatten().map(figure.of).collect();
    Some(Target {
        claim: format!("{}, {}, p99", figure.claim?, routes.name()),
        wanted: 20.0,
        at_least: false,
        measured: stats::percentile(&samples, 99.0).unwrap_or(f64::NAN),
        unit: "ms".to_owned(),
    })
}
