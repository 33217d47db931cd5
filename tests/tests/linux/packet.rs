//! Packets from blue to green, built field by field. Lengths and sums are right
//! unless a case says otherwise; transport headers are not looked at.

use std::net::{IpAddr, Ipv6Addr};

use peer_tests::{Udp, frame::Mac};

use super::router::{BLUE, BLUE_PORT};

/// Bytes of an Ethernet header.
pub(crate) const ETHERNET: usize = 14;

pub(crate) const ICMP: u8 = 1;
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const ICMPV6: u8 = 58;

/// Extension headers of IPv6, and what says that nothing follows (RFC 8200 section 4).
pub(crate) const HOP_BY_HOP: u8 = 0;
pub(crate) const ROUTING: u8 = 43;
pub(crate) const FRAGMENT: u8 = 44;
pub(crate) const ESP: u8 = 50;
pub(crate) const AH: u8 = 51;
pub(crate) const NO_NEXT: u8 = 59;
pub(crate) const DESTINATION: u8 = 60;

/// Flags of IPv4 (RFC 791 section 3.1).
pub(crate) const DONT_FRAGMENT: u16 = 0x4000;
pub(crate) const MORE_FRAGMENTS: u16 = 0x2000;

pub(crate) const BLUE4: [u8; 4] = [10, 1, 0, 2];
pub(crate) const GREEN4: [u8; 4] = [10, 2, 0, 2];
const BLUE6: &str = "fd00:1::2";
const GREEN6: &str = "fd00:2::2";

/// An IPv4 packet (RFC 791 section 3.1).
#[derive(Clone)]
pub(crate) struct V4 {
    pub(crate) version: u8,
    /// In words; by what there is where it is not said.
    pub(crate) header: Option<u8>,
    pub(crate) class: u8,
    /// Of the whole packet; by what there is where it is not said.
    pub(crate) length: Option<u16>,
    pub(crate) id: u16,
    /// Flags and fragment offset.
    pub(crate) fragment: u16,
    pub(crate) ttl: u8,
    pub(crate) protocol: u8,
    /// The right one where it is not said.
    pub(crate) checksum: Option<u16>,
    pub(crate) source: [u8; 4],
    pub(crate) destination: [u8; 4],
    pub(crate) options: Vec<u8>,
    pub(crate) payload: Vec<u8>,
}

impl Default for V4 {
    fn default() -> Self {
        Self {
            version: 4,
            header: None,
            class: 0,
            length: None,
            id: 0x1234,
            fragment: 0,
            ttl: 64,
            protocol: UDP,
            checksum: None,
            source: BLUE4,
            destination: GREEN4,
            options: Vec::new(),
            payload: datagram(32),
        }
    }
}

impl V4 {
    /// The packet.
    pub(crate) fn packet(&self) -> Vec<u8> {
        let real = 20 + self.options.len();
        let words = self.header.unwrap_or((real / 4) as u8);
        let length = self
            .length
            .unwrap_or((real + self.payload.len()) as u16)
            .to_be_bytes();
        let (id, fragment) = (self.id.to_be_bytes(), self.fragment.to_be_bytes());
        let mut packet = vec![self.version << 4 | words, self.class];
        packet.extend([length, id, fragment].concat());
        packet.extend([self.ttl, self.protocol, 0, 0]);
        packet.extend([self.source, self.destination].concat());
        packet.extend(&self.options);
        packet.extend(&self.payload);
        let summed = packet.len().min(usize::from(words) * 4);
        let sum = self.checksum.unwrap_or(checksum(&packet[..summed]));
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
        packet
    }

    /// It in a frame to the router.
    pub(crate) fn frame(&self) -> Vec<u8> {
        self.frame_to(BLUE_PORT)
    }

    /// It in a frame to anybody.
    pub(crate) fn frame_to(&self, mac: Mac) -> Vec<u8> {
        [&mac[..], &BLUE, &[0x08, 0x00], &self.packet()].concat()
    }

    /// With an id by which its header has a certain checksum.
    pub(crate) fn with_checksum(mut self, wanted: u16) -> Self {
        let sum_of = |id| {
            let packet = Self { id, ..self.clone() }.packet();
            u16::from_be_bytes([packet[10], packet[11]])
        };
        self.id = (0..=u16::MAX)
            .find(|id| sum_of(*id) == wanted)
            .expect("ids make every checksum but 0xffff");
        self
    }
}

