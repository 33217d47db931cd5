//! A frame with an IP packet in it, built field by field.
//!
//! Every setter takes the packet and gives it back, so that a case can say what
//! is special about its packet, and what comes out as a change of what went in.

use std::net::IpAddr;

use super::{
    checksum,
    world::{self, Port},
};

/// A hardware address.
pub(crate) type Mac = [u8; 6];

/// Bytes of an untagged Ethernet header.
pub(crate) const ETHERNET: usize = 14;

/// An IP packet in an Ethernet frame.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    to: Mac,
    from: Mac,
    tag: Option<u16>,
    source: IpAddr,
    destination: IpAddr,
    hops: u8,
    class: u8,
    /// IPv4: identification. IPv6: flow label.
    label: u32,
    /// IPv4: flags and fragment offset.
    fragment: u16,
    /// IPv4 options, padded to words.
    options: Vec<u8>,
    /// IPv6 extension headers: type, and all but the first byte.
    extensions: Vec<(u8, Vec<u8>)>,
    protocol: u8,
    payload: Vec<u8>,
    trailer: Vec<u8>,
    overwritten: Vec<(usize, Vec<u8>)>,
}

impl Packet {
    /// A packet from a host of blue's to the router, with 64 hops to live.
    pub(crate) fn new(source: &str, destination: &str, protocol: u8, payload: Vec<u8>) -> Self {
        Self {
            to: world::BLUE.mac,
            from: world::HOST,
            tag: None,
            source: world::address(source),
            destination: world::address(destination),
            hops: 64,
            class: 0,
            label: 0,
            fragment: 0,
            options: Vec::new(),
            extensions: Vec::new(),
            protocol,
            payload,
            trailer: Vec::new(),
            overwritten: Vec::new(),
        }
    }

    /// TTL or hop limit.
    pub(crate) fn hops(mut self, hops: u8) -> Self {
        self.hops = hops;
        self
    }

    /// Type of service or traffic class: six bits DSCP, two bits ECN.
    pub(crate) fn class(mut self, class: u8) -> Self {
        self.class = class;
        self
    }

    /// Identification (IPv4) or flow label (IPv6).
    pub(crate) fn label(mut self, label: u32) -> Self {
        self.label = label;
        self
    }

    /// IPv4 flags and fragment offset.
    pub(crate) fn fragment(mut self, flags_and_offset: u16) -> Self {
        self.fragment = flags_and_offset;
        self
    }

    /// IPv4 options; a multiple of four bytes.
    pub(crate) fn options(mut self, options: &[u8]) -> Self {
        self.options = options.to_vec();
        self
    }

    /// One more IPv6 extension header: its type, and all but its first byte, which
    /// names what follows.
    pub(crate) fn extension(mut self, kind: u8, rest: &[u8]) -> Self {
        self.extensions.push((kind, rest.to_vec()));
        self
    }

    /// The destination MAC.
    pub(crate) fn to(mut self, mac: Mac) -> Self {
        self.to = mac;
        self
    }

    /// The source MAC.
    pub(crate) fn from(mut self, mac: Mac) -> Self {
        self.from = mac;
        self
    }

    /// An 802.1Q tag.
    pub(crate) fn tagged(mut self, tag: u16) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Lengthen the payload until the IP packet has `length` bytes.
    pub(crate) fn ip_length(mut self, length: u32) -> Self {
        let missing = length - self.ip_bytes();
        self.payload.extend((0..missing).map(|byte| byte as u8));
        self
    }

    /// Pad the frame to `length` bytes, as Ethernet does with short ones.
    pub(crate) fn padded(mut self, length: usize) -> Self {
        self.trailer = vec![0xaa; length - self.bytes().len()];
        self
    }

    /// Write over the finished frame: what no builder should be able to say.
    pub(crate) fn overwrite(mut self, at: usize, bytes: &[u8]) -> Self {
        self.overwritten.push((at, bytes.to_vec()));
        self
    }

    /// As the router sends it on: one hop less, from `port` to the next hop.
    pub(crate) fn sent(&self, port: &Port, next_hop: Mac) -> Self {
        Self {
            to: next_hop,
            from: port.mac,
            ..self.aged()
        }
    }

    /// One hop less, and nothing behind it but the padding of a short frame; who sends
    /// it to whom is for the kernel to find out.
    pub(crate) fn aged(&self) -> Self {
        let mut aged = self.clone().hops(self.hops - 1);
        if aged.bytes().len() > 60 {
            aged.trailer.clear();
        }
        aged
    }

    /// Bytes of the IP packet, padding not included.
    pub(crate) fn ip_bytes(&self) -> u32 {
        self.ip().len() as u32
    }

    /// The frame.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut frame = [self.to, self.from].concat();
        if let Some(tag) = self.tag {
            frame.extend([0x81, 0x00]);
            frame.extend(tag.to_be_bytes());
        }
        frame.extend(if self.source.is_ipv4() {
            [0x08, 0x00]
        } else {
            [0x86, 0xdd]
        });
        frame.extend(self.ip());
        frame.extend(&self.trailer);
        for (at, bytes) in &self.overwritten {
            frame[*at..at + bytes.len()].copy_from_slice(bytes);
        }
        frame
    }

    fn ip(&self) -> Vec<u8> {
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let length = 20 + self.options.len();
                let mut header = vec![0x40 | (length / 4) as u8, self.class];
                header.extend(((length + self.payload.len()) as u16).to_be_bytes());
                header.extend((self.label as u16).to_be_bytes());
                header.extend(self.fragment.to_be_bytes());
                header.extend([self.hops, self.protocol, 0, 0]);
                header.extend(source.octets());
                header.extend(destination.octets());
                header.extend(&self.options);
                let sum = checksum::internet(&header).to_be_bytes();
                header[10..12].copy_from_slice(&sum);
                [header, self.payload.clone()].concat()
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let body = self.ipv6_body();
                let first = self
                    .extensions
                    .first()
                    .map_or(self.protocol, |(kind, _)| *kind);
                let word = 6 << 28 | u32::from(self.class) << 20 | self.label;
                let mut packet = word.to_be_bytes().to_vec();
                packet.extend((body.len() as u16).to_be_bytes());
                packet.extend([first, self.hops]);
                packet.extend(source.octets());
                packet.extend(destination.octets());
                [packet, body].concat()
            }
            _ => panic!("a packet of two families"),
        }
    }

    fn ipv6_body(&self) -> Vec<u8> {
        let kinds = self.extensions.iter().map(|(kind, _)| *kind);
        let following = kinds.skip(1).chain([self.protocol]);
        let mut body = Vec::new();
        for ((_, rest), next) in self.extensions.iter().zip(following) {
            body.push(next);
            body.extend(rest);
        }
        [body, self.payload.clone()].concat()
    }
}

impl From<&Packet> for Vec<u8> {
    fn from(packet: &Packet) -> Self {
        packet.bytes()
    }
}
