//! The peering between Aiven and UpCloud: a request by UpCloud's API, and the other half
//! made in other words.

use anyhow::{Context as _, Result};
use peer_tests::{Bare, Scene, Table, documents::network as document};
use serde_json::json;

use super::client::{PEERINGS, addresses, body, create, get, network, uuid, wait_state};

#[test]
fn a_request_is_answered_field_by_field_as_upclouds_users_expect() -> Result<()> {
    let bare = Bare::start("upcloud seed", 2)?;
    let api = bare.daemon.api();
    let prefixes = ["10.1.0.0/24", "fc02:c4f3::/64"];
    for network in [
        document("mine/sdn", "p1", &prefixes),
        document("aiven/vpc", "p2", &["10.2.0.0/24"]),
    ] {
        api.put("POST", "/v1/networks", &network)?.expect(201)?;
    }
    let (own, peer) = (network(&api, "mine/sdn")?, network(&api, "aiven/vpc")?);
    let ask = body("NAME_OF_YOUR_PEERING", &own, &peer);
    let made = api.put("POST", PEERINGS, &ask)?.expect(201)?;
    let uuid = uuid(&made["network_peering"])?;
    let expected = json!({ "network_peering": {
        "configured_status": "active",
        "name": "NAME_OF_YOUR_PEERING",
        "labels": [],
        "network": {
            "ip_networks": { "ip_network": [
                { "address": "10.1.0.0/24", "family": "IPv4" },
                { "address": "fc02:c4f3::/64", "family": "IPv6" },
            ] },
            "uuid": own,
        },
        "peer_network": { "uuid": peer },
        "state": "pending-peer",
        "uuid": uuid,
    } });
    assert_eq!(made, expected);
    assert_eq!(api.get(&super::client::path(&uuid))?, expected);
    assert_eq!(
        api.get(PEERINGS)?,
        json!({ "network_peerings": { "network_peering": [expected["network_peering"]] } })
    );
    // It waits for ever.
    let native = &api.list("/v1/peerings?namespace=mine")?[0];
    assert_eq!(native["metadata"]["uid"], json!(uuid));
    assert_eq!(native["spec"]["description"], "NAME_OF_YOUR_PEERING");
    assert_eq!(native["spec"]["ttl"], "never");
    assert_eq!(native["status"]["origin"], "upcloud");
    assert!(native["status"]["expiresAt"].is_null());
    Ok(())
}

#[test]
fn aivens_half_made_first_shows_its_networks_uuid_and_waits_for_upclouds() -> Result<()> {
    let bare = Bare::with_networks("upcloud aiven first")?;
    let api = bare.daemon.api();
    let (sdn, vpc) = (
        network(&api, "blue-team/blue")?,
        network(&api, "green-team/green")?,
    );
    // In Aiven's console the uuid of the SDN network is all there is to say.
    let half = json!({
        "apiVersion": "peerd/v1",
        "kind": "Peering",
        "metadata": { "namespace": "green-team", "name": "to-upcloud" },
        "spec": { "network": "green", "peer": { "id": sdn } },
    });
    let half = api.put("POST", "/v1/peerings", &half)?.expect(201)?;
    assert_eq!(half["status"]["state"], "pending");
    assert_eq!(half["status"]["networkUid"], json!(vpc));
    let peering = create(&api, "peering upcloud->aiven", &sdn, &vpc)?;
    assert_eq!(peering["state"], "active");
    assert_eq!(
        peering["peer_network"],
        json!({
            "uuid": vpc,
            "ip_networks": { "ip_network": [{ "address": "10.2.0.0/16", "family": "IPv4" }] },
        })
    );
    bare.wait_state("green-team/to-upcloud", "active").map(drop)
}

