//! Where frames of a port come in and leave: an interface, or a tag on one.

use bytemuck::{Pod, Zeroable};

/// An interface, and the tags that frames of one port bear there. Key of the map
/// `TAGS`, whose value is the ifindex of the port's stand-in.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
pub struct Subinterface {
    /// ifindex of the interface that carries the frames.
    pub trunk: u32,
    /// VLAN id of the 802.1ad tag, which is the outer one; 0 for none.
    pub outer: u16,
    /// VLAN id of the 802.1Q tag; 0 for none.
    pub vlan: u16,
}

impl Subinterface {
    /// An interface's frames without a tag.
    pub const fn untagged(interface: u32) -> Self {
        Self {
            trunk: interface,
            outer: 0,
            vlan: 0,
        }
    }

    /// Whether frames bear a tag.
    #[inline(always)]
    pub const fn is_tagged(&self) -> bool {
        (self.outer | self.vlan) != 0
    }
}
