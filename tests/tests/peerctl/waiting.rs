//! wait and monitor.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Bare, Daemon, SOON, wait_until};
use serde_json::Value;

use super::ask::{done, refused, run};

/// A peerctl that goes on until it is dropped.
struct Running(Child);

impl Running {
    fn start(daemon: &Daemon, line: &str) -> Result<Self> {
        let peerctl = Command::new(&daemon.programs.peerctl)
            .arg("--socket")
            .arg(&daemon.socket)
            .args(line.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start peerctl")?;
        Ok(Self(peerctl))
    }

    /// Wait until it holds one connection for longer than single requests take.
    fn wait_connected(&self) -> Result<()> {
        let folder = format!("/proc/{}/fd", self.0.id());
        let (mut held, mut looks) = (Vec::new(), 0);
        wait_until("peerctl watches", SOON, || {
            let links = fs::read_dir(&folder)?.flatten();
            let links = links.filter_map(|link| fs::read_link(link.path()).ok());
            let sockets: Vec<_> = links
                .filter(|to| to.to_string_lossy().starts_with("socket:"))
                .collect();
            looks = if sockets == held { looks + 1 } else { 0 };
            held = sockets;
            ensure!(looks > 15 && !held.is_empty(), "it holds {held:?}");
            Ok(())
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn wait_ends_when_the_state_is_reached_or_the_time_is_over() -> Result<()> {
    let bare = Bare::with_networks("wait")?;
    let peerd = &bare.daemon;
    done(peerd, "request blue-team/blue green-team/green")?;
    done(peerd, "wait blue-team/to-green --for pending --timeout 20s")?;
    let started = Instant::now();
    let said = refused(
        peerd,
        "wait blue-team/to-green --for active --timeout 1s",
        1,
    )?;
    assert!(said.contains("pending"), "{said}");
    assert!(started.elapsed() >= Duration::from_secs(1));
    thread::scope(|scope| {
        let line = "wait blue-team/to-green --for active --timeout 30s";
        let waiting = scope.spawn(|| done(peerd, line));
        done(peerd, "accept blue-team/to-green")?;
        waiting.join().unwrap().map(drop)
    })?;
    done(
        peerd,
        "wait blue-team/to-green --for active,pending --timeout 20s",
    )
    .map(drop)
}

#[test]
fn wait_gives_up_on_what_has_ended_unless_that_was_waited_for() -> Result<()> {
    let bare = Bare::with_networks("wait ended")?;
    let peerd = &bare.daemon;
    done(peerd, "request blue-team/blue green-team/green")?;
    let started = Instant::now();
    thread::scope(|scope| {
        let wait = |wanted: &str| {
            let line = format!("wait blue-team/to-green --for {wanted} --timeout 60s");
            scope.spawn(move || run(peerd, &line))
        };
        let [active, rejected] = ["active", "rejected"].map(wait);
        done(peerd, "reject blue-team/to-green")?;
        assert_eq!(active.join().unwrap()?.code, Some(1));
        assert_eq!(rejected.join().unwrap()?.code, Some(0));
        Ok::<_, anyhow::Error>(())
    })?;
    refused(
        peerd,
        "wait blue-team/to-green --for active --timeout 60s",
        1,
    )?;
    refused(peerd, "wait blue-team/absent --for active --timeout 60s", 1)?;
    assert!(started.elapsed() < Duration::from_secs(45), "at once");
    Ok(())
}

#[test]
fn wait_outlives_a_restart_of_the_daemon() -> Result<()> {
    let mut bare = Bare::with_networks("wait restart")?;
    done(&bare.daemon, "request blue-team/blue green-team/green")?;
    let line = "wait blue-team/to-green --for active --timeout 15s";
    let mut waiting = Running::start(&bare.daemon, line)?;
    waiting.wait_connected()?;
    bare.daemon.kill9()?;
    bare.daemon.start()?;
    done(&bare.daemon, "accept blue-team/to-green")?;
    assert!(waiting.0.wait()?.success());
    Ok(())
}

#[test]
fn monitor_tells_every_event_in_a_line_of_json() -> Result<()> {
    let bare = Bare::with_networks("monitor")?;
    let peerd = &bare.daemon;
    done(peerd, "request blue-team/blue green-team/green")?;
    let mut monitor = Running::start(peerd, "monitor peerings -A -o json")?;
    let lines = BufReader::new(monitor.0.stdout.take().context("no output")?).lines();
    let mut events = lines.map(|line| -> Result<(String, Value)> {
        let line = line?;
        let event: Value = serde_json::from_str(&line).with_context(|| line.clone())?;
        let name = event["event"].as_str().unwrap_or_default().to_owned();
        Ok((name, event["object"].clone()))
    });
    let mut next = || events.next().context("it ended")?;
    let (first, object) = next()?;
    assert_eq!(
        (first.as_str(), &object["status"]["state"]),
        ("added", &"pending".into())
    );
    assert_eq!(next()?.0, "synced");
    done(peerd, "accept blue-team/to-green")?;
    loop {
        let (_, object) = next()?;
        let id = peer_tests::documents::name(&object);
        if id == "blue-team/to-green" && object["status"]["state"] == "active" {
            return Ok(());
        }
    }
}
