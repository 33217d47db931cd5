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
