//! Frames built and read byte by byte, for what no ordinary program would send.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const IPV4: [u8; 2] = [0x08, 0x00];
const ARP: [u8; 2] = [0x08, 0x06];
const IPV6: [u8; 2] = [0x86, 0xdd];
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// A hardware address.
pub type Mac = [u8; 6];

/// A UDP datagram and the headers it travels in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Udp {
    /// Destination hardware address.
    pub to_mac: Mac,
    /// Source hardware address.
    pub from_mac: Mac,
    /// Source address.
    pub from: IpAddr,
    /// Destination address, of the source's family.
    pub to: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// What it says.
    pub payload: Vec<u8>,
}

impl Udp {
    /// The frame, checksums included.
    pub fn frame(&self) -> Vec<u8> {
        let length = (8 + self.payload.len()) as u16;
        let mut udp = [
            40_000_u16.to_be_bytes(),
            40_001_u16.to_be_bytes(),
            length.to_be_bytes(),
            [0; 2],
        ]
        .concat();
        udp.extend(&self.payload);
        let sum = transport_checksum(self.from, self.to, UDP, &udp);
        udp[6..8].copy_from_slice(&sum.to_be_bytes());
        let (kind, header) = ip_header(self.from, self.to, self.ttl, UDP, length);
        [&self.to_mac[..], &self.from_mac, &kind, &header, &udp].concat()
    }

    /// Read a frame; `None` where it is no UDP, or where a checksum is wrong.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let (to_mac, rest) = frame.split_first_chunk()?;
        let (from_mac, rest) = rest.split_first_chunk()?;
        let (kind, ip) = rest.split_first_chunk::<2>()?;
        let (from, to, ttl, protocol, udp): (IpAddr, IpAddr, _, _, _) = match *kind {
            IPV4 if ip.len() >= 20 && ip[0] == 0x45 && checksum(&ip[..20]) == 0 => {
                let address = |at| Some(Ipv4Addr::from(*ip[at..].first_chunk::<4>()?));
                (
                    address(12)?.into(),
                    address(16)?.into(),
                    ip[8],
                    ip[9],
                    &ip[20..],
                )
            }
            IPV6 if ip.len() >= 40 => {
                let address = |at| Some(Ipv6Addr::from(*ip[at..].first_chunk::<16>()?));
                (
                    address(8)?.into(),
                    address(24)?.into(),
                    ip[7],
                    ip[6],
                    &ip[40..],
                )
            }
            _ => return None,
        };
        // Short frames are padded; the datagram knows its own length.
        let length = u16::from_be_bytes([*udp.get(4)?, *udp.get(5)?]);
        let udp = udp.get(..length.into())?;
        if protocol != UDP || transport_checksum(from, to, UDP, udp) != 0 {
            return None;
        }
        let payload = udp.get(8..)?.to_vec();
        Some(Self {
            to_mac: *to_mac,
            from_mac: *from_mac,
            from,
            to,
            ttl,
            payload,
        })
    }
}

/// A broadcast that asks who has an address: ARP, or a neighbour solicitation.
/// Both addresses are of one family.
pub fn who_has(from_mac: Mac, from: IpAddr, wanted: IpAddr) -> Vec<u8> {
    match (from, wanted) {
        (IpAddr::V6(_), IpAddr::V6(address)) => {
            let octets = address.octets();
            let (a, b, c) = (octets[13], octets[14], octets[15]);
            let group =
                Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c]).into();
            let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
            message.extend(octets);
            message.extend([1, 1]);
            message.extend(from_mac);
            let sum = transport_checksum(from, group, ICMPV6, &message);
            message[2..4].copy_from_slice(&sum.to_be_bytes());
            let (kind, header) = ip_header(from, group, 255, ICMPV6, message.len() as u16);
            [
                &[0x33, 0x33, 0xff, a, b, c][..],
                &from_mac,
                &kind,
                &header,
                &message,
            ]
            .concat()
        }
        _ => {
            let request = [0, 1, IPV4[0], IPV4[1], 6, 4, 0, 1];
            [
                &[0xff; 6][..],
                &from_mac,
                &ARP,
                &request,
                &from_mac,
                &octets(from),
                &[0; 6],
                &octets(wanted),
            ]
            .concat()
        }
    }
}

