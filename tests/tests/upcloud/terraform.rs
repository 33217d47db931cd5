//! The Terraform provider's calls, in its order.

use anyhow::Result;
use peer_tests::Bare;
use serde_json::{Value, json};

use super::client::{PEERINGS, delete, get, list, modify, network, path, refused, uuid};

/// As the provider writes it: every attribute each time.
fn plan(name: &str, status: &str, labels: Value) -> Value {
    json!({ "configured_status": status, "name": name, "labels": labels })
}

#[test]
fn two_ways_are_made_changed_and_destroyed() -> Result<()> {
    let bare = Bare::with_networks("upcloud terraform")?;
    let api = bare.daemon.api();
    let account = api.get("/1.3/account")?;
    assert!(account["account"]["username"].is_string(), "{account}");
    let networks = [
        network(&api, "blue-team/blue")?,
        network(&api, "green-team/green")?,
    ];
    let labels = json!([
        { "key": "owned-by", "value": "team-devex" },
        { "key": "test", "value": "tf-acc-test" },
    ]);
    let mut made = Vec::new();
    for (from, to) in [(0, 1), (1, 0)] {
        let mut ask = plan(&format!("tf-{from}"), "active", labels.clone());
        ask["network"] = json!({ "uuid": networks[from] });
        ask["peer_network"] = json!({ "uuid": networks[to] });
        let answer = api.put("POST", PEERINGS, &json!({ "network_peering": ask }))?;
        made.push(uuid(&answer.expect(201)?["network_peering"])?);
    }
    let [one, other] = &made[..] else {
        panic!("{made:?}");
    };
    for uuid in [one, other] {
        let peering = get(&api, uuid)?;
        assert_eq!(peering["state"], "active");
        assert_eq!(peering["labels"], labels);
    }
    // Another name, fewer labels, one side disabled.
    let fewer = json!([{ "key": "test", "value": "changed" }]);
    let changed = modify(&api, one, plan("renamed", "disabled", fewer.clone()))?;
    assert_eq!(
        json!([changed["name"], changed["state"], changed["labels"]]),
        json!(["renamed", "disabled", fewer])
    );
    assert_eq!(get(&api, other)?["state"], "peer-disabled");
    // The other side disabled instead, and no labels.
    modify(&api, other, plan("tf-1", "disabled", json!([])))?;
    let changed = modify(&api, one, plan("renamed", "active", json!([])))?;
    assert_eq!(changed["state"], "peer-disabled");
    assert_eq!(changed["labels"], json!([]));
    // Labels that are not named stay.
    modify(&api, one, json!({ "labels": fewer }))?;
    assert_eq!(
        modify(&api, one, json!({ "name": "again" }))?["labels"],
        fewer
    );
    // Destroyed: what is not disabled is disabled first.
    for uuid in [one, other] {
        if get(&api, uuid)?["state"] != "disabled" {
            modify(&api, uuid, json!({ "configured_status": "disabled" }))?;
        }
        assert_eq!(get(&api, uuid)?["state"], "disabled");
        delete(&api, uuid)?;
        refused(&api.call("GET", &path(uuid))?, 404, "PEERING_NOT_FOUND")?;
        refused(&api.call("DELETE", &path(uuid))?, 404, "PEERING_NOT_FOUND")?;
        let body = json!({ "network_peering": { "name": "gone" } });
        let answer = api.put("PATCH", &path(uuid), &body)?;
        refused(&answer, 404, "PEERING_NOT_FOUND")?;
    }
    assert!(list(&api, "")?.is_empty());
    // The pair can be made anew at once, with the same names.
    super::client::request(&api, "blue-team/blue", "green-team/green").map(drop)
}

#[test]
fn a_pending_peering_is_destroyed_as_well() -> Result<()> {
    let bare = Bare::with_networks("upcloud pending")?;
    let api = bare.daemon.api();
    let uuid = super::client::request(&api, "blue-team/blue", "green-team/green")?;
    let message = refused(
        &api.call("DELETE", &path(&uuid))?,
        409,
        "PEERING_NOT_DISABLED",
    )?;
    assert!(message.contains("a peering"), "{message}");
    let disabled = modify(&api, &uuid, json!({ "configured_status": "disabled" }))?;
    assert_eq!(disabled["state"], "disabled");
    delete(&api, &uuid)
}

#[test]
fn a_peering_can_be_made_disabled() -> Result<()> {
    let bare = Bare::with_networks("upcloud made disabled")?;
    let api = bare.daemon.api();
    let (blue, green) = (
        network(&api, "blue-team/blue")?,
        network(&api, "green-team/green")?,
    );
    let mut ask = super::client::body("later", &blue, &green);
    ask["network_peering"]["configured_status"] = json!("disabled");
    let made = api.put("POST", PEERINGS, &ask)?.expect(201)?;
    assert_eq!(made["network_peering"]["state"], "disabled");
    // Nobody is asked yet.
    assert!(api.list("/v1/peerings?incoming=true")?.is_empty());
    let uuid = uuid(&made["network_peering"])?;
    let active = modify(&api, &uuid, json!({ "configured_status": "active" }))?;
    assert_eq!(active["state"], "pending-peer");
    assert_eq!(api.list("/v1/peerings?incoming=true")?.len(), 1);
    // Left out, it is active.
    let red = network(&api, "red-team/red")?;
    let ask = json!({ "network_peering": {
        "name": "now", "network": { "uuid": blue }, "peer_network": { "uuid": red },
    } });
    let made = api.put("POST", PEERINGS, &ask)?.expect(201)?;
    assert_eq!(made["network_peering"]["configured_status"], "active");
    Ok(())
}
