//! The ICMP errors that cases expect of the router.

use super::{
    checksum,
    packet::{ETHERNET, Packet},
    transport::{ICMP, ICMPV6, with_checksum},
    world::{HOST, Port},
};

/// An ICMP error, but for what it is about.
pub(crate) struct Told {
    port: Port,
    speaker: &'static str,
    kind: (u8, u8),
    /// Where the transport header and its checksum are, if a device is to fill that in.
    device: Option<(usize, usize)>,
}

impl Told {
    /// Sent by `port` from its own address of the family.
    pub(crate) fn by(port: &Port, v4: bool, kind: (u8, u8)) -> Self {
        Self {
            port: *port,
            speaker: port.own[usize::from(!v4)],
            kind,
            device: None,
        }
    }

    /// TTL or hop limit exceeded.
    pub(crate) fn spent(port: &Port, v4: bool) -> Self {
        Self::by(port, v4, if v4 { (11, 0) } else { (3, 0) })
    }

    /// Communication administratively prohibited.
    pub(crate) fn prohibited(port: &Port, v4: bool) -> Self {
        Self::by(port, v4, if v4 { (3, 13) } else { (1, 1) })
    }

    /// No route to the destination.
    pub(crate) fn unrouted(port: &Port, v4: bool) -> Self {
        Self::by(port, v4, if v4 { (3, 0) } else { (1, 0) })
    }

    /// From the address of another port's.
    pub(crate) fn speaking_as(self, speaker: &'static str) -> Self {
        Self { speaker, ..self }
    }

    /// A device will fill in the checksum at `field` of what begins at `from` in the
    /// IP packet and is quoted: that of the message is for the quote it makes.
    pub(crate) fn left_to_device(self, from: usize, field: usize) -> Self {
        let device = Some((from, field));
        Self { device, ..self }
    }

    /// The frame that says so to the sender of this one.
    pub(crate) fn about(&self, frame: &[u8]) -> Vec<u8> {
        let mut answer = self.packet(frame).bytes();
        if let Some((from, field)) = self.device {
            let quote = if self.is_v4() { 42 } else { 62 };
            let seed = &answer[quote + field..][..2];
            let segment = checksum::internet(&answer[quote + from..]);
            let (at, rest) = (quote - 6, segment.to_be_bytes());
            let words = [&answer[at..at + 2], seed].concat();
            let negated: Vec<u8> = words.iter().map(|byte| !byte).collect();
            let checksum = checksum::internet(&[negated, rest.to_vec()].concat());
            answer[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
        }
        answer
    }

    fn is_v4(&self) -> bool {
        !self.speaker.contains(':')
    }

    fn packet(&self, frame: &[u8]) -> Packet {
        let ip = &frame[ETHERNET..];
        let message = [self.kind.0, self.kind.1, 0, 0, 0, 0, 0, 0];
        let packet = if self.is_v4() {
            let length = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
            let quoted = &ip[..length.min(548)];
            let to = std::net::Ipv4Addr::new(ip[12], ip[13], ip[14], ip[15]).to_string();
            let message = [&message[..], quoted].concat();
            with_checksum(self.speaker, &to, ICMP, message, 2)
                .class(ip[1] & 0x1e | 0xc0)
                .fragment(0x4000)
        } else {
            let length = 40 + usize::from(u16::from_be_bytes([ip[4], ip[5]]));
            let quoted = &ip[..length.min(1232)];
            let to: [u8; 16] = ip[8..24].try_into().unwrap();
            let to = std::net::Ipv6Addr::from(to).to_string();
            let message = [&message[..], quoted].concat();
            with_checksum(self.speaker, &to, ICMPV6, message, 2)
        };
        packet.from(self.port.mac).to(HOST)
    }
}
