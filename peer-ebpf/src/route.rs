//! Stage: longest-prefix match in one network's own table.

use aya_ebpf::btf_maps::lpm_trie::Key;
use peer_common::{DropReason, Route};

use crate::maps::{ELSEWHERE4, ELSEWHERE6, FIB4, FIB6, SOURCES4, SOURCES6};

/// An address that can be looked up.
pub(crate) trait Address: Copy {
    /// The longest match in `network`'s table.
    fn route(self, network: u32) -> Option<&'static Route>;
    /// Why this address is refused to a network whose table does not know it;
    /// `None` if it lies in no managed network.
    fn elsewhere(self) -> Option<DropReason>;
    /// Whether it may be a source at this port, which does not take every one of its
    /// network's.
    fn may_enter(self, ingress: u32) -> bool;
    /// Whether it may be neither a source nor a destination of anything a router
    /// forwards (RFC 1812 section 5.3.7, RFC 4291 section 2.5).
    fn is_martian(self) -> bool;
    /// Whether it is meaningful on one link only and not the router's to judge.
    fn is_link_local(self) -> bool;
}

impl Address for [u32; 1] {
    #[inline(always)]
    fn route(self, network: u32) -> Option<&'static Route> {
        FIB4.get(network)?.get(&Key::new(32, self))
    }

    #[inline(always)]
    fn elsewhere(self) -> Option<DropReason> {
        ELSEWHERE4.get(&Key::new(32, self)).map(reason)
    }

    // Not inlined: the key finds no room on the caller's stack.
    #[inline(never)]
    fn may_enter(self, ingress: u32) -> bool {
        let at = [ingress.to_be(), self[0]];
        SOURCES4.get(&Key::new(64, at)).is_some_and(|may| *may != 0)
    }

    #[inline(always)]
    fn is_martian(self) -> bool {
        let address = u32::from_be(self[0]);
        let first = address >> 24;
        first == 0 || first == 127 || first >= 224 || address >> 16 == 0xa9fe
    }

    #[inline(always)]
    fn is_link_local(self) -> bool {
        // RFC 3927 section 2.6.2 keeps hosts from sending these to a router.
        false
    }
}

impl Address for [u32; 4] {
    #[inline(always)]
    fn route(self, network: u32) -> Option<&'static Route> {
        FIB6.get(network)?.get(&Key::new(128, self))
    }

    #[inline(always)]
    fn elsewhere(self) -> Option<DropReason> {
        ELSEWHERE6.get(&Key::new(128, self)).map(reason)
    }

    // Not inlined: the key finds no room on the caller's stack.
    #[inline(never)]
    fn may_enter(self, ingress: u32) -> bool {
        let [a, b, c, d] = self;
        let at = [ingress.to_be(), a, b, c, d];
        SOURCES6
            .get(&Key::new(160, at))
            .is_some_and(|may| *may != 0)
    }

    #[inline(always)]
    fn is_martian(self) -> bool {
        // ::/96 holds the unspecified address, loopback and what RFC 4291 calls
        // IPv4-compatible, ::ffff:0:0/96 what it calls IPv4-mapped; ff00::/8 is
        // multicast.
        let [a, b, c, _] = self;
        u32::from_be(a) >> 24 == 0xff || ((a | b) == 0 && (c == 0 || u32::from_be(c) == 0xffff))
    }

    #[inline(always)]
    fn is_link_local(self) -> bool {
        u32::from_be(self[0]) >> 22 == 0xfe80 >> 6
    }
}

/// Userspace stores two reasons only: another network's, or the host's own.
#[inline(always)]
fn reason(number: &u32) -> DropReason {
    if *number == DropReason::ForeignLocal as u32 {
        DropReason::ForeignLocal
    } else {
        DropReason::NotPeered
    }
}
