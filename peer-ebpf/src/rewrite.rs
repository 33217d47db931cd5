//! Writing to a packet: MACs and TTL. Nothing else of it changes, but that what is behind
//! it goes.

use core::mem::offset_of;

use peer_common::{Route, checksum};

use crate::{
    packet::{ETHERNET, Packet, at, copy_macs},
    parse::Wire,
    pipeline::Destination,
};

/// Offset of the 16-bit word that holds TTL and protocol in IPv4.
const TTL: usize = ETHERNET + 8;
const CHECKSUM: usize = ETHERNET + 10;
/// Offset of the 16-bit word that holds next header and hop limit in IPv6.
const HOP_LIMIT: usize = ETHERNET + 6;

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
    let ethernet = at::<[u8; 12]>(packet, 0)?;
    const { assert!(offset_of!(Route, src_mac) == offset_of!(Route, dst_mac) + 6) };
    let macs = (&raw const *route).cast::<u8>();
    // SAFETY: `at` checked the bounds; a route's MACs lie side by side, and there is no other
    // reference to the packet.
    unsafe { copy_macs(macs.add(offset_of!(Route, dst_mac)), ethernet.cast()) };
    Some(())
}

/// So many hops less to live; the checksum of IPv4 follows (RFC 1624).
#[inline(always)]
pub(crate) fn hop_limit(packet: &impl Packet, destination: Destination, hops: u8) -> Option<()> {
    match destination {
        Destination::V4(_) => {
            let ttl = at::<[u8; 2]>(packet, TTL)?;
            let sum = at::<[u8; 2]>(packet, CHECKSUM)?;
            // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
            unsafe {
                let old = u16::from_be_bytes(*ttl);
                let new = old.wrapping_sub(u16::from(hops) << 8);
                *ttl = new.to_be_bytes();
                *sum = checksum::after_change(u16::from_be_bytes(*sum), old, new).to_be_bytes();
            }
        }
        Destination::V6(_) => {
            let word = at::<[u8; 2]>(packet, HOP_LIMIT)?;
            // SAFETY: as above.
            unsafe { (*word)[1] = (*word)[1].wrapping_sub(hops) };
        }
    }
    Some(())
}
