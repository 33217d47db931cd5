//! Stage: what becomes of IP packets that no route leads on: some are the host's own
//! affair, the others have their reasons.
//!
//! A function of its own on the stack, which has no room for these lookups beside
//! those of packets that are sent on.

use peer_common::{DropReason, Port, Route, UNMANAGED_PASS, flags, verdict};

use crate::{
    local::{self, Question},
    packet::{ETHERNET, FromPacket as _, Packet},
    parse,
    route::Address,
    source,
};

/// A verdict in one word: the reason's number plus one, and the counter above it. Nought is
/// the host's stack.
pub(crate) struct Verdict(u64);

impl Verdict {
    const STACK: Self = Self(0);
    const LOCAL: Self = Self(0xfe);
    const ECHO: Self = Self(0xff);

    #[inline(always)]
    fn drop(reason: DropReason, counter: u32) -> Self {
        Self(u64::from(counter) << 32 | (reason as u64 + 1))
    }

    /// What is to be answered in the kernel's place.
    #[inline(always)]
    pub(crate) fn question<const N: usize>(&self) -> Option<Question> {
        match (self.0, N) {
            (0xff, 1) => Some(Question::Echo4),
            (0xff, _) => Some(Question::Echo6),
            _ => None,
        }
    }

    /// Whether `local.rs` has to look at it: for the stack, but for neighbour discovery.
    #[inline(always)]
    pub(crate) fn is_local(&self) -> bool {
        self.0 == Self::LOCAL.0
    }

    /// The reason and the route's counter; `None` for the host's stack.
    #[inline(always)]
    pub(crate) fn refusal(self) -> Option<(DropReason, u32)> {
        let number = (self.0 as u8).checked_sub(1)?;
        let reason = DropReason::from_number(number)?;
        Some((reason, (self.0 >> 32) as u32))
    }
}

/// The verdict on a packet to the router's MAC whose destination's `route` is no way on.
#[inline(never)]
pub(crate) fn judge<const N: usize>(
    packet: &impl Packet,
    port: &Port,
    route: Option<&Route>,
) -> Verdict
where
    [u64; N]: Address,
{
    let (source_at, destination_at) = if N == 1 { (12, 16) } else { (8, 24) };
    let malformed = Verdict::drop(DropReason::Malformed, 0);
    let Some(destination) = <[u64; N]>::address(packet, ETHERNET + destination_at) else {
        return malformed;
    };
    let Some(source) = <[u64; N]>::address(packet, ETHERNET + source_at) else {
        return malformed;
    };
    if destination.is_martian() || source.is_martian() {
        return Verdict::drop(DropReason::Martian, 0);
    }
    let here = route.is_some_and(|route| local::is_here(route, packet.ingress()));
    // What is meaningful on one link is between that link and the router.
    let to_link = destination.is_link_local();
    let from_link = source.is_link_local();
    if from_link && !to_link && !here {
        return Verdict::drop(DropReason::Martian, 0);
    }
    if !from_link && !source::is_own(&source, port) {
        return Verdict::drop(DropReason::SpoofedSource, 0);
    }
    let answered = here && route.is_some_and(|route| route.has(flags::ANSWERED));
    if answered && parse::is_echo_request::<N>(packet) {
        return Verdict::ECHO;
    }
    if here || to_link {
        if answered && (N == 1 || !parse::is_discovery(packet)) {
            return Verdict::drop(DropReason::ForeignLocal, 0);
        }
        return if N == 1 {
            Verdict::STACK
        } else {
            Verdict::LOCAL
        };
    }
    match route {
        Some(route) if route.verdict == verdict::LOCAL => {
            Verdict::drop(DropReason::ForeignLocal, 0)
        }
        Some(route) => {
            let reason = DropReason::from_number(route.reason).unwrap_or(DropReason::NoRoute);
            Verdict::drop(reason, route.counter)
        }
        None => match destination.elsewhere() {
            Some(reason) => Verdict::drop(reason, 0),
            None if port.unmanaged == UNMANAGED_PASS => Verdict::STACK,
            None => Verdict::drop(DropReason::Unmanaged, 0),
        },
    }
}
