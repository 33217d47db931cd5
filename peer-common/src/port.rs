//! A port: an interface, or a tag on one, that faces one network.

use bytemuck::{Pod, Zeroable};

use crate::Subinterface;

/// Destinations in no managed network go to the host's stack.
pub const UNMANAGED_PASS: u8 = 0;
/// Destinations in no managed network are dropped.
pub const UNMANAGED_DROP: u8 = 1;
/// They are dropped, and the sender is told of this and of every other refusal.
pub const UNMANAGED_REJECT: u8 = 2;

/// Bits of [`Port::flags`].
pub mod port_flags {
    /// Not every source of the network's may come in here: the maps `SOURCES4` and
    /// `SOURCES6` say which.
    pub const SOURCES: u8 = 1 << 0;
}

/// Value of the map `PORTS`, by ingress ifindex; of a port with a tag, by its
/// stand-in's.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Port {
    /// The network whose packets come in here.
    pub network: u32,
    /// The port's own MAC: what is sent elsewhere is not for the router.
    pub mac: [u8; 6],
    /// [`UNMANAGED_PASS`], [`UNMANAGED_DROP`] or [`UNMANAGED_REJECT`].
    pub unmanaged: u8,
    /// Bits of [`port_flags`].
    pub flags: u8,
    /// The port's slot in `DEVICES`, and in the maps that count by port.
    pub slot: u32,
    /// The port's own IPv4 address, from which the router speaks; zero for none.
    pub address4: [u8; 4],
    /// The same for IPv6; link-local where there is no other.
    pub address6: [u8; 16],
    /// Where its frames are on the wire.
    pub place: Subinterface,
}
