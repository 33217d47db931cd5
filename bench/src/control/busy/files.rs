//! Changes by a table file that is replaced again and again.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use peer_tests::{Table, interrupt};

use super::{
    super::site::{LONGEST, Routes, Site},
    ASKED, Way,
};

/// Routes that each replacement puts into the peer's table, and takes out of it.
const ROUTES: u32 = 110;

/// Changes that a replacement comes to.
const CHANGES: u32 = 2 * ROUTES;

pub(super) fn way() -> Way {
    Way {
        id: "files",
        title: "table files",
        method: format!(
            "The table file is replaced {} times a second, each time with {ROUTES} other prefixes \
             that one network exports to its peer: {ROUTES} routes are taken out of the peer's table \
             and {ROUTES} put in, each of which counts as a change. Of replacements that the daemon \
             read as one, one counts.",
            ASKED / CHANGES
        ),
        prepare,
        change,
    }
}

/// Red peers with green and has one or the other of two sets of prefixes.
fn table(site: &Site, other: bool) -> Table {
    let half = if other { 128 } else { 0 };
    site.table(Routes::NONE)
        .peered("red", "green")
        .with("red", |red| {
            let prefixes = (0..ROUTES).map(|number| format!("10.200.{}.0/24", half + number));
            red.prefixes.extend(prefixes);
        })
}

fn prepare(site: &Site) -> Result<()> {
    site.daemon.write_table(&table(site, false).to_string())?;
    wait_still(site)
}

fn change(site: &Site, time: Duration) -> Result<u64> {
    let texts = [true, false].map(|other| table(site, other).to_string());
    let before = generation(site)?;
    let pace = Duration::from_secs(1) * CHANGES / ASKED;
    let begun = Instant::now();
    let mut next = begun;
    for text in texts.iter().cycle() {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        if begun.elapsed() >= time {
            break;
        }
        interrupt::check()?;
        site.daemon.write_table(text)?;
        next += pace;
    }
    Ok((generation(site)? - before) * u64::from(CHANGES))
}

/// How often the kernel has followed a change.
fn generation(site: &Site) -> Result<u64> {
    let status = site.daemon.api().get("/v1/status")?;
    status["generation"]
        .as_u64()
        .context("the status names no generation")
}

/// Wait until nothing changes any more.
fn wait_still(site: &Site) -> Result<()> {
    let deadline = Instant::now() + LONGEST;
    let mut last = None;
    while Instant::now() < deadline {
        let now = Some(generation(site)?);
        if now == last {
            return Ok(());
        }
        last = now;
        thread::sleep(Duration::from_millis(500));
    }
    anyhow::bail!(
        "the table changes by itself for {LONGEST:?}; peerd's log:\n{}",
        site.daemon.log()
    )
}
