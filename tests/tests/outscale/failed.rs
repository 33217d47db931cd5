//! Peerings that cannot be from the start, and those that cannot be any more.

use anyhow::{Result, ensure};
use peer_tests::{SOON, documents::network, wait_until};
use serde_json::{Value, json};

use super::calls::{BLUE, Client, GREEN, RED, TRANSITION, add, id, start, state};

fn assert_failed(client: &Client, made: &Value, word: &str) -> Result<()> {
    let (name, message) = state(made);
    ensure!(name == "failed" && message.contains(word), "{made}");
    ensure!(made["ExpirationDate"].is_null(), "{made}");
    let pcx = id(made);
    ensure!(&client.read(&pcx)? == made, "{made}");
    for action in ["AcceptNetPeering", "RejectNetPeering", "DeleteNetPeering"] {
        client.refused(action, json!({ "NetPeeringId": pcx }), TRANSITION)?;
    }
    Ok(())
}

#[test]
fn overlap_zone_and_missing_ports_fail_a_request_when_it_is_made() -> Result<()> {
    let (_bare, client) = start("impossible")?;
    add(&client, "red-team/same", "p4", "10.1.0.0/17")?;
    let mut elsewhere = network("red-team/elsewhere", "p5", &["10.4.0.0/16"]);
    elsewhere["spec"]["zone"] = json!("other");
    client
        .0
        .put("POST", "/v1/networks", &elsewhere)?
        .expect(201)?;
    add(&client, "red-team/portless", "missing", "10.5.0.0/16")?;

    let overlap = client.request(BLUE, "red-team/same")?;
    assert_failed(&client, &overlap, "overlaps")?;
    let zone = client.request(BLUE, "red-team/elsewhere")?;
    assert_failed(&client, &zone, "zone")?;
    let accepter = client.request(BLUE, "red-team/portless")?;
    assert_failed(&client, &accepter, "red-team/portless has no working port")?;
    let source = client.request("red-team/portless", GREEN)?;
    assert_failed(&client, &source, "red-team/portless has no working port")?;
    // What has failed is in nobody's way.
    let again = client.request(BLUE, "red-team/same")?;
    assert_failed(&client, &again, "overlaps")?;
    assert_eq!(client.list(json!({ "StateNames": ["failed"] }))?.len(), 5);
    Ok(())
}

#[test]
fn what_overlaps_another_peers_range_fails_too() -> Result<()> {
    let (_bare, client) = start("third")?;
    add(&client, "red-team/greens", "p4", "10.2.128.0/17")?;
    client.peer(BLUE, GREEN)?;
    let third = client.request(BLUE, "red-team/greens")?;
    assert_failed(
        &client,
        &third,
        "overlaps what blue-team/blue imports from another",
    )?;
    // Whether the other side asked as well does not matter.
    let reverse = client.request("red-team/greens", BLUE)?;
    assert_failed(&client, &reverse, "overlaps")
}

#[test]
fn what_ends_later_leaves_an_accepted_one_active_with_the_reason() -> Result<()> {
    let (bare, client) = start("later")?;
    let pcx = client.peer(BLUE, GREEN)?;
    let says = |word: &str| {
        wait_until(&format!("its message says {word}"), SOON, || {
            let now = client.read(&pcx)?;
            let (name, message) = state(&now);
            ensure!(name == "active" && message.contains(word), "{now}");
            Ok(())
        })
    };
    let patch = |network: &str, spec: Value| -> Result<()> {
        let path = format!("/v1/networks/{network}");
        client
            .0
            .put("PATCH", &path, &json!({ "spec": spec }))?
            .expect(200)?;
        Ok(())
    };
    patch(GREEN, json!({ "prefixes": ["10.2.0.0/16", "10.1.2.0/24"] }))?;
    says("overlaps")?;
    patch(
        GREEN,
        json!({ "prefixes": ["10.2.0.0/16"], "zone": "other" }),
    )?;
    says("zone")?;
    patch(GREEN, json!({ "zone": null }))?;
    bare.lab.router.ip("link set p2 down\nlink del p2")?;
    says("no working port")?;
    client
        .0
        .call("POST", "/v1/peerings/blue-team/to-green/disable")?
        .expect(200)?;
    says("adminState")?;
    // Either owner can still delete it.
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.wait_state(&pcx, "deleted").map(drop)
}

#[test]
fn what_stands_against_an_unanswered_request_leaves_it_pending() -> Result<()> {
    let (_bare, client) = start("unanswered")?;
    let pcx = id(&client.request(BLUE, RED)?);
    client
        .0
        .call("POST", "/v1/peerings/blue-team/to-red/disable")?
        .expect(200)?;
    let paused = client.read(&pcx)?;
    assert_eq!(
        state(&paused),
        ("pending-acceptance", "its adminState is down")
    );
    Ok(())
}

#[test]
fn a_peering_with_a_net_that_is_gone_is_deleted() -> Result<()> {
    let (_bare, client) = start("gone")?;
    let pcx = client.peer(BLUE, GREEN)?;
    client
        .0
        .call("DELETE", "/v1/networks/green-team/green")?
        .expect(200)?;
    client.wait_state(&pcx, "deleted")?;
    // Its owner can take what is left of it off the list.
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    client
        .refused(
            "DeleteNetPeering",
            json!({ "NetPeeringId": pcx }),
            TRANSITION,
        )
        .map(drop)
}
