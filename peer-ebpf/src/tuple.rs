//! Who speaks to whom, over what: all that rules and flows want to know of a packet,
//! or of the beginning of one that an ICMP error quotes.
//!
//! Headers are copied by a helper: extension headers and quotes lie anywhere, and
//! need not be linear. Reads only; judging is `policy.rs`'s.

use peer_common::{Words, family, kind};

use crate::{
    desk::{Page, desk},
    packet::Packet,
};

/// Bits of [`Tuple::role`].
pub(crate) mod role {
    /// It has ports that rules may name.
    pub(crate) const PORTS: u32 = 1 << 0;
    /// Packets the other way with the same key are replies to it.
    pub(crate) const OPENS: u32 = 1 << 1;
    /// The first fragment of several.
    pub(crate) const FIRST: u32 = 1 << 2;
    /// A fragment without the transport header.
    pub(crate) const LATER: u32 = 1 << 3;
    /// An ICMP error, which quotes a packet.
    pub(crate) const ERROR: u32 = 1 << 4;
    /// TCP.
    pub(crate) const TCP: u32 = 1 << 5;
    /// TCP that asks for a new connection.
    pub(crate) const CONNECTS: u32 = 1 << 6;
    /// It says by which routers it wants to go (routing header type 0, RFC 5095).
    pub(crate) const SOURCE_ROUTED: u32 = 1 << 7;
    /// More extension headers than are walked.
    pub(crate) const ENDLESS: u32 = 1 << 8;
    /// An ICMP message that no ICMP error may answer: errors and redirects (RFC 1812
    /// section 4.3.2.7, RFC 4443 section 2.4 e).
    pub(crate) const UNANSWERABLE: u32 = 1 << 9;
}

/// One packet, as its sender sees it.
#[repr(C)]
pub(crate) struct Tuple {
    pub(crate) source: Words,
    pub(crate) destination: Words,
    pub(crate) source_port: u16,
    pub(crate) destination_port: u16,
    /// Family and transport protocol, or the last next header that was found.
    pub(crate) kind: u16,
    pub(crate) role: u32,
    /// What fragments of one packet have in common: identification, and in IPv4 the
    /// protocol (RFC 791 section 3.2, RFC 8200 section 4.5).
    pub(crate) identification: u32,
    pub(crate) fragments_kind: u16,
    /// Offset of what follows the IP headers.
    pub(crate) transport: u32,
}

impl Tuple {
    #[inline(always)]
    pub(crate) fn is(&self, role: u32) -> bool {
        self.role & role != 0
    }
}

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;
const SCTP: u8 = 132;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION: u8 = 60;

/// Extension headers that are walked.
const EXTENSIONS: usize = 8;

/// A packet that is read.
#[repr(C)]
pub(crate) struct Reading {
    pub(crate) tuple: Tuple,
    pub(crate) header: [u8; 40],
}

/// Read the IP packet that begins at the offset `at` onto a page of the desk; no byte at
/// or behind `end` is its. Says whether there is one.
#[inline(always)]
pub(crate) fn read(packet: &impl Packet, page: u32, v6: bool, at: u32, end: u32) -> bool {
    let Some(desk) = desk() else {
        return false;
    };
    let Reading { tuple, header } = if page == Page::Packet as u32 {
        &mut desk.packet
    } else {
        &mut desk.quoted
    };
    tuple.source_port = 0;
    tuple.destination_port = 0;
    let found = if v6 {
        ipv6(packet, at, end, tuple, header)
    } else {
        ipv4(packet, at, end, tuple, header)
    };
    if found && !tuple.is(role::LATER) {
        transport(packet, end, tuple, header);
    }
    found
}

#[inline(always)]
fn ipv4(packet: &impl Packet, at: u32, end: u32, tuple: &mut Tuple, header: &mut [u8; 40]) -> bool {
    if at + 20 > end || !packet.load(at, &mut header[..20]) {
        return false;
    }
    let address = |at| {
        [
            u64::from_ne_bytes([
                header[at],
                header[at + 1],
                header[at + 2],
                header[at + 3],
                0,
                0,
                0,
                0,
            ]),
            0,
        ]
    };
    let fragment = word(header, 6);
    let kind = kind(family::V4, header[9]);
    tuple.source = address(12);
    tuple.destination = address(16);
    tuple.kind = kind;
    tuple.role = fragmented(fragment & 0x1fff != 0, fragment & 0x2000 != 0);
    tuple.identification = u32::from(word(header, 4));
    tuple.fragments_kind = kind;
    tuple.transport = at + u32::from(header[0] & 0x0f) * 4;
    true
}

