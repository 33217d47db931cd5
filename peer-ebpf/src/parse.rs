//! Stage: what the headers say. Reads, and judges only whether they make sense.

use crate::packet::{ETHERNET, Packet, at, byte, bytes, word};

pub(crate) const ARP: u16 = 0x0806;
pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;

const TCP: u8 = 6;
const UDP: u8 = 17;

/// An untagged Ethernet header.
pub(crate) struct Ethernet {
    pub(crate) destination: [u8; 6],
    pub(crate) protocol: u16,
}

/// The Ethernet header; `None` for a runt.
#[inline(always)]
pub(crate) fn ethernet(packet: &impl Packet) -> Option<Ethernet> {
    let header = at::<[u8; ETHERNET]>(packet, 0)?;
    // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
    let header = unsafe { &*header };
    Some(Ethernet {
        destination: [
            header[0], header[1], header[2], header[3], header[4], header[5],
        ],
        protocol: u16::from_be_bytes([header[12], header[13]]),
    })
}

/// What forwarding needs of an IP header, with addresses of `N` bytes.
pub(crate) struct Ip<const N: usize> {
    pub(crate) source: [u8; N],
    pub(crate) destination: [u8; N],
    /// TTL or hop limit.
    pub(crate) hop_limit: u8,
    /// Protocol, or the first next header.
    pub(crate) protocol: u8,
    /// Bytes of the IP header without extension headers.
    pub(crate) header: usize,
    /// IP bytes of the whole packet, link-layer padding not included.
    pub(crate) bytes: u32,
}

/// The IPv4 header, checked as RFC 1812 section 5.2.2 asks, but for the
/// checksum: it is updated, not made anew, so a wrong one arrives wrong.
#[inline(always)]
pub(crate) fn ipv4(packet: &impl Packet) -> Option<Ip<4>> {
    let fixed: [u8; 20] = bytes(packet, ETHERNET)?;
    let header = usize::from(fixed[0] & 0x0f) * 4;
    if fixed[0] >> 4 != 4 || header < 20 {
        return None;
    }
    let total = u32::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    Some(Ip {
        source: [fixed[12], fixed[13], fixed[14], fixed[15]],
        destination: [fixed[16], fixed[17], fixed[18], fixed[19]],
        hop_limit: fixed[8],
        protocol: fixed[9],
        header,
        bytes: ip_bytes(packet, total, header)?,
    })
}

/// The IPv6 header (RFC 8200 section 3). Extension headers are not ours to read.
#[inline(always)]
pub(crate) fn ipv6(packet: &impl Packet) -> Option<Ip<16>> {
    let header: &[u8; 40] = {
        let pointer = at(packet, ETHERNET)?;
        // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
        unsafe { &*pointer }
    };
    if header[0] >> 4 != 6 {
        return None;
    }
    let payload = u32::from(u16::from_be_bytes([header[4], header[5]]));
    // Zero is what a packet over 64 KiB says (RFC 2675, and GSO packets inside a
    // host); elsewhere it is a header with nothing behind it.
    let total = if payload == 0 && packet.gso_size() > 0 {
        0
    } else {
        payload + 40
    };
    Some(Ip {
        source: bytes(packet, ETHERNET + 8)?,
        destination: bytes(packet, ETHERNET + 24)?,
        hop_limit: header[7],
        protocol: header[6],
        header: 40,
        bytes: ip_bytes(packet, total, 40)?,
    })
}

/// The length a header claims, if the frame bears it out. A GSO packet's claim
/// may be empty or stale; the frame's own length counts.
#[inline(always)]
fn ip_bytes(packet: &impl Packet, claimed: u32, header: usize) -> Option<u32> {
    if packet.gso_size() > 0 {
        return Some(packet.frame_len() - ETHERNET as u32);
    }
    if (claimed as usize) < header {
        return None;
    }
    // The linear part is enough nearly always, and costs no helper call.
    let linear = packet.data_end() - packet.data();
    if claimed as usize + ETHERNET > linear && claimed + ETHERNET as u32 > packet.frame_len() {
        return None;
    }
    Some(claimed)
}

/// How a packet looks on the wire.
#[derive(Clone, Copy)]
pub(crate) struct Wire {
    /// Packets: 1, or the segments of a GSO packet.
    pub(crate) packets: u32,
    /// IP bytes in all of them together.
    pub(crate) bytes: u32,
    /// IP bytes of the largest.
    pub(crate) largest: u32,
}

/// The packets that will be on the wire for `ip`.
#[inline(always)]
pub(crate) fn wire<const N: usize>(packet: &impl Packet, ip: &Ip<N>) -> Wire {
    let size = packet.gso_size();
    if size == 0 {
        return Wire {
            packets: 1,
            bytes: ip.bytes,
            largest: ip.bytes,
        };
    }
    let repeated = ip.header as u32 + transport_header(packet, ip);
    let payload = ip.bytes.saturating_sub(repeated);
    let packets = match packet.gso_segments() {
        // Said by nobody: as many as the payload fills.
        0 => payload.div_ceil(size).max(1),
        said => said,
    };
    Wire {
        packets,
        bytes: ip.bytes + (packets - 1) * repeated,
        largest: size + repeated,
    }
}

/// Bytes of the transport header, which every segment repeats.
#[inline(always)]
fn transport_header<const N: usize>(packet: &impl Packet, ip: &Ip<N>) -> u32 {
    match ip.protocol {
        TCP => {
            byte(packet, ETHERNET + ip.header + 12).map_or(20, |offset| u32::from(offset >> 4) * 4)
        }
        UDP => 8,
        _ => 0,
    }
}

/// The address an ARP packet for IPv4 over Ethernet asks about or is sent to
/// (RFC 826: `ar$tpa`).
#[inline(always)]
pub(crate) fn arp_target(packet: &impl Packet) -> Option<[u8; 4]> {
    if word(packet, ETHERNET + 2)? != IPV4 || word(packet, ETHERNET + 4)? != 0x0604 {
        return None;
    }
    bytes(packet, ETHERNET + 24)
}

/// The address a neighbour solicitation asks about (RFC 4861 section 4.3).
#[inline(always)]
pub(crate) fn solicited(packet: &impl Packet) -> Option<[u8; 16]> {
    const ICMPV6: u8 = 58;
    const NEIGHBOUR_SOLICITATION: u8 = 135;
    let icmp = ETHERNET + 40;
    if byte(packet, ETHERNET + 6)? != ICMPV6 || byte(packet, icmp)? != NEIGHBOUR_SOLICITATION {
        return None;
    }
    bytes(packet, icmp + 8)
}
