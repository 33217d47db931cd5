//! Which columns people see of each kind.

use serde_json::Value;

use super::{
    kinds::Listed,
    table::{Column, cell},
};
use crate::model::Kind;

/// The columns of what is listed.
pub(super) fn columns(listed: Listed) -> Vec<Column> {
    let column = Column::new;
    match listed {
        Listed::Objects(kind) => {
            let mut columns = Vec::new();
            if kind.is_namespaced() {
                columns.push(column("NAMESPACE", "/metadata/namespace"));
            }
            columns.push(column("NAME", "/metadata/name"));
            columns.extend(of_objects(kind));
            columns
        }
        Listed::Routes => vec![
            column("NETWORK", "/network"),
            column("TO", "/to"),
            Column::of("VERDICT", |route| match route["reason"].as_str() {
                Some(reason) => format!("drop {reason}"),
                None => cell(route, "/verdict"),
            }),
            column("OWNER", "/owner"),
            Column::of("PORT", |route| of_hops(route, "/port")),
            Column::of("NEXT HOP", |route| of_hops(route, "/nextHop")),
            Column::of("MAC", |route| of_hops(route, "/mac")),
            Column::of("WEIGHT", |route| match hops(route) {
                [_, _, ..] => of_hops(route, "/weight"),
                _ => String::new(),
            }),
        ],
        Listed::Ports => vec![
            column("NETWORK", "/network"),
            column("INTERFACE", "/interface"),
            column("OUTER", "/outer"),
            column("VLAN", "/vlan"),
            column("IFINDEX", "/ifindex"),
            column("STATE", "/state"),
            column("MODE", "/mode"),
            column("HOOK", "/hook"),
            column("WHY", "/why"),
            column("NOTICES", "/notices"),
        ],
        Listed::Neighbours => vec![
            column("NETWORK", "/network"),
            column("INTERFACE", "/interface"),
            column("ADDRESS", "/address"),
            column("MAC", "/mac"),
        ],
        Listed::Drops => vec![
            column("NETWORK", "/network"),
            column("PEERING", "/peering"),
            column("REASON", "/reason"),
            column("PACKETS", "/packets"),
        ],
    }
}

/// What is to be told of objects beside their names.
fn of_objects(kind: Kind) -> Vec<Column> {
    let column = Column::new;
    match kind {
        Kind::Network => vec![
            column("ZONE", "/spec/zone"),
            column("PREFIXES", "/spec/prefixes"),
            column("PORTS", "/status/ports/*/interface"),
            column("PEERED WITH", "/status/peeredNetworks/*/name"),
            Column::of("SOURCE", |network| source(&network["spec"]["source"])).optional(),
        ],
        Kind::Peering => vec![
            column("NETWORK", "/spec/network"),
            Column::of("PEER", peer),
            Column::of("STATE", state),
            column("SINCE", "/status/since"),
            column("FORWARDED", "/status/forwarded/packets"),
            column("RECEIVED", "/status/received/packets"),
            Column::of("ORIGIN", origin).optional(),
            column("REASON", "/status/reason"),
        ],
        Kind::NetworkPeeringRequest => vec![
            column("LOCAL", "/spec/localNetworkRef/name"),
            Column::of("REMOTE", remote),
            column("STATE", "/status/state"),
            column("TTL", "/status/ttl"),
            column("MESSAGE", "/status/message"),
        ],
        Kind::OnmetalNetwork => vec![Column::of("PEERED WITH", |network| {
            let peered = network["status"]["peeredNetworks"].as_array();
            let peered = peered.into_iter().flatten().map(named);
            peered.collect::<Vec<_>>().join(" ")
        })],
        Kind::Vpc => vec![
            column("PEERINGS", "/spec/vpcPeerings/*/remoteVpc"),
            column("ACTIVE", "/status/vpcPeerings"),
        ],
        Kind::Subnet => vec![
            column("VPC", "/spec/vpc"),
            column("CIDR", "/spec/cidrBlock"),
        ],
        Kind::AtlasProject => vec![
            Column::of("PEERS", |project| {
                let peers = project["spec"]["networkPeers"].as_array();
                joined(peers, &["vpcId", "vnetName", "networkName"])
            }),
            Column::of("STATUS", |project| {
                let peers = project["status"]["networkPeers"].as_array();
                joined(peers, &["statusName", "status"])
            }),
        ],
        Kind::Net => Vec::new(),
    }
}

/// NAMESPACE/NAME, or NAME of what is said without a namespace.
fn named(reference: &Value) -> String {
    let name = cell(reference, "/name");
    match reference["namespace"].as_str() {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name,
    }
}

/// What another system calls a network.
fn source(source: &Value) -> String {
    match source["kind"].as_str() {
        Some(kind) => format!("{kind} {}", named(source)),
        None => String::new(),
    }
}

