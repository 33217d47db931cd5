//! What routes take: in the kernel's maps, in the kernel as a whole, and in the daemon.

use std::{
    collections::BTreeSet,
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
    path::Path,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use peer_common::trie::UNIT;
use peer_tests::{Daemon, interrupt};

use super::site::{Family, Routes, Site};
use crate::{
    result::{Row, Section, Target},
    stats,
};

pub(super) const ID: &str = "control-memory";

/// How long what was freed may take until it counts as free.
const SETTLE: Duration = Duration::from_secs(1);

/// Bytes in use at a moment.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    /// By BPF maps that were not there at the beginning, as the kernel counts them, and in
    /// the memory that the tables have from the start.
    maps: f64,
    /// By the kernel as a whole: slabs, vmalloc and per-CPU memory, and as above.
    kernel: f64,
    /// Resident, by the daemon.
    daemon: f64,
}

/// The sections, one for each number of routes of a family.
pub(super) fn run(programs: &Path, is_quick: bool) -> Result<Vec<Section>> {
    let sizes: &[(Family, u32, usize)] = if is_quick {
        &[(Family::V4, 100_000, 1)]
    } else {
        &[
            (Family::V4, 100_000, 3),
            (Family::V6, 100_000, 3),
            (Family::V4, 1_000_000, 1),
            (Family::V6, 1_000_000, 1),
        ]
    };
    sizes
        .iter()
        .map(|&(family, count, rounds)| section(programs, Routes { count, family }, rounds))
        .collect()
}

fn section(programs: &Path, routes: Routes, rounds: usize) -> Result<Section> {
    let name = format!("{}, {}", routes.name(), routes.family.name());
    println!("{ID}: {name}");
    let mut rows = [
        "kernel routes",
        "peerd: maps",
        "peerd: the kernel as a whole",
        "peerd: its own process",
    ]
    .map(row);
    for _ in 0..rounds {
        interrupt::check()?;
        match measure_kernel_routes(programs, routes) {
            Ok(bytes) => rows[0].samples.push(bytes),
            Err(error) => rows[0].void = Some(format!("{error:#}")),
        }
        match measure(programs, routes) {
            Ok(used) => {
                for (row, bytes) in rows[1..]
                    .iter_mut()
                    .zip([used.maps, used.kernel, used.daemon])
                {
                    row.samples.push(bytes);
                }
            }
            Err(error) => rows[1..]
                .iter_mut()
                .for_each(|row| row.void = Some(format!("{error:#}"))),
        }
    }
    let [_, maps, kernel, _] = &rows;
    let medians = [maps, kernel].map(|row| stats::median(&row.samples).unwrap_or(f64::NAN));
    let target = Target {
        claim: format!("kernel memory a route, {name}"),
        wanted: 200.0,
        at_least: false,
        measured: medians[0].max(medians[1]),
        unit: "bytes".to_owned(),
    };
    Ok(Section {
        id: format!("{ID}-{}k-{}", routes.count / 1000, routes.family.name().to_lowercase()),
        title: format!("Memory a route: {name}"),
        method: "The difference between a small table and one with so many prefixes more in \
                 one network, exported to one peer, by the number of prefixes; two next hops have them \
                 in turn, so that no two are one, by routes that the host has before. Each is in the own \
                 table, in the peer's and in the host-wide one. Maps: what the kernel says that \
                 they lock (`memlock`), and what peerd says is in use of its tables' memory, which it \
                 takes at its start. The kernel as a whole: Slab, VmallocUsed and Percpu of \
                 /proc/meminfo, whatever uses them, and the tables' again. Its own process: VmRSS. Kernel routes: the \
                 kernel as a whole, before and after `ip -batch`. The figure to reach is the greater \
                 of maps and kernel as a whole."
            .to_owned(),
        rows: rows.into(),
        charts: Vec::new(),
        targets: vec![target],
    })
}

