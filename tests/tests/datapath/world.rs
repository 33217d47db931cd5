//! The world the packets cross: four networks, and the table that follows.
//!
//! Blue and green peer; blue exports the lower half of its prefixes, green all of
//! its. Blue and red agreed on the lower half of red's, but that is down. Grey
//! uses blue's prefixes and peers with nobody. The uplink is not managed. What leads
//! nowhere goes to the stack, but from green it is dropped and from red rejected.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use ipnet::IpNet;
use peer_common::{
    self as abi, DropReason, Route, UNMANAGED_DROP, UNMANAGED_PASS, UNMANAGED_REJECT,
};
use peer_userspace::compile::{Fib, ForwardingTable};

use super::{
    packet::Mac,
    places::{FAMILIES, NARROW, Places},
    route::{Way, local, on_link, refused, shared},
};

/// An interface of the router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Port {
    pub(crate) name: &'static str,
    pub(crate) index: u32,
    pub(crate) mac: Mac,
    /// The network it faces; 0 where it is not managed.
    pub(crate) network: u32,
    /// Its slot among XDP's egress devices.
    pub(crate) slot: u32,
    /// The router's own addresses there.
    pub(crate) own: [&'static str; 2],
}

const fn port(name: &'static str, number: u8, network: u32, own: [&'static str; 2]) -> Port {
    Port {
        name,
        index: 100 + number as u32,
        mac: [2, 0, 0, 0, 1, number],
        network,
        slot: 10 + number as u32,
        own,
    }
}

pub(crate) const BLUE: Port = port("blue", 1, 1, ["10.1.0.1", "fd00:1::1"]);
pub(crate) const BLUE_B: Port = port("blue-b", 2, 1, ["10.1.128.1", "fd00:1:0:8000::1"]);
pub(crate) const GREEN: Port = port("green", 3, 2, ["10.2.0.1", "fd00:2::1"]);
pub(crate) const RED: Port = port("red", 4, 3, ["10.3.128.1", "fd00:3:0:8000::1"]);
pub(crate) const GREY: Port = port("grey", 5, 4, ["10.1.0.254", "fd00:1::fe"]);
pub(crate) const UPLINK: Port = port("uplink", 6, 0, ["192.0.2.1", "2001:db8::1"]);

pub(crate) const PORTS: [Port; 6] = [BLUE, BLUE_B, GREEN, RED, GREY, UPLINK];

/// Counters of the peering of blue and green, by where the packets come from.
pub(crate) const BLUE_TO_GREEN: u32 = 2;
pub(crate) const GREEN_TO_BLUE: u32 = 3;
/// Counters of the peering of blue and red.
pub(crate) const BLUE_TO_RED: u32 = 4;
pub(crate) const RED_TO_BLUE: u32 = 5;
/// What stays inside a network is counted here.
pub(crate) const INSIDE: u32 = 0;

/// A slot that holds no device, and one beyond the last.
const EMPTY_SLOT: u32 = 9;
const NO_SLOT: u32 = abi::limits::MAX_PORTS + 1;

/// The MAC of the host that sends what a case does not say otherwise of.
pub(crate) const HOST: Mac = [2, 0, 0, 0, 0xb1, 5];

/// The MAC of a next hop.
pub(crate) const fn next_hop(number: u8) -> Mac {
    [2, 0, 0, 0, 0xaa, number]
}

/// An address written out.
pub(crate) fn address(text: &str) -> IpAddr {
    text.parse()
        .unwrap_or_else(|_| panic!("no address: {text}"))
}

/// What the kernel's maps hold.
pub(crate) fn table() -> ForwardingTable {
    let managed = || PORTS.iter().filter(|port| port.network != 0);
    let entry = |port: &Port| abi::Port {
        network: port.network,
        mac: port.mac,
        unmanaged: match port.name {
            "green" => UNMANAGED_DROP,
            "red" => UNMANAGED_REJECT,
            _ => UNMANAGED_PASS,
        },
        flags: 0,
        slot: port.slot,
        address4: port.own[0].parse::<Ipv4Addr>().unwrap().octets(),
        address6: port.own[1].parse::<Ipv6Addr>().unwrap().octets(),
        place: abi::Subinterface::untagged(port.index),
    };
    ForwardingTable {
        ports: managed().map(|port| (port.index, entry(port))).collect(),
        tags: BTreeMap::new(),
        devices: managed().map(|port| (port.slot, port.index)).collect(),
        fibs: BTreeMap::from([
            (BLUE.network, blue()),
            (GREEN.network, green()),
            (RED.network, red()),
            (GREY.network, grey()),
        ]),
        policies: BTreeMap::new(),
        sources: BTreeMap::new(),
        groups: BTreeMap::new(),
        elsewhere: elsewhere().into(),
    }
}

/// A prefix of each family, and the way there.
type Row = (&'static str, &'static str, Way);

fn fib(rows: impl IntoIterator<Item = Row>) -> Fib {
    let prefix = |text: &str| text.parse::<IpNet>().unwrap();
    rows.into_iter()
        .flat_map(|(v4, v6, way)| [(prefix(v4), way.0), (prefix(v6), way.0)])
        .collect()
}

