//! A frame's bytes, with their bounds checked.

use aya_ebpf::programs::XdpContext;

/// Bytes of an untagged Ethernet header.
pub(crate) const ETHERNET: usize = 14;
/// Ethernet's type of IPv4 and IPv6, as they lie in memory.
pub(crate) const IPV4: u16 = 0x0800_u16.to_be();
pub(crate) const IPV6: u16 = 0x86dd_u16.to_be();
/// The protocol of all packets that count.
pub(crate) const UDP: u8 = 17;

/// A pointer to the `T` at `offset` bytes, if the frame holds all of it.
#[inline(always)]
pub(crate) fn at<T>(ctx: &XdpContext, offset: usize) -> Option<*mut T> {
    let start = ctx.data() + offset;
    if start + size_of::<T>() > ctx.data_end() {
        return None;
    }
    Some(start as *mut T)
}

/// The words from `offset` on, which is even, as they lie in memory.
#[inline(always)]
pub(crate) fn words<const N: usize>(ctx: &XdpContext, offset: usize) -> Option<[u16; N]> {
    let pointer = at::<[u16; N]>(ctx, offset)?;
    // SAFETY: `at` checked the bounds; frames begin at an even address.
    Some(unsafe { *pointer })
}

/// The sum of words, folded to 16 bits. It is the same in either byte order, turned.
#[inline(always)]
pub(crate) fn folded(sum: u32) -> u16 {
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    sum as u16
}
