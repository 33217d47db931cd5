//! Accounts are namespaces: who sees and does what, and what strangers are told.

use anyhow::Result;
use peer_tests::{Api, Bare, User};
use serde_json::json;

use super::client::{
    PEERINGS, body, create, get, list, modify, network, path, refused, request, uuid,
};

struct World {
    bare: Bare,
    root: Api,
    blue: Api,
    viewer: Api,
    green: Api,
}

fn start(tag: &str) -> Result<World> {
    let mut bare = Bare::prepare(tag, 3)?;
    bare.daemon.configure(
        "access:\n  \
         - { user: \"61101\", namespaces: [blue-team], role: operator }\n  \
         - { user: \"61102\", namespaces: [blue-team], role: viewer }\n  \
         - { user: \"61103\", namespaces: [green-team], role: operator }\n",
    )?;
    bare.daemon.start()?;
    bare.declare_networks()?;
    bare.daemon.open_socket()?;
    let user = |id| bare.daemon.api_as(&User::new(id));
    let (blue, viewer, green) = (user(61101), user(61102), user(61103));
    Ok(World {
        root: bare.daemon.api(),
        bare,
        blue,
        viewer,
        green,
    })
}

#[test]
fn each_account_sees_its_own_half_and_nothing_of_the_others_before_both_consent() -> Result<()> {
    let world = start("upcloud accounts")?;
    let (root, blue, green) = (&world.root, &world.blue, &world.green);
    let own = network(root, "blue-team/blue")?;
    let peer = network(root, "green-team/green")?;
    let networks = blue.get("/1.3/network")?;
    let listed = networks["networks"]["network"].as_array();
    assert_eq!(listed.map(Vec::len), Some(1), "{networks}");
    assert_eq!(networks["networks"]["network"][0]["uuid"], json!(own));
    let answer = blue.call("GET", &format!("/1.3/network/{peer}"))?;
    refused(&answer, 404, "NETWORK_NOT_FOUND")?;
    // The uuid of another's network is enough to ask for it, and tells nothing of it.
    let made = create(blue, "to you", &own, &peer)?;
    let uuid = uuid(&made)?;
    assert_eq!(made["peer_network"], json!({ "uuid": peer }));
    let native = &blue.list("/v1/peerings")?[0];
    assert!(!native.to_string().contains("green"), "{native}");
    assert!(list(green, "")?.is_empty());
    for method in ["GET", "DELETE"] {
        let answer = green.call(method, &path(&uuid))?;
        refused(&answer, 404, "PEERING_NOT_FOUND")?;
    }
    let name = json!({ "network_peering": { "name": "mine" } });
    let answer = green.put("PATCH", &path(&uuid), &name)?;
    refused(&answer, 404, "PEERING_NOT_FOUND")?;
    // Nobody asks in another's name.
    let answer = green.put("POST", PEERINGS, &body("not mine", &own, &peer))?;
    refused(&answer, 404, "NETWORK_NOT_FOUND")?;
    let theirs = create(green, "to you too", &peer, &own)?;
    assert_eq!(theirs["state"], "active");
    assert_eq!(list(green, "")?.len(), 1);
    assert_eq!(list(blue, "")?.len(), 1);
    assert_eq!(list(root, "")?.len(), 2);
    let agreed = get(blue, &uuid)?;
    assert_eq!(
        super::client::addresses(&agreed["peer_network"]),
        json!(["10.2.0.0/16"])
    );
    Ok(())
}

#[test]
fn who_may_only_look_changes_nothing() -> Result<()> {
    let world = start("upcloud viewer")?;
    let (root, viewer) = (&world.root, &world.viewer);
    let uuid = request(root, "blue-team/blue", "green-team/green")?;
    assert_eq!(get(viewer, &uuid)?["state"], "pending-peer");
    let (own, peer) = (
        network(root, "blue-team/blue")?,
        network(root, "red-team/red")?,
    );
    let disable = json!({ "network_peering": { "configured_status": "disabled" } });
    for answer in [
        viewer.put("POST", PEERINGS, &body("x", &own, &peer))?,
        viewer.put("PATCH", &path(&uuid), &disable)?,
        viewer.call("DELETE", &path(&uuid))?,
    ] {
        refused(&answer, 403, "NETWORK_FORBIDDEN")?;
    }
    assert_eq!(get(root, &uuid)?["state"], "pending-peer");
    Ok(())
}

#[test]
fn a_request_by_name_tells_neither_uuid_nor_overlap_of_a_strangers_network() -> Result<()> {
    let world = start("upcloud by name")?;
    let (root, blue) = (&world.root, &world.blue);
    let overlapping = json!({ "spec": { "prefixes": ["10.1.128.0/17"] } });
    root.put("PATCH", "/v1/networks/green-team/green", &overlapping)?
        .expect(200)?;
    let mut shown = Vec::new();
    for peer in ["green-team/green", "green-team/absent"] {
        let ask = peer_tests::documents::consent("blue-team/ask", "blue", peer);
        let made = blue.put("POST", "/v1/peerings", &ask)?.expect(201)?;
        let uid = made["metadata"]["uid"].as_str().unwrap_or_default();
        let mut peering = get(blue, uid)?;
        peering["uuid"].take();
        shown.push(peering);
        blue.call("DELETE", "/v1/peerings/blue-team/ask")?
            .expect(200)?;
    }
    assert_eq!(shown[0], shown[1]);
    assert_eq!(shown[0]["state"], "pending-peer");
    assert_eq!(shown[0]["peer_network"], json!({}));
    // Who sees both namespaces sees it coming.
    let ask = peer_tests::documents::consent("blue-team/ask", "blue", "green-team/green");
    let made = root.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let uid = made["metadata"]["uid"].as_str().unwrap_or_default();
    assert_eq!(get(root, uid)?["state"], "conflict-subnet");
    assert_eq!(get(blue, uid)?["state"], "pending-peer");
    drop(modify(
        blue,
        uid,
        json!({ "configured_status": "disabled" }),
    )?);
    drop(world.bare);
    Ok(())
}
