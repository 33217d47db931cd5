//! The model as documents: the form users wrote, with every default filled in.

use serde_json::{Map, Value, json};

use super::NATIVE;
use crate::model::{Consent, Network, ObjectRef, Port};

/// A `kind: Network` document.
pub fn network(network: &Network) -> Value {
    json!({
        "apiVersion": NATIVE,
        "kind": "Network",
        "metadata": metadata(&network.id, &network.labels),
        "spec": {
            "zone": network.zone,
            "prefixes": network.prefixes,
            "ports": network.ports.iter().map(port).collect::<Vec<_>>(),
            "routes": network.routes,
            "staticRoutes": network.static_routes.iter().map(|route| {
                json!({ "to": route.to, "peering": route.peering })
            }).collect::<Vec<_>>(),
            "unmanaged": network.unmanaged,
            "autoAccept": network.auto_accept,
        },
    })
}

/// A `kind: Peering` document.
pub fn consent(consent: &Consent) -> Value {
    let mut spec = json!({
        "network": consent.network,
        "peer": { "namespace": consent.peer.namespace, "network": consent.peer.name },
        "adminState": consent.admin_state,
    });
    let optional = [
        (
            "export",
            consent.export.as_ref().map(|export| json!(export)),
        ),
        ("ttl", consent.ttl.as_ref().map(|ttl| json!(ttl))),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            spec[key] = value;
        }
    }
    json!({
        "apiVersion": NATIVE,
        "kind": "Peering",
        "metadata": metadata(&consent.id, &consent.labels),
        "spec": spec,
    })
}

fn metadata(id: &ObjectRef, labels: &std::collections::BTreeMap<String, String>) -> Value {
    let mut metadata = json!({ "namespace": id.namespace, "name": id.name });
    if !labels.is_empty() {
        metadata["labels"] = json!(labels);
    }
    metadata
}

fn port(port: &Port) -> Value {
    let mut written = Map::new();
    written.insert("interface".into(), json!(port.interface));
    let lists = [
        ("vlan", port.vlan.map(|vlan| json!(vlan))),
        (
            "address",
            (!port.address.is_empty()).then(|| json!(port.address)),
        ),
        (
            "prefixes",
            (!port.prefixes.is_empty()).then(|| json!(port.prefixes)),
        ),
        ("via", (!port.via.is_empty()).then(|| json!(port.via))),
    ];
    for (key, value) in lists {
        if let Some(value) = value {
            written.insert(key.into(), value);
        }
    }
    written.insert("mode".into(), json!(port.mode));
    Value::Object(written)
}
