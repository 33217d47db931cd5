//! Where stages read packets that they cannot read in place. Not on the stack, which
//! has no room for it, and where the verifier would follow every byte.

use peer_common::FlowKey;

use crate::{maps::DESK, tuple::Reading};

/// What is read, and the key of the flow it belongs to.
#[repr(C)]
pub(crate) struct Desk {
    /// The packet itself.
    pub(crate) packet: Reading,
    /// The packet that an ICMP error quotes.
    pub(crate) quoted: Reading,
    pub(crate) key: FlowKey,
}

/// A place on the desk.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Page {
    Packet,
    Quoted,
}

/// This CPU's desk.
#[inline(always)]
pub(crate) fn desk() -> Option<&'static mut Desk> {
    let desk = DESK.get_ptr_mut(0)?;
    // SAFETY: the element is this CPU's own, and both hooks run in softirq context,
    // which does not nest on one CPU. No stage holds on to it when the next begins.
    Some(unsafe { &mut *desk })
}
