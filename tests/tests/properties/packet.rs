//! A packet run through a compiled table, stage by stage as docs/architecture.md
//! has the BPF programs do it. Knows the table and nothing of where it came from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use peer_common::{DropReason, Route, UNMANAGED_DROP, flags, verdict};
use peer_userspace::{compile::ForwardingTable, host::Mac};

use super::span::Span;

/// A valid packet sent to the MAC of the port it comes in by, small and with hops
/// to live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) ingress: u32,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pass,
    Local,
    Forward {
        route: Route,
        next_hop: IpAddr,
        mac: Option<Mac>,
    },
    Drop {
        reason: DropReason,
        counter: u32,
    },
}

/// What a table says of one destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Route(Route),
    Elsewhere(DropReason),
    Unknown,
}

/// The fate of a packet.
pub(crate) fn run(table: &ForwardingTable, packet: &Packet) -> Outcome {
    let Some(port) = table.ports.get(&packet.ingress) else {
        return Outcome::Pass;
    };
    let decision = decide(table, port.network, packet.destination);
    if let Decision::Route(route) = decision
        && route.verdict == verdict::FORWARD
    {
        return forward(table, port.network, packet, route);
    }
    let drop = |reason, counter| Outcome::Drop { reason, counter };
    if !may_send(table, packet.source, port.network, port.network) {
        return drop(DropReason::SpoofedSource, 0);
    }
    match decision {
        Decision::Route(route) if route.verdict == verdict::LOCAL => {
            if route.port == packet.ingress || route.port == 0 {
                Outcome::Local
            } else {
                drop(DropReason::ForeignLocal, 0)
            }
        }
        Decision::Route(route) => {
            assert_eq!(route.verdict, verdict::DROP, "no such verdict: {route:?}");
            drop(
                DropReason::from_number(route.reason).expect("a known reason"),
                route.counter,
            )
        }
        Decision::Elsewhere(reason) => drop(reason, 0),
        Decision::Unknown if port.unmanaged == UNMANAGED_DROP => drop(DropReason::Unmanaged, 0),
        Decision::Unknown => Outcome::Pass,
    }
}

fn forward(table: &ForwardingTable, from: u32, packet: &Packet, route: Route) -> Outcome {
    if !may_send(table, packet.source, from, route.network) {
        let reason = if may_send(table, packet.source, from, from) {
            DropReason::NotExported
        } else {
            DropReason::SpoofedSource
        };
        return Outcome::Drop {
            reason,
            counter: route.counter,
        };
    }
    let next_hop = if route.has(flags::GATEWAY) {
        gateway(&route, packet)
    } else {
        packet.destination
    };
    let mac = route.has(flags::RESOLVED).then_some(Mac(route.dst_mac));
    Outcome::Forward {
        route,
        next_hop,
        mac,
    }
}

/// The longest match in one network's table, then *elsewhere*.
pub(crate) fn decide(table: &ForwardingTable, network: u32, destination: IpAddr) -> Decision {
    if let Some(route) = lookup(table, network, destination) {
        return Decision::Route(*route);
    }
    match longest_match(&table.elsewhere, destination) {
        Some(reason) => Decision::Elsewhere(*reason),
        None => Decision::Unknown,
    }
}

/// The receiving network's table knows who may send to it.
pub(crate) fn may_send(table: &ForwardingTable, source: IpAddr, from: u32, to: u32) -> bool {
    lookup(table, to, source).is_some_and(|route| route.network == from && route.has(flags::SOURCE))
}

fn lookup(table: &ForwardingTable, network: u32, address: IpAddr) -> Option<&Route> {
    longest_match(table.fibs.get(&network)?, address)
}

fn longest_match<'a, T>(
    entries: impl IntoIterator<Item = (&'a IpNet, &'a T)>,
    address: IpAddr,
) -> Option<&'a T> {
    entries
        .into_iter()
        .filter(|(net, _)| Span::of(net).holds(address))
        .max_by_key(|(net, _)| net.prefix_len())
        .map(|(_, value)| value)
}

fn gateway(route: &Route, packet: &Packet) -> IpAddr {
    let [a, b, c, d, ..] = route.gateway;
    match packet.destination {
        IpAddr::V4(_) => Ipv4Addr::from([a, b, c, d]).into(),
        IpAddr::V6(_) => Ipv6Addr::from(route.gateway).into(),
    }
}
