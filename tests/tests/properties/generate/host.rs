//! Random hosts: ten interfaces, their addresses, neighbours and routes.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
};

use ipnet::IpNet;
use peer_userspace::host::{Address, HostHop, HostRoute, HostView, Interface, Mac, XdpFeatures};
use proptest::{collection::vec, prelude::*, sample::select};

use super::{NETWORKS, address, any_address, any_prefix, at, net, with_length};

const LOOPBACK: u32 = 1;
const FIRST: u32 = 2;
const WAN: u32 = 8;
const SPARE_INDEX: u32 = 9;
/// An interface that does not exist.
pub(super) const GONE: &str = "gone";
/// The host's way out, rarely anyone's port.
pub(super) const WAN_NAME: &str = "wan";
/// An interface that no generated network names.
pub(crate) const SPARE: &str = "spare";

pub(super) fn interface_name(k: usize) -> String {
    format!("if{k}")
}

pub(super) fn index_of(k: usize) -> u32 {
    FIRST + u32::try_from(k).expect("few interfaces")
}

pub(super) fn host() -> impl Strategy<Value = HostView> {
    let numbered: Vec<_> = (0..NETWORKS.len())
        .map(|k| interface(index_of(k), interface_name(k), addresses(k)))
        .collect();
    let wan = interface(WAN, WAN_NAME.to_owned(), vec(any_interface_address(), 0..3));
    let neighbours = vec(neighbour(), 0..60);
    let connected = prop::bool::weighted(0.8);
    (numbered, wan, neighbours, routes(), connected).prop_map(
        |(numbered, wan, neighbours, mut routes, connected)| {
            let fixed = [loopback(), spare(), wan.unwrap_or_else(spare)];
            let interfaces: BTreeMap<u32, Interface> = numbered
                .into_iter()
                .flatten()
                .chain(fixed)
                .map(|interface| (interface.index, interface))
                .collect();
            if connected {
                routes.splice(0..0, interfaces.values().flat_map(connected_routes));
            }
            let neighbours = neighbours
                .into_iter()
                .map(|(index, address, mac)| ((index, address), Mac([2, 0, 0, 0, 1, mac])))
                .collect();
            HostView {
                interfaces,
                neighbours,
                routes: one_each(routes),
                ..HostView::default()
            }
        },
    )
}

/// Mostly there, an Ethernet device, and up.
fn interface(
    index: u32,
    name: String,
    addresses: impl Strategy<Value = Vec<IpNet>>,
) -> impl Strategy<Value = Option<Interface>> {
    let common = || prop::bool::weighted(0.95);
    (common(), common(), common(), any::<bool>(), addresses).prop_map(
        move |(there, ethernet, up, egress, addresses)| {
            there.then(|| Interface {
                up,
                mac: ethernet.then(|| mac(index)),
                xdp: XdpFeatures {
                    native: false,
                    egress,
                },
                addresses: addresses
                    .into_iter()
                    .map(|net| Address {
                        net,
                        tentative: false,
                    })
                    .collect(),
                ..plain(index, &name)
            })
        },
    )
}

fn plain(index: u32, name: &str) -> Interface {
    Interface {
        index,
        name: name.to_owned(),
        mac: Some(mac(index)),
        mtu: 1400 + index,
        up: true,
        kind: Some("veth".to_owned()),
        ..Interface::default()
    }
}

fn mac(index: u32) -> Mac {
    Mac([2, 0, 0, 0, 0, u8::try_from(index).expect("few interfaces")])
}

fn spare() -> Interface {
    plain(SPARE_INDEX, SPARE)
}

fn loopback() -> Interface {
    let addresses = ["127.0.0.1/8", "::1/128"].map(|text| Address {
        net: text.parse().expect("an address"),
        tentative: false,
    });
    Interface {
        mac: None,
        addresses: addresses.to_vec(),
        ..plain(LOOPBACK, "lo")
    }
}

