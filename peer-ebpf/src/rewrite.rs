//! Writing to a packet: MACs and TTL. Nothing else of it changes, but that what is behind
//! it goes.

use core::mem::offset_of;

use peer_common::{Route, checksum};

use crate::{
    packet::{ETHERNET, Packet, at},
    parse::Wire,
    pipeline::Destination,
};

/// Offsets of TTL and checksum in IPv4: the TTL is its word's higher byte.
const TTL: usize = ETHERNET + 8;
const CHECKSUM: usize = ETHERNET + 10;
/// Offset of the hop limit in IPv6.
const HOP_LIMIT: usize = ETHERNET + 7;

/// Bytes of the shortest Ethernet frame, without its checksum (IEEE 802.3 section 3.2.7).
const SHORTEST: u32 = 60;

/// Cut off what follows the IP packet: nobody counted it, and no MTU was asked about it.
/// The padding of a short frame stays, since the next one needs it as well.
#[inline(always)]
pub(crate) fn trailer(packet: &impl Packet, wire: Wire) -> Option<()> {
    let end = ETHERNET as u32 + wire.bytes;
    let linear = (packet.data_end() - packet.data()) as u32;
    if linear == end || packet.gso_size() > 0 || packet.frame_len() <= end.max(SHORTEST) {
        return Some(());
    }
    packet.cut(end).then_some(())
}

/// The next hop's MAC and the egress port's own.
#[inline(always)]
pub(crate) fn macs(packet: &impl Packet, route: &Route) -> Option<()> {
    const { assert!(offset_of!(Route, src_mac) == offset_of!(Route, dst_mac) + 6) };
    let from = (&raw const *route).wrapping_byte_add(offset_of!(Route, dst_mac));
    let to = at::<[u8; 12]>(packet, 0)?;
    // SAFETY: `at` checked the bounds, and a route's MACs lie side by side.
    unsafe {
        copy::<u64>(from.cast(), to.cast(), 0);
        copy::<u32>(from.cast(), to.cast(), 8);
    }
    Some(())
}

/// Copy the word at `offset`: an array of bytes would be copied by a call.
///
/// # Safety
/// There is such a word behind both pointers.
#[inline(always)]
unsafe fn copy<Word>(from: *const u8, to: *mut u8, offset: usize) {
    let (from, to) = (from.wrapping_add(offset), to.wrapping_add(offset));
    // SAFETY: as the caller promises.
    unsafe {
        to.cast::<Word>()
            .write_unaligned(from.cast::<Word>().read_unaligned())
    };
}

/// So many hops less to live; the checksum of IPv4 follows (RFC 1624).
#[inline(always)]
pub(crate) fn hop_limit(packet: &impl Packet, destination: Destination, hops: u8) -> Option<()> {
    let at_byte = match destination {
        Destination::V4(_) => TTL,
        Destination::V6(_) => HOP_LIMIT,
    };
    let hop_limit = at::<u8>(packet, at_byte)?;
    // SAFETY: `at` checked the bounds.
    unsafe { *hop_limit = (*hop_limit).wrapping_sub(hops) };
    if let Destination::V4(_) = destination {
        let sum = at::<[u8; 2]>(packet, CHECKSUM)?;
        // SAFETY: as above, and byte arrays have no alignment.
        unsafe { *sum = checksum::after_less(*sum, [hops, 0]) };
    }
    Some(())
}