#[inline(always)]
fn ipv6(packet: &impl Packet, at: u32, end: u32, tuple: &mut Tuple, header: &mut [u8; 40]) -> bool {
    if at + 40 > end || !packet.load(at, header) {
        return false;
    }
    tuple.source = [half(header, 8), half(header, 16)];
    tuple.destination = [half(header, 24), half(header, 32)];
    tuple.role = 0;
    tuple.identification = 0;
    tuple.fragments_kind = kind(family::V6, 0);
    let mut next = header[6];
    let mut transport = at + 40;
    let mut walked = 0;
    for _ in 0..EXTENSIONS {
        if !is_extension(next) || transport + 8 > end || !packet.load(transport, &mut header[..8]) {
            break;
        }
        let length = u32::from(header[1]);
        let kind = next;
        next = header[0];
        match kind {
            FRAGMENT => {
                let offset = word(header, 2);
                tuple.role |= fragmented(offset & !7 != 0, offset & 1 != 0);
                tuple.identification =
                    u32::from(word(header, 4)) << 16 | u32::from(word(header, 6));
                transport += 8;
            }
            AUTHENTICATION => transport += (length + 2) * 4,
            ROUTING => {
                let (form, segments_left) = (header[2], header[3]);
                if form == 0 && segments_left > 0 {
                    tuple.role |= role::SOURCE_ROUTED;
                }
                transport += (length + 1) * 8;
            }
            _ => transport += (length + 1) * 8,
        }
        // What follows in such a fragment is the middle of something.
        if tuple.is(role::LATER) {
            break;
        }
        walked += 1;
    }
    if walked == EXTENSIONS && is_extension(next) {
        tuple.role |= role::ENDLESS;
    }
    tuple.kind = kind(family::V6, next);
    tuple.transport = transport;
    true
}

/// Whether this next header is followed by another (RFC 8200 section 4).
#[inline(always)]
pub(crate) fn is_extension(next: u8) -> bool {
    matches!(
        next,
        HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION
    )
}

#[inline(always)]
fn fragmented(offset: bool, more: bool) -> u32 {
    match (offset, more) {
        (true, _) => role::LATER,
        (false, true) => role::FIRST,
        (false, false) => 0,
    }
}

/// Ports, or what stands for them. What is cut short has none and opens nothing.
#[inline(always)]
fn transport(packet: &impl Packet, end: u32, tuple: &mut Tuple, header: &mut [u8; 40]) {
    const V4_ICMP: u16 = kind(family::V4, ICMP);
    const V6_ICMP: u16 = kind(family::V6, ICMPV6);
    let protocol = tuple.kind as u8;
    let icmp = matches!(tuple.kind, V4_ICMP | V6_ICMP);
    if !icmp && !matches!(protocol, TCP | UDP | SCTP) {
        tuple.role |= role::OPENS;
        return;
    }
    if tuple.transport + 8 > end || !packet.load(tuple.transport, &mut header[..8]) {
        if icmp {
            // What is left may be of an error.
            tuple.role |= role::UNANSWERABLE;
        }
        return;
    }
    if icmp {
        let identifier = word(header, 4);
        // The request's type stands for the port that is asked at, so that only a
        // reply is taken for one.
        if matches!(
            (tuple.kind, header[0]),
            (V4_ICMP, 3 | 4 | 5 | 11 | 12) | (V6_ICMP, 0..=127 | 137)
        ) {
            tuple.role |= role::UNANSWERABLE;
        }
        let (role, source, destination) = match (tuple.kind, header[0]) {
            (V4_ICMP, 8 | 13) | (V6_ICMP, 128) => (role::OPENS, identifier, header[0].into()),
            (V4_ICMP, 0) => (0, 8, identifier),
            (V4_ICMP, 14) => (0, 13, identifier),
            (V6_ICMP, 129) => (0, 128, identifier),
            (V4_ICMP, 3 | 11 | 12) | (V6_ICMP, 1..=4) => (role::ERROR, 0, 0),
            _ => (0, 0, 0),
        };
        tuple.role |= role;
        tuple.source_port = source;
        tuple.destination_port = destination;
        return;
    }
    tuple.source_port = word(header, 0);
    tuple.destination_port = word(header, 2);
    tuple.role |= role::PORTS | role::OPENS;
    if protocol == TCP {
        tuple.role |= role::TCP;
        // SYN without ACK.
        let flags = tuple.transport + 13;
        if flags < end && packet.load(flags, &mut header[..1]) && header[0] & 0x12 == 0x02 {
            tuple.role |= role::CONNECTS;
        }
    }
}

/// The 16-bit word in network byte order at `at`.
#[inline(always)]
fn word(header: &[u8; 40], at: usize) -> u16 {
    u16::from_be_bytes([header[at], header[at + 1]])
}

/// Half of an IPv6 address.
#[inline(always)]
fn half(header: &[u8; 40], at: usize) -> u64 {
    let h = header;
    u64::from_ne_bytes([
        h[at],
        h[at + 1],
        h[at + 2],
        h[at + 3],
        h[at + 4],
        h[at + 5],
        h[at + 6],
        h[at + 7],
    ])
}
