//! One scrape.

use std::{collections::BTreeMap, fmt};

use peer_common::limits;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{Counters, DropCounts};
use crate::{daemon::Snapshot, lifecycle::State, model::ObjectRef};

/// What `render` returns.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels = Vec<(&'static str, String)>;

/// All metrics, in OpenMetrics text.
///
/// # Errors
/// If the text cannot be written.
pub fn render(snapshot: &Snapshot, counters: &Counters) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    traffic(&mut registry, counters);
    drops(&mut registry, counters);
    errors(&mut registry, snapshot, counters);
    states(&mut registry, snapshot);
    maps(&mut registry, snapshot);
    applies(&mut registry, snapshot);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn traffic(registry: &mut Registry, counters: &Counters) {
    let packets = counter(
        registry,
        "peer_forwarded_packets",
        "Packets forwarded between the networks of a peering, as on the wire",
    );
    let bytes = counter(
        registry,
        "peer_forwarded_bytes",
        "IP bytes forwarded between the networks of a peering, as on the wire",
    );
    for ((pair, from), traffic) in &counters.forwarded {
        let labels = vec![
            ("peering", pair.to_string()),
            ("from", from.to_string()),
            ("to", pair.other(from).to_string()),
        ];
        packets.get_or_create(&labels).inc_by(traffic.packets);
        bytes.get_or_create(&labels).inc_by(traffic.bytes);
    }
}

fn drops(registry: &mut Registry, counters: &Counters) {
    let by_network = counter(
        registry,
        "peer_dropped_packets",
        "Packets from a network that were dropped, by reason",
    );
    for (network, drops) in &counters.network_drops {
        add_drops(&by_network, &vec![("network", network.to_string())], drops);
    }
    let by_peering = counter(
        registry,
        "peer_peering_dropped_packets",
        "Dropped packets that belong to a peering, by reason",
    );
    for ((pair, from), drops) in &counters.peering_drops {
        let labels = vec![("peering", pair.to_string()), ("from", from.to_string())];
        add_drops(&by_peering, &labels, drops);
    }
}

fn add_drops(family: &Family<Labels, Counter>, labels: &Labels, drops: &DropCounts) {
    for (reason, packets) in drops {
        let mut labels = labels.clone();
        labels.push(("reason", reason.name().to_owned()));
        family.get_or_create(&labels).inc_by(*packets);
    }
}

fn errors(registry: &mut Registry, snapshot: &Snapshot, counters: &Counters) {
    let sent = counter(
        registry,
        "peer_icmp_errors_sent",
        "ICMP errors that a port sent to its network",
    );
    let limited = counter(
        registry,
        "peer_icmp_errors_limited",
        "ICMP errors that a port did not send because there were too many",
    );
    for (index, port, _) in snapshot.ports.working() {
        let errors = counters.errors.get(&index).copied().unwrap_or_default();
        let labels = vec![
            ("network", port.network.to_string()),
            ("port", port.declared.interface.clone()),
        ];
        sent.get_or_create(&labels).inc_by(errors.sent);
        limited.get_or_create(&labels).inc_by(errors.limited);
    }
}

fn states(registry: &mut Registry, snapshot: &Snapshot) {
    let family = gauge(
        registry,
        "peer_peering_state",
        "1 for the state a side of a peering is in, 0 for the others",
    );
    for (id, status) in &snapshot.states.consents {
        let Some(consent) = snapshot.table.consents.get(id) else {
            continue;
        };
        // A second consent for a pair is refused; its side has a state already.
        let Some(pair) = consent.pair() else {
            continue;
        };
        let counts = snapshot.states.pairs.get(&pair);
        if !counts.is_some_and(|pair| pair.consents.contains(id)) {
            continue;
        }
        for state in State::ALL {
            let labels = vec![
                ("peering", pair.to_string()),
                ("side", consent.own().to_string()),
                ("state", state.name().to_owned()),
            ];
            family
                .get_or_create(&labels)
                .set(i64::from(status.state == state));
        }
    }
}

fn maps(registry: &mut Registry, snapshot: &Snapshot) {
    let routes = gauge(registry, "peer_routes", "Routes in a network's table");
    let names: BTreeMap<u32, &ObjectRef> = snapshot
        .ids
        .networks
        .iter()
        .map(|(network, id)| (*id, network))
        .collect();
    for (id, fib) in &snapshot.content.fibs {
        let Some(network) = names.get(id) else {
            continue;
        };
        let v4 = fib.keys().filter(|at| at.addr().is_ipv4()).count();
        for (family, count) in [("ipv4", v4), ("ipv6", fib.len() - v4)] {
            let labels = vec![
                ("network", network.to_string()),
                ("family", family.to_owned()),
            ];
            routes.get_or_create(&labels).set(signed(count));
        }
    }
    let entries = gauge(registry, "peer_map_entries", "Entries in a BPF map");
    let capacity = gauge(registry, "peer_map_capacity", "Entries a BPF map can hold");
    let content = &snapshot.content;
    let [memory, units] = snapshot.table_memory;
    for (map, used, limit) in [
        ("ports", content.ports.len(), limits::MAX_PORTS),
        ("tags", content.tags.len(), limits::MAX_PORTS),
        ("groups", content.groups.len(), limits::MAX_GROUPS),
        ("devices", content.devices.len(), limits::MAX_PORTS),
        ("tables", memory, u32::try_from(units).unwrap_or(u32::MAX)),
        (
            "networks",
            snapshot.ids.networks.len(),
            limits::MAX_NETWORKS,
        ),
        (
            "peerings",
            snapshot.ids.peerings.len(),
            limits::MAX_PEERINGS,
        ),
    ] {
        let labels = vec![("map", map.to_owned())];
        entries.get_or_create(&labels).set(signed(used));
        capacity.get_or_create(&labels).set(i64::from(limit));
    }
}

fn applies(registry: &mut Registry, snapshot: &Snapshot) {
    let apply = &snapshot.last_apply;
    let generation = Gauge::<i64>::default();
    generation.set(i64::try_from(snapshot.generation).unwrap_or(i64::MAX));
    registry.register(
        "peer_table_generation",
        "How often the content of the BPF maps changed since the daemon started",
        generation,
    );
    let timestamp = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
    timestamp.set(apply.at as f64 / 1000.0);
    registry.register(
        "peer_last_apply_timestamp_seconds",
        "When the BPF maps were last changed, in Unix time",
        timestamp,
    );
    let success = Gauge::<i64>::default();
    success.set(i64::from(apply.at > 0 && apply.error.is_none()));
    registry.register("peer_last_apply_success", "1 if that succeeded", success);
}

fn counter(registry: &mut Registry, name: &str, help: &str) -> Family<Labels, Counter> {
    let family = Family::<Labels, Counter>::default();
    registry.register(name, help, family.clone());
    family
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Family<Labels, Gauge> {
    let family = Family::<Labels, Gauge>::default();
    registry.register(name, help, family.clone());
    family
}

fn signed(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
