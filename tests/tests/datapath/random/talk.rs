//! Random packets that have to do with each other: few hosts, few ports, and what is
//! sent one way is answered, broken up and complained about.

use super::Random;
use crate::datapath::{
    packet::Packet,
    places::FAMILIES,
    transport::{ICMP, ICMPV6, TCP, UDP},
    world::{BLUE, GREEN, Port, RED},
};

pub(super) const PORTS: [u16; 3] = [53, 443, 40000];

/// A packet and the port it comes in by.
pub(super) fn packet(random: &mut Random) -> (Port, Packet) {
    let at = random.pick(&[0, 1]);
    let at = &FAMILIES[at];
    let blue = random.pick(&[at.host, at.host, at.sibling]);
    let (peer, port) = match random.below(5) {
        0 => (at.down, RED),
        1 => (at.behind, GREEN),
        _ => (at.known, GREEN),
    };
    let v4 = at.family == "IPv4";
    let (from, source, destination) = if random.percent(50) {
        (BLUE, blue, peer)
    } else {
        (port, peer, blue)
    };
    let packet = said(random, v4, source, destination, true);
    (from, packet.to(from.mac))
}

fn said(random: &mut Random, v4: bool, source: &str, destination: &str, quotes: bool) -> Packet {
    let (protocol, payload) = payload(random, v4, (source, destination), quotes);
    let payload = match random.below(20) {
        0 => payload[..random.below(payload.len() as u64) as usize].to_vec(),
        _ => payload,
    };
    let mut packet = Packet::new(source, destination, protocol, payload);
    let ends = random.pick(&[0, 0, 0, 0, 0, 1, 2, 7]);
    for _ in 0..if v4 { 0 } else { ends } {
        let length = random.below(2) as u8;
        let kind = random.pick(&[0, 43, 51, 60]);
        let bytes = if kind == 51 {
            4 * (usize::from(length) + 2)
        } else {
            8 * (usize::from(length) + 1)
        };
        let mut rest = vec![0; bytes - 1];
        rest[0] = length;
        packet = packet.extension(kind, &rest);
    }
    if random.percent(25) {
        packet = fragment(random, packet, v4);
    }
    packet
}

fn fragment(random: &mut Random, packet: Packet, v4: bool) -> Packet {
    let (id, offset) = (random.below(3) as u32, random.pick(&[0, 0, 1, 2]));
    let more = random.below(2) as u16;
    if v4 {
        return packet.label(id).fragment(more << 13 | offset);
    }
    let mut rest = vec![0];
    rest.extend((offset << 3 | more).to_be_bytes());
    rest.extend(id.to_be_bytes());
    packet.extension(44, &rest)
}

fn payload(
    random: &mut Random,
    v4: bool,
    (source, destination): (&str, &str),
    quotes: bool,
) -> (u8, Vec<u8>) {
    let ports = [random.pick(&PORTS), random.pick(&PORTS)]
        .map(u16::to_be_bytes)
        .concat();
    let icmp = if v4 { ICMP } else { ICMPV6 };
    let id = random.below(3) as u8;
    match random.below(10) {
        0..=2 => {
            let flags = random.pick(&[0x02, 0x12, 0x10, 0x10, 0x04]);
            let rest = [0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 1, 0, 0, 0, 0, 0];
            (TCP, [ports, rest.to_vec()].concat())
        }
        3..=4 => (UDP, [ports, vec![0, 12, 0, 0, 1, 2, 3, 4]].concat()),
        5 => {
            let kinds = if v4 {
                [8, 0, 13, 14]
            } else {
                [128, 129, 128, 129]
            };
            (icmp, vec![random.pick(&kinds), 0, 0, 0, 0, id, 0, 1])
        }
        6..=8 if quotes => {
            let kinds = if v4 { [3, 11, 12, 5] } else { [1, 2, 3, 4] };
            // What the other side may have sent, or another host of it.
            let another = FAMILIES[usize::from(!v4)].sibling;
            let sender = if random.percent(20) {
                another
            } else {
                destination
            };
            let quoted = said(random, v4, sender, source, false).bytes();
            let message = [&[random.pick(&kinds), 0, 0, 0, 0, 0, 0, 0], &quoted[14..]].concat();
            (icmp, message)
        }
        _ => (random.pick(&[47, 132, 99]), [ports, vec![0; 8]].concat()),
    }
}