/// An advertisement that nobody asked for: this address is at this MAC.
pub fn claims(from_mac: Mac, address: Ipv6Addr, to: Ipv6Addr) -> Vec<u8> {
    const OVERRIDE: u8 = 0x20;
    let mut message = vec![136, 0, 0, 0, OVERRIDE, 0, 0, 0];
    message.extend(address.octets());
    message.extend([2, 1]);
    message.extend(from_mac);
    let sum = transport_checksum(address.into(), to.into(), ICMPV6, &message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let (kind, header) = ip_header(address.into(), to.into(), 255, ICMPV6, message.len() as u16);
    let all_nodes = [0x33, 0x33, 0, 0, 0, 1];
    [&all_nodes[..], &from_mac, &kind, &header, &message].concat()
}

/// Whether a frame answers [`who_has`] for `wanted`.
pub fn is_answer_for(frame: &[u8], wanted: IpAddr) -> bool {
    let wanted = octets(wanted);
    let ip = frame.get(14..).unwrap_or_default();
    match frame.get(12..14) {
        Some(kind) if kind == ARP => ip.get(7) == Some(&2) && ip.get(14..18) == Some(&wanted),
        Some(kind) if kind == IPV6 => {
            ip.get(6) == Some(&ICMPV6)
                && ip.get(40) == Some(&136)
                && ip.get(48..64) == Some(&wanted)
        }
        _ => false,
    }
}

fn ip_header(from: IpAddr, to: IpAddr, ttl: u8, protocol: u8, length: u16) -> ([u8; 2], Vec<u8>) {
    if from.is_ipv6() {
        let [high, low] = length.to_be_bytes();
        let fixed = [0x60, 0, 0, 0, high, low, protocol, ttl];
        return (IPV6, [&fixed[..], &octets(from), &octets(to)].concat());
    }
    let [high, low] = (20 + length).to_be_bytes();
    let fixed = [0x45, 0, high, low, 0, 1, 0, 0, ttl, protocol, 0, 0];
    let mut header = [&fixed[..], &octets(from), &octets(to)].concat();
    let sum = checksum(&header).to_be_bytes();
    header[10..12].copy_from_slice(&sum);
    (IPV4, header)
}

fn transport_checksum(from: IpAddr, to: IpAddr, protocol: u8, message: &[u8]) -> u16 {
    let length = (message.len() as u32).to_be_bytes();
    checksum(
        &[
            &octets(from)[..],
            &octets(to),
            &length,
            &[0, 0, 0, protocol],
            message,
        ]
        .concat(),
    )
}

/// RFC 1071; over data that carries its own checksum it is 0.
fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes
        .chunks(2)
        .map(|word| u32::from(word[0]) << 8 | word.get(1).map_or(0, |low| (*low).into()));
    let sum: u32 = words.sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    !((folded & 0xffff) + (folded >> 16)) as u16
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_built_is_read_back_and_a_flipped_bit_is_noticed() {
        for (from, to) in [("10.1.0.2", "10.2.0.2"), ("fd00:1::2", "fd00:2::2")] {
            let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
            let udp = Udp {
                to_mac: [2; 6],
                from_mac: [4; 6],
                from,
                to,
                ttl: 9,
                payload: b"odd".to_vec(),
            };
            let mut frame = udp.frame();
            assert_eq!(Udp::parse(&frame), Some(udp));
            *frame.last_mut().unwrap() ^= 1;
            assert_eq!(Udp::parse(&frame), None, "a wrong checksum");
        }
    }
}