/// The usual gateway addresses, another interface's, strange ones, a transfer net,
/// link-local.
pub(super) fn addresses(k: usize) -> impl Strategy<Value = Vec<IpNet>> {
    let usual = vec![
        with_length(at(false, k, 0, 1), 24, 64),
        with_length(at(true, k, 0, 1), 24, 64),
    ];
    let transfer = with_length(Ipv4Addr::new(192, 168, at_most_255(k), 1).into(), 30, 126);
    let link_local: IpNet = "fe80::1/64".parse().expect("an address");
    let anothers = with_length(at(false, (k + 1) % NETWORKS.len(), 0, 1), 24, 64);
    let more = prop_oneof![
        4 => Just(None),
        2 => Just(Some(anothers)),
        1 => Just(Some(transfer)),
        1 => Just(Some(link_local)),
        3 => any_interface_address().prop_map(Some),
    ];
    (prop::bool::weighted(0.7), more).prop_map(move |(has_usual, more)| {
        let usual = if has_usual { usual.clone() } else { Vec::new() };
        usual.into_iter().chain(more).collect()
    })
}

fn at_most_255(k: usize) -> u8 {
    u8::try_from(k).expect("few interfaces")
}

fn any_interface_address() -> impl Strategy<Value = IpNet> {
    let lengths = select(vec![(16, 32), (24, 64), (28, 124), (31, 127), (32, 128)]);
    (any_address(), lengths).prop_map(|(address, (v4, v6))| with_length(address, v4, v6))
}

fn any_index() -> impl Strategy<Value = u32> {
    FIRST..=WAN
}

/// Mostly where its address says.
fn neighbour() -> impl Strategy<Value = (u32, IpAddr, u8)> {
    let home = (0..NETWORKS.len()).prop_flat_map(|k| (Just(index_of(k)), address(k)));
    let gateway = any_index().prop_map(|index| (index, "fe80::9".parse().expect("an address")));
    let place = prop_oneof![4 => home, 1 => (any_index(), any_address()), 1 => gateway];
    (place, 1u8..5).prop_map(|((index, address), mac)| (index, address, mac))
}

/// Routes to parts of networks and to everything, by gateways or on-link.
fn routes() -> impl Strategy<Value = Vec<HostRoute>> {
    let part = (0..NETWORKS.len()).prop_flat_map(|k| {
        let to = prop_oneof![
            4 => any_prefix(),
            2 => any::<bool>().prop_map(move |v6| net(at(v6, k, 0, 0), 16, 32)),
            1 => any::<bool>().prop_map(move |v6| net(at(v6, k, 0, 0), 8, 16)),
            1 => any::<bool>().prop_map(move |v6| net(at(v6, 0, 0, 0), 0, 0)),
        ];
        (to, hops(k), 0u32..3)
    });
    let route = part.prop_map(|(to, hops, metric)| route(to, metric, hops));
    vec(route, 0..12)
}

/// One next hop as often as several, and some of these dead.
pub(super) fn hops(k: usize) -> impl Strategy<Value = Vec<HostHop>> {
    let interface = || prop_oneof![3 => Just(index_of(k)), 1 => any_index()];
    let link_local = Just("fe80::9".parse().expect("an address"));
    let gateway = move || prop_oneof![3 => address(k), 1 => any_address(), 1 => link_local];
    let hop = move |dead| {
        (
            interface(),
            prop::option::of(gateway()),
            1u32..5,
            prop::bool::weighted(dead),
        )
    };
    let made = |(interface, gateway, weight, dead)| HostHop {
        interface,
        gateway,
        weight,
        dead,
    };
    prop_oneof![
        hop(0.0).prop_map(move |one| vec![made(one)]),
        vec(hop(0.15).prop_map(made), 2..5),
    ]
}

/// Of gateways that IPv4 knows for IPv6, none.
pub(super) fn route(to: IpNet, metric: u32, mut hops: Vec<HostHop>) -> HostRoute {
    for hop in &mut hops {
        let is_possible = |gateway: &IpAddr| to.addr().is_ipv4() || gateway.is_ipv6();
        hop.gateway = hop.gateway.filter(is_possible);
    }
    HostRoute { to, metric, hops }
}

/// What the kernel adds with an address.
fn connected_routes(interface: &Interface) -> Vec<HostRoute> {
    let nets = interface
        .addresses
        .iter()
        .map(|address| address.net.trunc());
    nets.map(|to| HostRoute {
        to,
        metric: 0,
        hops: vec![HostHop {
            interface: interface.index,
            gateway: None,
            weight: 1,
            dead: false,
        }],
    })
    .collect()
}

/// At most one route for a destination and metric.
fn one_each(routes: Vec<HostRoute>) -> Vec<HostRoute> {
    let mut kept: Vec<HostRoute> = Vec::new();
    for route in routes {
        if !kept
            .iter()
            .any(|other| (other.to, other.metric) == (route.to, route.metric))
        {
            kept.push(route);
        }
    }
    kept
}
