//! A port: an interface that faces one network.

use bytemuck::{Pod, Zeroable};

/// Destinations in no managed network go to the host's stack.
pub const UNMANAGED_PASS: u8 = 0;
/// Destinations in no managed network are dropped.
pub const UNMANAGED_DROP: u8 = 1;

/// Value of the map `PORTS`, by ingress ifindex.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Port {
    /// The network whose packets come in here.
    pub network: u32,
    /// The port's own MAC: what is sent elsewhere is not for the router.
    pub mac: [u8; 6],
    /// [`UNMANAGED_PASS`] or [`UNMANAGED_DROP`].
    pub unmanaged: u8,
    /// Zero.
    pub reserved: u8,
}
