//! What a packet says about who talks to whom: as far as there are bytes to say so.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::chain::chain;

/// An IP packet, or what an ICMP error quotes of one.
pub(super) struct Said<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    pub(super) about: About<'a>,
    /// What its fragments share, and whether it is the first of them.
    pub(super) fragment: Option<(u32, bool)>,
}

/// What follows the headers.
#[derive(Clone, Copy)]
pub(super) enum About<'a> {
    /// Source and destination port; whether it is a SYN without ACK.
    Ports(u16, u16, bool),
    /// Identifier and type of the request; whether it is the request.
    Query(u16, u8, bool),
    /// An error, and what it quotes.
    Error(&'a [u8]),
    /// A protocol without ports.
    Protocol,
    /// Nothing one could answer.
    Nothing,
}

fn word(packet: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes([*packet.get(at)?, *packet.get(at + 1)?]))
}

/// Read it, if its header is all there.
pub(super) fn read(packet: &[u8], v4: bool) -> Option<Said<'_>> {
    if v4 { ipv4(packet) } else { ipv6(packet) }
}

fn ipv4(packet: &[u8]) -> Option<Said<'_>> {
    let header: &[u8; 20] = packet.first_chunk()?;
    let address = |at: usize| {
        let octets = [header[at], header[at + 1], header[at + 2], header[at + 3]];
        IpAddr::from(Ipv4Addr::from(octets))
    };
    let bits = word(header, 6)?;
    let (more, offset) = (bits & 0x2000 != 0, bits & 0x1fff);
    let id = u32::from(word(header, 4)?);
    let body = packet
        .get(usize::from(header[0] & 15) * 4..)
        .unwrap_or_default();
    Some(Said {
        source: address(12),
        destination: address(16),
        protocol: header[9],
        about: about(true, header[9], body, offset > 0),
        fragment: (more || offset > 0).then_some((id, offset == 0)),
    })
}

fn ipv6(packet: &[u8]) -> Option<Said<'_>> {
    let header: &[u8; 40] = packet.first_chunk()?;
    let address = |at: usize| {
        let octets: [u8; 16] = header[at..at + 16].try_into().ok()?;
        Some(IpAddr::from(Ipv6Addr::from(octets)))
    };
    let chain = chain(packet);
    let fragment = chain.fragment();
    let (protocol, body) = (chain.protocol, chain.body);
    let later = matches!(fragment, Some((_, false)));
    Some(Said {
        source: address(8)?,
        destination: address(24)?,
        protocol,
        about: about(false, protocol, body, later),
        fragment,
    })
}

fn about(v4: bool, protocol: u8, body: &[u8], later: bool) -> About<'_> {
    if later {
        return About::Nothing;
    }
    let whole = body.len() >= 8;
    match (protocol, v4) {
        (6 | 17 | 132, _) | (1, true) | (58, false) if !whole => About::Nothing,
        (6 | 17 | 132, _) => {
            let connects = protocol == 6 && body.get(13).is_some_and(|flags| flags & 18 == 2);
            let port = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
            About::Ports(port(0), port(2), connects)
        }
        (1, true) | (58, false) => {
            let id = u16::from_be_bytes([body[4], body[5]]);
            match (v4, body[0]) {
                (true, kind @ (8 | 13)) | (false, kind @ 128) => About::Query(id, kind, true),
                (true, 0) => About::Query(id, 8, false),
                (true, 14) => About::Query(id, 13, false),
                (false, 129) => About::Query(id, 128, false),
                (true, 3 | 11 | 12) | (false, 1..=4) => About::Error(&body[8..]),
                _ => About::Nothing,
            }
        }
        _ => About::Protocol,
    }
}
