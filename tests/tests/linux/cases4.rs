//! IPv4: headers, lengths and fragments.

use super::{
    comparison::{Agreement::Same, Case},
    packet::{DONT_FRAGMENT, ETHERNET, MORE_FRAGMENTS, TCP, V4, data, v4},
    reasons::{CHECKSUM, PADDING},
};

pub(crate) fn all() -> Vec<Case> {
    [header(), checksums(), lengths(), fragments()].concat()
}

fn header() -> Vec<Case> {
    let with_ttl = |ttl| v4(|p| p.ttl = ttl);
    let with_class = |class| v4(|p| p.class = class);
    vec![
        Same.of_each("a TTL that lasts", [2, 3, 64, 128, 255].map(with_ttl)),
        Same.of_each("a spent TTL", [1, 0].map(with_ttl)),
        Same.of_each("every DSCP and ECN", (0..=255).map(with_class)),
        Same.of_each(
            "IP version 5 or 6 in an IPv4 frame",
            [5, 6, 0, 15].map(|version| v4(|p| p.version = version)),
        ),
        Same.of("the reserved flag", v4(|p| p.fragment = 0x8000)),
    ]
}

fn checksums() -> Vec<Case> {
    let with_checksum = |sum| V4::default().with_checksum(sum).frame();
    vec![
        // Around where an update of the checksum carries over (RFC 1624).
        Same.of_each(
            "a header checksum near a carry",
            [
                0x0000, 0x0001, 0x00ff, 0x0100, 0xfdff, 0xfeff, 0xff00, 0xff01, 0xfffe,
            ]
            .map(with_checksum),
        ),
        Same.of(
            "header checksum 0xffff where 0x0000 is right",
            V4 {
                checksum: Some(0xffff),
                ..V4::default().with_checksum(0)
            }
            .frame(),
        ),
        CHECKSUM.of_each(
            "a wrong header checksum",
            [0x0000, 0xbeef, 0xfffe].map(|wrong| v4(|p| p.checksum = Some(wrong))),
        ),
    ]
}

fn lengths() -> Vec<Case> {
    let with_header = |words| {
        v4(|p| {
            p.header = Some(words);
            p.payload = vec![1; 60];
        })
    };
    let with_length = |length| v4(|p| p.length = Some(length));
    let whole = V4::default().packet().len() as u16;
    vec![
        Same.of_each("a header of four words or fewer", (0..5).map(with_header)),
        Same.of_each(
            "a header of 5 to 15 words, of NOPs",
            (5..=15).map(with_header),
        ),
        Same.of("a header longer than the packet", {
            v4(|p| {
                p.header = Some(15);
                p.payload = vec![1; 20];
            })
        }),
        Same.of_each(
            "a length less than the header's",
            [0, 1, 19].map(with_length),
        ),
        Same.of_each(
            "a length beyond the frame's end",
            [whole + 1, 1500, u16::MAX].map(with_length),
        ),
        Same.of("no payload", v4(|p| p.payload = Vec::new())),
        PADDING.of(
            "a frame padded to Ethernet's minimum",
            padded(40 - 20, 60 - 54),
        ),
        Same.of("a trailer", padded(40 - 20, 26)),
        Same.of("a trailer beyond the egress MTU", padded(80, 1302)),
        Same.of_each(
            "a frame that ends within the IP header",
            [0, 1, 10, 19].map(|bytes| v4(|_| ())[..ETHERNET + bytes].to_vec()),
        ),
    ]
}

/// A packet with so many bytes of payload, and so many after it.
fn padded(payload: usize, trailer: usize) -> Vec<u8> {
    [v4(|p| p.payload = data(payload)), vec![0xaa; trailer]].concat()
}

fn fragments() -> Vec<Case> {
    let with = |fragment| v4(|p| p.fragment = fragment);
    vec![
        Same.of("the first fragment", with(MORE_FRAGMENTS)),
        Same.of("a middle fragment", with(MORE_FRAGMENTS | 185)),
        Same.of("the last fragment", with(185)),
        Same.of(
            "a fragment with DF",
            with(DONT_FRAGMENT | MORE_FRAGMENTS | 185),
        ),
        Same.of("a fragment that would end beyond 65535", with(0x1fff)),
        Same.of("a first fragment without a whole transport header", {
            v4(|p| {
                p.fragment = MORE_FRAGMENTS;
                p.protocol = TCP;
                p.payload = data(8);
            })
        }),
        Same.of("a whole packet with DF", with(DONT_FRAGMENT)),
    ]
}
