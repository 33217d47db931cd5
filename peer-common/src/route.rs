//! A route: the finished action for one prefix in one network's table.

use bytemuck::{Pod, Zeroable};

/// What a route does with a packet.
pub mod verdict {
    /// Send it out of `port`.
    pub const FORWARD: u8 = 1;
    /// Drop it for `reason`.
    pub const DROP: u8 = 2;
    /// An address of the host's, on `port`.
    pub const LOCAL: u8 = 3;
}

/// Bits of [`Route::flags`].
pub mod flags {
    /// `dst_mac` is the next hop's; without it the kernel resolves.
    pub const RESOLVED: u16 = 1 << 0;
    /// The next hop is `gateway`; without it, the destination itself.
    pub const GATEWAY: u16 = 1 << 1;
    /// The egress device takes XDP frames (netdev feature NDO_XMIT).
    pub const XDP_EGRESS: u16 = 1 << 2;
    /// Packets *from* this prefix may come in to the network that owns the table.
    pub const SOURCE: u16 = 1 << 3;
    /// The peering has rules: a packet passes only if its
    /// [`Policy`](crate::Policy) or a flow permits it.
    pub const POLICY: u16 = 1 << 4;
}

/// Value of the per-network tries. One lookup tells everything that is to be
/// done, so that replacing one element changes a destination's fate at once.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Route {
    /// One of [`verdict`].
    pub verdict: u8,
    /// Number of the [`DropReason`](crate::DropReason) of [`verdict::DROP`].
    pub reason: u8,
    /// Bits of [`flags`].
    pub flags: u16,
    /// The network that the prefix belongs to; 0 for the host's own addresses.
    pub network: u32,
    /// Index of the traffic counter: twice the peering's id, plus 1 when the
    /// packets go from the larger label's network to the smaller's; 0 inside one
    /// network.
    pub counter: u32,
    /// ifindex of the egress port, or of the port that owns a local address; 0 for a
    /// local address that several ports of the network share.
    pub port: u32,
    /// The egress port's slot in `DEVICES`.
    pub device: u32,
    /// The egress port's MTU in IP bytes.
    pub mtu: u32,
    /// The next hop's MAC.
    pub dst_mac: [u8; 6],
    /// The egress port's own MAC.
    pub src_mac: [u8; 6],
    /// The next hop's address; IPv4 in the first four bytes.
    pub gateway: [u8; 16],
}

impl Route {
    /// Whether all of `flags` are set.
    #[inline(always)]
    pub const fn has(&self, flags: u16) -> bool {
        self.flags & flags == flags
    }
}
