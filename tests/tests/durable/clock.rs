//! Time is how long the host was on: neither restarts nor the wall clock bend it.

use std::{collections::BTreeSet, fs, process::Command, thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::process;
use serde_json::json;

use super::{
    around::{Mounts, run_by},
    timed::{LATE, Timed},
};

/// Hours and days in seconds.
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Words that run the words behind them so many seconds later in the host's life.
fn later(seconds: i64) -> String {
    format!("unshare --time --boottime {seconds} --")
}

#[test]
fn a_requests_time_to_wait_goes_on_over_a_restart() -> Result<()> {
    let mut timed = Timed::start("ttl over restart")?;
    timed.consent("blue", "green", "20s")?;
    thread::sleep(Duration::from_secs(9));
    timed.scene.daemon.kill9()?;
    timed.scene.daemon.start()?;
    timed.ensure_state("blue-team/to-green", Some("pending"))?;
    let left = Duration::from_secs(11);
    timed.wait_state("blue-team/to-green", "expired", left + LATE)
}

#[test]
fn what_ended_is_listed_for_an_hour_of_host_time_and_then_collected() -> Result<()> {
    let mut timed = Timed::start("an hour later")?;
    timed.consent("blue", "green", "7d")?;
    timed.consent("blue", "red", "7d")?;
    timed.post("blue-team/to-red", "reject")?;
    timed.consent("green", "red", "7d")?;
    let answer = timed
        .api
        .send("DELETE", "/v1/peerings/green-team/to-red", "")?;
    ensure!(answer.status == 200, "{answer:?}");
    timed.consent("red", "green", "20m")?;

    timed.restart_by(&later(HOUR / 2))?;
    for (consent, state) in [
        ("blue-team/to-green", "pending"),
        ("blue-team/to-red", "rejected"),
        ("green-team/to-red", "deleted"),
        ("red-team/to-green", "expired"),
    ] {
        timed
            .ensure_state(consent, Some(state))
            .context("after half an hour")?;
    }
    timed.restart_by(&later(HOUR + 60))?;
    timed.wait_gone("blue-team/to-red")?;
    timed.wait_gone("green-team/to-red")?;
    timed.ensure_state("red-team/to-green", Some("expired"))?;
    timed.ensure_state("blue-team/to-green", Some("pending"))?;
    timed.restart_by(&later(7 * DAY + HOUR / 2))?;
    timed.ensure_state("blue-team/to-green", Some("expired"))?;
    timed.wait_gone("red-team/to-green")?;
    timed.restart_by(&later(7 * DAY + 2 * HOUR))?;
    timed.wait_gone("blue-team/to-green")?;
    // Nothing in the way of asking again, as it would be were they still stored.
    for (own, peer) in [("blue", "green"), ("blue", "red"), ("green", "red")] {
        timed.consent(own, peer, "7d")?;
    }
    Ok(())
}

#[test]
fn a_wall_clock_ten_years_off_expires_nothing_and_makes_nobody_senior() -> Result<()> {
    let mut timed = Timed::start("wall clock")?;
    let folder = timed.scene.lab.folder();
    let (source, library, offset) = (
        folder.join("wall.c"),
        folder.join("wall.so"),
        folder.join("wall-offset"),
    );
    fs::write(&source, WALL)?;
    let mut compiler = Command::new("cc");
    let compiler = compiler
        .args(["-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source);
    process::run(compiler, Duration::from_secs(30))?.ok()?;
    for (own, peer) in [("red", "green"), ("green", "red")] {
        timed.consent(own, peer, "never")?;
    }
    // blue comes later with green's other peer's prefix, and waits.
    let patch = json!({ "spec": { "prefixes": ["10.1.0.0/16", "10.3.128.0/17"] } }).to_string();
    let answer = timed
        .api
        .send("PATCH", "/v1/networks/blue-team/blue", &patch)?;
    ensure!(answer.status == 200, "{answer:?}");
    for (own, peer) in [("blue", "green"), ("green", "blue")] {
        timed.consent(own, peer, "never")?;
    }
    timed.ensure_state("blue-team/to-green", Some("conflict"))?;
    timed.consent("red", "blue", "1h")?;
    let facts = timed.facts()?;
    let pings = timed.scene.red.ping_meanwhile(timed.scene.green.v4)?;
    let prefix = format!(
        "env LD_PRELOAD={} WALL_OFFSET_FILE={}",
        library.display(),
        offset.display()
    );
    let years = 3652 * DAY;
    for at_start in [years, -years, 0] {
        fs::write(&offset, at_start.to_string())?;
        timed.restart_by(&prefix)?;
        ensure!(
            timed.facts()? == facts,
            "after a start {at_start} s off: {:#?}",
            timed.facts()?
        );
        for jump in [-years, years] {
            fs::write(&offset, jump.to_string())?;
            // Something to look at, so that everything is judged again.
            let patch = json!({ "metadata": { "labels": { "jump": jump.to_string() } } });
            let path = "/v1/networks/green-team/green";
            let answer = timed.api.send("PATCH", path, &patch.to_string())?;
            ensure!(answer.status == 200, "{answer:?}");
            ensure!(
                timed.facts()? == facts,
                "after a jump to {jump} s off: {:#?}",
                timed.facts()?
            );
        }
    }
    pings.assert_none_lost()?;
    let years: Vec<String> = timed
        .scene
        .daemon
        .log()
        .lines()
        .map(|it| it.chars().take(4).collect())
        .collect();
    let distinct: BTreeSet<_> = years.iter().collect();
    ensure!(distinct.len() >= 3, "the clock was not bent: {distinct:?}");
    Ok(())
}

/// Sets the wall clock, and it alone, off by the number in a file.
const WALL: &str = r#"
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *at) {
    int outcome = syscall(SYS_clock_gettime, clock, at);
    const char *name = getenv("WALL_OFFSET_FILE");
    if (outcome == 0 && clock == CLOCK_REALTIME && name) {
        FILE *file = fopen(name, "r");
        long offset = 0;
        if (file) {
            if (fscanf(file, "%ld", &offset) != 1) offset = 0;
            fclose(file);
        }
        at->tv_sec += offset;
    }
    return outcome;
}
"#;

/// Start the daemon where it is another boot, begun a moment ago.
fn start_in_another_boot(timed: &mut Timed) -> Result<()> {
    let id = timed.scene.lab.folder().join("boot-id");
    fs::write(&id, "00000000-0000-4000-8000-000000000001\n")?;
    let lines = format!(
        "mount --bind {} /proc/sys/kernel/random/boot_id",
        id.display()
    );
    let mounts = timed.mounts.insert(Mounts::new(&timed.scene, &lines)?);
    let uptime = fs::read_to_string("/proc/uptime")?;
    let uptime: i64 = uptime.split('.').next().context("no uptime")?.parse()?;
    let prefix = format!("{} {}", mounts.prefix(), later(1 - uptime));
    run_by(&mut timed.scene, &timed.peerd, &prefix)?;
    timed.scene.daemon.start()
}

#[test]
fn the_time_a_host_was_off_does_not_count() -> Result<()> {
    let mut timed = Timed::start("host off")?;
    timed.consent("blue", "green", "15s")?;
    timed.scene.daemon.terminate()?;
    thread::sleep(Duration::from_secs(16));
    start_in_another_boot(&mut timed)?;
    timed.ensure_state("blue-team/to-green", Some("pending"))?;
    timed.wait_state(
        "blue-team/to-green",
        "expired",
        Duration::from_secs(15) + LATE,
    )
}

#[test]
fn the_time_a_host_was_on_counts_after_its_reboot_though_nothing_was_written() -> Result<()> {
    let mut timed = Timed::start("host on")?;
    timed.consent("blue", "green", "30s")?;
    thread::sleep(Duration::from_secs(12));
    timed.scene.daemon.terminate()?;
    start_in_another_boot(&mut timed)?;
    timed.ensure_state("blue-team/to-green", Some("pending"))?;
    timed.wait_state(
        "blue-team/to-green",
        "expired",
        Duration::from_secs(18) + LATE,
    )
}
