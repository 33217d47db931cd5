//! What IP packets carry: UDP, TCP, echo requests, with right checksums.

use std::net::IpAddr;

use super::{checksum, packet::Packet, world};

pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ICMPV6: u8 = 58;

impl Packet {
    /// A UDP datagram that says `payload`.
    pub(crate) fn udp(source: &str, destination: &str, payload: &[u8]) -> Self {
        let mut datagram = vec![0x9c, 0x40, 0x00, 0x35];
        datagram.extend((8 + payload.len() as u16).to_be_bytes());
        datagram.extend([0, 0]);
        datagram.extend(payload);
        with_checksum(source, destination, UDP, datagram, 6)
    }

    /// A TCP segment with these options, a multiple of four bytes.
    pub(crate) fn tcp(source: &str, destination: &str, options: &[u8], payload: &[u8]) -> Self {
        let words = ((20 + options.len()) / 4) as u8;
        let mut segment = vec![0x9c, 0x40, 0x01, 0xbb, 1, 2, 3, 4, 5, 6, 7, 8];
        segment.extend([words << 4, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
        segment.extend(options);
        segment.extend(payload);
        with_checksum(source, destination, TCP, segment, 16)
    }

    /// An echo request of either family.
    pub(crate) fn ping(source: &str, destination: &str) -> Self {
        Self::echo(source, destination, [8, 128])
    }

    /// What answers such a request from `destination`.
    pub(crate) fn pong(source: &str, destination: &str) -> Self {
        Self::echo(source, destination, [0, 129])
    }

    fn echo(source: &str, destination: &str, [kind4, kind6]: [u8; 2]) -> Self {
        let (protocol, kind) = match world::address(source) {
            IpAddr::V4(_) => (ICMP, kind4),
            IpAddr::V6(_) => (ICMPV6, kind6),
        };
        let message = [&[kind, 0, 0, 0, 0x12, 0x34, 0, 1][..], b"0123456789abcdef"].concat();
        with_checksum(source, destination, protocol, message, 2)
    }
}

/// A UDP datagram as a host sends it whose device makes checksums: with the sum of the
/// pseudo-header where the checksum will be.
pub(crate) fn partial_udp(source: &str, destination: &str, payload: &[u8]) -> Packet {
    let mut datagram = vec![0x9c, 0x40, 0x00, 0x35];
    datagram.extend((8 + payload.len() as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    with_pseudo_sum(source, destination, UDP, datagram, 6)
}

/// A packet whose payload has the sum of the pseudo-header at the offset `at`.
pub(crate) fn with_pseudo_sum(
    source: &str,
    destination: &str,
    protocol: u8,
    mut payload: Vec<u8>,
    at: usize,
) -> Packet {
    let pseudo = pseudo_header(source, destination, protocol, payload.len());
    let sum = !checksum::internet(&pseudo);
    payload[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    Packet::new(source, destination, protocol, payload)
}

/// RFC 9293 section 3.1, RFC 8200 section 8.1.
fn pseudo_header(source: &str, destination: &str, protocol: u8, length: usize) -> Vec<u8> {
    let mut summed = Vec::new();
    for address in [source, destination] {
        match world::address(address) {
            IpAddr::V4(address) => summed.extend(address.octets()),
            IpAddr::V6(address) => summed.extend(address.octets()),
        }
    }
    summed.extend((length as u32).to_be_bytes());
    summed.extend([0, 0, 0, protocol]);
    summed
}

/// A packet whose payload gets its checksum at the offset `at`.
pub(crate) fn with_checksum(
    source: &str,
    destination: &str,
    protocol: u8,
    mut payload: Vec<u8>,
    at: usize,
) -> Packet {
    let mut summed = Vec::new();
    // ICMP for IPv4 is the one that does not sum a pseudo-header.
    if protocol != ICMP {
        summed = pseudo_header(source, destination, protocol, payload.len());
    }
    summed.extend(&payload);
    let sum = checksum::internet(&summed).to_be_bytes();
    payload[at..at + 2].copy_from_slice(&sum);
    Packet::new(source, destination, protocol, payload)
}
