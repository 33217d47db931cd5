//! All ten states, each come by as in life.

use anyhow::Result;
use peer_tests::{
    Bare, Scene, Table,
    documents::{consent, network as document},
};
use serde_json::json;

use super::client::{addresses, create, get, list, modify, network, request, uuid, wait_state};

/// Blue's request, and green's, which answers it.
fn agreed(tag: &str) -> Result<(Bare, String, String)> {
    let bare = Bare::with_networks(tag)?;
    let api = bare.daemon.api();
    let one = request(&api, "blue-team/blue", "green-team/green")?;
    assert_eq!(get(&api, &one)?["state"], "pending-peer");
    let other = request(&api, "green-team/green", "blue-team/blue")?;
    assert_eq!(get(&api, &one)?["state"], "active");
    Ok((bare, one, other))
}

#[test]
fn pending_until_the_peer_is_there_active_then_disabled_and_the_peer_sees_it() -> Result<()> {
    let (bare, one, other) = agreed("upcloud disabled")?;
    let api = bare.daemon.api();
    let disabled = modify(&api, &one, json!({ "configured_status": "disabled" }))?;
    assert_eq!(disabled["state"], "disabled");
    assert_eq!(disabled["configured_status"], "disabled");
    assert_eq!(get(&api, &other)?["state"], "peer-disabled");
    assert_eq!(get(&api, &other)?["configured_status"], "active");
    // Both disabled are both disabled.
    modify(&api, &other, json!({ "configured_status": "disabled" }))?;
    assert_eq!(get(&api, &other)?["state"], "disabled");
    modify(&api, &one, json!({ "configured_status": "active" }))?;
    assert_eq!(get(&api, &one)?["state"], "peer-disabled");
    // One taken back leaves the other as it was before.
    super::client::delete(&api, &other)?;
    assert_eq!(get(&api, &one)?["state"], "pending-peer");
    Ok(())
}

#[test]
fn a_router_whose_port_is_taken_away_is_missing_on_its_side() -> Result<()> {
    let (bare, one, other) = agreed("upcloud routers")?;
    let api = bare.daemon.api();
    bare.lab.router.ip("link del p1")?;
    wait_state(&api, &one, "missing-local-router")?;
    wait_state(&api, &other, "missing-peer-router")?;
    let blue = network(&api, "blue-team/blue")?;
    let shown = api.get(&format!("/1.3/network/{blue}"))?["network"].take();
    assert_eq!(shown["router"], "");
    // Whoever is disabled is that before all else.
    let disabled = modify(&api, &one, json!({ "configured_status": "disabled" }))?;
    assert_eq!(disabled["state"], "disabled");
    modify(&api, &one, json!({ "configured_status": "active" }))?;
    bare.lab
        .router
        .ip("link add p1 type veth peer name end-of-p1\n\
         addr add 10.1.0.1/24 dev p1\n\
         link set p1 up\n\
         link set end-of-p1 up")?;
    wait_state(&api, &one, "active")?;
    wait_state(&api, &other, "active").map(drop)
}

#[test]
fn a_network_that_is_gone_was_deleted_for_its_peer_and_has_no_router_for_its_own() -> Result<()> {
    let (bare, one, other) = agreed("upcloud gone")?;
    let api = bare.daemon.api();
    let green = network(&api, "green-team/green")?;
    api.call("DELETE", "/v1/networks/green-team/green")?
        .expect(200)?;
    let left = wait_state(&api, &one, "deleted-peer-network")?;
    assert_eq!(left["peer_network"], json!({ "uuid": green }));
    wait_state(&api, &other, "missing-local-router")?;
    // upctl takes the first address of every peering's own network without a look.
    for peering in list(&api, "")? {
        assert!(peering["network"]["ip_networks"]["ip_network"][0].is_object());
    }
    // The way out, also where the peer is gone.
    let disabled = modify(&api, &one, json!({ "configured_status": "disabled" }))?;
    assert_eq!(disabled["state"], "disabled");
    super::client::delete(&api, &one)
}

