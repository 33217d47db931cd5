//! Stage: which port, and so which network, a packet came in by.

use peer_common::Port;

use crate::trie::Tables;

/// The port on the interface with this ifindex.
#[inline(always)]
pub(crate) fn at(index: u32) -> Option<&'static Port> {
    Tables::open()?.port(index)
}
