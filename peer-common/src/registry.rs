//! Which id stands for which object: kept beside the maps that use the ids, so
//! that a restarted daemon finds its networks, peerings and counters again.

use bytemuck::{Pod, Zeroable};

/// Value of the map `networks`, by network id: `NAMESPACE/NAME`, zero-padded
/// (63 + 1 + 63 bytes at most).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct NetworkRecord {
    /// The name.
    pub name: [u8; 128],
}

/// Value of the map `peerings`, by peering id.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct PeeringRecord {
    /// Id of the network with the smaller label.
    pub smaller: u32,
    /// Id of the network with the larger label.
    pub larger: u32,
}
