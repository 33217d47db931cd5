//! A frame, and the port it comes in by.

use std::net::IpAddr;

use peer_userspace::compile::{Fib, ForwardingTable};

use super::{
    Random,
    addresses::{address, among},
    mutations::mutate,
    talk, trouble,
};
use crate::datapath::{
    neighbours::{BROADCAST, arp_reply, arp_request, solicitation, unicast_solicitation},
    outcome::{Arrival, Gso},
    packet::{Mac, Packet},
    world::{BLUE, GREEN, PORTS, Port},
};

/// Something to inject.
pub(crate) fn arrival(random: &mut Random, table: &ForwardingTable) -> Arrival {
    let busy = random.percent(60);
    let mut port = random.pick(if busy { &[BLUE, GREEN] } else { &PORTS });
    let v4 = random.percent(50);
    let mut gso = Gso::default();
    let (mut frame, damaged) = match random.below(40) {
        0..=12 => {
            let (from, packet) = talk::packet(random);
            port = from;
            (packet.bytes(), 5)
        }
        13..=26 => {
            let (packet, segments) = trouble::packet(random, table, &port, v4);
            gso = segments;
            (packet.bytes(), 15)
        }
        27 => (arp(random, table, &port), 20),
        28 => (discovery(random, table, &port), 20),
        _ => {
            let (frame, segments) = packet(random, table, &port, v4);
            gso = segments;
            (frame, 20)
        }
    };
    if random.percent(damaged) {
        mutate(random, &mut frame);
    }
    Arrival {
        gso,
        limited: random.percent(10),
        ..Arrival::new(port.index, frame)
    }
}

fn to_mac(random: &mut Random, port: &Port) -> Mac {
    match random.below(40) {
        0 => BROADCAST,
        1 => [0x33, 0x33, 0, 0, 0, 1],
        2 => random.pick(&PORTS).mac,
        _ => port.mac,
    }
}

fn arp(random: &mut Random, table: &ForwardingTable, port: &Port) -> Vec<u8> {
    let target = address(random, table, true).to_string();
    if random.percent(70) {
        arp_request(&target)
    } else {
        arp_reply(port.mac, &target)
    }
}

fn discovery(random: &mut Random, table: &ForwardingTable, port: &Port) -> Vec<u8> {
    let mut any = || address(random, table, false).to_string();
    let (source, target, other) = (any(), any(), any());
    let destination = if random.percent(50) { &target } else { &other };
    if random.percent(50) {
        solicitation(&source, &target).bytes()
    } else {
        unicast_solicitation(&source, destination, &target)
            .to(port.mac)
            .bytes()
    }
}

fn packet(random: &mut Random, table: &ForwardingTable, port: &Port, v4: bool) -> (Vec<u8>, Gso) {
    let source = source(random, table, port, v4).to_string();
    let destination = destination(random, table, port, v4).to_string();
    let length = random.below(40) as usize;
    let payload: Vec<u8> = (0..length).map(|_| random.byte()).collect();
    let gso = random.percent(8);
    let packet = match random.below(6) {
        0 => Packet::tcp(&source, &destination, &payload[..length / 4 * 4], &payload),
        1 if !gso => Packet::new(&source, &destination, random.byte(), payload),
        2..=3 => Packet::ping(&source, &destination),
        _ => Packet::udp(&source, &destination, &payload),
    };
    let hops = random.byte();
    let packet = packet
        .to(to_mac(random, port))
        .hops(if random.percent(80) { hops } else { hops % 3 })
        .class(random.byte())
        .label(u32::from(random.byte()) << 8 | u32::from(random.byte()))
        .fragment(u16::from(random.byte()) << 8);
    let packet = with_more_headers(random, packet, v4);
    let packet = with_length(random, packet, gso);
    let (size, segments) = (1 + random.below(1600) as u32, random.below(6) as u32);
    (
        packet.bytes(),
        if gso {
            Gso { size, segments }
        } else {
            Gso::default()
        },
    )
}

/// Mostly one of the sender's own.
pub(super) fn source(
    random: &mut Random,
    table: &ForwardingTable,
    port: &Port,
    v4: bool,
) -> IpAddr {
    match fib(table, port).filter(|_| random.percent(85)) {
        Some(fib) => {
            let network = table.ports[&port.index].network;
            let own = fib.iter().filter(|(_, route)| route.network == network);
            among(random, own.map(|(at, _)| at), v4)
        }
        None => address(random, table, v4),
    }
}

/// Mostly one the sender's table knows.
pub(super) fn destination(
    random: &mut Random,
    table: &ForwardingTable,
    port: &Port,
    v4: bool,
) -> IpAddr {
    match fib(table, port).filter(|_| random.percent(60)) {
        Some(fib) => among(random, fib.keys(), v4),
        None => address(random, table, v4),
    }
}

fn fib<'a>(table: &'a ForwardingTable, port: &Port) -> Option<&'a Fib> {
    table.fibs.get(&table.ports.get(&port.index)?.network)
}

fn with_more_headers(random: &mut Random, packet: Packet, v4: bool) -> Packet {
    if !random.percent(10) {
        return packet;
    }
    let words = 1 + random.below(10) as usize;
    if v4 {
        let options: Vec<u8> = (0..words * 4).map(|_| random.byte()).collect();
        packet.options(&options)
    } else {
        packet.extension(random.pick(&[0, 43, 44, 60]), &[0, 1, 4, 0, 0, 0, 0])
    }
}

/// Near an MTU, or padded, or as it is.
fn with_length(random: &mut Random, packet: Packet, gso: bool) -> Packet {
    let long = random.pick(&[90, 1280, 1300, 1500]) + random.below(5) as u32 - 2;
    match random.below(10) {
        0..=1 if packet.ip_bytes() < long => packet.ip_length(long),
        2 if gso => packet.ip_length(3400),
        3..=4 if !gso => {
            let length = packet.bytes().len();
            packet.padded(length + random.below(30) as usize)
        }
        _ => packet,
    }
}
