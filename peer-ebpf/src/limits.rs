//! Stage: what a router refuses to pass on: a spent TTL, a packet over the MTU.

use peer_common::{DropReason, Route};

use crate::{
    notice::{Notice, What},
    parse::{Ip, Wire},
};

/// The reason not to send this packet by this route, if there is one, and what to
/// tell its sender.
#[inline(always)]
pub(crate) fn exceeded<const N: usize>(
    ip: &Ip<N>,
    wire: Wire,
    route: &Route,
) -> Option<(DropReason, Notice)> {
    // RFC 1812 section 5.3.1, RFC 8200 section 3.
    if ip.hop_limit <= 1 {
        let notice = Notice::of(What::TimeExceeded, 0);
        return Some((DropReason::TtlExceeded, notice));
    }
    if ip.hop_limit <= route.hops() {
        let notice = Notice::of(What::TimeExceededBeyond, route.port);
        return Some((DropReason::TtlExceeded, notice));
    }
    // No redirect helper looks at the MTU: an oversized frame would be lost
    // further on, uncounted. Segments are judged, not the GSO packet.
    if wire.largest > route.mtu {
        return Some((DropReason::TooBig, Notice::of(What::TooBig, route.mtu)));
    }
    None
}