/// An IPv6 packet (RFC 8200 section 3).
#[derive(Clone)]
pub(crate) struct V6 {
    pub(crate) version: u8,
    pub(crate) class: u8,
    pub(crate) label: u32,
    /// Of what follows the header; by what there is where it is not said.
    pub(crate) length: Option<u16>,
    pub(crate) hops: u8,
    pub(crate) source: &'static str,
    pub(crate) destination: &'static str,
    /// Extension headers: type, and all but the first byte, which names the next.
    pub(crate) extensions: Vec<(u8, Vec<u8>)>,
    /// What follows the extension headers.
    pub(crate) next: u8,
    pub(crate) payload: Vec<u8>,
}

impl Default for V6 {
    fn default() -> Self {
        Self {
            version: 6,
            class: 0,
            label: 0,
            length: None,
            hops: 64,
            source: BLUE6,
            destination: GREEN6,
            extensions: Vec::new(),
            next: UDP,
            payload: datagram(32),
        }
    }
}

impl V6 {
    /// The packet.
    pub(crate) fn packet(&self) -> Vec<u8> {
        let kinds = self.extensions.iter().map(|(kind, _)| *kind);
        let mut following = kinds.chain([self.next]);
        let first = following.next().unwrap_or(self.next);
        let mut body = Vec::new();
        for ((_, rest), next) in self.extensions.iter().zip(following) {
            body.push(next);
            body.extend(rest);
        }
        body.extend(&self.payload);
        let word = u32::from(self.version) << 28 | u32::from(self.class) << 20 | self.label;
        let mut packet = word.to_be_bytes().to_vec();
        let length = self.length.unwrap_or(body.len() as u16);
        packet.extend(length.to_be_bytes());
        packet.extend([first, self.hops]);
        for address in [self.source, self.destination] {
            let address: Ipv6Addr = address.parse().expect("an IPv6 address");
            packet.extend(address.octets());
        }
        [packet, body].concat()
    }

    /// It in a frame to the router.
    pub(crate) fn frame(&self) -> Vec<u8> {
        self.frame_to(BLUE_PORT)
    }

    /// It in a frame to anybody.
    pub(crate) fn frame_to(&self, mac: Mac) -> Vec<u8> {
        [&mac[..], &BLUE, &[0x86, 0xdd], &self.packet()].concat()
    }
}

/// A frame with an IPv4 packet that is ordinary but for one change.
pub(crate) fn v4(change: impl FnOnce(&mut V4)) -> Vec<u8> {
    let mut packet = V4::default();
    change(&mut packet);
    packet.frame()
}

/// A frame with an IPv6 packet that is ordinary but for one change.
pub(crate) fn v6(change: impl FnOnce(&mut V6)) -> Vec<u8> {
    let mut packet = V6::default();
    change(&mut packet);
    packet.frame()
}

/// A frame with a datagram to an address of the router's itself, right in every sum,
/// since the router looks at all of it.
pub(crate) fn to_router(address: &str, ttl: u8) -> Vec<u8> {
    let to: IpAddr = address.parse().expect("an address");
    let from = match to {
        IpAddr::V4(_) => BLUE4.into(),
        IpAddr::V6(_) => BLUE6.parse().expect("an address"),
    };
    let datagram = Udp {
        to_mac: BLUE_PORT,
        from_mac: BLUE,
        from,
        to,
        ttl,
        payload: data(8),
    };
    datagram.frame()
}

/// An ICMPv6 message of some kind about an ordinary packet.
pub(crate) fn icmp6(kind: u8) -> Vec<u8> {
    [vec![kind, 0, 0, 0, 0, 0, 0, 0], V6::default().packet()].concat()
}

/// A UDP datagram with so many bytes of data, all different from their neighbours.
pub(crate) fn datagram(bytes: u16) -> Vec<u8> {
    let ports_and_length = [40_000, 40_001, 8 + bytes, 0]
        .map(u16::to_be_bytes)
        .concat();
    [ports_and_length, data(bytes.into())].concat()
}

/// So many bytes, all different from their neighbours.
pub(crate) fn data(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|byte| byte as u8).collect()
}

/// RFC 1071; over bytes that hold their own checksum it is 0.
pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks(2);
    let word = |word: &[u8]| u32::from(word[0]) << 8 | word.get(1).map_or(0, |low| (*low).into());
    let sum: u32 = words.map(word).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}
