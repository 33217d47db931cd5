//! Writing to a packet: MACs and TTL. Nothing else of it changes.

use peer_common::{Route, checksum};

use crate::{
    packet::{ETHERNET, Packet, at},
    pipeline::Destination,
};

/// Offset of the 16-bit word that holds TTL and protocol in IPv4.
const TTL: usize = ETHERNET + 8;
const CHECKSUM: usize = ETHERNET + 10;
/// Offset of the 16-bit word that holds next header and hop limit in IPv6.
const HOP_LIMIT: usize = ETHERNET + 6;

/// The next hop's MAC and the egress port's own.
#[inline(always)]
pub(crate) fn macs(packet: &impl Packet, route: &Route) -> Option<()> {
    let ethernet = at::<[[u8; 6]; 2]>(packet, 0)?;
    // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
    unsafe { *ethernet = [route.dst_mac, route.src_mac] };
    Some(())
}

/// One hop less to live; the checksum of IPv4 follows (RFC 1624).
#[inline(always)]
pub(crate) fn hop_limit(packet: &impl Packet, destination: Destination) -> Option<()> {
    match destination {
        Destination::V4(_) => {
            let ttl = at::<[u8; 2]>(packet, TTL)?;
            let sum = at::<[u8; 2]>(packet, CHECKSUM)?;
            // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
            unsafe {
                let old = u16::from_be_bytes(*ttl);
                let new = old.wrapping_sub(0x0100);
                *ttl = new.to_be_bytes();
                *sum = checksum::after_change(u16::from_be_bytes(*sum), old, new).to_be_bytes();
            }
        }
        Destination::V6(_) => {
            let word = at::<[u8; 2]>(packet, HOP_LIMIT)?;
            // SAFETY: as above.
            unsafe { (*word)[1] = (*word)[1].wrapping_sub(1) };
        }
    }
    Some(())
}
