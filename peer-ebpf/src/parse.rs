//! Stage: what the headers say. Reads, and judges only whether they make sense.

use crate::packet::{self, ETHERNET, FromPacket, Packet, at, byte, bytes, word};

pub(crate) const ARP: u16 = 0x0806;
pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// An untagged Ethernet header.
pub(crate) struct Ethernet {
    /// As [`packet::mac`] has it.
    pub(crate) destination: u64,
    pub(crate) protocol: u16,
}

/// The Ethernet header; `None` for a runt.
#[inline(always)]
pub(crate) fn ethernet(packet: &impl Packet) -> Option<Ethernet> {
    // First what is last: all before it is there as well.
    let protocol = word(packet, ETHERNET - 2)?;
    Some(Ethernet {
        destination: packet::destination(packet)?,
        protocol,
    })
}

/// What forwarding needs of an IP header, with addresses of `N` words.
pub(crate) struct Ip<const N: usize> {
    pub(crate) source: [u64; N],
    pub(crate) destination: [u64; N],
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
pub(crate) fn ipv4(packet: &impl Packet) -> Option<Ip<1>> {
    let fixed: [u8; 20] = bytes(packet, ETHERNET)?;
    let header = usize::from(fixed[0] & 0x0f) * 4;
    if fixed[0] >> 4 != 4 || header < 20 {
        return None;
    }
    let total = u32::from(word(packet, ETHERNET + 2)?);
    Some(Ip {
        source: FromPacket::address(packet, ETHERNET + 12)?,
        destination: FromPacket::address(packet, ETHERNET + 16)?,
        hop_limit: fixed[8],
        protocol: fixed[9],
        header,
        bytes: ip_bytes(packet, total, header)?,
    })
}

/// The IPv6 header (RFC 8200 section 3). Extension headers are not ours to read.
#[inline(always)]
pub(crate) fn ipv6(packet: &impl Packet) -> Option<Ip<2>> {
    let header: &[u8; 40] = {
        let pointer = at(packet, ETHERNET)?;
        // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
        unsafe { &*pointer }
    };
    if header[0] >> 4 != 6 {
        return None;
    }
    let payload = u32::from(word(packet, ETHERNET + 4)?);
    // A hop-by-hop header of which not a byte is there: a jumbogram (RFC 2675) that
    // nobody can send over these links, or what pretends to be one.
    if payload == 0 && header[6] == 0 && packet.gso_size() == 0 {
        return None;
    }
    // Zero is what a packet over 64 KiB says (RFC 2675, and GSO packets inside a
    // host); elsewhere it is a header with nothing behind it.
    let total = if payload == 0 && packet.gso_size() > 0 {
        0
    } else {
        payload + 40
    };
    Some(Ip {
        source: FromPacket::address(packet, ETHERNET + 8)?,
        destination: FromPacket::address(packet, ETHERNET + 24)?,
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
pub(crate) fn arp_target(packet: &impl Packet) -> Option<[u64; 1]> {
    if word(packet, ETHERNET + 2)? != IPV4 || word(packet, ETHERNET + 4)? != 0x0604 {
        return None;
    }
    FromPacket::address(packet, ETHERNET + 24)
}

/// Whether an ARP packet asks, over Ethernet.
#[inline(always)]
pub(crate) fn is_arp_request(packet: &impl Packet) -> bool {
    word(packet, ETHERNET) == Some(1) && word(packet, ETHERNET + 6) == Some(1)
}

const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;

/// The type of the ICMPv6 message that follows the IPv6 header at once.
#[inline(always)]
fn icmpv6(packet: &impl Packet) -> Option<u8> {
    if byte(packet, ETHERNET + 6)? != ICMPV6 {
        return None;
    }
    byte(packet, ETHERNET + 40)
}

/// The address a neighbour solicitation asks about (RFC 4861 section 4.3).
#[inline(always)]
pub(crate) fn solicited(packet: &impl Packet) -> Option<[u64; 2]> {
    if icmpv6(packet)? != NEIGHBOUR_SOLICITATION {
        return None;
    }
    FromPacket::address(packet, ETHERNET + 48)
}

/// Whether a solicitation may be answered (RFC 4861 section 7.1.1); its checksum is
/// not looked at.
#[inline(always)]
pub(crate) fn is_good_solicitation(packet: &impl Packet) -> bool {
    let fixed: Option<[u8; 8]> = bytes(packet, ETHERNET);
    let asker: Option<[u64; 2]> = FromPacket::address(packet, ETHERNET + 8);
    let (Some(fixed), Some(asker)) = (fixed, asker) else {
        return false;
    };
    let length = u16::from_be_bytes([fixed[4], fixed[5]]);
    let is_multicast = byte(packet, ETHERNET + 24) == Some(0xff);
    fixed[7] == 255
        && byte(packet, ETHERNET + 41) == Some(0)
        && length >= 24
        && (asker != [0; 2] || is_multicast)
}

/// Whether a packet tells a neighbour's link address (RFC 4861 section 4.4).
#[inline(always)]
pub(crate) fn is_advertisement(packet: &impl Packet) -> bool {
    icmpv6(packet) == Some(NEIGHBOUR_ADVERTISEMENT)
}

/// Whether a packet asks for or tells a neighbour's link address.
#[inline(always)]
pub(crate) fn is_discovery(packet: &impl Packet) -> bool {
    solicited(packet).is_some() || is_advertisement(packet)
}

/// Whether a packet, of `N` words an address, is a whole echo request without options or
/// extension headers.
#[inline(always)]
pub(crate) fn is_echo_request<const N: usize>(packet: &impl Packet) -> bool {
    const MORE_FRAGMENTS_AND_OFFSET: u16 = 0x3fff;
    if N == 1 {
        byte(packet, ETHERNET) == Some(0x45)
            && word(packet, ETHERNET + 6).is_some_and(|word| word & MORE_FRAGMENTS_AND_OFFSET == 0)
            && byte(packet, ETHERNET + 9) == Some(ICMP)
            && word(packet, ETHERNET + 2).is_some_and(|total| total >= 28)
            && word(packet, ETHERNET + 20) == Some(0x0800)
    } else {
        word(packet, ETHERNET + 4).is_some_and(|payload| payload >= 8)
            && byte(packet, ETHERNET + 6) == Some(ICMPV6)
            && word(packet, ETHERNET + 40) == Some(0x8000)
    }
}
