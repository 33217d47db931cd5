//! Stage: which port, and so which network, a packet came in by.

use peer_common::Port;

use crate::{maps::PORTS, packet::Packet};

/// The ingress port; `None` where the interface is not managed.
#[inline(always)]
pub(crate) fn ingress(packet: &impl Packet) -> Option<&'static Port> {
    at(packet.ingress())
}

/// The port on the interface with this ifindex.
#[inline(always)]
pub(crate) fn at(index: u32) -> Option<&'static Port> {
    // SAFETY: elements of a hash map are replaced under RCU, and a program runs
    // inside one read-side section; the element stays as it is until its end.
    unsafe { PORTS.get(index) }
}
