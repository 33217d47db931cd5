//! A packet run through a compiled table, stage by stage as docs/architecture.md
//! has the BPF programs do it. Knows the table and nothing of where it came from.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use peer_common::{
    DropReason, FLOWS_END, Group, Route, UNMANAGED_PASS, flags, port_flags, verdict,
};
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
    Local {
        answered: bool,
    },
    /// By these ways, more than one sharing its flows.
    Forward {
        route: Route,
        ways: Vec<Way>,
    },
    Drop {
        reason: DropReason,
        counter: u32,
    },
}

/// One of the ways of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) route: Route,
    pub(crate) next_hop: IpAddr,
    pub(crate) mac: Option<Mac>,
    /// How many flows choose it first, and how many of those whose first choice is down.
    pub(crate) shares: [u32; 2],
}

/// What a table says of one destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Route(Route),
    /// A route of several hops, and what is to be found there.
    Shared(Route, Option<Box<Group>>),
    Elsewhere(DropReason),
    Unknown,
}

/// The fate of a packet.
pub(crate) fn run(table: &ForwardingTable, packet: &Packet) -> Outcome {
    let Some(port) = table.ports.get(&packet.ingress) else {
        return Outcome::Pass;
    };
    let decision = decide(table, port.network, packet.destination);
    if let Decision::Route(route) | Decision::Shared(route, _) = decision
        && route.verdict == verdict::FORWARD
    {
        return forward(table, port.network, packet, route);
    }
    let drop = |reason, counter| Outcome::Drop { reason, counter };
    if !enters(table, packet.ingress, packet.source)
        || !may_send(table, packet.source, port.network, port.network)
    {
        return drop(DropReason::SpoofedSource, 0);
    }
    match decision {
        Decision::Route(route) if route.verdict == verdict::LOCAL => {
            if route.port == packet.ingress || route.port == 0 {
                let answered = route.has(flags::ANSWERED);
                Outcome::Local { answered }
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
        Decision::Shared(route, _) => panic!("only what is forwarded is shared: {route:?}"),
        Decision::Elsewhere(reason) => drop(reason, 0),
        Decision::Unknown if port.unmanaged == UNMANAGED_PASS => Outcome::Pass,
        Decision::Unknown => drop(DropReason::Unmanaged, 0),
    }
}

fn forward(table: &ForwardingTable, from: u32, packet: &Packet, route: Route) -> Outcome {
    let enters = enters(table, packet.ingress, packet.source);
    let given = lookup(table, from, packet.source)
        .is_some_and(|own| own.network == from && own.flags & route.flags & flags::OPEN != 0);
    let accepted = may_send(table, packet.source, from, route.network);
    assert!(
        accepted || !given,
        "given to {} without its knowing: {packet:?}",
        route.network
    );
    if !enters || !(given || accepted) {
        let reason = if enters && may_send(table, packet.source, from, from) {
            DropReason::NotExported
        } else {
            DropReason::SpoofedSource
        };
        return Outcome::Drop {
            reason,
            counter: route.counter,
        };
    }
    let way = |hop: &Route, shares| Way {
        route: *hop,
        next_hop: if hop.has(flags::GATEWAY) {
            gateway(hop)
        } else {
            packet.destination
        },
        mac: hop.has(flags::RESOLVED).then_some(Mac(hop.dst_mac)),
        shares,
    };
    let ways = if route.group == 0 {
        vec![way(&route, [FLOWS_END; 2])]
    } else {
        let group = &table.groups[&route.group];
        let mut before = [0; 2];
        group
            .hops()
            .map(|hop| {
                let ends = [hop.end, hop.spare_end];
                let shares = [ends[0] - before[0], ends[1] - before[1]];
                before = ends;
                way(&hop.route, shares)
            })
            .collect()
    };
    Outcome::Forward { route, ways }
}

/// Whether the port lets in what comes from this source.
pub(crate) fn enters(table: &ForwardingTable, ingress: u32, source: IpAddr) -> bool {
    let restricted = table
        .ports
        .get(&ingress)
        .is_some_and(|port| port.flags & port_flags::SOURCES != 0);
    let entries = table.sources.get(&ingress).into_iter();
    let entries = entries.flat_map(|entries| entries.iter());
    !restricted || longest_match(entries, source) == Some(&true)
}

/// The longest match in one network's table, then *elsewhere*.
pub(crate) fn decide(table: &ForwardingTable, network: u32, destination: IpAddr) -> Decision {
    if let Some(route) = lookup(table, network, destination) {
        return match route.group {
            0 => Decision::Route(*route),
            id => Decision::Shared(*route, table.groups.get(&id).copied().map(Box::new)),
        };
    }
    match longest_match(table.elsewhere.iter(), destination) {
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

fn gateway(route: &Route) -> IpAddr {
    let [a, b, c, d, ..] = route.gateway;
    if route.has(flags::GATEWAY_V6) {
        Ipv6Addr::from(route.gateway).into()
    } else {
        Ipv4Addr::from([a, b, c, d]).into()
    }
}
