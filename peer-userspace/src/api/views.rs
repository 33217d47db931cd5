//! What the kernel holds and counts, as JSON.

use std::{collections::BTreeMap, net::IpAddr};

use peer_common::{DropReason, Route, flags, limits, verdict};
use serde_json::{Value, json};

use super::objects::time;
use crate::{
    compile::PortView,
    daemon::Snapshot,
    host::Mac,
    model::{Moment, ObjectRef, PairLabel},
    telemetry::{Counters, DropCounts},
};

/// Every route of the networks that `sees` says. Where they lead in another owner's
/// network is that owner's: of a peer's, only what it exports is listed.
pub(super) fn routes(
    snapshot: &Snapshot,
    sees: impl Fn(&ObjectRef) -> bool,
    sees_peer: impl Fn(&ObjectRef) -> bool,
) -> Vec<Value> {
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
    let mut all = Vec::new();
    for (id, fib) in &snapshot.content.fibs {
        let Some(network) = networks.get(id).filter(|network| sees(network)) else {
            continue;
        };
        for (at, found) in fib {
            let owner = networks.get(&found.network).copied();
            let pair = pairs.get(&(found.counter / 2)).copied();
            // The host's own addresses stand between a peer's, and tell of its subnets.
            let hidden = || {
                snapshot.states.pairs_of(network).any(|(label, pair)| {
                    let peer = label.other(network);
                    let exports = pair.exports_of(label, peer);
                    !sees_peer(peer) && exports.iter().any(|export| export.contains(at))
                })
            };
            let open = match owner {
                Some(owner) => owner == *network || sees_peer(owner),
                None => !hidden(),
            };
            let exported = || {
                let state = pair.and_then(|pair| snapshot.states.pairs.get_key_value(pair));
                state.zip(owner).is_some_and(|((label, state), owner)| {
                    state.exports_of(label, owner).contains(at)
                })
            };
            if !open && !exported() {
                continue;
            }
            let single = found.verdict == verdict::FORWARD && found.group == 0;
            // What every way carries; one of several may carry more.
            let hops = hops(snapshot, found);
            let mtu = hops.iter().filter_map(|hop| hop["mtu"].as_u64()).min();
            let hops = Some(hops).filter(|_| found.verdict == verdict::FORWARD);
            all.push(json!({
                "network": network,
                "to": at,
                "verdict": verdict_name(found),
                "reason": reason_name(found),
                "owner": owner,
                "peering": pair,
                "port": interface(snapshot, found.port).filter(|_| open),
                "nextHop": (open && single).then(|| next_hop(found)),
                "mac": mac(found).filter(|_| open),
                "mtu": mtu,
                "hops": hops.filter(|_| open),
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

/// The next hops of a route, each with its weight.
fn hops(snapshot: &Snapshot, route: &Route) -> Vec<Value> {
    let hop = |hop: &Route, weight: u32| {
        json!({
            "port": interface(snapshot, hop.port),
            "nextHop": next_hop(hop),
            "mac": mac(hop),
            "mtu": hop.mtu,
            "weight": weight,
            "up": hop.verdict == verdict::FORWARD,
        })
    };
    if route.verdict != verdict::FORWARD {
        return Vec::new();
    }
    match snapshot.content.groups.get(&route.group) {
        Some(group) => group
            .hops()
            .map(|one| hop(&one.route, one.weight))
            .collect(),
        None => vec![hop(route, 1)],
    }
}

fn next_hop(route: &Route) -> String {
    route
        .gateway()
        .map_or_else(|| "on-link".to_owned(), |gateway| gateway.to_string())
}

fn mac(route: &Route) -> Option<Mac> {
    route.has(flags::RESOLVED).then_some(Mac(route.dst_mac))
}

fn interface(snapshot: &Snapshot, index: u32) -> Option<String> {
    let port = snapshot.ports.at(index);
    let found = snapshot.host.interfaces.get(&index);
    port.map(|port| port.declared.label())
        .or_else(|| found.map(|interface| interface.name.clone()))
}

/// Declared ports and what became of them.
pub(super) fn ports(
    snapshot: &Snapshot,
    counters: &Counters,
    sees: impl Fn(&ObjectRef) -> bool,
) -> Vec<Value> {
    let counted = |port: &PortView| {
        let mut view = self::port(port);
        let errors = port.index.and_then(|index| counters.errors.get(&index));
        if let (Some(errors), true) = (errors, port.hook.is_ok()) {
            view["icmpErrors"] = json!({
                "perSecond": limits::ICMP_ERRORS_PER_SECOND,
                "burst": limits::ICMP_ERRORS_BURST,
                "sent": errors.sent,
                "limited": errors.limited,
            });
        }
        view
    };
    let ports = snapshot.ports.all.iter();
    ports
        .filter(|port| sees(&port.network))
        .map(counted)
        .collect()
}

pub(super) fn port(port: &PortView) -> Value {
    json!({
        "network": port.network,
        "interface": port.declared.interface,
        "vlan": port.declared.vlan,
        "outer": port.declared.outer,
        "ifindex": port.index,
        "state": if port.hook.is_ok() { "up" } else { "failed" },
        "mode": port.declared.mode,
        "hook": port.hook.as_ref().ok().map(|hook| hook.name()),
        "why": port.hook.as_ref().map_or_else(String::clone, |hook| hook.why.to_string()),
        "notices": port.notices,
    })
}

/// Neighbours on managed ports.
pub(super) fn neighbours(snapshot: &Snapshot, sees: impl Fn(&ObjectRef) -> bool) -> Vec<Value> {
    let mut all = Vec::new();
    let ports = snapshot.ports.working();
    for (index, port, _) in ports.filter(|(_, port, _)| sees(&port.network)) {
        let known = snapshot
            .host
            .neighbours
            .range((index, IpAddr::from([0; 4]))..);
        for ((_, address), mac) in known.take_while(|((at, _), _)| *at == index) {
            all.push(json!({
                "network": port.network,
                "interface": port.declared.label(),
                "address": address,
                "mac": mac,
            }));
        }
    }
    all
}

/// Drops by network, then by peering.
pub(super) fn drops(counters: &Counters, sees: impl Fn(&ObjectRef) -> bool) -> Vec<Value> {
    let mut all = Vec::new();
    let mut add = |network: &ObjectRef, peering: Option<&PairLabel>, drops: &DropCounts| {
        for (reason, packets) in drops.iter().filter(|_| sees(network)) {
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

/// The daemon itself, and what is in the namespaces that `sees` says; `whole` adds
/// what is nobody's in particular.
pub(super) fn status(snapshot: &Snapshot, sees: impl Fn(&ObjectRef) -> bool, whole: bool) -> Value {
    let mut states: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, status) in snapshot.states.consents.iter().filter(|(id, _)| sees(id)) {
        *states.entry(status.state.name()).or_default() += 1;
    }
    let networks = snapshot.declared.table.networks.keys();
    let (up, failed): (Vec<_>, Vec<_>) = snapshot
        .ports
        .all
        .iter()
        .filter(|port| sees(&port.network))
        .partition(|port| port.hook.is_ok());
    let mut status = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "networks": networks.filter(|id| sees(id)).count(),
        "peerings": states,
        "ports": { "up": up.len(), "failed": failed.len() },
    });
    if whole {
        let apply = &snapshot.last_apply;
        let at = Moment {
            wall: apply.at,
            ..Moment::default()
        };
        status["generation"] = json!(snapshot.generation);
        status["lastApply"] = json!({
            "at": (apply.at > 0).then(|| time(at)),
            "success": apply.at > 0 && apply.error.is_none(),
            "error": apply.error,
        });
        status["routes"] = json!(
            snapshot
                .content
                .fibs
                .values()
                .map(|fib| fib.len())
                .sum::<usize>()
        );
        status["files"] = json!(snapshot.files);
    }
    status
}
