//! Whether the sender of a dropped packet is told, and what. How it is told is
//! `icmp.rs`'s to say.

use peer_common::{DropReason, Port, UNMANAGED_REJECT};

use crate::{
    desk::{Page, desk},
    packet::{ETHERNET, Packet},
    parse::Ip,
    tuple::role,
};

/// What a sender is told of its packet. All of it always has a value: what an enum
/// leaves undefined the compiler makes up from pointers, which the verifier refuses.
#[derive(Clone, Copy)]
pub(crate) struct Notice {
    pub(crate) what: What,
    /// A port's ifindex or an MTU, if `what` asks for one.
    pub(crate) detail: u32,
}

/// The matter of a notice.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum What {
    /// Nothing is said.
    Nothing,
    /// The TTL was spent here.
    TimeExceeded,
    /// The TTL was spent at the second of two logical routers: the one beyond the port
    /// `detail`.
    TimeExceededBeyond,
    /// It is larger than the next link's MTU, `detail` IP bytes.
    TooBig,
    /// It may not go there.
    Prohibited,
    /// There is no way.
    NoRoute,
}

impl Notice {
    pub(crate) const NONE: Self = Self {
        what: What::Nothing,
        detail: 0,
    };

    #[inline(always)]
    pub(crate) fn of(what: What, detail: u32) -> Self {
        Self { what, detail }
    }

    /// Whether there is anything to say.
    #[inline(always)]
    pub(crate) fn is_due(self) -> bool {
        self.what != What::Nothing
    }
}

/// What `port`'s network wants its senders to be told of a refusal.
#[inline(always)]
pub(crate) fn refusal(reason: DropReason, port: &Port) -> Notice {
    if port.unmanaged != UNMANAGED_REJECT {
        return Notice::NONE;
    }
    let what = match reason {
        DropReason::NoRoute => What::NoRoute,
        // All alike, so that the answer does not tell what lies where.
        DropReason::NotPeered
        | DropReason::PeeringDown
        | DropReason::NotExported
        | DropReason::ForeignLocal
        | DropReason::Policy
        | DropReason::Unmanaged => What::Prohibited,
        _ => What::Nothing,
    };
    Notice::of(what, 0)
}

/// Whether a packet may be answered by an ICMP error at all (RFC 1812 section 4.3.2.7,
/// RFC 4443 section 2.4 e). That it was sent to the router's own MAC, from and to
/// unicast addresses, was seen before.
#[inline(always)]
pub(crate) fn is_answerable<const N: usize>(packet: &impl Packet, port: &Port, ip: &Ip<N>) -> bool {
    let nobody = if N == 1 {
        port.address4 == [0; 4]
    } else {
        port.address6 == [0; 16]
    };
    let end = ETHERNET as u32 + ip.bytes;
    !nobody
        && packet.read(Page::Packet, N == 2, ETHERNET as u32, end)
        && desk().is_some_and(|desk| !desk.packet.tuple.is(role::LATER | role::UNANSWERABLE))
}
