//! The order of the stages, the same for both hooks. Decides, changes nothing.

use peer_common::{DropReason, Port, Route, UNMANAGED_DROP, flags, verdict};

use crate::{
    limits, local,
    packet::Packet,
    parse::{self, Ip, Wire},
    policy, port,
    route::Address,
    source,
};

/// What is to become of a packet.
pub(crate) enum Outcome {
    /// Not for us to decide: the host's stack sees it.
    Stack,
    /// Dropped and counted.
    Drop(Dropped),
    /// Sent on.
    Forward(Forward),
}

/// A drop and whom it is counted for.
pub(crate) struct Dropped {
    pub(crate) reason: DropReason,
    /// The network it came from.
    pub(crate) network: u32,
    /// The route's counter, where it belongs to a peering; else 0.
    pub(crate) counter: u32,
    /// Packets on the wire.
    pub(crate) packets: u32,
}

impl Dropped {
    /// A drop that belongs to no peering.
    #[inline(always)]
    pub(crate) fn by_network(reason: DropReason, network: u32) -> Self {
        Self {
            reason,
            network,
            counter: 0,
            packets: 1,
        }
    }
}

/// A packet to send on, and how.
pub(crate) struct Forward {
    pub(crate) route: &'static Route,
    /// The network it came from, for drops further on.
    pub(crate) network: u32,
    pub(crate) wire: Wire,
    pub(crate) destination: Destination,
}

/// The destination address; its kind is the packet's family.
#[derive(Clone, Copy)]
pub(crate) enum Destination {
    V4([u8; 4]),
    V6([u8; 16]),
}

/// The fate of a packet.
#[inline(always)]
pub(crate) fn decide(packet: &impl Packet) -> Outcome {
    let Some(port) = port::ingress(packet) else {
        return Outcome::Stack;
    };
    let Some(ethernet) = parse::ethernet(packet) else {
        return Outcome::Stack;
    };
    // A tag this port does not know belongs to a VLAN device of the kernel's.
    if packet.has_tag() {
        return Outcome::Stack;
    }
    let for_us = ethernet.destination == port.mac;
    match ethernet.protocol {
        parse::ARP => local::arp(packet, port),
        parse::IPV4 if for_us => match parse::ipv4(packet) {
            Some(ip) => judge(packet, port, &ip, Destination::V4(ip.destination)),
            None => malformed(port),
        },
        parse::IPV6 if for_us => match parse::ipv6(packet) {
            Some(ip) => judge(packet, port, &ip, Destination::V6(ip.destination)),
            None => malformed(port),
        },
        // Not sent to the router's MAC: never forwarded, but the kernel takes a
        // broadcast frame for any address of the host's.
        parse::IPV4 => local::ipv4(packet, port),
        parse::IPV6 => local::ipv6(packet, port),
        _ => Outcome::Stack,
    }
}

#[inline(always)]
fn malformed(port: &Port) -> Outcome {
    Outcome::Drop(Dropped::by_network(DropReason::Malformed, port.network))
}

/// The fate of an IP packet that was sent to the router's MAC.
#[inline(always)]
fn judge<const N: usize>(
    packet: &impl Packet,
    port: &Port,
    ip: &Ip<N>,
    destination: Destination,
) -> Outcome
where
    [u8; N]: Address,
{
    let wire = parse::wire(packet, ip);
    let network = port.network;
    let drop = |reason, counter| {
        Outcome::Drop(Dropped {
            reason,
            network,
            counter,
            packets: wire.packets,
        })
    };
    let route = ip.destination.route(network);
    if let Some(route) = route
        && route.verdict == verdict::FORWARD
    {
        if !source::may_send(ip.source, network, route.network) {
            return drop(source::reason(ip.source, network), route.counter);
        }
        if route.has(flags::POLICY) && !policy::permits(packet, N == 16, ip.bytes, route.counter) {
            return drop(DropReason::Policy, route.counter);
        }
        return match limits::exceeded(ip, wire, route) {
            Some(reason) => drop(reason, route.counter),
            None => Outcome::Forward(Forward {
                route,
                network,
                wire,
                destination,
            }),
        };
    }
    if ip.destination.is_martian() || ip.source.is_martian() {
        return drop(DropReason::Martian, 0);
    }
    let here = route.is_some_and(|route| local::is_here(route, packet.ingress()));
    // What is meaningful on one link is between that link and the router.
    let to_link = ip.destination.is_link_local();
    let from_link = ip.source.is_link_local();
    if from_link && !to_link && !here {
        return drop(DropReason::Martian, 0);
    }
    if !from_link && !source::is_own(ip.source, network) {
        return drop(DropReason::SpoofedSource, 0);
    }
    if here || to_link {
        return match destination {
            Destination::V4(_) => Outcome::Stack,
            Destination::V6(_) => local::ipv6(packet, port),
        };
    }
    match route {
        Some(route) if route.verdict == verdict::LOCAL => drop(DropReason::ForeignLocal, 0),
        Some(route) => match DropReason::from_number(route.reason) {
            Some(reason) => drop(reason, route.counter),
            None => drop(DropReason::NoRoute, route.counter),
        },
        None => match ip.destination.elsewhere() {
            Some(reason) => drop(reason, 0),
            None if port.unmanaged == UNMANAGED_DROP => drop(DropReason::Unmanaged, 0),
            None => Outcome::Stack,
        },
    }
}
