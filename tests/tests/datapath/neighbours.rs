//! Who has this address: ARP (RFC 826) and neighbour solicitation (RFC 4861).

use std::net::IpAddr;

use super::{
    packet::{Mac, Packet},
    transport::{ICMPV6, with_checksum},
    world,
};

pub(crate) const BROADCAST: Mac = [0xff; 6];

const REQUEST: u8 = 1;
const REPLY: u8 = 2;

/// A broadcast ARP request for `target`.
pub(crate) fn arp_request(target: &str) -> Vec<u8> {
    arp(BROADCAST, REQUEST, target)
}

/// An ARP reply sent to `target` at `to`.
pub(crate) fn arp_reply(to: Mac, target: &str) -> Vec<u8> {
    arp(to, REPLY, target)
}

fn arp(to: Mac, operation: u8, target: &str) -> Vec<u8> {
    let mut frame = [to, world::HOST].concat();
    frame.extend([0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, operation]);
    frame.extend(world::HOST);
    frame.extend([10, 1, 0, 5]);
    frame.extend([0; 6]);
    match world::address(target) {
        IpAddr::V4(target) => frame.extend(target.octets()),
        IpAddr::V6(_) => panic!("ARP asks for IPv4 addresses"),
    }
    frame
}

/// What answers [`arp_request`]: `target` is at `own`.
pub(crate) fn arp_answer(own: Mac, target: &str) -> Vec<u8> {
    let asked = arp(world::HOST, REPLY, target);
    let ends = [&own[..], &asked[38..42], &asked[22..32]].concat();
    [&asked[..6], &own, &asked[12..22], &ends].concat()
}

/// The advertisement of a router that `target` is at `own`, to whoever asked or, if
/// that is nobody, to all.
pub(crate) fn advertisement(asker: &str, own: Mac, target: &str) -> Packet {
    let (to, destination, flags) = match asker {
        "::" => ([0x33, 0x33, 0, 0, 0, 1], "ff02::1", 0xa0),
        asker => (world::HOST, asker, 0xe0),
    };
    let mut message = vec![136, 0, 0, 0, flags, 0, 0, 0];
    match world::address(target) {
        IpAddr::V6(target) => message.extend(target.octets()),
        IpAddr::V4(_) => panic!("neighbour discovery is IPv6's"),
    }
    message.extend([2, 1]);
    message.extend(own);
    let packet = with_checksum(target, destination, ICMPV6, message, 2);
    packet.hops(255).to(to).from(own)
}

/// A solicitation for `target`, multicast as the first one always is.
pub(crate) fn solicitation(source: &str, target: &str) -> Packet {
    let IpAddr::V6(address) = world::address(target) else {
        panic!("neighbour discovery is IPv6's");
    };
    let [.., a, b, c] = address.octets();
    let group = format!("ff02::1:ff{a:02x}:{b:02x}{c:02x}");
    unicast_solicitation(source, &group, target).to([0x33, 0x33, 0xff, a, b, c])
}

/// A solicitation for `target` sent to `destination`, as one does to confirm a
/// neighbour one knows.
pub(crate) fn unicast_solicitation(source: &str, destination: &str, target: &str) -> Packet {
    let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
    match world::address(target) {
        IpAddr::V6(target) => message.extend(target.octets()),
        IpAddr::V4(_) => panic!("neighbour discovery is IPv6's"),
    }
    message.extend([1, 1]);
    message.extend(world::HOST);
    with_checksum(source, destination, ICMPV6, message, 2).hops(255)
}
