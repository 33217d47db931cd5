//! Random networks and their ports.

use std::collections::BTreeMap;

use ipnet::IpNet;
use peer_userspace::model::{Mode, Network, Port, RouteMode, StaticRoute, Unmanaged};
use proptest::{collection::vec, option::weighted, prelude::*, sample::select};

use super::{
    NETWORKS, any_address, any_prefix, at,
    consents::consent_id,
    host::{GONE, WAN_NAME, interface_name},
    net, number, prefix,
};
use crate::properties::world::named;

/// A network by the name of [`NETWORKS`]`[k]`.
pub(crate) fn network(k: usize) -> impl Strategy<Value = Network> {
    let unmanaged = select(vec![Unmanaged::Pass, Unmanaged::Drop, Unmanaged::Reject]);
    let accepted = weighted(0.15, select(vec!["*", "a", "a-b", "b"]));
    let far = prop::bool::weighted(0.03);
    (
        prefixes(k),
        (port(k, 40), vec(port(k, 4), 0..3)),
        routes(k),
        unmanaged,
        accepted,
        far,
    )
        .prop_map(
            move |(prefixes, (first, more), (routes, static_routes), unmanaged, accepted, far)| {
                Network {
                    id: named(NETWORKS[k]),
                    labels: BTreeMap::new(),
                    source: None,
                    zone: if far { "far" } else { "default" }.to_owned(),
                    ports: as_read([first].into_iter().chain(more), &prefixes),
                    prefixes: prefixes.into(),
                    routes,
                    static_routes,
                    unmanaged,
                    auto_accept: accepted.into_iter().map(str::to_owned).collect(),
                }
            },
        )
}

/// Its home in either family or both, and parts of its own and others' homes.
fn prefixes(k: usize) -> impl Strategy<Value = Vec<IpNet>> {
    let homes = vec![
        net(at(false, k, 0, 0), 16, 32),
        net(at(true, k, 0, 0), 16, 32),
    ];
    let home = prop_oneof![
        6 => Just(homes.clone()),
        1 => Just(homes[..1].to_vec()),
        1 => Just(homes[1..].to_vec()),
        2 => vec(prefix(k), 1..4),
    ];
    let foreign = prop_oneof![3 => Just(None), 1 => any_prefix().prop_map(Some)];
    (home, foreign).prop_map(|(home, foreign)| outermost(home.into_iter().chain(foreign)))
}

/// Sorted, and none inside another.
fn outermost(nets: impl Iterator<Item = IpNet>) -> Vec<IpNet> {
    let mut nets: Vec<IpNet> = nets.collect();
    nets.sort_by_key(IpNet::prefix_len);
    let mut kept: Vec<IpNet> = Vec::new();
    for net in nets {
        if !kept.iter().any(|outer| outer.contains(&net)) {
            kept.push(net);
        }
    }
    kept.sort();
    kept
}

/// What the dialect lets through: each interface once with one tag, and behind a
/// port nothing but the network's own.
fn as_read(drawn: impl Iterator<Item = Port>, own: &[IpNet]) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::new();
    for mut port in drawn {
        let taken = |other: &Port| (&other.interface, other.vlan) == (&port.interface, port.vlan);
        if !ports.iter().any(taken) {
            port.prefixes
                .retain(|part| own.iter().any(|own| own.contains(part)));
            ports.push(port);
        }
    }
    ports
}

/// A port, `usual` times as often on the network's own interface as on nobody's.
fn port(k: usize, usual: u32) -> impl Strategy<Value = Port> {
    let interface = prop_oneof![
        usual => Just(interface_name(k)),
        3 => number().prop_map(interface_name),
        1 => Just(GONE.to_owned()),
        1 => Just(WAN_NAME.to_owned()),
    ];
    let home = any::<bool>().prop_map(move |v6| net(at(v6, k, 0, 0), 16, 32));
    let part = prop_oneof![4 => prefix(k), 1 => home, 1 => any_prefix()];
    let prefixes = prop_oneof![2 => Just(Vec::new()), 1 => vec(part, 1..4)];
    let via = prop_oneof![
        3 => Just(Vec::new()),
        1 => vec(any_address(), 1),
        1 => Just(vec![at(false, k, 0, 254), at(true, k, 0, 254)]),
    ];
    let address = prop_oneof![30 => Just(Vec::new()), 1 => vec(any_prefix(), 1)];
    let mode = select(vec![Mode::Auto, Mode::Tc]);
    (
        interface,
        weighted(0.03, 1u16..3),
        address,
        prefixes,
        via,
        mode,
    )
        .prop_map(|(interface, vlan, address, prefixes, via, mode)| Port {
            interface,
            vlan,
            outer: None,
            address,
            prefixes,
            via,
            mode,
        })
}

fn routes(k: usize) -> impl Strategy<Value = (RouteMode, Vec<StaticRoute>)> {
    let named = (number(), any_prefix(), any::<bool>()).prop_map(move |(peer, part, whole)| {
        let home = net(at(part.addr().is_ipv6(), peer, 0, 0), 16, 32);
        StaticRoute {
            to: if whole { home } else { part },
            peering: consent_id(k, peer, "to").name,
        }
    });
    let mode = prop_oneof![4 => Just(RouteMode::Auto), 1 => Just(RouteMode::Manual)];
    (mode, vec(named, 0..6))
}
