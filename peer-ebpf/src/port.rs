//! Stage: which port, and so which network, a packet came in by.

use peer_common::{Port, trie::roots};

use crate::{packet::Packet, trie};

/// The ingress port; `None` where the interface is not managed.
#[inline(always)]
pub(crate) fn ingress(packet: &impl Packet) -> Option<&'static Port> {
    trie::match4(roots::PORTS, packet.ingress())
}

/// The port on the interface with this ifindex.
#[inline(always)]
pub(crate) fn at(index: u32) -> Option<&'static Port> {
    trie::match4_by_call(roots::PORTS, index)
}
