//! IPv6: headers and lengths.

use super::{
    comparison::{Agreement::Same, Case},
    packet::{ETHERNET, NO_NEXT, datagram, v6},
};

pub(crate) fn all() -> Vec<Case> {
    [header(), lengths()].concat()
}

fn header() -> Vec<Case> {
    let with_hops = |hops| v6(|p| p.hops = hops);
    let with_class = |class| v6(|p| p.class = class);
    let with_label = |label| v6(|p| p.label = label);
    vec![
        Same.of_each(
            "a hop limit that lasts",
            [2, 3, 64, 128, 255].map(with_hops),
        ),
        Same.of_each("a spent hop limit", [1, 0].map(with_hops)),
        Same.of_each("every traffic class", (0..=255).map(with_class)),
        Same.of_each("flow labels", [1, 0x8_0000, 0xf_ffff].map(with_label)),
        Same.of_each(
            "IP version 4 or 5 in an IPv6 frame",
            [4, 5, 0, 15].map(|version| v6(|p| p.version = version)),
        ),
    ]
}

fn lengths() -> Vec<Case> {
    let with_length = |length| v6(|p| p.length = Some(length));
    let whole = datagram(32).len() as u16;
    vec![
        Same.of("payload length 0 and no payload", {
            v6(|p| {
                p.next = NO_NEXT;
                p.payload = Vec::new();
            })
        }),
        Same.of("payload length 0 and a payload", with_length(0)),
        Same.of_each("a payload length short of the frame's end", {
            [8, whole - 1].map(with_length)
        }),
        Same.of_each("a payload length beyond the frame's end", {
            [whole + 1, 1500, u16::MAX].map(with_length)
        }),
        Same.of_each(
            "a frame that ends within the IPv6 header",
            [0, 1, 20, 39].map(|bytes| v6(|_| ())[..ETHERNET + bytes].to_vec()),
        ),
        Same.of("bytes beyond the egress MTU after the IPv6 packet", {
            [v6(|_| ()), vec![0xaa; 1322]].concat()
        }),
    ]
}
