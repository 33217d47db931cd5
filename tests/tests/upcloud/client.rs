//! What a client of UpCloud's says and is told.

use anyhow::{Context as _, Result, bail, ensure};
use peer_tests::{Answer, Api, SOON, wait_until};
use serde_json::{Value, json};

/// Where network peerings are.
pub(super) const PEERINGS: &str = "/1.3/network-peering";

/// The uuid of the network `NAMESPACE/NAME`.
pub(super) fn network(api: &Api, id: &str) -> Result<String> {
    let network = api.get(&format!("/v1/networks/{id}"))?;
    let uid = network["metadata"]["uid"].as_str();
    Ok(uid.context("a network without a uid")?.to_owned())
}

/// The body that asks for a peering of two networks by their uuids.
pub(super) fn body(name: &str, own: &str, peer: &str) -> Value {
    json!({ "network_peering": {
        "configured_status": "active",
        "name": name,
        "network": { "uuid": own },
        "peer_network": { "uuid": peer },
    } })
}

/// Ask for a peering; returns what was made.
pub(super) fn create(api: &Api, name: &str, own: &str, peer: &str) -> Result<Value> {
    let answer = api.put("POST", PEERINGS, &body(name, own, peer))?;
    Ok(answer.expect(201)?["network_peering"].take())
}

/// Ask for a peering between networks by their names; returns its uuid.
pub(super) fn request(api: &Api, own: &str, peer: &str) -> Result<String> {
    let (own, peer) = (network(api, own)?, network(api, peer)?);
    uuid(&create(api, "a peering", &own, &peer)?)
}

/// A peering's uuid.
pub(super) fn uuid(peering: &Value) -> Result<String> {
    let uuid = peering["uuid"].as_str();
    Ok(uuid.context("a peering without a uuid")?.to_owned())
}

/// Its path.
pub(super) fn path(uuid: &str) -> String {
    format!("{PEERINGS}/{uuid}")
}

/// The peering as it is.
pub(super) fn get(api: &Api, uuid: &str) -> Result<Value> {
    Ok(api.get(&path(uuid))?["network_peering"].take())
}

/// All peerings that a query finds.
pub(super) fn list(api: &Api, query: &str) -> Result<Vec<Value>> {
    match api.get(&format!("{PEERINGS}{query}"))?["network_peerings"]["network_peering"].take() {
        Value::Array(all) => Ok(all),
        other => bail!("no list but {other}"),
    }
}

/// Change some attributes; returns the peering after that.
pub(super) fn modify(api: &Api, uuid: &str, attributes: Value) -> Result<Value> {
    let body = json!({ "network_peering": attributes });
    let answer = api.put("PATCH", &path(uuid), &body)?;
    Ok(answer.expect(200)?["network_peering"].take())
}

/// Delete it, which must succeed.
pub(super) fn delete(api: &Api, uuid: &str) -> Result<()> {
    let answer = api.call("DELETE", &path(uuid))?;
    ensure!(answer.status == 204 && answer.body.is_empty(), "{answer:?}");
    Ok(())
}

/// Wait until it has a state; returns it.
pub(super) fn wait_state(api: &Api, uuid: &str, wanted: &str) -> Result<Value> {
    wait_until(&format!("the peering is {wanted}"), SOON, || {
        let peering = get(api, uuid)?;
        ensure!(peering["state"] == wanted, "it is {peering}");
        Ok(peering)
    })
}

/// The sentence of what had to be refused with a status and a code of UpCloud's.
pub(super) fn refused(answer: &Answer, status: u16, code: &str) -> Result<String> {
    let body = answer.expect(status)?;
    let message = body["error"]["error_message"].as_str().unwrap_or_default();
    let form = json!({ "error": { "error_code": code, "error_message": message } });
    ensure!(body == form && !message.is_empty(), "not {code} but {body}");
    // The Go client takes what says it is a problem for one.
    let kind = answer.header("content-type");
    ensure!(kind == Some("application/json"), "it is {kind:?}");
    Ok(message.to_owned())
}

/// Addresses under `ip_networks` of one of the two networks.
pub(super) fn addresses(network: &Value) -> Value {
    let list = network["ip_networks"]["ip_network"].as_array();
    list.into_iter()
        .flatten()
        .map(|entry| entry["address"].clone())
        .collect()
}
