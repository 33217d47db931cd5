//! Which columns people see of each kind.

use serde_json::Value;

use super::{
    get::Kind,
    table::{Column, cell},
};

/// The columns of a kind.
pub(super) fn columns(kind: Kind) -> Vec<Column> {
    let column = Column::new;
    match kind {
        Kind::Networks => vec![
            column("NAMESPACE", "/metadata/namespace"),
            column("NAME", "/metadata/name"),
            column("ZONE", "/spec/zone"),
            column("PREFIXES", "/spec/prefixes"),
            column("PORTS", "/status/ports/*/interface"),
            column("PEERED WITH", "/status/peeredNetworks/*/name"),
        ],
        Kind::Peerings => vec![
            column("NAMESPACE", "/metadata/namespace"),
            column("NAME", "/metadata/name"),
            column("NETWORK", "/spec/network"),
            Column::of("PEER", peer),
            Column::of("STATE", state),
            column("SINCE", "/status/since"),
            column("FORWARDED", "/status/forwarded/packets"),
            column("RECEIVED", "/status/received/packets"),
            column("REASON", "/status/reason"),
        ],
        Kind::Routes => vec![
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
        Kind::Ports => vec![
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
        Kind::Neighbours => vec![
            column("NETWORK", "/network"),
            column("INTERFACE", "/interface"),
            column("ADDRESS", "/address"),
            column("MAC", "/mac"),
        ],
        Kind::Drops => vec![
            column("NETWORK", "/network"),
            column("PEERING", "/peering"),
            column("REASON", "/reason"),
            column("PACKETS", "/packets"),
        ],
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
