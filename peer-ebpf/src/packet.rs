//! A packet as both hooks show it. Owns bounds-checked access and nothing else.

use crate::desk::Page;

/// What the stages need of a hook's context.
pub(crate) trait Packet {
    /// Whether a call counts among what the hook's packets cost (some 7 ns where the kernel
    /// guards returns). Where it does not, the verifier has less to walk.
    const IN_HASTE: bool;

    /// Address of the first linear byte: the Ethernet header.
    fn data(&self) -> usize;
    /// Address after the last linear byte.
    fn data_end(&self) -> usize;
    /// ifindex of the port it came in by; of a port with a tag, its stand-in's.
    fn ingress(&self) -> u32;
    /// Bytes of the frame, Ethernet header and non-linear parts included.
    fn frame_len(&self) -> u32;
    /// Payload bytes of each segment of a GSO packet, 0 for an ordinary one.
    fn gso_size(&self) -> u32;
    /// Segments of a GSO packet; 0 where the sender left it unsaid (tap, vhost).
    fn gso_segments(&self) -> u32;
    /// Copy the bytes at `offset`, linear or not, if they are there. Costs a call.
    fn load(&self, offset: u32, into: &mut [u8]) -> bool;
    /// Cut the frame to `length` bytes. Whatever was read in place is void then.
    fn cut(&self, length: u32) -> bool;
    /// [`tuple::read`](crate::tuple::read) what begins at `at` onto `page`, by a global
    /// function of the hook's own: the verifier walks it once and not once for every
    /// way that leads there.
    fn read(&self, page: Page, v6: bool, at: u32, end: u32) -> bool;
}

/// Bytes of an untagged Ethernet header.
pub(crate) const ETHERNET: usize = 14;

/// A pointer to the `T` at `offset` bytes, if the linear part holds all of it.
#[inline(always)]
pub(crate) fn at<T>(packet: &impl Packet, offset: usize) -> Option<*mut T> {
    let start = packet.data() + offset;
    if start + size_of::<T>() > packet.data_end() {
        return None;
    }
    Some(start as *mut T)
}

/// A copy of the `T` at `offset`, if the linear part holds it all. `T` is any bytes.
#[inline(always)]
fn load<T>(packet: &impl Packet, offset: usize) -> Option<T> {
    let pointer = at::<T>(packet, offset)?;
    // SAFETY: `at` checked the bounds, and callers ask for integers and arrays of bytes.
    Some(unsafe { pointer.read_unaligned() })
}

/// A copy of the bytes at `offset`, if the linear part holds them all.
#[inline(always)]
pub(crate) fn bytes<const N: usize>(packet: &impl Packet, offset: usize) -> Option<[u8; N]> {
    load(packet, offset)
}

/// An IP address, as the key it is looked up by (`peer_common::trie`): words in host byte
/// order, the first bit being the first word's highest.
pub(crate) trait FromPacket: Sized {
    /// A copy of the address at `offset`.
    fn address(packet: &impl Packet, offset: usize) -> Option<Self>;
}

/// IPv4.
impl FromPacket for [u64; 1] {
    #[inline(always)]
    fn address(packet: &impl Packet, offset: usize) -> Option<Self> {
        let address: u32 = load(packet, offset)?;
        Some([u64::from(u32::from_be(address)) << 32])
    }
}

/// IPv6.
impl FromPacket for [u64; 2] {
    #[inline(always)]
    fn address(packet: &impl Packet, offset: usize) -> Option<Self> {
        let high = load(packet, offset)?;
        let low = load(packet, offset + 8)?;
        Some([u64::from_be(high), u64::from_be(low)])
    }
}

/// The byte at `offset`.
#[inline(always)]
pub(crate) fn byte(packet: &impl Packet, offset: usize) -> Option<u8> {
    load(packet, offset)
}

/// The 16-bit word in network byte order at `offset`.
#[inline(always)]
pub(crate) fn word(packet: &impl Packet, offset: usize) -> Option<u16> {
    load(packet, offset).map(u16::from_be)
}

/// The MAC that a frame is for, as [`mac`] has it.
#[inline(always)]
pub(crate) fn destination(packet: &impl Packet) -> Option<u64> {
    let first: u64 = load(packet, 0)?;
    Some(first.to_le() << 16)
}

/// A MAC in one word, by which it is compared at once.
#[inline(always)]
pub(crate) fn mac(mac: [u8; 6]) -> u64 {
    let [a, b, c, d, e, f] = mac;
    u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) << 16
}
