//! The order of the stages, the same for both hooks. Decides, changes nothing.

use peer_common::{DropReason, Port, Route, flags, verdict};

use crate::{
    limits,
    local::{self, Local, Question},
    next_hop,
    notice::{self, Notice},
    options,
    packet::{self, Packet},
    parse::{self, Ip, Wire},
    policy,
    route::{self, Address},
    source,
    trie::Tables,
    turned_away,
};

/// What is to become of a packet.
pub(crate) enum Outcome {
    /// Not for us to decide: the host's stack sees it.
    Stack,
    /// Dropped and counted.
    Drop(Dropped),
    /// Answered in the kernel's place.
    Answer(Question, &'static Port),
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
    /// What its sender is to be told.
    pub(crate) notice: Notice,
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
            notice: Notice::NONE,
        }
    }

    /// A packet that was to be sent on, and cannot be.
    #[inline(always)]
    pub(crate) fn of(forward: &Forward, reason: DropReason) -> Self {
        Self {
            reason,
            network: forward.network,
            counter: forward.route.counter,
            packets: forward.wire.packets,
            notice: Notice::NONE,
        }
    }
}

/// A packet to send on, and how.
pub(crate) struct Forward {
    /// Of several ways, the one taken.
    pub(crate) route: &'static Route,
    /// The network it came from, for drops further on.
    pub(crate) network: u32,
    pub(crate) wire: Wire,
    pub(crate) destination: Destination,
}

/// The destination address, as it is looked up; its kind is the packet's family.
#[derive(Clone, Copy)]
pub(crate) enum Destination {
    V4([u64; 1]),
    V6([u64; 2]),
}

/// The fate of a packet.
#[inline(always)]
pub(crate) fn decide(packet: &impl Packet) -> Outcome {
    let Some(tables) = Tables::open() else {
        return Outcome::Stack;
    };
    let Some(port) = tables.port(packet.ingress()) else {
        return Outcome::Stack;
    };
    let Some(ethernet) = parse::ethernet(packet) else {
        return Outcome::Stack;
    };
    let for_us = ethernet.destination == packet::mac(port.mac);
    // The first byte's last bit is a group address's.
    let heard = for_us || ethernet.destination & packet::mac([1, 0, 0, 0, 0, 0]) != 0;
    let local = match ethernet.protocol {
        parse::ARP => local::arp(packet, port, heard),
        parse::IPV4 if for_us => match parse::ipv4(packet) {
            Some(ip) => return judge(packet, &tables, port, &ip, Destination::V4(ip.destination)),
            None => Local::Malformed,
        },
        parse::IPV6 if for_us => match parse::ipv6(packet) {
            Some(ip) => return judge(packet, &tables, port, &ip, Destination::V6(ip.destination)),
            None => Local::Malformed,
        },
        // Not sent to the router's MAC: never forwarded, but the kernel takes a
        // broadcast frame for any address of the host's.
        parse::IPV4 => local::ipv4(packet, port),
        parse::IPV6 => local::ipv6(packet, port, heard),
        _ => Local::Stack,
    };
    outcome(local, port)
}

/// What the entry is to do.
#[inline(always)]
fn outcome(local: Local, port: &'static Port) -> Outcome {
    let drop = |reason| Outcome::Drop(Dropped::by_network(reason, port.network));
    match local {
        Local::Stack => Outcome::Stack,
        Local::Foreign => drop(DropReason::ForeignLocal),
        Local::Malformed => drop(DropReason::Malformed),
        Local::Arp => Outcome::Answer(Question::Arp, port),
        Local::Neighbour => Outcome::Answer(Question::Neighbour, port),
    }
}

/// The fate of an IP packet that was sent to the router's MAC, and what its sender
/// may be told of it.
#[inline(always)]
fn judge<const N: usize>(
    packet: &impl Packet,
    tables: &Tables,
    port: &'static Port,
    ip: &Ip<N>,
    destination: Destination,
) -> Outcome
where
    [u64; N]: Address,
{
    let mut outcome = fate(packet, tables, port, ip, destination);
    if let Outcome::Drop(dropped) = &mut outcome
        && dropped.notice.is_due()
        && !notice::is_answerable(packet, port, ip)
    {
        dropped.notice = Notice::NONE;
    }
    outcome
}

#[inline(always)]
fn fate<const N: usize>(
    packet: &impl Packet,
    tables: &Tables,
    port: &'static Port,
    ip: &Ip<N>,
    destination: Destination,
) -> Outcome
where
    [u64; N]: Address,
{
    let wire = parse::wire(packet, ip);
    let network = port.network;
    let told = |reason, counter, notice| {
        Outcome::Drop(Dropped {
            reason,
            network,
            counter,
            packets: wire.packets,
            notice,
        })
    };
    let drop = |reason, counter| told(reason, counter, notice::refusal(reason, port));
    let route = route::of(packet, tables, ip.destination, network);
    if let Some(route) = route
        && route.verdict == verdict::FORWARD
    {
        if !source::may_send(packet, tables, &ip.source, port, route) {
            let reason = source::reason(&ip.source, port);
            return drop(reason, route.counter);
        }
        if let Some(reason) = options::refused(packet, ip) {
            return drop(reason, route.counter);
        }
        if route.has(flags::POLICY) && !policy::permits(packet, N == 2, ip.bytes, route.counter) {
            return drop(DropReason::Policy, route.counter);
        }
        let Some(route) = next_hop::of(packet, N == 2, ip.bytes, route) else {
            return drop(DropReason::NoRoute, route.counter);
        };
        return match limits::exceeded(ip, wire, route) {
            Some((reason, notice)) => told(reason, route.counter, notice),
            None => Outcome::Forward(Forward {
                route,
                network,
                wire,
                destination,
            }),
        };
    }
    let verdict = turned_away::judge::<N>(packet, port, route);
    if let Some(question) = verdict.question::<N>() {
        return Outcome::Answer(question, port);
    }
    if verdict.is_local() {
        return outcome(local::ipv6(packet, port, true), port);
    }
    match verdict.refusal() {
        Some((reason, counter)) => drop(reason, counter),
        None => Outcome::Stack,
    }
}
