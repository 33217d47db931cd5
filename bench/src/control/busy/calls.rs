//! Changes by many callers of the API.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow};
use peer_tests::{Api, documents};
use serde_json::{Value, json};

use super::{super::site::Site, ASKED, Way};

/// Connections that ask at a time, each for a peering of its own.
const CALLERS: u32 = 48;

pub(super) fn way() -> Way {
    Way {
        id: "calls",
        title: "calls of the API",
        method: format!(
            "{CALLERS} connections to the API's socket ask for {ASKED} changes a second together: \
             each is a PATCH of what a consent exports, which adds a route to the peer's table or \
             takes one away, and is answered when it is on disk and in the kernel."
        ),
        prepare,
        change,
    }
}

/// Each caller's network, with a port that leads nowhere, and its peering with red.
fn prepare(site: &Site) -> Result<()> {
    let ports = (0..CALLERS).map(|number| {
        format!(
            "link add n{number} type veth peer name end{number}\n\
             addr add {}.1/24 dev n{number}\n\
             link set n{number} up\n\
             link set end{number} up",
            subnet(number)
        )
    });
    site.lab.router.ip(&ports.collect::<Vec<_>>().join("\n"))?;
    let objects = (0..CALLERS).flat_map(|number| {
        let prefixes = prefixes(number);
        let [base, extra] = prefixes.each_ref().map(String::as_str);
        let (own, to_red) = (format!("busy/n{number}"), format!("busy/n{number}-to-red"));
        [
            documents::network(&own, &format!("n{number}"), &[base, extra]),
            documents::consent(&to_red, &format!("n{number}"), "red-team/red"),
            documents::consent(&format!("red-team/to-n{number}"), "red", &own),
        ]
    });
    let objects: Vec<Value> = objects.collect();
    site.daemon
        .api()
        .apply("", &documents::stream(&objects))
        .map(drop)
}

fn subnet(number: u32) -> String {
    format!("10.{}.0", 50 + number)
}

/// What is always exported, and what comes and goes.
fn prefixes(number: u32) -> [String; 2] {
    [
        format!("{}.0/24", subnet(number)),
        format!("10.{}.128.0/24", 50 + number),
    ]
}

fn change(site: &Site, time: Duration) -> Result<u64> {
    let api = site.daemon.api();
    let begun = Instant::now();
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|number| (number, &api))
            .map(|(number, api)| scope.spawn(move || call(api, number, begun, time)))
            .collect();
        let answered = callers.into_iter().map(|caller| {
            let answered = caller.join();
            answered.map_err(|_| anyhow!("a caller of the API ended"))?
        });
        answered.sum()
    })
}

/// Ask at this caller's share of the pace, or as fast as it is answered. Returns how
/// often that was.
fn call(api: &Api, number: u32, begun: Instant, time: Duration) -> Result<u64> {
    let path = format!("/v1/peerings/busy/n{number}-to-red");
    let pace = Duration::from_secs(1) * CALLERS / ASKED;
    // Not all at once.
    let mut next = begun + pace * number / CALLERS;
    let mut answered = 0;
    while next < begun + time && begun.elapsed() < time {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        let all = prefixes(number);
        // At first all are exported.
        let export = &all[..if answered % 2 == 0 { 1 } else { 2 }];
        let answer = api.put("PATCH", &path, &json!({ "spec": { "export": export } }))?;
        answer.expect(200).with_context(|| path.clone())?;
        answered += 1;
        next += pace;
    }
    Ok(answered)
}
