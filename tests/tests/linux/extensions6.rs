//! IPv6: extension headers, right and wrong.

use std::net::Ipv6Addr;

use super::{
    comparison::{Agreement::Same, Case},
    packet::{AH, DESTINATION, ESP, FRAGMENT, HOP_BY_HOP, NO_NEXT, ROUTING, v6},
    reasons,
};

pub(crate) fn all() -> Vec<Case> {
    [hop_by_hop(), extensions()].concat()
}

fn with_hop_by_hop(options: &[u8]) -> Vec<u8> {
    let rest = [&[0], options].concat();
    v6(|p| p.extensions = vec![(HOP_BY_HOP, rest)])
}

fn hop_by_hop() -> Vec<Case> {
    vec![
        Same.of("hop-by-hop padding", with_hop_by_hop(&[1, 4, 0, 0, 0, 0])),
        Same.of(
            "hop-by-hop router alert",
            with_hop_by_hop(&[5, 2, 0, 0, 1, 0]),
        ),
        Same.of("an unknown hop-by-hop option to be skipped", {
            with_hop_by_hop(&[0x1e, 4, 0, 0, 0, 0])
        }),
        reasons::HOP_BY_HOP.of(
            "an unknown hop-by-hop option that wants the packet dropped",
            with_hop_by_hop(&[0x5e, 4, 0, 0, 0, 0]),
        ),
        reasons::HOP_BY_HOP.of_each("an unknown hop-by-hop option that wants an error", {
            [0x9e, 0xde].map(|kind| with_hop_by_hop(&[kind, 4, 0, 0, 0, 0]))
        }),
        reasons::HOP_BY_HOP.of("a hop-by-hop option longer than its header", {
            with_hop_by_hop(&[0x1e, 40, 0, 0, 0, 0])
        }),
        reasons::HOP_BY_HOP.of(
            "hop-by-hop padding that is not zero",
            with_hop_by_hop(&[1, 4, 0, 7, 0, 0]),
        ),
        reasons::HOP_BY_HOP.of("a hop-by-hop header longer than the packet", {
            let rest = vec![200, 1, 4, 0, 0, 0, 0];
            v6(|p| p.extensions = vec![(HOP_BY_HOP, rest)])
        }),
        reasons::HOP_BY_HOP.of("a jumbo payload option in a packet that is none", {
            with_hop_by_hop(&[0xc2, 4, 0, 0, 0, 48])
        }),
        Same.of("a jumbogram shorter than it says", {
            let rest = vec![0, 0xc2, 4, 0, 1, 0, 0];
            v6(|p| {
                p.length = Some(0);
                p.extensions = vec![(HOP_BY_HOP, rest)];
            })
        }),
        Same.of("a hop-by-hop header that is not the first", {
            let padding = vec![0, 1, 4, 0, 0, 0, 0];
            let extensions = vec![(DESTINATION, padding.clone()), (HOP_BY_HOP, padding)];
            v6(|p| p.extensions = extensions)
        }),
    ]
}

fn extensions() -> Vec<Case> {
    let with = |kind, rest: &[u8]| v6(|p| p.extensions = vec![(kind, rest.to_vec())]);
    let routing = |kind, left| {
        let address = Ipv6Addr::new(0xfd00, 2, 0, 0, 0, 0, 0, 3).octets();
        with(
            ROUTING,
            &[&[2, kind, left, 0, 0, 0, 0][..], &address].concat(),
        )
    };
    let fragment = |offset_and_more: u16| {
        let [high, low] = offset_and_more.to_be_bytes();
        with(FRAGMENT, &[0, high, low, 0, 0, 0, 9])
    };
    vec![
        Same.of(
            "destination options",
            with(DESTINATION, &[0, 1, 4, 0, 0, 0, 0]),
        ),
        Same.of("an unknown destination option that wants an error", {
            with(DESTINATION, &[0, 0x9e, 4, 0, 0, 0, 0])
        }),
        reasons::ROUTING_HEADER.of("routing header type 0 with segments left", routing(0, 1)),
        Same.of("routing header type 0 without segments left", routing(0, 0)),
        Same.of_each("routing header type 2", [0, 1].map(|left| routing(2, left))),
        Same.of_each("routing header type 3", [0, 1].map(|left| routing(3, left))),
        Same.of_each(
            "segment routing, type 4",
            [0, 1].map(|left| routing(4, left)),
        ),
        Same.of("an unknown routing header", routing(253, 1)),
        Same.of("the first IPv6 fragment", fragment(1)),
        Same.of("a middle IPv6 fragment", fragment(185 << 3 | 1)),
        Same.of("the last IPv6 fragment", fragment(185 << 3)),
        Same.of("an atomic fragment", fragment(0)),
        Same.of(
            "an IPv6 fragment that would end beyond 65535",
            fragment(0xfff8),
        ),
        Same.of("no next header", v6(|p| p.next = NO_NEXT)),
        Same.of(
            "an AH header",
            with(
                AH,
                &[
                    4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                ],
            ),
        ),
        Same.of("ESP over IPv6", v6(|p| p.next = ESP)),
        reasons::ENDLESS.of("ten extension headers", {
            let padding = vec![0, 1, 4, 0, 0, 0, 0];
            v6(|p| p.extensions = vec![(DESTINATION, padding); 10])
        }),
        Same.of("an extension header longer than the packet", {
            with(DESTINATION, &[200, 1, 4, 0, 0, 0, 0])
        }),
        Same.of("an extension header cut off", {
            v6(|p| {
                p.next = DESTINATION;
                p.payload = vec![17, 0, 1];
            })
        }),
    ]
}