/// The scene's networks, held by the API, with no peerings.
fn scene(tag: &str) -> Result<Scene> {
    let mut scene = Scene::prepare(tag)?;
    let table = Table::of([&scene.blue, &scene.green, &scene.red]).to_string();
    scene.edit(|_| Table::default())?;
    scene.daemon.start()?;
    scene.daemon.api().apply("", &table)?;
    Ok(scene)
}

#[test]
fn a_request_accepted_by_peerctl_carries_packets_until_it_is_disabled() -> Result<()> {
    let scene = scene("upcloud packets")?;
    let api = scene.daemon.api();
    let (blue, green) = (
        network(&api, "blue-team/blue")?,
        network(&api, "green-team/green")?,
    );
    let uuid = uuid(&create(&api, "to green", &blue, &green)?)?;
    scene.assert_separated(&scene.blue, &scene.green)?;
    // Its owner is told of the request, and accepts it by its id.
    let accept = [
        "accept",
        &uuid,
        "--name",
        "from-blue",
        "--export",
        "10.2.0.0/17",
    ];
    scene.daemon.peerctl(&accept)?.ok()?;
    let peering = wait_state(&api, &uuid, "active")?;
    assert_eq!(addresses(&peering["peer_network"]), json!(["10.2.0.0/17"]));
    scene.blue.assert_reaches(scene.green.v4)?;
    scene.green.assert_reaches(scene.blue.v4)?;
    // What green keeps to itself stays where it is.
    scene.blue.assert_unanswered(scene.green.v6)?;
    scene.green.assert_unanswered(scene.red.v4)?;
    let disabled = super::client::modify(&api, &uuid, json!({ "configured_status": "disabled" }))?;
    assert_eq!(disabled["state"], "disabled");
    scene.assert_separated(&scene.blue, &scene.green)?;
    let active = super::client::modify(&api, &uuid, json!({ "configured_status": "active" }))?;
    assert_eq!(active["state"], "active");
    scene.blue.assert_reaches(scene.green.v4)
}

#[test]
fn two_requests_by_upclouds_api_are_both_halves_and_carry_packets() -> Result<()> {
    let scene = scene("upcloud both halves")?;
    let api = scene.daemon.api();
    let (blue, green) = (
        network(&api, "blue-team/blue")?,
        network(&api, "green-team/green")?,
    );
    let one = uuid(&create(&api, "one way", &blue, &green)?)?;
    let other = create(&api, "the other", &green, &blue)?;
    assert_eq!(other["state"], "active");
    assert_eq!(get(&api, &one)?["state"], "active");
    scene.wait_reachable(&scene.blue, &scene.green)?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    scene.assert_separated(&scene.blue, &scene.red)?;
    let listed = super::client::list(&api, "")?;
    let own: Vec<_> = listed.iter().map(|one| &one["network"]["uuid"]).collect();
    assert_eq!(own, [&json!(blue), &json!(green)]);
    Ok(())
}

#[test]
fn a_peering_and_its_name_survive_a_restart() -> Result<()> {
    let mut bare = Bare::with_networks("upcloud restart")?;
    let api = bare.daemon.api();
    let (blue, green) = (
        network(&api, "blue-team/blue")?,
        network(&api, "green-team/green")?,
    );
    let name = "peering \"upcloud\"->aiven: ü, 東, \u{2028}, {a: b} # c";
    let made = create(&api, name, &blue, &green)?;
    let uuid = uuid(&made)?;
    let labels = json!([{ "key": "env", "value": "yes: [no] \u{feff}" }]);
    let made = super::client::modify(&api, &uuid, json!({ "labels": labels }))?;
    assert_eq!((&made["name"], &made["labels"]), (&json!(name), &labels));
    bare.daemon.kill9()?;
    bare.daemon.start()?;
    let found = get(&bare.daemon.api(), &uuid)?;
    assert_eq!(found, made);
    let native = bare.daemon.api().list("/v1/peerings")?;
    let origin = native.first().context("it is gone")?;
    assert_eq!(origin["status"]["origin"], "upcloud");
    Ok(())
}