/// The network that a request of OEP-8's names, by default in its own namespace.
fn remote(request: &Value) -> String {
    let mut remote = request["spec"]["remoteNetworkRef"].clone();
    if remote["namespace"].is_null() {
        remote["namespace"] = request["metadata"]["namespace"].clone();
    }
    named(&remote)
}

/// The first of the fields that each entry has. Words may have spaces, so commas part them.
fn joined(entries: Option<&Vec<Value>>, fields: &[&str]) -> String {
    let first = |entry: &Value| {
        let mut texts = fields.iter().filter_map(|field| entry[field].as_str());
        texts.next().unwrap_or("-").to_owned()
    };
    let entries = entries.into_iter().flatten().map(first);
    entries.collect::<Vec<_>>().join(", ")
}

/// What made a peering, unless it is one of our own.
fn origin(peering: &Value) -> String {
    let origin = cell(peering, "/status/origin");
    if origin == "native" {
        String::new()
    } else {
        origin
    }
}

/// The other network, as the consent has it: of a request that another made, the
/// one it asks for.
fn peer(peering: &Value) -> String {
    let declared = &peering["spec"]["peer"];
    let told = match peering["status"]["incoming"] {
        Value::Bool(true) => declared,
        _ => &peering["status"]["peer"],
    };
    match (told["namespace"].as_str(), told["network"].as_str()) {
        (Some(namespace), Some(network)) => format!("{namespace}/{network}"),
        _ if declared["source"].is_object() => source(&declared["source"]),
        _ => cell(declared, "/id"),
    }
}

fn hops(route: &Value) -> &[Value] {
    route["hops"].as_array().map_or(&[], Vec::as_slice)
}

/// The cell, or of several hops that of each.
fn of_hops(route: &Value, at: &str) -> String {
    match hops(route) {
        several @ [_, _, ..] => {
            let cells = several.iter().map(|hop| cell(hop, at));
            cells.collect::<Vec<_>>().join(" | ")
        }
        _ => cell(route, at),
    }
}

fn state(peering: &Value) -> String {
    let state = cell(peering, "/status/state");
    let status = &peering["status"];
    if status["incoming"] == true {
        format!("{state} (incoming)")
    } else if status["held"] == true {
        format!("{state} (held)")
    } else {
        state
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::table::table;

    /// The line of the one object, after its name.
    fn line(kind: Kind, object: Value) -> String {
        let text = table([&object], &of_objects(kind));
        let line = text.lines().nth(1).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn other_systems_objects_are_told_by_what_their_owners_look_for() {
        let peers =
            json!([{ "vpcId": "vpc-0a" }, { "vnetName": "vnet" }, { "networkName": "net" }]);
        let statuses = json!([
            { "statusName": "WAITING FOR USER", "vpc": "vpc-0a" },
            { "status": "READY" },
            { "id": "x" },
        ]);
        let project = json!({
            "spec": { "networkPeers": peers }, "status": { "networkPeers": statuses },
        });
        assert_eq!(
            line(Kind::AtlasProject, project),
            "vpc-0a, vnet, net WAITING FOR USER, READY, -"
        );
        let vpc = json!({
            "spec": { "vpcPeerings": [{ "remoteVpc": "b" }, { "remoteVpc": "c" }] },
            "status": { "vpcPeerings": ["c"] },
        });
        assert_eq!(line(Kind::Vpc, vpc), "b c c");
        let subnet = json!({ "spec": { "vpc": "a", "cidrBlock": "10.0.0.0/16,fd00::/64" } });
        assert_eq!(line(Kind::Subnet, subnet), "a 10.0.0.0/16,fd00::/64");
        let request = json!({
            "metadata": { "namespace": "a", "name": "ask" },
            "spec": { "localNetworkRef": { "name": "x" }, "remoteNetworkRef": { "name": "y" } },
            "status": { "state": "pending", "ttl": "T", "message": "why" },
        });
        assert_eq!(
            line(Kind::NetworkPeeringRequest, request),
            "x a/y pending T why"
        );
    }

    #[test]
    fn a_peer_that_nobody_is_yet_is_told_by_what_it_is_called() {
        let source = json!({ "apiVersion": "kubeovn.io/v1", "kind": "Vpc", "name": "vpc-2" });
        let peering = json!({ "spec": { "peer": { "source": source } }, "status": { "peer": {} } });
        assert_eq!(peer(&peering), "Vpc vpc-2");
    }

    #[test]
    fn a_request_that_another_made_shows_whom_it_asks() {
        let spec = json!({ "network": "blue", "peer": { "namespace": "g", "network": "green" } });
        let from = json!({ "namespace": "b", "network": "blue" });
        let mut peering = json!({
            "spec": spec,
            "status": { "state": "pending", "incoming": true, "peer": from },
        });
        assert_eq!(peer(&peering), "g/green");
        assert_eq!(state(&peering), "pending (incoming)");
        peering["spec"]["peer"] = json!({ "id": "some-uid" });
        assert_eq!(peer(&peering), "some-uid");
    }
}
