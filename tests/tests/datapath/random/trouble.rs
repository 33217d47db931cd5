//! Packets to what a table knows that give it cause to refuse them and to say so:
//! hops that end here, sizes about an MTU, options and extension headers of all
//! kinds, errors, fragments, checksums that a device is to fill in.

use peer_userspace::compile::ForwardingTable;

use super::{
    Random,
    frames::{destination, source},
};
use crate::datapath::{
    outcome::Gso,
    packet::Packet,
    transport::{ICMP, ICMPV6, TCP, UDP, with_checksum, with_pseudo_sum},
    world::Port,
};

/// A packet that is all right but for what the router is to see.
pub(super) fn packet(
    random: &mut Random,
    table: &ForwardingTable,
    port: &Port,
    v4: bool,
) -> (Packet, Gso) {
    let source = source(random, table, port, v4).to_string();
    let destination = destination(random, table, port, v4).to_string();
    let mut packet = carrying(random, &source, &destination, v4)
        .to(port.mac)
        .hops(random.pick(&[0, 1, 1, 2, 2, 2, 3, 3, 64]))
        .class(random.byte());
    if v4 && random.percent(40) {
        packet = packet.options(&options(random));
    }
    if v4 && random.percent(15) {
        let bits = random.pick(&[0x4000, 0x2000, 0x2001, 1, 0x8000, 0x1fff]);
        packet = packet.fragment(bits);
    }
    if !v4 && random.percent(50) {
        packet = with_extensions(random, packet);
    }
    let gso = if random.percent(8) {
        Gso {
            size: 1 + random.below(1600) as u32,
            segments: random.below(6) as u32,
        }
    } else {
        Gso::default()
    };
    (packet, gso)
}

fn carrying(random: &mut Random, source: &str, destination: &str, v4: bool) -> Packet {
    let mut payload: Vec<u8> = (0..20).map(|_| random.byte()).collect();
    let long = random.pick(&[
        0, 0, 0, 1, 7, 60, 508, 520, 1170, 1190, 1260, 1290, 1450, 1480,
    ]);
    payload.extend((0..long + random.below(10)).map(|byte| byte as u8));
    let (protocol, at) = match random.below(10) {
        0..=2 => (TCP, 16),
        3..=5 => (UDP, 6),
        6..=8 => {
            let (own, other) = if v4 { (ICMP, ICMPV6) } else { (ICMPV6, ICMP) };
            payload[0] = if v4 {
                random.pick(&[0, 3, 4, 5, 8, 10, 11, 12, 13])
            } else {
                random.pick(&[0, 1, 2, 4, 100, 127, 128, 129, 135, 136, 137, 255])
            };
            (if random.percent(95) { own } else { other }, 2)
        }
        _ => {
            let protocol = random.pick(&[0, 4, 41, 43, 44, 47, 50, 59, 60, 132]);
            return Packet::new(source, destination, protocol, payload);
        }
    };
    if random.percent(8) {
        payload.truncate(random.below(24) as usize);
        return Packet::new(source, destination, protocol, payload);
    }
    payload[at..at + 2].fill(0);
    if matches!(protocol, TCP | UDP) && random.percent(40) {
        with_pseudo_sum(source, destination, protocol, payload, at)
    } else {
        with_checksum(source, destination, protocol, payload, at)
    }
}

/// Whole words of options, often with one that is broken or a source route.
fn options(random: &mut Random) -> Vec<u8> {
    let words = random.pick(&[1, 2, 3, 5, 10]);
    let mut options: Vec<u8> = Vec::new();
    while options.len() < 4 * words {
        let kind = random.pick(&[0, 1, 1, 1, 7, 7, 68, 68, 148, 148, 131, 137, 130, 255]);
        options.push(kind);
        if random.percent(if kind > 1 { 92 } else { 1 }) {
            let length = random.pick(&[2, 3, 3, 4, 4, 8, 11]);
            options.push(match random.below(12) {
                0 => random.below(2) as u8,
                1 => random.byte(),
                _ => length,
            });
            options.extend((2..length).map(|byte| 1 + byte % 2));
        }
    }
    options.truncate(4 * words);
    options
}

/// Some extension headers, up to more than anybody looks behind.
fn with_extensions(random: &mut Random, packet: Packet) -> Packet {
    let count = random.pick(&[1, 1, 1, 2, 2, 3, 5, 7, 8, 8, 8, 9, 10]);
    (0..count).fold(packet, |packet, _| {
        let kind = random.pick(&[0, 60, 60, 60, 51, 43, 44]);
        let rest = match kind {
            43 => vec![
                0,
                random.pick(&[0, 2, 4, 4]),
                random.pick(&[0, 0, 1]),
                0,
                0,
                0,
                0,
            ],
            44 => {
                let bits = random.pick(&[0, 0, 0, 1, 8, 9, 6]);
                vec![random.byte(), 0, bits, 0, 0, 0, 7]
            }
            _ => {
                let words = random.below(3) as u8;
                let bytes = if kind == 51 {
                    4 * (usize::from(words) + 2)
                } else {
                    8 * (usize::from(words) + 1)
                };
                let mut rest = vec![0; bytes - 1];
                rest[0] = if random.percent(2) {
                    random.byte()
                } else {
                    words
                };
                rest
            }
        };
        packet.extension(kind, &rest)
    })
}
