//! What the benchmark's BPF programs and its userspace share: map values.

#![no_std]

use bytemuck::{Pod, Zeroable};

/// Packets to one network before those to the next, so that devices are changed as
/// seldom as real bursts change them. Also how many the generator makes at once.
pub const BURST: u32 = 64;
/// Frame lengths, each as likely as any other.
pub const LENGTHS: u32 = 12;
/// Room for them: the verifier sees bits, and takes the last index for 15.
pub const LENGTH_SLOTS: usize = 16;
/// UDP source port of the first flow.
pub const FIRST_PORT: u16 = 1024;
/// Ports of the router; their number is their place in the maps of devices.
pub const MAX_PORTS: usize = 8192;

/// What the generator sends: the only element of its map `PLAN`.
///
/// A *position* numbers addresses: 256 of them make a prefix, a /24 or a /64, and
/// networks follow one another.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Plan {
    /// All headers, as they would be for position 0 and the first flow, in memory order.
    pub header: [u64; 8],
    /// The sum of the 16-bit words under the checksum that stays (IPv4's header, or UDP's
    /// over IPv6) but those that differ from packet to packet.
    pub sum: u32,
    /// The 16-bit word of the address, the IPv4 header's checksum being of two.
    pub base: u32,
    /// 1 for IPv6.
    pub v6: u32,
    /// Networks that get packets, a burst each.
    pub networks: u32,
    /// Positions from one network to the next.
    pub span: u32,
    /// Position of the first network's first destination.
    pub first: u32,
    /// Positions from one destination to the next.
    pub step: u32,
    /// Destinations in each network, each as likely as any other.
    pub destinations: u32,
    /// UDP flows, by source port, likewise.
    pub flows: u32,
    /// Bytes of the frames the generator is given, to be cut to one of the first
    /// `LENGTHS` of `lengths`; 0 where they are to be sent as long as they are.
    pub uncut: u32,
    /// Bytes of a frame, without its checksum.
    pub lengths: [u32; LENGTH_SLOTS],
    /// Nanoseconds from one burst to the next, if there is time for it; 0 for no pause.
    pub gap: u64,
}

/// How far the generator is: the only element of its map `PROGRESS`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Progress {
    /// State of the pseudo-random numbers.
    pub random: u64,
    /// Frames sent.
    pub sent: u64,
    /// The network whose turn it is.
    pub network: u64,
    /// When the next burst is due, on the kernel's monotonic clock.
    pub due: u64,
    /// When the first burst was begun, on the same clock; 0 before.
    pub began: u64,
    /// When the last one was.
    pub latest: u64,
}

/// What came to the sink: the only element of its map `COUNTED`, by CPU.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Counted {
    /// UDP packets.
    pub frames: u64,
    /// Those of them that no router may have sent so: TTL or hop limit not 63, a wrong
    /// IPv4 header checksum, MACs that are not the port's and its neighbour's.
    pub wrong: u64,
}
