//! Single documents as clients of the API write them.

use serde_json::{Value, json};

/// A network `NAMESPACE/NAME` with a port and prefixes.
pub fn network(id: &str, interface: &str, prefixes: &[&str]) -> Value {
    document(
        "Network",
        id,
        json!({ "prefixes": prefixes, "ports": [{ "interface": interface }] }),
    )
}

/// A consent `NAMESPACE/NAME` of the network `own` in its namespace to peer with
/// the network `peer`, `NAMESPACE/NAME`.
pub fn consent(id: &str, own: &str, peer: &str) -> Value {
    let (namespace, network) = halves(peer);
    document(
        "Peering",
        id,
        json!({ "network": own, "peer": { "namespace": namespace, "network": network } }),
    )
}

/// Documents as one stream.
pub fn stream<'a>(documents: impl IntoIterator<Item = &'a Value>) -> String {
    let texts = documents
        .into_iter()
        .map(|document| format!("{document}\n"));
    texts.collect::<Vec<_>>().join("---\n")
}

/// `NAMESPACE/NAME` of an object.
pub fn name(object: &Value) -> String {
    let part = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    format!("{}/{}", part("namespace"), part("name"))
}

fn document(kind: &str, id: &str, spec: Value) -> Value {
    let (namespace, name) = halves(id);
    json!({
        "apiVersion": "peerd/v1",
        "kind": kind,
        "metadata": { "namespace": namespace, "name": name },
        "spec": spec,
    })
}

fn halves(id: &str) -> (&str, &str) {
    id.split_once('/').unwrap_or(("default", id))
}
