//! Stage: longest-prefix match in one network's own table.

use peer_common::{DropReason, Route, flags, trie::roots};

use crate::{
    packet::{FromPacket, Packet},
    trie::{Tables, match4_by_call, match6_by_call},
};

/// An address that can be looked up.
pub(crate) trait Address: Copy + FromPacket {
    /// The longest match in `network`'s table.
    fn route(self, tables: &Tables, network: u32) -> Option<&'static Route>;
    /// The same for what is not sent on.
    fn route_by_call(self, network: u32) -> Option<&'static Route>;
    /// Why this address is refused to a network whose table does not know it;
    /// `None` if it lies in no managed network.
    fn elsewhere(self) -> Option<DropReason>;
    /// Whether it may be a source at the port with this slot, which does not take every
    /// one of its network's.
    fn may_enter(self, slot: u32) -> bool;
    /// Whether it may be neither a source nor a destination of anything a router
    /// forwards (RFC 1812 section 5.3.7, RFC 4291 section 2.5).
    fn is_martian(self) -> bool;
    /// Whether it is meaningful on one link only and not the router's to judge.
    fn is_link_local(self) -> bool;
}

/// The longest match in `network`'s table, for a packet that may be sent on.
#[inline(always)]
pub(crate) fn of<P: Packet>(
    _packet: &P,
    tables: &Tables,
    address: impl Address,
    network: u32,
) -> Option<&'static Route> {
    if P::IN_HASTE {
        address.route(tables, network)
    } else {
        address.route_by_call(network)
    }
}

impl Address for [u64; 1] {
    #[inline(always)]
    fn route(self, tables: &Tables, network: u32) -> Option<&'static Route> {
        tables.longest_match(roots::fib(network, false), self)
    }

    #[inline(always)]
    fn route_by_call(self, network: u32) -> Option<&'static Route> {
        match4_by_call(roots::fib(network, false), self)
    }

    #[inline(always)]
    fn elsewhere(self) -> Option<DropReason> {
        self.route_by_call(roots::ELSEWHERE).map(reason)
    }

    #[inline(always)]
    fn may_enter(self, slot: u32) -> bool {
        may(match4_by_call(roots::sources(slot, false), self))
    }

    #[inline(always)]
    fn is_martian(self) -> bool {
        let [address] = self;
        let first = address >> 56;
        first == 0 || first == 127 || first >= 224 || address >> 48 == 0xa9fe
    }

    #[inline(always)]
    fn is_link_local(self) -> bool {
        // RFC 3927 section 2.6.2 keeps hosts from sending these to a router.
        false
    }
}

impl Address for [u64; 2] {
    #[inline(always)]
    fn route(self, tables: &Tables, network: u32) -> Option<&'static Route> {
        tables.longest_match(roots::fib(network, true), self)
    }

    #[inline(always)]
    fn route_by_call(self, network: u32) -> Option<&'static Route> {
        match6_by_call(roots::fib(network, true), self)
    }

    #[inline(always)]
    fn elsewhere(self) -> Option<DropReason> {
        self.route_by_call(roots::ELSEWHERE).map(reason)
    }

    #[inline(always)]
    fn may_enter(self, slot: u32) -> bool {
        may(match6_by_call(roots::sources(slot, true), self))
    }

    #[inline(always)]
    fn is_martian(self) -> bool {
        // ::/96 holds the unspecified address, loopback and what RFC 4291 calls
        // IPv4-compatible, ::ffff:0:0/96 what it calls IPv4-mapped; ff00::/8 is
        // multicast.
        let [high, low] = self;
        let third = low >> 32;
        high >> 56 == 0xff || (high == 0 && (third == 0 || third == 0xffff))
    }

    #[inline(always)]
    fn is_link_local(self) -> bool {
        self[0] >> 54 == 0xfe80 >> 6
    }
}

/// Userspace stores two reasons only: another network's, or the host's own.
#[inline(always)]
fn reason(elsewhere: &Route) -> DropReason {
    if elsewhere.reason == DropReason::ForeignLocal as u8 {
        DropReason::ForeignLocal
    } else {
        DropReason::NotPeered
    }
}

/// What a table of sources says.
#[inline(always)]
fn may(source: Option<&Route>) -> bool {
    source.is_some_and(|source| source.has(flags::SOURCE))
}
