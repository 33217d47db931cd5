//! Stage: may this source send to that network?
//!
//! The answer stands in the table of the network it sends *to*: it holds exactly
//! the prefixes exported to it, each with the network it belongs to. So one
//! lookup checks that the source is the sender's and that it is exported, and a
//! peering is closed in both directions as soon as either table forgets it.

use peer_common::{DropReason, flags};

use crate::route::Address;

/// Whether packets from `source`, come in by a port of network `from`, may go to
/// network `to`.
#[inline(always)]
pub(crate) fn may_send(source: impl Address, from: u32, to: u32) -> bool {
    source
        .route(to)
        .is_some_and(|route| route.network == from && route.has(flags::SOURCE))
}

/// Whether `source` is `network`'s own.
#[inline(always)]
pub(crate) fn is_own(source: impl Address, network: u32) -> bool {
    may_send(source, network, network)
}

/// Why `source` may not send, once it is known that it may not.
#[inline(always)]
pub(crate) fn reason(source: impl Address, network: u32) -> DropReason {
    if source.is_martian() || source.is_link_local() {
        DropReason::Martian
    } else if is_own(source, network) {
        DropReason::NotExported
    } else {
        DropReason::SpoofedSource
    }
}
