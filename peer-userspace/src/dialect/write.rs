//! The model as documents: the form users wrote, with every default filled in.

use serde_json::{Map, Value, json};

use super::NATIVE;
use crate::model::{Consent, Network, ObjectRef, PeerRef, Port, Rule, Source};

/// A `kind: Network` document.
pub fn network(network: &Network) -> Value {
    let mut document = json!({
        "apiVersion": NATIVE,
        "kind": "Network",
        "metadata": metadata(&network.id, &network.labels),
        "spec": {
            "zone": network.zone,
            "ports": network.ports.iter().map(port).collect::<Vec<_>>(),
            "routes": network.routes,
            "staticRoutes": network.static_routes.iter().map(|route| {
                json!({ "to": route.to, "peering": route.peering })
            }).collect::<Vec<_>>(),
            "unmanaged": network.unmanaged,
            "autoAccept": network.auto_accept,
        },
    });
    // Else its source says them.
    if !network.prefixes.is_empty() {
        document["spec"]["prefixes"] = json!(*network.prefixes);
    }
    if let Some(of) = &network.source {
        document["spec"]["source"] = source(of);
    }
    document
}

fn source(source: &Source) -> Value {
    let mut written = json!({
        "apiVersion": source.api_version,
        "kind": source.kind,
        "name": source.name,
    });
    if let Some(namespace) = &source.namespace {
        written["namespace"] = json!(namespace);
    }
    written
}

/// A `kind: Peering` document.
pub fn consent(consent: &Consent) -> Value {
    let mut spec = json!({
        "network": consent.network,
        "peer": match &consent.peer {
            PeerRef::Network(peer) => json!({ "namespace": peer.namespace, "network": peer.name }),
            PeerRef::Id(id, _) => json!({ "id": id.to_string() }),
            PeerRef::Source(of, _) => json!({ "source": source(of) }),
        },
        "adminState": consent.admin_state,
        "hops": consent.hops,
    });
    let optional = [
        (
            "description",
            consent.description.as_ref().map(|text| json!(text)),
        ),
        (
            "routes",
            consent.routes.as_ref().map(|routes| json!(routes)),
        ),
        (
            "export",
            consent.export.as_ref().map(|export| json!(export)),
        ),
        ("allow", consent.allow.as_deref().map(rules)),
        ("allowOut", consent.allow_out.as_deref().map(rules)),
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

/// Rules as `allow` has them.
pub(super) fn rules(rules: &[Rule]) -> Value {
    rules.iter().map(rule).collect()
}

fn rule(rule: &Rule) -> Value {
    let mut written = json!({ "protocol": rule.protocol });
    let lists = [
        ("ports", (!rule.ports.is_empty()).then(|| json!(rule.ports))),
        ("from", (!rule.from.is_empty()).then(|| json!(rule.from))),
        ("to", (!rule.to.is_empty()).then(|| json!(rule.to))),
    ];
    for (key, value) in lists {
        if let Some(value) = value {
            written[key] = value;
        }
    }
    written
}

fn port(port: &Port) -> Value {
    let mut written = Map::new();
    written.insert("interface".into(), json!(port.interface));
    let lists = [
        ("vlan", port.vlan.map(|vlan| json!(vlan))),
        ("outer", port.outer.map(|outer| json!(outer))),
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

#[cfg(test)]
mod tests {
    use super::super::{
        parse,
        tests::{network, peering},
    };

    #[test]
    fn a_network_is_read_as_it_was_written_also_without_prefixes_of_its_own() {
        let source = "source: { apiVersion: kubeovn.io/v1, kind: Vpc, name: vpc-1 }";
        for spec in [
            source.to_owned(),
            format!("{source}\nprefixes: [10.1.0.0/16]"),
            "prefixes: [10.1.0.0/16]\nports: [{ interface: eth0 }]".to_owned(),
        ] {
            let network = parse(&network(&spec)).unwrap().networks.remove(0).0;
            let written = super::network(&network).to_string();
            let again = parse(&written).unwrap().networks.remove(0).0;
            assert_eq!(again, network, "{written}");
        }
    }

    #[test]
    fn rules_are_read_as_they_were_written() {
        for rules in [
            "[]",
            "[{}]",
            "[{ protocol: tcp, ports: [22, 80-90, 1-65535] }, { protocol: udp }]",
            "[{ protocol: 6 }, { protocol: 0 }, { protocol: 255 }, { protocol: 132, ports: [1] }]",
            "[{ protocol: icmp, from: [10.2.0.0/16] }, { protocol: icmpv6, to: [\"fd00::/8\"] }]",
            "[{ protocol: any, from: [0.0.0.0/0, \"::/0\"], to: [10.1.0.1/32] }]",
        ] {
            let text = format!(
                "network: blue\npeer: {{ network: green }}\nallow: {rules}\nallowOut: {rules}"
            );
            let consent = parse(&peering(&text)).unwrap().consents.remove(0).0;
            let written = super::consent(&consent).to_string();
            let again = parse(&written).unwrap().consents.remove(0).0;
            assert_eq!(again, consent, "{written}");
        }
    }
}
