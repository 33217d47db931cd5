//! A packet as both hooks show it. Owns bounds-checked access and nothing else.

use crate::desk::Page;

/// What the stages need of a hook's context.
pub(crate) trait Packet {
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

/// A copy of the bytes at `offset`, if the linear part holds them all.
#[inline(always)]
pub(crate) fn bytes<const N: usize>(packet: &impl Packet, offset: usize) -> Option<[u8; N]> {
    let pointer = at::<[u8; N]>(packet, offset)?;
    // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
    Some(unsafe { *pointer })
}

/// A copy of the IP address of `N` words at `offset`, in network byte order.
///
/// In words, because the compiler would hold an array of bytes in as many registers,
/// spill them, and put them together again for every lookup.
#[inline(always)]
pub(crate) fn address<const N: usize>(packet: &impl Packet, offset: usize) -> Option<[u32; N]> {
    let pointer = at::<[u32; N]>(packet, offset)?;
    // SAFETY: `at` checked the bounds.
    Some(unsafe { pointer.read_unaligned() })
}

/// The byte at `offset`.
#[inline(always)]
pub(crate) fn byte(packet: &impl Packet, offset: usize) -> Option<u8> {
    bytes::<1>(packet, offset).map(|[byte]| byte)
}

/// The 16-bit word in network byte order at `offset`.
#[inline(always)]
pub(crate) fn word(packet: &impl Packet, offset: usize) -> Option<u16> {
    bytes::<2>(packet, offset).map(u16::from_be_bytes)
}