#[test]
fn overlapping_networks_conflict_at_once_and_whenever_they_come_to_overlap() -> Result<()> {
    let (bare, one, other) = agreed("upcloud overlap")?;
    let api = bare.daemon.api();
    let prefixes = |all: &[&str]| -> Result<()> {
        let patch = json!({ "spec": { "prefixes": all } });
        let answer = api.put("PATCH", "/v1/networks/green-team/green", &patch)?;
        answer.expect(200).map(drop)
    };
    prefixes(&["10.2.0.0/16", "10.1.128.0/24"])?;
    for uuid in [&one, &other] {
        wait_state(&api, uuid, "conflict-subnet")?;
    }
    prefixes(&["10.2.0.0/16"])?;
    for uuid in [&one, &other] {
        wait_state(&api, uuid, "active")?;
    }
    // Known before the peer consents, to whoever knows its uuid.
    let overlapping = document("red-team/clash", "p4", &["10.1.64.0/18"]);
    api.put("POST", "/v1/networks", &overlapping)?.expect(201)?;
    let (blue, clash) = (
        network(&api, "blue-team/blue")?,
        network(&api, "red-team/clash")?,
    );
    let made = create(&api, "clash", &blue, &clash)?;
    assert_eq!(made["state"], "conflict-subnet");
    assert_eq!(made["peer_network"], json!({ "uuid": clash }));
    let cured = json!({ "spec": { "prefixes": ["10.4.0.0/16"] } });
    api.put("PATCH", "/v1/networks/red-team/clash", &cured)?
        .expect(200)?;
    wait_state(&api, &uuid(&made)?, "pending-peer").map(drop)
}

#[test]
fn what_conflicts_with_another_peer_is_told_once_both_sides_consent() -> Result<()> {
    let (bare, _, _) = agreed("upcloud third")?;
    let api = bare.daemon.api();
    // Disjoint from blue, but not from what blue imports from green already.
    let third = document("red-team/third", "p4", &["10.2.128.0/17"]);
    api.put("POST", "/v1/networks", &third)?.expect(201)?;
    let one = request(&api, "blue-team/blue", "red-team/third")?;
    assert_eq!(get(&api, &one)?["state"], "pending-peer");
    let other = request(&api, "red-team/third", "blue-team/blue")?;
    for uuid in [&one, &other] {
        wait_state(&api, uuid, "conflict-subnet")?;
    }
    Ok(())
}

#[test]
fn a_rejection_and_another_zone_are_errors() -> Result<()> {
    let bare = Bare::with_networks("upcloud errors")?;
    let api = bare.daemon.api();
    let rejected = request(&api, "blue-team/blue", "green-team/green")?;
    bare.daemon.peerctl(&["reject", &rejected])?.ok()?;
    assert_eq!(get(&api, &rejected)?["state"], "error");
    // A rejected one is not the pair's: it can be asked for again.
    let again = request(&api, "blue-team/blue", "green-team/green")?;
    assert_eq!(get(&api, &again)?["state"], "pending-peer");
    assert_eq!(list(&api, "")?.len(), 2);

    let zone = json!({ "spec": { "zone": "fi-hel1" } });
    api.put("PATCH", "/v1/networks/red-team/red", &zone)?
        .expect(200)?;
    let one = request(&api, "blue-team/blue", "red-team/red")?;
    assert_eq!(get(&api, &one)?["state"], "pending-peer");
    request(&api, "red-team/red", "blue-team/blue")?;
    let error = wait_state(&api, &one, "error")?;
    assert_eq!(addresses(&error["peer_network"]), json!(["10.3.0.0/16"]));
    for uuid in [rejected, again, one] {
        let disabled = modify(&api, &uuid, json!({ "configured_status": "disabled" }))?;
        assert_eq!(disabled["state"], "disabled");
        super::client::delete(&api, &uuid)?;
    }
    Ok(())
}

#[test]
fn a_native_request_that_expired_is_an_error() -> Result<()> {
    let bare = Bare::with_networks("upcloud expired")?;
    let api = bare.daemon.api();
    let mut ask = peer_tests::documents::consent("blue-team/ask", "blue", "green-team/green");
    ask["spec"]["ttl"] = json!("1s");
    let made = api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    bare.wait_state("blue-team/ask", "expired")?;
    let uid = made["metadata"]["uid"].as_str().unwrap_or_default();
    let expired = get(&api, uid)?;
    assert_eq!(
        (&expired["state"], &expired["name"]),
        (&json!("error"), &json!("ask"))
    );
    Ok(())
}

#[test]
fn what_the_kernel_does_not_take_is_provisioning() -> Result<()> {
    let mut scene = Scene::prepare("upcloud provisioning")?;
    let table = Table::of([&scene.blue, &scene.green, &scene.red]).peered("green", "red");
    scene.edit(|_| table)?;
    scene.daemon.start()?;
    let api = scene.daemon.api();
    let one = request(&api, "blue-team/blue", "green-team/green")?;
    crate::freeze::freeze_rules(&scene.daemon)?;
    let mut back = consent("green-team/to-blue", "green", "blue-team/blue");
    back["spec"]["allow"] = json!([{ "protocol": "icmp" }]);
    api.put("POST", "/v1/peerings", &back)?;
    wait_state(&api, &one, "provisioning")?;
    scene.assert_separated(&scene.blue, &scene.green)?;
    // The Terraform provider waits for its end, then disables.
    let disabled = modify(&api, &one, json!({ "configured_status": "disabled" }))?;
    assert_eq!(disabled["state"], "disabled");
    Ok(())
}