/// Bytes a route.
fn measure(programs: &Path, routes: Routes) -> Result<Used> {
    let others = maps();
    let mut site = Site::new(programs)?;
    site.add_host_routes(routes)?;
    let small = site.table_by_host_routes(Routes::NONE);
    site.daemon.write_table(&small.to_string())?;
    site.daemon.start()?;
    let before = Used::now(&others, Some(&site.daemon))?;
    let held = site.routes_held()?;
    let large = site.table_by_host_routes(routes);
    site.daemon.write_table(&large.to_string())?;
    site.wait_held(held + 2 * u64::from(routes.count))?;
    let after = Used::now(&others, Some(&site.daemon))?;
    let each = |before: f64, after: f64| (after - before) / f64::from(routes.count);
    Ok(Used {
        maps: each(before.maps, after.maps),
        kernel: each(before.kernel, after.kernel),
        daemon: each(before.daemon, after.daemon),
    })
}

fn measure_kernel_routes(programs: &Path, routes: Routes) -> Result<f64> {
    let site = Site::new(programs)?;
    let lines = site.kernel_routes(routes);
    let before = Used::now(&BTreeSet::new(), None)?;
    site.lab.router.ip(&lines)?;
    let after = Used::now(&BTreeSet::new(), None)?;
    Ok((after.kernel - before.kernel) / f64::from(routes.count))
}

impl Used {
    /// Now, in a while.
    fn now(others: &BTreeSet<u32>, daemon: Option<&Daemon>) -> Result<Self> {
        thread::sleep(SETTLE);
        let memory = fs::read_to_string("/proc/meminfo").context("cannot read /proc/meminfo")?;
        let parts = ["Slab:", "VmallocUsed:", "Percpu:"].map(|key| number(&memory, key));
        let parts: Vec<f64> = parts.into_iter().collect::<Result<_>>()?;
        let (tables, resident) = daemon.map_or(Ok((0.0, 0.0)), |daemon| {
            anyhow::Ok((tables(daemon)?, resident(daemon)?))
        })?;
        Ok(Self {
            maps: bytes_of_maps_but(others)? + tables,
            kernel: 1024.0 * parts.iter().sum::<f64>() + tables,
            daemon: resident,
        })
    }
}

/// Bytes in use of the memory that the tables have. It is there from the daemon's start and
/// does not grow, so nobody but the daemon can tell.
fn tables(daemon: &Daemon) -> Result<f64> {
    let units = daemon
        .metrics()?
        .value("peer_map_entries", &[("map", "tables")]);
    Ok(UNIT as f64 * units.context("peerd does not tell how full its tables are")?)
}

/// Bytes of its own.
fn resident(daemon: &Daemon) -> Result<f64> {
    let process = daemon.id().context("the daemon is gone")?;
    let status = fs::read_to_string(format!("/proc/{process}/status"));
    let status = status.context("the daemon is gone")?;
    Ok(1024.0 * number(&status, "VmRSS:")?)
}

/// Ids of all BPF maps on this machine.
fn maps() -> BTreeSet<u32> {
    let maps = aya::maps::loaded_maps().filter_map(Result::ok);
    maps.map(|map| map.id()).collect()
}

/// What the maps lock that are not among `others`.
fn bytes_of_maps_but(others: &BTreeSet<u32>) -> Result<f64> {
    let maps = aya::maps::loaded_maps().filter_map(Result::ok);
    let ours = maps.filter(|map| !others.contains(&map.id()));
    // One that is gone by now is nobody's.
    let open = ours.filter_map(|map| map.fd().ok());
    open.map(|map| {
        let told = format!("/proc/self/fdinfo/{}", map.as_fd().as_raw_fd());
        number(&fs::read_to_string(told)?, "memlock:")
    })
    .sum()
}

/// The number after a key in a file of /proc.
fn number(text: &str, key: &str) -> Result<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.with_context(|| format!("{key} is not told"))
}

fn row(arm: &str) -> Row {
    Row {
        arm: arm.to_owned(),
        unit: "bytes".to_owned(),
        less_is_better: true,
        samples: Vec::new(),
        void: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_by_their_key_at_the_beginning_of_a_line() {
        let text = "SlabX: 1 kB\nSlab:    42 kB\nmemlock:\t7\n";
        assert_eq!(number(text, "Slab:").unwrap(), 42.0);
        assert_eq!(number(text, "memlock:").unwrap(), 7.0);
        assert!(number(text, "Percpu:").is_err());
    }
}
