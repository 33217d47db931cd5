//! What a frame says, and how it looks when it is sent on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::super::outcome::{Arrival, Gso};

type Mac = [u8; 6];

/// A frame, as far as a router cares.
pub(super) enum Content {
    /// An IP packet to the router's MAC.
    Packet(Ip),
    /// One that contradicts itself.
    Malformed,
    /// ARP about this address, or a multicast solicitation for it, or a packet to it
    /// that was not sent to the router's MAC.
    Asks(IpAddr),
    /// Nothing of its business.
    Other,
}

/// An IP packet.
pub(super) struct Ip {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) hops: u8,
    /// Bytes of it in the frame.
    pub(super) length: usize,
    pub(super) wire: Wire,
    /// The address it solicits.
    pub(super) asks: Option<IpAddr>,
}

impl Ip {
    /// IPv4 options, if they are all there.
    pub(super) fn options<'a>(&self, packet: &'a [u8]) -> Option<&'a [u8]> {
        packet.get(20..usize::from(packet[0] & 15) * 4)
    }
}

/// What will be on the wire: packets, IP bytes of all of them and of the largest.
#[derive(Clone, Copy)]
pub(super) struct Wire {
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) largest: u64,
}

/// Read a frame at a port with this MAC.
pub(super) fn read(arrival: &Arrival, mac: Mac) -> Content {
    let frame = &arrival.frame;
    let (Some(to), Some(kind)) = (frame.get(..6), frame.get(12..14)) else {
        return Content::Other;
    };
    let body = &frame[14..];
    match (kind, to == mac) {
        ([0x08, 0x06], _) => asked(arp_target(body)),
        ([0x08, 0x00], true) => ipv4(body, arrival.gso).map_or(Content::Malformed, Content::Packet),
        ([0x86, 0xdd], true) => ipv6(body, arrival.gso).map_or(Content::Malformed, Content::Packet),
        // Only an address of the host's elsewhere is refused to a broadcast.
        ([0x08, 0x00], false) => asked(address(body, 16, 4)),
        ([0x86, 0xdd], false) => asked(solicited(body).or_else(|| address(body, 24, 16))),
        _ => Content::Other,
    }
}

fn asked(target: Option<IpAddr>) -> Content {
    target.map_or(Content::Other, Content::Asks)
}

/// The address of this many bytes there, if it is all there.
fn address(body: &[u8], at: usize, length: usize) -> Option<IpAddr> {
    let bytes = body.get(at..at + length)?;
    match <[u8; 4]>::try_from(bytes) {
        Ok(v4) => Some(v4.into()),
        Err(_) => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
    }
}

/// Four bytes at 24, if it is ARP for IPv4 over Ethernet.
fn arp_target(arp: &[u8]) -> Option<IpAddr> {
    let is_ours = arp.get(2..6)? == [0x08, 0x00, 6, 4];
    let target: [u8; 4] = arp.get(24..28)?.try_into().ok()?;
    is_ours.then_some(target.into())
}

/// The target, if ICMPv6 follows at once and is a solicitation.
fn solicited(packet: &[u8]) -> Option<IpAddr> {
    let is_solicitation = *packet.get(6)? == 58 && *packet.get(40)? == 135;
    is_solicitation.then(|| v6(packet, 48))?
}

fn v6(packet: &[u8], at: usize) -> Option<IpAddr> {
    let octets: [u8; 16] = packet.get(at..at + 16)?.try_into().ok()?;
    Some(Ipv6Addr::from(octets).into())
}

fn v4(packet: &[u8], at: usize) -> Option<IpAddr> {
    let octets: [u8; 4] = packet.get(at..at + 4)?.try_into().ok()?;
    Some(Ipv4Addr::from(octets).into())
}

fn word(packet: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(*packet.get(at)?) << 8 | usize::from(*packet.get(at + 1)?))
}

