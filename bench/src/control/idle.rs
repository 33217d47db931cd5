//! What the daemon costs while nothing happens.

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use peer_tests::documents;

use super::site::{Routes, Site};
use crate::result::{Row, Section, Target};

pub(super) const ID: &str = "control-idle";

/// Networks besides the site's three.
const NETWORKS: u32 = 61;

/// How long the daemon has to come to rest.
const REST: Duration = Duration::from_secs(2);

/// The section, alone.
pub(super) fn run(programs: &Path, is_quick: bool) -> Result<Vec<Section>> {
    let time = Duration::from_secs(if is_quick { 5 } else { 30 });
    println!("{ID}: {time:?}");
    let (samples, void) = match measure(programs, time) {
        Ok(percent) => (vec![percent], None),
        Err(error) => (Vec::new(), Some(format!("{error:#}"))),
    };
    let target = Target {
        claim: "CPU time of an idle daemon".to_owned(),
        wanted: 0.5,
        at_least: false,
        measured: samples.first().copied().unwrap_or(f64::NAN),
        unit: "%".to_owned(),
    };
    Ok(vec![Section {
        id: ID.to_owned(),
        title: "The daemon at rest".to_owned(),
        method: format!(
            "64 networks, each on a port of its own and all but two peering with blue; no traffic, \
             no changes. CPU time of all of peerd's threads over {time:?}, of one core."
        ),
        rows: vec![Row {
            arm: "peerd".to_owned(),
            unit: "%".to_owned(),
            less_is_better: true,
            samples,
            void,
        }],
        charts: Vec::new(),
        targets: vec![target],
    }])
}

/// In percent of one core.
fn measure(programs: &Path, time: Duration) -> Result<f64> {
    let mut site = Site::new(programs)?;
    let lines = (0..NETWORKS).map(|number| {
        format!(
            "link add n{number} type veth peer name end{number}\n\
             addr add 10.{}.0.1/24 dev n{number}\n\
             link set n{number} up\n\
             link set end{number} up",
            50 + number
        )
    });
    site.lab.router.ip(&lines.collect::<Vec<_>>().join("\n"))?;
    let others = (0..NETWORKS).flat_map(|number| {
        let (id, prefix) = (
            format!("rest/n{number}"),
            format!("10.{}.0.0/16", 50 + number),
        );
        [
            documents::network(&id, &format!("n{number}"), &[&prefix]),
            documents::consent(
                &format!("rest/n{number}-to-blue"),
                &format!("n{number}"),
                "blue-team/blue",
            ),
            documents::consent(&format!("blue-team/to-n{number}"), "blue", &id),
        ]
    });
    let others: Vec<_> = others.collect();
    let table = format!(
        "{}---\n{}",
        site.table(Routes::NONE),
        documents::stream(&others)
    );
    site.daemon.write_table(&table)?;
    site.daemon.start()?;
    let process = site.daemon.id().context("the daemon does not run")?;
    thread::sleep(REST);
    let (begun, before) = (Instant::now(), cpu_time(process)?);
    thread::sleep(time);
    let used = cpu_time(process)? - before;
    Ok(100.0 * used.as_secs_f64() / begun.elapsed().as_secs_f64())
}

/// Of all threads so far; /proc/PID/stat has it in hundredths of a second only.
fn cpu_time(process: u32) -> Result<Duration> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).context("the daemon is gone")?;
    let times = threads.map(|thread| {
        let text = fs::read_to_string(thread?.path().join("schedstat"))?;
        let time = text.split(' ').next().and_then(|time| time.parse().ok());
        time.map(Duration::from_nanos)
            .context("schedstat tells no time")
    });
    times.sum()
}
