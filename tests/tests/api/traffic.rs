//! What the API answers is what packets find.

use anyhow::Result;
use peer_tests::{Api, Scene, Table};
use serde_json::json;

const TO_GREEN: &str = "/v1/peerings/blue-team/to-green";

/// The scene, held by the API and not by its table file.
fn start(tag: &str) -> Result<(Scene, Api)> {
    let mut scene = Scene::prepare(tag)?;
    let table = scene.table.to_string();
    scene.edit(|_| Table::default())?;
    scene.daemon.start()?;
    let api = scene.daemon.api();
    api.apply("", &table)?;
    scene.wait_state("blue", "green", "active")?;
    scene.wait_reachable(&scene.blue, &scene.green)?;
    Ok((scene, api))
}

/// See nothing pass, in a family each way.
fn assert_closed(scene: &Scene) -> Result<()> {
    scene.blue.assert_unanswered(scene.green.v4)?;
    scene.green.assert_unanswered(scene.blue.v6)
}

#[test]
fn a_narrower_export_stops_packets_in_both_directions_at_once() -> Result<()> {
    let (scene, api) = start("narrow export")?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    // Blue's host is in the other half.
    let half = json!({ "spec": { "export": ["10.1.128.0/17", "fd00:1:0:8000::/49"] } });
    let patched = api.put("PATCH", TO_GREEN, &half)?.expect(200)?;
    assert_eq!(patched["status"]["state"], "active");
    assert_closed(&scene)?;
    scene.assert_connected(&scene.green, &scene.red)?;
    let seen = api.get("/v1/peerings/green-team/to-blue")?;
    assert_eq!(seen["status"]["peer"]["prefixes"], half["spec"]["export"]);
    api.put("PATCH", TO_GREEN, &json!({ "spec": { "export": null } }))?
        .expect(200)?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn disable_enable_and_delete_are_in_force_when_answered() -> Result<()> {
    let (scene, api) = start("at once")?;
    api.call("POST", &format!("{TO_GREEN}/disable"))?
        .expect(200)?;
    assert_closed(&scene)?;
    let enabled = api.call("POST", &format!("{TO_GREEN}/enable"))?;
    assert_eq!(enabled.expect(200)?["status"]["state"], "active");
    scene.assert_connected(&scene.blue, &scene.green)?;
    api.call("DELETE", TO_GREEN)?.expect(200)?;
    assert_closed(&scene)?;
    assert_eq!(scene.status("green", "blue")?.state, "pending");
    let accepted = api
        .call("POST", "/v1/peerings/green-team/to-blue/accept")?
        .expect(201)?;
    assert_eq!(accepted["status"]["state"], "active");
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn a_peering_counts_its_own_packets_both_ways() -> Result<()> {
    let (scene, api) = start("counts")?;
    let counts = || -> Result<[u64; 2]> {
        let status = api.get(TO_GREEN)?["status"].take();
        Ok(["forwarded", "received"].map(|way| status[way]["packets"].as_u64().unwrap_or(0)))
    };
    let before = counts()?;
    assert!(scene.blue.ping(scene.green.v4, 10)?.none_lost());
    let after = counts()?;
    assert_eq!([after[0] - before[0], after[1] - before[1]], [10, 10]);
    assert_eq!(scene.blue.ping(scene.red.v4, 3)?.received, 0);
    assert_eq!(counts()?, after);
    Ok(())
}

#[test]
fn what_the_api_holds_carries_packets_while_the_daemon_is_restarted() -> Result<()> {
    let (mut scene, _) = start("restart")?;
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    scene.daemon.kill9()?;
    scene.daemon.start()?;
    scene.wait_state("blue", "green", "active")?;
    pings.assert_none_lost().map(drop)
}
