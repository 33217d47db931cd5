//! An ICMP error as bytes: every header written out, every sum summed from scratch.

use std::net::IpAddr;

use super::{super::outcome::Arrival, chain::chain};

/// Bytes of the packet that are quoted (RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 c).
const QUOTED4: usize = 548;
const QUOTED6: usize = 1232;

/// Type, code and the word behind the checksum.
pub(super) struct Error {
    pub(super) kind: u8,
    pub(super) code: u8,
    pub(super) word: u32,
}

impl Error {
    /// The frame that tells a packet's sender so.
    pub(super) fn about(
        &self,
        arrival: &Arrival,
        mac: [u8; 6],
        speaker: IpAddr,
        packet: &[u8],
    ) -> Vec<u8> {
        let v4 = speaker.is_ipv4();
        let quoted = packet.len().min(if v4 { QUOTED4 } else { QUOTED6 });
        let mut message = vec![self.kind, self.code, 0, 0];
        message.extend(self.word.to_be_bytes());
        message.extend(&packet[..quoted]);
        let header = if v4 {
            header4(speaker, packet, message.len())
        } else {
            header6(speaker, packet, message.len())
        };
        // What the message's checksum covers, a device's work on the quote done.
        let mut covered = if v4 {
            Vec::new()
        } else {
            let length = (message.len() as u32).to_be_bytes();
            [&header[8..40], &length, &[0, 0, 0, 58]].concat()
        };
        let device = left_to_device(packet, v4, arrival.gso.size > 0);
        match device.filter(|(_, field)| field + 2 <= quoted) {
            Some((from, field)) => {
                covered.extend(&message[..8 + from]);
                covered.extend([packet[field], packet[field + 1]].map(|byte| !byte));
            }
            None => covered.extend(&message),
        }
        message[2..4].copy_from_slice(&(!sum(&covered)).to_be_bytes());
        [
            &arrival.frame[6..12],
            &mac,
            &arrival.frame[12..14],
            &header,
            &message,
        ]
        .concat()
    }
}

fn header4(speaker: IpAddr, packet: &[u8], message: usize) -> Vec<u8> {
    let mut header = vec![0x45, packet[1] & 0x1e | 0xc0];
    header.extend((20 + message as u16).to_be_bytes());
    header.extend([0, 0, 0x40, 0, 64, 1, 0, 0]);
    header.extend(octets(speaker));
    header.extend(&packet[12..16]);
    let checksum = !sum(&header);
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

fn header6(speaker: IpAddr, packet: &[u8], message: usize) -> Vec<u8> {
    let mut header = vec![0x60, 0, 0, 0];
    header.extend((message as u16).to_be_bytes());
    header.extend([58, 64]);
    header.extend(octets(speaker));
    header.extend(&packet[8..24]);
    header
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    }
}

/// The one's-complement sum of 16-bit words: the rest modulo 65535, of whose two
/// noughts only nothing but noughts sums up to the positive one.
fn sum(bytes: &[u8]) -> u16 {
    let total: u64 = bytes
        .chunks(2)
        .map(|pair| u64::from(pair[0]) << 8 | u64::from(*pair.get(1).unwrap_or(&0)))
        .sum();
    match total % 0xffff {
        0 if total > 0 => 0xffff,
        rest => rest as u16,
    }
}

/// Where the transport header and its checksum are, if a device is to fill it in
/// (CHECKSUM_PARTIAL): it holds the sum of the pseudo header for now.
fn left_to_device(packet: &[u8], v4: bool, gso: bool) -> Option<(usize, usize)> {
    let (protocol, from, fragmented) = if v4 {
        let bits = u16::from_be_bytes([packet[6], packet[7]]);
        (
            packet[9],
            usize::from(packet[0] & 15) * 4,
            bits & 0x3fff != 0,
        )
    } else {
        let chain = chain(packet);
        let fragmented = chain.fragment().is_some();
        (chain.protocol, packet.len() - chain.body.len(), fragmented)
    };
    let field = from
        + match protocol {
            6 => 16,
            17 => 6,
            _ => return None,
        };
    let value = sum(packet.get(field..field + 2)?);
    let addresses = if v4 { &packet[12..20] } else { &packet[8..40] };
    let length = ((packet.len() - from) as u32).to_be_bytes();
    let pseudo = sum(&[addresses, &length, &[0, protocol]].concat());
    (!fragmented && (gso || value == pseudo)).then_some((from, field))
}