fn blue() -> Fib {
    let green = on_link(&GREEN).counted(BLUE_TO_GREEN);
    let foreign = refused(DropReason::ForeignLocal, 0);
    let down = refused(DropReason::PeeringDown, RED.network).counted(BLUE_TO_RED);
    let unrouted = refused(DropReason::NoRoute, GREEN.network)
        .counted(BLUE_TO_GREEN)
        .source();
    let mut fib = fib([
        ("10.1.0.0/16", "fd00:1::/48", on_link(&BLUE)),
        ("10.1.128.0/17", "fd00:1:0:8000::/49", on_link(&BLUE_B)),
        (
            "10.1.33.0/24",
            "fd00:1:0:33::/64",
            on_link(&BLUE).no_source(),
        ),
        (
            "10.1.0.7/32",
            "fd00:1::7/128",
            on_link(&BLUE).known(next_hop(1)),
        ),
        ("10.1.0.1/32", "fd00:1::1/128", local(&BLUE)),
        ("10.1.128.1/32", "fd00:1:0:8000::1/128", local(&BLUE_B)),
        ("10.1.0.2/32", "fd00:1::2/128", shared()),
        ("10.1.0.3/32", "fd00:1::3/128", local(&BLUE).answered()),
        ("10.2.0.0/16", "fd00:2::/48", green),
        ("10.2.0.9/32", "fd00:2::9/128", green.known(next_hop(9))),
        (
            "10.2.0.10/32",
            "fd00:2::a/128",
            green.known(next_hop(10)).without_xdp(),
        ),
        (
            "10.2.0.11/32",
            "fd00:2::b/128",
            green.known(next_hop(11)).unresolved(),
        ),
        (
            "10.2.3.0/24",
            "fd00:2:0:3::/64",
            green.known(next_hop(3)).mtu(NARROW),
        ),
        (
            "10.2.4.0/24",
            "fd00:2:0:4::/64",
            green.known(next_hop(4)).slot(EMPTY_SLOT),
        ),
        (
            "10.2.5.0/24",
            "fd00:2:0:5::/64",
            green.known(next_hop(5)).slot(NO_SLOT),
        ),
        ("10.2.7.0/24", "fd00:2:0:7::/64", green.known(next_hop(7))),
        ("10.2.7.9/32", "fd00:2:0:7::9/128", green.known(next_hop(8))),
        ("10.2.64.0/18", "fd00:2:0:4000::/50", unrouted),
        ("10.2.0.1/32", "fd00:2::1/128", foreign),
        ("10.3.0.0/17", "fd00:3::/49", down),
    ]);
    for (at, way) in [
        (
            "10.2.1.0/24",
            green.through("10.2.0.254").known(next_hop(2)),
        ),
        ("10.2.2.0/24", green.through("10.2.0.253")),
        (
            "fd00:2:0:1::/64",
            green.through("fd00:2::fe").known(next_hop(2)),
        ),
        ("fd00:2:0:2::/64", green.through("fd00:2::fd")),
    ] {
        fib.insert(at.parse().unwrap(), way.0);
    }
    fib
}

fn green() -> Fib {
    let blue = on_link(&BLUE).counted(GREEN_TO_BLUE);
    fib([
        ("10.2.0.0/16", "fd00:2::/48", on_link(&GREEN)),
        ("10.2.0.1/32", "fd00:2::1/128", local(&GREEN)),
        ("10.1.0.0/17", "fd00:1::/49", blue),
        ("10.1.0.5/32", "fd00:1::5/128", blue.known(HOST)),
        ("10.1.32.0/24", "fd00:1:0:32::/64", blue.no_source()),
        (
            "10.1.0.1/32",
            "fd00:1::1/128",
            refused(DropReason::ForeignLocal, 0),
        ),
    ])
}

fn red() -> Fib {
    let down = refused(DropReason::PeeringDown, BLUE.network).counted(RED_TO_BLUE);
    fib([
        ("10.3.0.0/16", "fd00:3::/48", on_link(&RED)),
        ("10.3.128.1/32", "fd00:3:0:8000::1/128", local(&RED)),
        ("10.1.0.0/17", "fd00:1::/49", down),
    ])
}

fn grey() -> Fib {
    let foreign = refused(DropReason::ForeignLocal, 0);
    fib([
        ("10.1.0.0/16", "fd00:1::/48", on_link(&GREY)),
        ("10.1.0.254/32", "fd00:1::fe/128", local(&GREY)),
        ("10.1.0.1/32", "fd00:1::1/128", foreign),
        ("10.1.0.2/32", "fd00:1::2/128", foreign),
        ("10.1.128.1/32", "fd00:1:0:8000::1/128", foreign),
    ])
}

fn elsewhere() -> BTreeMap<IpNet, DropReason> {
    let networks = ["10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"];
    let networks6 = ["fd00:1::/48", "fd00:2::/48", "fd00:3::/48"];
    let not_peered = networks.into_iter().chain(networks6);
    let own = |at: &Places| {
        let on_blue = [at.own, at.own_b, at.shared, at.answered];
        on_blue.into_iter().chain([at.greens, at.reds, at.uplinks])
    };
    let own = FAMILIES.iter().flat_map(own);
    let own = own.chain(["10.1.0.254", "fd00:1::fe"]);
    not_peered
        .map(|prefix| (prefix.parse().unwrap(), DropReason::NotPeered))
        .chain(own.map(|own| (address(own).into(), DropReason::ForeignLocal)))
        .collect()
}

/// Say whether sources of a prefix may come in by a port.
pub(crate) fn claim(table: &mut ForwardingTable, port: u32, prefix: IpNet, may: bool) {
    Arc::make_mut(table.sources.entry(port).or_default()).insert(prefix, may);
}

/// Change every route of every network's table; what becomes nothing goes.
pub(crate) fn change_routes(
    table: &mut ForwardingTable,
    mut change: impl FnMut(&mut Route) -> Option<()>,
) {
    for fib in table.fibs.values_mut() {
        let routes = fib.iter().filter_map(|(at, route)| {
            let mut route = *route;
            change(&mut route).map(|()| (*at, route))
        });
        *fib = routes.collect();
    }
}
