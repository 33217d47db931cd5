//! Stage: longest-prefix match in one network's own table.

use aya_ebpf::btf_maps::lpm_trie::Key;
use peer_common::{DropReason, Route};

use crate::maps::{ELSEWHERE4, ELSEWHERE6, FIB4, FIB6};

/// An address that can be looked up.
pub(crate) trait Address: Copy {
    /// The longest match in `network`'s table.
    fn route(self, network: u32) -> Option<&'static Route>;
    /// Why this address is refused to a network whose table does not know it;
    /// `None` if it lies in no managed network.
    fn elsewhere(self) -> Option<DropReason>;
    /// Whether it may be neither a source nor a destination of anything a router
    /// forwards (RFC 1812 section 5.3.7, RFC 4291 section 2.5).
    fn is_martian(self) -> bool;
    /// Whether it is meaningful on one link only and not the router's to judge.
    fn is_link_local(self) -> bool;
}

impl Address for [u8; 4] {
    #[inline(always)]
    fn route(self, network: u32) -> Option<&'static Route> {
        FIB4.get(network)?.get(&Key::new(32, self))
    }

    #[inline(always)]
    fn elsewhere(self) -> Option<DropReason> {
        ELSEWHERE4.get(&Key::new(32, self)).map(reason)
    }

    #[inline(always)]
    fn is_martian(self) -> bool {
        self[0] == 0 || self[0] == 127 || self[0] >= 224 || (self[0] == 169 && self[1] == 254)
    }

    #[inline(always)]
    fn is_link_local(self) -> bool {
        // RFC 3927 section 2.6.2 keeps hosts from sending these to a router.
        false
    }
}

impl Address for [u8; 16] {
    #[inline(always)]
    fn route(self, network: u32) -> Option<&'static Route> {
        FIB6.get(network)?.get(&Key::new(128, self))
    }

    #[inline(always)]
    fn elsewhere(self) -> Option<DropReason> {
        ELSEWHERE6.get(&Key::new(128, self)).map(reason)
    }

    #[inline(always)]
    fn is_martian(self) -> bool {
        // ::/96 holds the unspecified address, loopback and what RFC 4291 calls
        // IPv4-compatible, ::ffff:0:0/96 what it calls IPv4-mapped; ff00::/8 is
        // multicast.
        let [a, b, c, _] = words(self);
        self[0] == 0xff || ((a | b) == 0 && (c == 0 || c == 0xffff))
    }

    #[inline(always)]
    fn is_link_local(self) -> bool {
        self[0] == 0xfe && self[1] & 0xc0 == 0x80
    }
}

#[inline(always)]
fn words(address: [u8; 16]) -> [u32; 4] {
    let a = address;
    [
        u32::from_be_bytes([a[0], a[1], a[2], a[3]]),
        u32::from_be_bytes([a[4], a[5], a[6], a[7]]),
        u32::from_be_bytes([a[8], a[9], a[10], a[11]]),
        u32::from_be_bytes([a[12], a[13], a[14], a[15]]),
    ]
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
