//! IPv6: who sends to whom, and what.

use super::{
    comparison::{Agreement::Same, Case},
    packet::{ICMPV6, TCP, UDP, V6, data, icmp6, to_router, v6},
    reasons::{
        ANYCAST, FROM_LINK_LOCAL, NO_REDIRECTS, ON_LINK, SOURCES, STRONG_HOST, TO_LINK_LOCAL,
        TO_MARTIAN6,
    },
};

pub(crate) fn all() -> Vec<Case> {
    [addresses(), macs(), protocols()].concat()
}

fn addresses() -> Vec<Case> {
    let from = |source| v6(|p| p.source = source);
    let to = |destination| v6(|p| p.destination = destination);
    let between = |source, destination| {
        v6(|p| {
            p.source = source;
            p.destination = destination;
        })
    };
    vec![
        SOURCES.of(
            "from and to green's IPv6 address",
            between("fd00:2::2", "fd00:2::2"),
        ),
        NO_REDIRECTS.of(
            "from and to blue's IPv6 address",
            between("fd00:1::2", "fd00:1::2"),
        ),
        Same.of("from ::", from("::")),
        Same.of("from ::1", from("::1")),
        SOURCES.of("from an IPv4-mapped address", from("::ffff:10.1.0.2")),
        SOURCES.of("from an IPv4-compatible address", from("::10.1.0.2")),
        FROM_LINK_LOCAL.of("from a link-local address", from("fe80::2")),
        Same.of("from IPv6 multicast", from("ff0e::1")),
        SOURCES.of("from green's IPv6 network", from("fd00:2::3")),
        SOURCES.of("from nobody's IPv6 address", from("2001:db8::1")),
        SOURCES.of(
            "from the router's IPv6 address on the same link",
            from("fd00:1::1"),
        ),
        TO_MARTIAN6.of("to ::", to("::")),
        Same.of("to ::1", to("::1")),
        TO_MARTIAN6.of("to an IPv4-mapped address", to("::ffff:10.2.0.2")),
        TO_MARTIAN6.of("to an IPv4-compatible address", to("::10.2.0.2")),
        TO_LINK_LOCAL.of("to a link-local address of blue's link", to("fe80::2")),
        Same.of("to IPv6 multicast on the link", to("ff02::1")),
        Same.of("to IPv6 multicast of any scope", to("ff0e::1")),
        Same.of("to nobody's IPv6 address", to("2001:db8::1")),
        ON_LINK.of(
            "to a peer's IPv6 prefix that no port of the router is in",
            to("fd00:2:0:7::2"),
        ),
        ANYCAST.of("to green's subnet-router anycast address", to("fd00:2::")),
        Same.of(
            "to the router's IPv6 address on the same link",
            to_router("fd00:1::1", 64),
        ),
        STRONG_HOST.of(
            "to the router's IPv6 address on green's link",
            to_router("fd00:2::1", 64),
        ),
    ]
}

fn macs() -> Vec<Case> {
    let packet = V6::default();
    let multicast = V6 {
        destination: "ff0e::1",
        ..V6::default()
    };
    vec![
        Same.of(
            "a unicast IPv6 packet to a broadcast MAC",
            packet.frame_to([0xff; 6]),
        ),
        Same.of("a unicast IPv6 packet to a multicast MAC", {
            packet.frame_to([0x33, 0x33, 0, 0, 0, 1])
        }),
        Same.of("a multicast IPv6 packet to its MAC", {
            multicast.frame_to([0x33, 0x33, 0, 0, 0, 1])
        }),
        Same.of(
            "an IPv6 packet to somebody else's MAC",
            packet.frame_to([2, 0, 0, 0, 9, 9]),
        ),
    ]
}

fn protocols() -> Vec<Case> {
    let of = |name, next| {
        Same.of(
            name,
            v6(|p| {
                p.next = next;
                p.payload = data(40);
            }),
        )
    };
    vec![
        of("TCP over IPv6", TCP),
        of("UDP over IPv6", UDP),
        of("GRE over IPv6", 47),
        of("SCTP over IPv6", 132),
        of("IPv4 in IPv6", 4),
        of("unknown next header 253", 253),
        Same.of(
            "an ICMPv6 echo request",
            v6(|p| {
                p.next = ICMPV6;
                p.payload = icmp6(128);
            }),
        ),
        Same.of(
            "a neighbour solicitation to be forwarded",
            v6(|p| {
                p.next = ICMPV6;
                p.hops = 255;
                p.payload = icmp6(135);
            }),
        ),
    ]
}
