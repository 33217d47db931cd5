//! Stage: ARP and neighbour discovery. The kernel answers them, but only for the
//! addresses of the very port asked: by itself it would answer for any address
//! of the host's, and so give one network a way to another's gateway.

use peer_common::{DropReason, Port, Route, verdict};

use crate::{
    packet::{self, ETHERNET, Packet},
    parse,
    pipeline::{Dropped, Outcome},
    route::Address,
};

/// ARP, in any direction.
#[inline(always)]
pub(crate) fn arp(packet: &impl Packet, port: &Port) -> Outcome {
    asked(packet, port, parse::arp_target(packet))
}

/// IPv4 that the stack is to see.
#[inline(always)]
pub(crate) fn ipv4(packet: &impl Packet, port: &Port) -> Outcome {
    asked(packet, port, packet::bytes::<4>(packet, ETHERNET + 16))
}

/// IPv6 that the stack is to see: judged by what a neighbour solicitation asks
/// about, and everything else by where it goes.
#[inline(always)]
pub(crate) fn ipv6(packet: &impl Packet, port: &Port) -> Outcome {
    let solicited = parse::solicited(packet);
    asked(
        packet,
        port,
        solicited.or_else(|| packet::bytes::<16>(packet, ETHERNET + 24)),
    )
}

#[inline(always)]
fn asked(packet: &impl Packet, port: &Port, target: Option<impl Address>) -> Outcome {
    match target {
        Some(target) if is_foreign(target, packet.ingress(), port.network) => {
            Outcome::Drop(Dropped::by_network(DropReason::ForeignLocal, port.network))
        }
        _ => Outcome::Stack,
    }
}

/// Whether a route leads to this very port's own address.
#[inline(always)]
pub(crate) fn is_here(route: &Route, ingress: u32) -> bool {
    route.verdict == verdict::LOCAL && (route.port == ingress || route.port == 0)
}

/// Whether `address` is the host's, but not this port's.
#[inline(always)]
fn is_foreign(address: impl Address, ingress: u32, network: u32) -> bool {
    match address.route(network) {
        Some(route) if route.verdict == verdict::LOCAL => !is_here(route, ingress),
        Some(route) => {
            route.verdict == verdict::DROP && route.reason == DropReason::ForeignLocal as u8
        }
        None => address.elsewhere() == Some(DropReason::ForeignLocal),
    }
}