fn ipv4(packet: &[u8], gso: Gso) -> Option<Ip> {
    let header = usize::from(packet.first()? & 15) * 4;
    let claimed = word(packet, 2)?;
    let (source, destination) = (v4(packet, 12)?, v4(packet, 16)?);
    let fits = header <= claimed && claimed <= packet.len() || gso.size > 0;
    if packet[0] >> 4 != 4 || header < 20 || !fits {
        return None;
    }
    let wire = wire(packet, header, packet[9], claimed, gso);
    Some(Ip {
        source,
        destination,
        hops: packet[8],
        length: length(packet, claimed, gso),
        wire,
        asks: None,
    })
}

fn ipv6(packet: &[u8], gso: Gso) -> Option<Ip> {
    let claimed = 40 + word(packet, 4)?;
    let (source, destination) = (v6(packet, 8)?, v6(packet, 24)?);
    // A length of nought with hop-by-hop options is a jumbogram's (RFC 2675 section 3).
    let jumbo = claimed == 40 && packet[6] == 0;
    if packet[0] >> 4 != 6 || (claimed > packet.len() || jumbo) && gso.size == 0 {
        return None;
    }
    let wire = wire(packet, 40, packet[6], claimed, gso);
    Some(Ip {
        source,
        destination,
        hops: packet[7],
        length: length(packet, claimed, gso),
        wire,
        asks: solicited(packet),
    })
}

/// A GSO packet's claim says nothing.
fn length(packet: &[u8], claimed: usize, gso: Gso) -> usize {
    if gso.size == 0 { claimed } else { packet.len() }
}

fn wire(packet: &[u8], header: usize, protocol: u8, claimed: usize, gso: Gso) -> Wire {
    if gso.size == 0 {
        let bytes = claimed as u64;
        return Wire {
            packets: 1,
            bytes,
            largest: bytes,
        };
    }
    let transport = match protocol {
        6 => packet
            .get(header + 12)
            .map_or(20, |offset| usize::from(offset >> 4) * 4),
        17 => 8,
        _ => 0,
    };
    let headers = (header + transport) as u64;
    let all = packet.len() as u64;
    let payload = all.saturating_sub(headers);
    let filled = payload.div_ceil(gso.size.into()).max(1);
    let packets = if gso.segments == 0 {
        filled
    } else {
        gso.segments.into()
    };
    Wire {
        packets,
        bytes: all + (packets - 1) * headers,
        largest: headers + u64::from(gso.size),
    }
}

/// Bytes of the shortest frame on Ethernet.
const SHORTEST: usize = 60;

/// The frame without what is behind its packet, unless that is there to make it long
/// enough; with GSO nothing is behind it.
pub(super) fn trimmed(arrival: &Arrival, bytes: usize) -> &[u8] {
    let frame = &arrival.frame;
    if frame.len() > SHORTEST.max(14 + bytes) && arrival.gso.size == 0 {
        &frame[..14 + bytes]
    } else {
        frame
    }
}

/// The frame with so many hops less and, if given, new MACs: destination, source.
pub(super) fn sent(frame: &[u8], macs: Option<(Mac, Mac)>, hops: u8) -> Vec<u8> {
    let mut out = frame.to_vec();
    if let Some((to, from)) = macs {
        out[..6].copy_from_slice(&to);
        out[6..12].copy_from_slice(&from);
    }
    if frame[12..14] == [0x86, 0xdd] {
        out[21] -= hops;
        return out;
    }
    out[22] -= hops;
    let sum = u16::from_be_bytes([frame[24], frame[25]]);
    out[24..26].copy_from_slice(&aged(sum, hops).to_be_bytes());
    out
}

/// The header checksum when the word of TTL and protocol is 0x100 less for each hop.
///
/// What a header sums up to, its checksum included, stays the same modulo 65535, so
/// the checksum grows by as much. Of the two noughts it is always 0x0000 afterwards:
/// 0xffff would need a header of noughts (RFC 1624 section 3).
fn aged(sum: u16, hops: u8) -> u16 {
    ((u32::from(sum) + 0x100 * u32::from(hops)) % 0xffff) as u16
}
