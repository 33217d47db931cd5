//! A packet as both hooks show it. Owns bounds-checked access and nothing else.

use core::arch::asm;

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

/// An IP address.
pub(crate) trait FromPacket: Sized {
    /// A copy of the address at `offset`, in network byte order.
    fn address(packet: &impl Packet, offset: usize) -> Option<Self>;
}

impl FromPacket for [u32; 1] {
    #[inline(always)]
    fn address(packet: &impl Packet, offset: usize) -> Option<Self> {
        let pointer = at::<[u8; 4]>(packet, offset)?;
        // SAFETY: `at` checked the bounds.
        Some([unsafe { load4(pointer.cast()) }])
    }
}

impl FromPacket for [u32; 4] {
    #[inline(always)]
    fn address(packet: &impl Packet, offset: usize) -> Option<Self> {
        let pointer: *const u8 = at::<[u8; 16]>(packet, offset)?.cast();
        // SAFETY: `at` checked the bounds.
        Some(unsafe {
            [
                load4(pointer),
                load4(pointer.add(4)),
                load4(pointer.add(8)),
                load4(pointer.add(12)),
            ]
        })
    }
}

/// The byte at `offset`.
#[inline(always)]
pub(crate) fn byte(packet: &impl Packet, offset: usize) -> Option<u8> {
    bytes::<1>(packet, offset).map(|[byte]| byte)
}

/// The 16-bit word in network byte order at `offset`.
#[inline(always)]
pub(crate) fn word(packet: &impl Packet, offset: usize) -> Option<u16> {
    let pointer = at::<[u8; 2]>(packet, offset)?;
    // SAFETY: `at` checked the bounds.
    Some(u16::from_be(unsafe { load2(pointer.cast()) }))
}

/// A MAC in one word, by which it is compared at once.
///
/// # Safety
/// `mac` points to six bytes.
#[inline(always)]
pub(crate) unsafe fn mac(mac: *const u8) -> u64 {
    // SAFETY: as the caller promises.
    unsafe { u64::from(load4(mac)) | u64::from(load2(mac.add(4))) << 32 }
}

/// Copy two MACs, which lie side by side.
///
/// # Safety
/// Both point to twelve bytes, and nobody else has a reference to those at `to`.
#[inline(always)]
pub(crate) unsafe fn copy_macs(from: *const u8, to: *mut u8) {
    for at in [0, 4, 8] {
        // SAFETY: as the caller promises.
        unsafe { store4(to.add(at), load4(from.add(at))) };
    }
}

// Words of packets lie two bytes behind a multiple of four. LLVM takes the alignment of types
// at their word and would read and write byte by byte what may lie anywhere; what runs BPF
// where peerd does minds no alignment of a packet's or a map's bytes.

/// The 16-bit word at a pointer of any alignment.
///
/// # Safety
/// `from` points to two bytes.
#[inline(always)]
unsafe fn load2(from: *const u8) -> u16 {
    let word: u64;
    // SAFETY: reads what the caller promises to be there.
    unsafe {
        asm!("{0} = *(u16 *)({1} + 0)", lateout(reg) word, in(reg) from,
            options(pure, readonly, nostack));
    }
    word as u16
}

/// The same of 32 bits.
///
/// # Safety
/// `from` points to four bytes.
#[inline(always)]
unsafe fn load4(from: *const u8) -> u32 {
    let word: u64;
    // SAFETY: as above.
    unsafe {
        asm!("{0} = *(u32 *)({1} + 0)", lateout(reg) word, in(reg) from,
            options(pure, readonly, nostack));
    }
    word as u32
}

/// Write 32 bits to a pointer of any alignment.
///
/// # Safety
/// `to` points to four bytes, which nobody has a reference to.
#[inline(always)]
unsafe fn store4(to: *mut u8, word: u32) {
    // SAFETY: writes to what the caller promises to be there.
    unsafe {
        asm!("*(u32 *)({0} + 0) = {1}", in(reg) to, in(reg) u64::from(word), options(nostack));
    }
}
