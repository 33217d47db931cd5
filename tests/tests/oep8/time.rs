//! `ttl`: fixed when a request is made, and the end of what did not succeed by then.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use peer_tests::{
    Api, Bare, Programs,
    documents::{network, stream},
};
use serde_json::Value;

use super::documents::{REQUESTS, request, status, wait_gone, wait_state};

/// Hours and days in seconds.
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// One that peers, one that waits, two that overlap, one that was rejected and one without a
/// network.
struct Timed {
    bare: Bare,
    api: Api,
    programs: Programs,
    folder: PathBuf,
}

impl Timed {
    fn start(tag: &str) -> Result<Self> {
        let bare = Bare::with_networks(tag)?;
        let api = bare.daemon.api();
        let overlapping = network("green-team/like-blue", "p4", &["10.1.0.0/17"]);
        let requests = [
            overlapping,
            request("blue-team/peers", "blue", "green-team/green"),
            request("green-team/peers", "green", "blue-team/blue"),
            request("blue-team/waits", "blue", "red-team/red"),
            request("blue-team/overlaps", "blue", "green-team/like-blue"),
            request("green-team/overlaps", "like-blue", "blue-team/blue"),
            request("red-team/rejected", "red", "green-team/green"),
            request("red-team/nowhere", "nothing", "green-team/green"),
        ];
        api.apply("", &stream(&requests))?;
        wait_state(&api, "red-team/rejected", "pending")?;
        api.call("POST", "/v1/peerings/red-team/rejected/reject")?
            .expect(200)?;
        let timed = Self {
            api,
            programs: bare.daemon.programs.clone(),
            folder: bare.lab.folder(),
            bare,
        };
        timed.assert_all()?;
        Ok(timed)
    }

    /// Everything is in the state it began with.
    fn assert_all(&self) -> Result<()> {
        for (id, state) in [
            ("blue-team/peers", "success"),
            ("green-team/peers", "success"),
            ("blue-team/waits", "pending"),
            ("blue-team/overlaps", "failed"),
            ("green-team/overlaps", "failed"),
            ("red-team/rejected", "failed"),
            ("red-team/nowhere", "failed"),
        ] {
            wait_state(&self.api, id, state)?;
        }
        Ok(())
    }

    /// End the daemon, and start it so many seconds later in the host's life.
    fn restart_later(&mut self, seconds: i64) -> Result<()> {
        let daemon = &mut self.bare.daemon;
        daemon.terminate()?;
        let prefix = format!("unshare --time --boottime {seconds} --");
        daemon.programs = self.programs.by(&self.folder, &prefix)?;
        daemon.start().with_context(|| format!("by {prefix}"))
    }

    fn ttl(&self, id: &str) -> Result<Value> {
        Ok(status(&self.api, id)?["ttl"].take())
    }
}

#[test]
fn what_waits_or_has_failed_at_its_ttl_is_gone_and_what_peers_stays() -> Result<()> {
    let mut timed = Timed::start("oep8 ttl")?;
    // Times are told by the wall's clock, which no time namespace bends: hours of the
    // host's life that passed without it move them.
    timed.restart_later(7 * DAY - HOUR)?;
    timed.assert_all()?;
    timed.restart_later(7 * DAY + HOUR / 2)?;
    for id in [
        "blue-team/waits",
        "blue-team/overlaps",
        "green-team/overlaps",
    ] {
        wait_gone(&timed.api, id)?;
    }
    wait_gone(&timed.api, "red-team/rejected")?;
    wait_gone(&timed.api, "red-team/nowhere")?;
    let listed = timed.api.list(REQUESTS)?;
    ensure!(listed.len() == 2, "{listed:#?}");
    wait_state(&timed.api, "blue-team/peers", "success")?;

    // The name is free again, and the time begins anew.
    let again = request("blue-team/waits", "blue", "red-team/red");
    timed.api.apply("", &stream([&again]))?;
    wait_state(&timed.api, "blue-team/waits", "pending")?;
    timed.restart_later(9 * DAY)?;
    wait_state(&timed.api, "blue-team/waits", "pending")?;
    wait_state(&timed.api, "blue-team/peers", "success")?;

    // What once peered is not collected when it waits again.
    timed
        .api
        .call("DELETE", &format!("{REQUESTS}/green-team/peers"))?
        .expect(200)?;
    let waits = wait_state(&timed.api, "blue-team/peers", "pending")?;
    ensure!(waits["ttl"].is_null(), "{waits}");
    timed.restart_later(20 * DAY)?;
    wait_state(&timed.api, "blue-team/peers", "pending")?;
    wait_gone(&timed.api, "blue-team/waits")
}

#[test]
fn a_ttl_is_fixed_when_the_request_is_made() -> Result<()> {
    let timed = Timed::start("oep8 fixed")?;
    let api = &timed.api;
    let (nowhere, peers) = (
        timed.ttl("red-team/nowhere")?,
        timed.ttl("blue-team/peers")?,
    );
    ensure!(
        nowhere.is_string() && peers.is_string(),
        "{nowhere} {peers}"
    );
    // The next second has another name.
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let mut labelled = request("red-team/nowhere", "nothing", "green-team/green");
    labelled["metadata"]["labels"] = serde_json::json!({ "a": "b" });
    let mut found = network("red-team/whatever", "p5", &["10.5.0.0/16"]);
    found["spec"]["source"] = serde_json::json!({
        "apiVersion": super::documents::VERSION, "kind": "Network", "name": "nothing",
    });
    let answer = request("green-team/answer", "green", "red-team/nothing");
    api.apply("", &stream([&labelled, &found]))?;
    wait_state(api, "red-team/nowhere", "pending")?;
    assert_eq!(timed.ttl("red-team/nowhere")?, nowhere);
    api.apply("", &stream([&answer]))?;
    wait_state(api, "red-team/nowhere", "success")?;
    assert_eq!(timed.ttl("red-team/nowhere")?, nowhere);
    // Its own, also while it has none to show.
    let verb = |verb: &str| api.call("POST", &format!("/v1/peerings/blue-team/peers/{verb}"));
    verb("disable")?.expect(200)?;
    wait_state(api, "blue-team/peers", "pending")?;
    verb("enable")?.expect(200)?;
    wait_state(api, "blue-team/peers", "success")?;
    assert_eq!(timed.ttl("blue-team/peers")?, peers);
    Ok(())
}
