//! IPv4: who sends to whom, and what.

use super::{
    comparison::{Agreement::Same, Case},
    packet::{BLUE4, ETHERNET, GREEN4, ICMP, TCP, UDP, V4, data, to_router, v4},
    reasons::{NO_REDIRECTS, ON_LINK, STRONG_HOST, TO_MARTIAN, UNMANAGED},
};

pub(crate) fn all() -> Vec<Case> {
    [addresses(), macs(), protocols()].concat()
}

fn addresses() -> Vec<Case> {
    let from = |source| v4(|p| p.source = source);
    let to = |destination| v4(|p| p.destination = destination);
    let between = |source, destination| {
        v4(|p| {
            p.source = source;
            p.destination = destination;
        })
    };
    vec![
        Same.of("from and to green's address", between(GREEN4, GREEN4)),
        Same.of("from 0.0.0.0", from([0, 0, 0, 0])),
        Same.of("from 0.0.0.1", from([0, 0, 0, 1])),
        Same.of("from loopback", from([127, 0, 0, 1])),
        Same.of("from multicast", from([224, 0, 0, 1])),
        Same.of("from class E", from([240, 0, 0, 1])),
        Same.of("from 255.255.255.255", from([255; 4])),
        Same.of("from 169.254.0.0/16", from([169, 254, 1, 1])),
        Same.of("from green's network", from([10, 2, 0, 3])),
        Same.of("from nobody's address", from([192, 0, 2, 1])),
        Same.of(
            "from the router's address on the same link",
            from([10, 1, 0, 1]),
        ),
        Same.of(
            "from the router's address on green's link",
            from([10, 2, 0, 1]),
        ),
        Same.of("from blue's broadcast address", from([10, 1, 0, 255])),
        Same.of("to 0.0.0.0", to([0, 0, 0, 0])),
        Same.of("to loopback", to([127, 0, 0, 1])),
        Same.of("to local multicast", to([224, 0, 0, 1])),
        Same.of("to routable multicast", to([239, 1, 2, 3])),
        TO_MARTIAN.of("to class E", to([240, 0, 0, 1])),
        Same.of("to 255.255.255.255", to([255; 4])),
        TO_MARTIAN.of("to 169.254.0.0/16", to([169, 254, 1, 1])),
        Same.of("to green's directed broadcast", to([10, 2, 0, 255])),
        Same.of("to blue's own directed broadcast", to([10, 1, 0, 255])),
        UNMANAGED.of("to nobody's address", to([192, 0, 2, 1])),
        ON_LINK.of(
            "to a peer's prefix that no port of the router is in",
            to([10, 2, 77, 2]),
        ),
        Same.of("to the router on the same link", to_router("10.1.0.1", 64)),
        STRONG_HOST.of("to the router on green's link", to_router("10.2.0.1", 64)),
        // Last, since Linux answers no "no route" after a redirect (`ip_rt_send_redirect`
        // takes the tokens of `ip_error`).
        NO_REDIRECTS.of("from and to blue's address", between(BLUE4, BLUE4)),
    ]
}

fn macs() -> Vec<Case> {
    let packet = V4::default();
    let multicast = V4 {
        destination: [239, 1, 2, 3],
        ..V4::default()
    };
    vec![
        Same.of(
            "a unicast packet to a broadcast MAC",
            packet.frame_to([0xff; 6]),
        ),
        Same.of(
            "a unicast packet to a multicast MAC",
            packet.frame_to([1, 0, 0x5e, 0, 0, 1]),
        ),
        Same.of(
            "a multicast packet to its MAC",
            multicast.frame_to([1, 0, 0x5e, 1, 2, 3]),
        ),
        Same.of("a priority tag", tagged(0xe000)),
        Same.of("the tag of a VLAN the router is not in", tagged(5)),
        Same.of_each(
            "another EtherType",
            [0x88b5, 0x0600, 46].map(|kind| {
                let mut frame = packet.frame();
                frame[12..ETHERNET].copy_from_slice(&u16::to_be_bytes(kind));
                frame
            }),
        ),
        Same.of("somebody else's MAC", packet.frame_to([2, 0, 0, 0, 9, 9])),
    ]
}

/// An ordinary packet with an 802.1Q tag.
fn tagged(tag: u16) -> Vec<u8> {
    let mut frame = v4(|_| ());
    frame.splice(12..12, [[0x81, 0x00], tag.to_be_bytes()].concat());
    frame
}

fn protocols() -> Vec<Case> {
    let with = |protocol| {
        v4(|p| {
            p.protocol = protocol;
            p.payload = data(40);
        })
    };
    let of = |name, protocol| Same.of(name, with(protocol));
    vec![
        of("TCP", TCP),
        of("UDP", UDP),
        of("ICMP", ICMP),
        of("IGMP", 2),
        of("IP in IP", 4),
        of("GRE", 47),
        of("ESP", 50),
        of("AH", 51),
        of("SCTP", 132),
        of("protocol 253", 253),
        of("protocol 0", 0),
        of("protocol 255", 255),
        Same.of("UDP shorter than its header", {
            v4(|p| p.payload = data(3))
        }),
    ]
}
