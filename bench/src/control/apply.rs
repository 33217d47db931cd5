//! How long a whole table takes, against `ip -batch` with as many routes.

use std::{path::Path, process::Command, time::Instant};

use anyhow::Result;
use peer_tests::{interrupt, process};

use super::site::{Family, LONGEST, Routes, Site};
use crate::{
    result::{Row, Section, Target},
    stats,
};

pub(super) const ID: &str = "control-apply";

/// One way to have the routes in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arm {
    KernelRoutes,
    Table,
    Peerctl,
    Start,
}

impl Arm {
    fn name(self) -> &'static str {
        match self {
            Self::KernelRoutes => "ip -batch",
            Self::Table => "peerd: table file replaced",
            Self::Peerctl => "peerd: peerctl apply",
            Self::Start => "peerd: started with the table",
        }
    }

    /// In seconds, on a router of its own.
    fn measure(self, programs: &Path, routes: Routes) -> Result<f64> {
        let mut site = Site::new(programs)?;
        let table = site.table(routes).to_string();
        if matches!(self, Self::Table | Self::Peerctl) {
            let small = site.table(Routes::NONE).to_string();
            let declared = if self == Self::Table { &*small } else { "" };
            site.daemon.write_table(declared)?;
            site.daemon.start()?;
        }
        let held = match self {
            Self::Table | Self::Peerctl => site.routes_held()?,
            Self::KernelRoutes | Self::Start => 0,
        };
        // Green's own table has each of them, and blue's.
        let wanted = held + 2 * u64::from(routes.count);
        let lines = site.kernel_routes(routes);
        let begun = Instant::now();
        match self {
            Self::KernelRoutes => site.lab.router.ip(&lines)?,
            Self::Table => {
                site.daemon.write_table(&table)?;
                site.wait_held(wanted)?;
            }
            Self::Peerctl => {
                let mut peerctl = Command::new(&site.daemon.programs.peerctl);
                peerctl.arg("--socket").arg(&site.daemon.socket);
                peerctl.args(["apply", "-f", "-"]);
                process::run_with_input(&mut peerctl, &table, LONGEST)?.ok()?;
                site.wait_held(wanted)?;
            }
            Self::Start => {
                site.daemon.write_table(&table)?;
                site.daemon.start()?;
                site.wait_held(wanted)?;
            }
        }
        let took = begun.elapsed();
        if self == Self::KernelRoutes {
            site.lab.route_in_kernel(true)?;
        }
        site.assert_forwards(routes)?;
        Ok(took.as_secs_f64())
    }
}

/// What is compared, and how often.
struct Size {
    routes: Routes,
    rounds: usize,
    arms: &'static [Arm],
}

/// An apply through the API may have 16 MiB, which a million routes exceed.
fn sizes(is_quick: bool) -> Vec<Size> {
    use Arm::{KernelRoutes, Peerctl, Start, Table};
    let size = |count, rounds, arms| Size {
        routes: Routes {
            count,
            family: Family::V4,
        },
        rounds,
        arms,
    };
    if is_quick {
        return vec![size(100_000, 2, &[KernelRoutes, Table])];
    }
    vec![
        size(100_000, 7, &[KernelRoutes, Table, Peerctl, Start]),
        size(1_000_000, 2, &[KernelRoutes, Table, Start]),
    ]
}

/// The sections, one for each number of routes.
pub(super) fn run(programs: &Path, is_quick: bool) -> Result<Vec<Section>> {
    let sizes = sizes(is_quick);
    sizes.iter().map(|size| compare(programs, size)).collect()
}

fn id(size: &Size) -> String {
    format!("{ID}-{}k", size.routes.count / 1000)
}

fn compare(programs: &Path, size: &Size) -> Result<Section> {
    let mut rows: Vec<_> = size.arms.iter().map(|arm| row(*arm)).collect();
    for round in 0..size.rounds {
        println!("{}: round {} of {}", id(size), round + 1, size.rounds);
        for turn in 0..rows.len() {
            // Nobody always comes after the same one.
            let place = (round + turn) % rows.len();
            interrupt::check()?;
            if rows[place].void.is_some() {
                continue;
            }
            match size.arms[place].measure(programs, size.routes) {
                Ok(seconds) => rows[place].samples.push(seconds),
                Err(error) => rows[place].void = Some(format!("{error:#}")),
            }
        }
    }
    Ok(Section {
        id: id(size),
        title: format!("{} put in force", size.routes.name()),
        method: format!(
            "One network with {} /24 prefixes behind one next hop, exported to one peer: \
             peerd writes each to the own table, to the peer's and to the host-wide one; the \
             kernel has one table. Each measurement has a router of its own. `ip -batch`: from \
             starting `ip` with the lines on its standard input until it ended. Table file: from \
             writing it until GET /v1/status (asked every 2 ms) counts every route as held by the \
             kernel; a daemon is running, and reading, checking and deciding are included. \
             `peerctl apply`: from starting it with the table on its standard input until the \
             same. Started: from writing the file and starting peerd until the same, loading \
             its programs included. Afterwards packets to the first, a middle and the last route \
             had to arrive.",
            size.routes.count
        ),
        targets: vec![target(size, &rows)],
        rows,
        charts: Vec::new(),
    })
}

fn row(arm: Arm) -> Row {
    Row {
        arm: arm.name().to_owned(),
        unit: "s".to_owned(),
        less_is_better: true,
        samples: Vec::new(),
        void: None,
    }
}

fn target(size: &Size, rows: &[Row]) -> Target {
    let samples = |arm: Arm| {
        let row = rows.iter().find(|row| row.arm == arm.name());
        row.map(|row| &*row.samples).unwrap_or_default()
    };
    let ratios = stats::ratios(samples(Arm::Table), samples(Arm::KernelRoutes));
    Target {
        claim: format!(
            "{} of a table file, times that of `ip -batch`",
            size.routes.name()
        ),
        wanted: 0.5,
        at_least: false,
        measured: stats::median(&ratios).unwrap_or(f64::NAN),
        unit: "times".to_owned(),
    }
}
