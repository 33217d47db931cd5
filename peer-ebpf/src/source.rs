//! Stage: may this source send to that network, and by this port?
//!
//! The answer stands in the table of the network it sends *to*: it holds exactly
//! the prefixes exported to it, each with the network it belongs to. So one
//! lookup checks that the source is the sender's and that it is exported. Where a peer
//! is given everything, the sender's own table knows as much, and need not wait for the
//! destination's route to say whose table to look into.
//!
//! Where a network's ports do not all claim the same, what lies behind one of them
//! does not come in by another (RFC 3704 section 2.3).

use peer_common::{DropReason, Port, Route, flags, port_flags};

use crate::{
    packet::Packet,
    route::{self, Address},
    trie::Tables,
};

/// Whether a packet from `source`, come in by `port`, may go by `route`.
#[inline(always)]
pub(crate) fn may_send<A: Address>(
    packet: &impl Packet,
    tables: &Tables,
    source: &A,
    port: &Port,
    route: &Route,
) -> bool {
    // Nothing of `route` says where to look: a CPU does so while it still waits for the
    // destination's, and both take the time of one.
    let given = match route::of(packet, tables, *source, port.network) {
        Some(own) if own.network == port.network => own.flags & route.flags & flags::OPEN,
        _ => 0,
    };
    (given != 0 || belongs(source.route_by_call(route.network), port)) && comes_in(source, port)
}

#[inline(always)]
fn comes_in<A: Address>(source: &A, port: &Port) -> bool {
    port.flags & port_flags::SOURCES == 0 || source.may_enter(port.slot)
}

#[inline(always)]
fn belongs(route: Option<&Route>, port: &Port) -> bool {
    route.is_some_and(|route| route.network == port.network && route.has(flags::SOURCE))
}

/// Whether `source` is one of the port's network's, and one that comes in here.
#[inline(always)]
pub(crate) fn is_own<A: Address>(source: &A, port: &Port) -> bool {
    comes_in(source, port) && belongs(source.route_by_call(port.network), port)
}

/// Why `source` may not send, once it is known that it may not. Not inlined, for want of room
/// on its caller's stack.
#[inline(never)]
pub(crate) fn reason<A: Address>(source: &A, port: &Port) -> DropReason {
    if source.is_martian() || source.is_link_local() {
        DropReason::Martian
    } else if is_own(source, port) {
        DropReason::NotExported
    } else {
        DropReason::SpoofedSource
    }
}
