//! Stage: ARP, neighbour discovery, and what goes to the host itself. The kernel answers,
//! but only for the addresses of the very port asked: by itself it would answer for any
//! address of the host's, and so give one network a way to another's gateway. For an
//! address whose link the kernel cannot tell from another's, `answer.rs` answers, and
//! whatever it has no answer to is dropped.

use peer_common::{DropReason, Port, Route, flags, verdict};

use crate::{
    packet::{ETHERNET, FromPacket as _, Packet},
    parse,
    route::Address,
};

/// What `answer.rs` has an answer to.
#[derive(Clone, Copy)]
pub(crate) enum Question {
    Arp,
    Neighbour,
    Echo4,
    Echo6,
}

/// What becomes of such a packet.
#[repr(u32)]
pub(crate) enum Local {
    Stack,
    /// About an address that nobody speaks for here.
    Foreign,
    Malformed,
    Arp,
    Neighbour,
}

/// Who speaks for an address.
enum Speaker {
    /// Nobody to this port.
    Nobody,
    Kernel,
    Programs,
}

/// ARP, in any direction; `heard` where the host is among those it was sent to.
///
/// Not inlined, like the others here: the programs' own stack has no room for them.
#[inline(never)]
pub(crate) fn arp(packet: &impl Packet, port: &Port, heard: bool) -> Local {
    match speaker(packet, port, parse::arp_target(packet)) {
        Speaker::Nobody => Local::Foreign,
        Speaker::Programs if heard && parse::is_arp_request(packet) => Local::Arp,
        // Among others what the kernel's own questions are answered with.
        _ => Local::Stack,
    }
}

/// IPv4 that was not sent to the router's MAC.
#[inline(never)]
pub(crate) fn ipv4(packet: &impl Packet, port: &Port) -> Local {
    match speaker(packet, port, <[u64; 1]>::address(packet, ETHERNET + 16)) {
        Speaker::Kernel => Local::Stack,
        _ => Local::Foreign,
    }
}

/// IPv6 that the stack is to see: judged by what a neighbour solicitation asks
/// about, and everything else by where it goes. `heard` as for ARP.
#[inline(never)]
pub(crate) fn ipv6(packet: &impl Packet, port: &Port, heard: bool) -> Local {
    let solicited = parse::solicited(packet);
    let target = solicited.or_else(|| <[u64; 2]>::address(packet, ETHERNET + 24));
    match (speaker(packet, port, target), solicited) {
        (Speaker::Kernel, _) => Local::Stack,
        (Speaker::Nobody, _) => Local::Foreign,
        (Speaker::Programs, Some(_)) if !heard => Local::Stack,
        (Speaker::Programs, Some(_)) if parse::is_good_solicitation(packet) => Local::Neighbour,
        (Speaker::Programs, Some(_)) => Local::Malformed,
        // The kernel asked for a neighbour, from this address.
        (Speaker::Programs, None) if parse::is_advertisement(packet) => Local::Stack,
        (Speaker::Programs, None) => Local::Foreign,
    }
}

/// Whether a route leads to this very port's own address.
#[inline(always)]
pub(crate) fn is_here(route: &Route, ingress: u32) -> bool {
    route.verdict == verdict::LOCAL && (route.port == ingress || route.port == 0)
}

/// Who speaks at this port for an address, and for none at all the kernel.
#[inline(always)]
fn speaker(packet: &impl Packet, port: &Port, address: Option<impl Address>) -> Speaker {
    let Some(address) = address else {
        return Speaker::Kernel;
    };
    let (foreign, answered) = match address.route_by_call(port.network) {
        Some(route) if route.verdict == verdict::LOCAL => (
            !is_here(route, packet.ingress()),
            route.has(flags::ANSWERED),
        ),
        Some(route) => (
            route.verdict == verdict::DROP && route.reason == DropReason::ForeignLocal as u8,
            false,
        ),
        None => (address.elsewhere() == Some(DropReason::ForeignLocal), false),
    };
    match (foreign, answered) {
        (true, _) => Speaker::Nobody,
        (false, true) => Speaker::Programs,
        (false, false) => Speaker::Kernel,
    }
}
