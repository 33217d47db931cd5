//! The snapshot as JSON. Objects are in the table's own form with a `status`.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, UNIX_EPOCH},
};

use ipnet::IpNet;
use peer_common::{DropReason, Route, flags, verdict};
use serde_json::{Value, json};

use crate::{
    compile::PortView,
    daemon::Snapshot,
    dialect::write,
    host::Mac,
    model::{Network, ObjectRef, PairLabel},
    telemetry::{Counters, DropCounts},
};

/// Networks with what they reach.
pub(super) fn networks(snapshot: &Snapshot) -> Vec<Value> {
    let with_status = |network: &Network| {
        let mut object = write::network(network);
        let peers = snapshot
            .states
            .pairs_of(&network.id)
            .filter(|(_, pair)| pair.carries);
        let mut peered = Vec::new();
        let mut imported: Vec<IpNet> = Vec::new();
        for (label, pair) in peers {
            let peer = label.other(&network.id);
            peered.push(json!({ "namespace": peer.namespace, "name": peer.name }));
            imported.extend(pair.exports_of(label, peer));
        }
        let ports = snapshot
            .ports
            .all
            .iter()
            .filter(|port| port.network == network.id);
        object["status"] = json!({
            "peeredNetworks": peered,
            "importedPrefixes": imported,
            "ports": ports.map(port).collect::<Vec<_>>(),
        });
        object
    };
    snapshot.table.networks.values().map(with_status).collect()
}

/// Consents with their state and what went through.
pub(super) fn peerings(snapshot: &Snapshot, counters: &Counters) -> Vec<Value> {
    let mut all = Vec::new();
    for (id, consent) in &snapshot.table.consents {
        let mut object = write::consent(consent);
        let pair = consent.pair();
        let traffic = |from: &ObjectRef| {
            let counted = counters.forwarded.get(&(pair.clone(), from.clone()));
            let counted = counted.copied().unwrap_or_default();
            json!({ "packets": counted.packets, "bytes": counted.bytes })
        };
        if let Some(status) = snapshot.states.consents.get(id) {
            object["status"] = json!({
                "state": status.state,
                "reason": status.reason,
                "since": snapshot.since.get(id).map(|since| time(since.at)),
                "peering": pair,
                "peer": { "namespace": consent.peer.namespace, "network": consent.peer.name },
                "forwarded": traffic(&consent.own()),
                "received": traffic(&consent.peer),
            });
        }
        all.push(object);
    }
    all
}

/// Every route of every network.
pub(super) fn routes(snapshot: &Snapshot) -> Vec<Value> {
    let networks: BTreeMap<u32, &ObjectRef> = snapshot
        .ids
        .networks
        .iter()
        .map(|(network, id)| (*id, network))
        .collect();
    let pairs: BTreeMap<u32, &PairLabel> = snapshot
        .ids
        .peerings
        .iter()
        .map(|(pair, id)| (*id, pair))
        .collect();
    let interface = |index: u32| {
        snapshot
            .host
            .interfaces
            .get(&index)
            .map(|interface| interface.name.as_str())
    };
    let mut all = Vec::new();
    for (id, fib) in &snapshot.content.fibs {
        for (at, found) in fib {
            all.push(json!({
                "network": networks.get(id),
                "to": at,
                "verdict": verdict_name(found),
                "reason": reason_name(found),
                "owner": networks.get(&found.network),
                "peering": pairs.get(&(found.counter / 2)),
                "port": interface(found.port),
                "nextHop": next_hop(at, found),
                "mac": found.has(flags::RESOLVED).then_some(Mac(found.dst_mac)),
                "mtu": (found.verdict == verdict::FORWARD).then_some(found.mtu),
            }));
        }
    }
    all
}

fn verdict_name(route: &Route) -> &'static str {
    match route.verdict {
        verdict::FORWARD => "forward",
        verdict::LOCAL => "local",
        _ => "drop",
    }
}

fn reason_name(route: &Route) -> Option<&'static str> {
    let reason = || DropReason::from_number(route.reason).map(DropReason::name);
    if route.verdict == verdict::DROP {
        reason()
    } else {
        None
    }
}

fn next_hop(at: &IpNet, route: &Route) -> Option<String> {
    if route.verdict != verdict::FORWARD {
        return None;
    }
    if !route.has(flags::GATEWAY) {
        return Some("on-link".to_owned());
    }
    let g = route.gateway;
    Some(match at {
        IpNet::V4(_) => IpAddr::from([g[0], g[1], g[2], g[3]]).to_string(),
        IpNet::V6(_) => IpAddr::from(g).to_string(),
    })
}

/// Declared ports and what became of them.
pub(super) fn ports(snapshot: &Snapshot) -> Vec<Value> {
    snapshot.ports.all.iter().map(port).collect()
}

fn port(port: &PortView) -> Value {
    json!({
        "network": port.network,
        "interface": port.declared.interface,
        "ifindex": port.index,
        "state": if port.hook.is_ok() { "up" } else { "failed" },
        "mode": port.declared.mode,
        "hook": port.hook.as_ref().ok().map(|hook| hook.name()),
        "why": port.hook.as_ref().map_or_else(String::clone, |hook| hook.why.clone()),
        "notices": port.notices,
    })
}

/// Neighbours on managed ports.
pub(super) fn neighbours(snapshot: &Snapshot) -> Vec<Value> {
    let mut all = Vec::new();
    for (index, port, _) in snapshot.ports.working() {
        let known = snapshot
            .host
            .neighbours
            .range((index, IpAddr::from([0; 4]))..);
        for ((_, address), mac) in known.take_while(|((at, _), _)| *at == index) {
            all.push(json!({
                "network": port.network,
                "interface": port.declared.interface,
                "address": address,
                "mac": mac,
            }));
        }
    }
    all
}

/// Drops by network, then by peering.
pub(super) fn drops(counters: &Counters) -> Vec<Value> {
    let mut all = Vec::new();
    let mut add = |network: &ObjectRef, peering: Option<&PairLabel>, drops: &DropCounts| {
        for (reason, packets) in drops {
            all.push(json!({
                "network": network,
                "peering": peering,
                "reason": reason.name(),
                "packets": packets,
            }));
        }
    };
    for (network, drops) in &counters.network_drops {
        add(network, None, drops);
    }
    for ((pair, from), drops) in &counters.peering_drops {
        add(from, Some(pair), drops);
    }
    all
}

/// The daemon itself.
pub(super) fn status(snapshot: &Snapshot) -> Value {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for status in snapshot.states.consents.values() {
        *states.entry(status.state.name()).or_default() += 1;
    }
    let apply = &snapshot.last_apply;
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "generation": snapshot.generation,
        "lastApply": {
            "at": (apply.at > 0).then(|| time(apply.at)),
            "success": apply.at > 0 && apply.error.is_none(),
            "error": apply.error,
        },
        "networks": snapshot.table.networks.len(),
        "peerings": states,
        "ports": {
            "up": snapshot.ports.all.iter().filter(|port| port.hook.is_ok()).count(),
            "failed": snapshot.ports.all.iter().filter(|port| port.hook.is_err()).count(),
        },
        "routes": snapshot.content.fibs.values().map(BTreeMap::len).sum::<usize>(),
        "files": snapshot.files,
    })
}

/// RFC 3339, in UTC.
fn time(milliseconds: u64) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(milliseconds);
    humantime::format_rfc3339_millis(at).to_string()
}
