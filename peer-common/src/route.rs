//! A route: the finished action for one prefix in one network's table.

use core::net::IpAddr;

use bytemuck::{Pod, Zeroable};

use crate::Subinterface;

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
    /// Two logical routers lie on the way: the TTL is spent twice.
    pub const TWO_HOPS: u16 = 1 << 5;
    /// The kernel cannot tell this local address' link from another network's: the
    /// programs answer for it, and nothing else reaches it.
    pub const ANSWERED: u16 = 1 << 6;
    /// `gateway` is an IPv6 address, whatever the packet is (RFC 8950).
    pub const GATEWAY_V6: u16 = 1 << 7;
    /// On a network's route to a peer: the peer is given all of the network's prefixes. On
    /// its route to itself: the destination is in one of them. What comes from the one and
    /// goes by the other needs no look into the peer's table.
    pub const OPEN: u16 = 1 << 8;
}

/// Value of the per-network tries. One lookup tells everything that is to be
/// done, so that replacing one element changes a destination's fate at once.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
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
    /// The [`Group`](crate::Group) whose hops say all that follows here and is then
    /// zero; 0 for a route with one way only.
    pub group: u32,
    /// ifindex of the egress port, or of the port that owns a local address; 0 for a
    /// local address that several ports of the network share. Of a port with a tag,
    /// its stand-in's.
    pub port: u32,
    /// Where frames leave by the egress port.
    pub egress: Subinterface,
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

    /// Logical routers on the way: what the TTL is lowered by.
    #[inline(always)]
    pub const fn hops(&self) -> u8 {
        if self.has(flags::TWO_HOPS) { 2 } else { 1 }
    }

    /// The next hop, unless it is the destination itself.
    pub fn gateway(&self) -> Option<IpAddr> {
        let [a, b, c, d, ..] = self.gateway;
        if !self.has(flags::GATEWAY) {
            None
        } else if self.has(flags::GATEWAY_V6) {
            Some(self.gateway.into())
        } else {
            Some([a, b, c, d].into())
        }
    }
}
