//! OEP-8's documents, and how their status reads.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Api, SOON, wait_until};
use serde_json::{Value, json};

pub(super) const VERSION: &str = "networking.api.onmetal.de/v1alpha1";

/// Where requests are read.
pub(super) const REQUESTS: &str = "/v1/foreign/networkpeeringrequests";

/// Where networks are read.
pub(super) const NETWORKS: &str = "/v1/foreign/networks.networking.api.onmetal.de";

/// A request `NAMESPACE/NAME` of the network `local` for the network `remote`; that of the
/// same namespace where it names none.
pub(super) fn request(id: &str, local: &str, remote: &str) -> Value {
    let (namespace, name) = id.split_once('/').unwrap_or(("default", id));
    let remote = match remote.split_once('/') {
        Some((namespace, name)) => json!({ "namespace": namespace, "name": name }),
        None => json!({ "name": remote }),
    };
    json!({
        "apiVersion": VERSION,
        "kind": "NetworkPeeringRequest",
        "metadata": { "namespace": namespace, "name": name },
        "spec": { "localNetworkRef": { "name": local }, "remoteNetworkRef": remote },
    })
}

/// A network `NAMESPACE/NAME`.
pub(super) fn network(id: &str) -> Value {
    let (namespace, name) = id.split_once('/').unwrap_or(("default", id));
    json!({
        "apiVersion": VERSION,
        "kind": "Network",
        "metadata": { "namespace": namespace, "name": name },
    })
}

/// `status` of a request that is there.
pub(super) fn status(api: &Api, id: &str) -> Result<Value> {
    Ok(api.get(&format!("{REQUESTS}/{id}"))?["status"].take())
}

/// Wait until a request has a state; returns its status.
pub(super) fn wait_state(api: &Api, id: &str, wanted: &str) -> Result<Value> {
    wait_until(&format!("{id} is {wanted}"), SOON, || {
        let status = status(api, id)?;
        ensure!(status["state"] == wanted, "it is {status}");
        Ok(status)
    })
}

/// Wait until a request is there no more.
pub(super) fn wait_gone(api: &Api, id: &str) -> Result<()> {
    wait_until(&format!("{id} is gone"), SOON, || {
        let answer = api.call("GET", &format!("{REQUESTS}/{id}"))?;
        ensure!(answer.status == 404, "{answer:?}");
        Ok(())
    })
}

/// Wait until a network is peered with those of these names, and no others.
pub(super) fn wait_peered(api: &Api, id: &str, wanted: &[&str]) -> Result<()> {
    let names = |network: &Value| -> Result<Vec<String>> {
        let peered = network["status"]["peeredNetworks"].as_array();
        let peered = peered.context("no peeredNetworks")?.iter();
        let part = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
        let mut names: Vec<String> = peered
            .map(|it| format!("{}/{}", part(it, "namespace"), part(it, "name")))
            .collect();
        names.sort();
        Ok(names)
    };
    wait_until(&format!("{id} is peered with {wanted:?}"), SOON, || {
        let network = api.get(&format!("{NETWORKS}/{id}"))?;
        let found = names(&network)?;
        ensure!(found == wanted, "{network}");
        Ok(())
    })
}
