//! Networks, whose uuids a peering names.

use anyhow::Result;
use peer_tests::{Ask, Bare};
use serde_json::{Value, json};

use super::client::{network, refused};

fn networks(found: &Value) -> Vec<&Value> {
    let list = found["networks"]["network"].as_array();
    list.into_iter().flatten().collect()
}

#[test]
fn a_network_is_shown_in_upclouds_form() -> Result<()> {
    let bare = Bare::start("upcloud networks", 2)?;
    let api = bare.daemon.api();
    let wanted = json!({
        "apiVersion": "peerd/v1",
        "kind": "Network",
        "metadata": { "namespace": "mine", "name": "sdn", "labels": { "env": "prod" } },
        "spec": {
            "zone": "fi-hel1",
            "prefixes": ["10.1.0.0/16", "fd00:1::/48"],
            "ports": [{ "interface": "p1" }],
        },
    });
    api.put("POST", "/v1/networks", &wanted)?.expect(201)?;
    let uuid = network(&api, "mine/sdn")?;
    let shown = api.get(&format!("/1.3/network/{uuid}"))?;
    let expected = json!({
        "uuid": uuid,
        "name": "sdn",
        "type": "private",
        "zone": "fi-hel1",
        "ip_networks": { "ip_network": [
            { "address": "10.1.0.0/16", "family": "IPv4", "dhcp": "no",
              "dhcp_default_route": "no", "gateway": "10.1.0.1" },
            { "address": "fd00:1::/48", "family": "IPv6", "dhcp": "no",
              "dhcp_default_route": "no" },
        ] },
        "labels": [{ "key": "env", "value": "prod" }],
        "router": uuid,
        "servers": { "server": [] },
    });
    assert_eq!(shown, json!({ "network": expected }));
    let other = json!({
        "apiVersion": "peerd/v1",
        "kind": "Network",
        "metadata": { "namespace": "mine", "name": "other" },
        "spec": { "prefixes": ["10.2.0.0/16"] },
    });
    api.put("POST", "/v1/networks", &other)?.expect(201)?;
    let all = api.get("/1.3/network")?;
    assert_eq!(networks(&all).len(), 2);
    assert_eq!(networks(&all)[1], &expected);
    assert_eq!(networks(&all)[0]["router"], "");
    for query in [
        "/?zone=fi-hel1",
        "?label=env",
        "?label=env%3Dprod&zone=fi-hel1",
    ] {
        let found = api.get(&format!("/1.3/network{query}"))?;
        assert_eq!(networks(&found), [&expected], "{query}");
    }
    for query in ["/?zone=nl-ams1", "?label=env%3Dtest"] {
        let found = api.get(&format!("/1.3/network{query}"))?;
        assert!(networks(&found).is_empty(), "{query}");
    }
    Ok(())
}

#[test]
fn networks_are_made_natively() -> Result<()> {
    let bare = Bare::with_networks("upcloud no networks")?;
    let api = bare.daemon.api();
    let blue = format!("/1.3/network/{}", network(&api, "blue-team/blue")?);
    for (method, target) in [("POST", "/1.3/network/"), ("PUT", &blue), ("DELETE", &blue)] {
        let answer = api.send(&Ask::new(method, target))?;
        refused(&answer, 405, "METHOD_NOT_ALLOWED")?;
    }
    let gone = network(&api, "red-team/red")?;
    api.call("DELETE", "/v1/networks/red-team/red")?
        .expect(200)?;
    for uuid in [&gone, "8c2a2f0e-7d0b-4a39-9d4f-0a3a5f0e1b2c", "blue", "%ff"] {
        let answer = api.call("GET", &format!("/1.3/network/{uuid}"))?;
        refused(&answer, 404, "NETWORK_NOT_FOUND")?;
    }
    Ok(())
}
