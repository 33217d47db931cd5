//! IPv4: what is too old or too large, and the errors about it.

use super::{
    comparison::{Agreement::Same, Case},
    packet::{DONT_FRAGMENT, ICMP, MORE_FRAGMENTS, TCP, V4, data, datagram, to_router, v4},
    reasons::{NO_FRAGMENTATION, UNKNOWN},
    router::MTU,
};

pub(crate) fn all() -> Vec<Case> {
    [errors(), sizes()].concat()
}

/// A frame with a packet in its last hop.
fn spent(change: impl FnOnce(&mut V4)) -> Vec<u8> {
    v4(|p| {
        p.ttl = 1;
        change(p);
    })
}

/// What errors are answered about, and how much they quote (RFC 1812 section 4.3.2).
fn errors() -> Vec<Case> {
    let icmp = |kind, code| {
        let payload = [vec![kind, code, 0, 0, 0, 0, 0, 0], V4::default().packet()].concat();
        spent(|p| {
            p.protocol = ICMP;
            p.payload = payload;
        })
    };
    vec![
        Same.of("a spent TTL in a packet without payload", {
            spent(|p| p.payload = Vec::new())
        }),
        Same.of_each("a spent TTL in a packet longer than the quote", {
            [520, 521, 540, 1300].map(|size| spent(|p| p.payload = datagram(size)))
        }),
        Same.of("a spent TTL in TCP", {
            spent(|p| {
                p.protocol = TCP;
                p.payload = data(60);
            })
        }),
        Same.of("a spent TTL in an echo request", icmp(8, 0)),
        Same.of_each(
            "a spent TTL in an ICMP error",
            [icmp(3, 3), icmp(11, 0), icmp(12, 0)],
        ),
        UNKNOWN.of(
            "a spent TTL in an ICMP message of unknown type",
            icmp(200, 0),
        ),
        Same.of("a spent TTL in a first fragment", {
            spent(|p| p.fragment = MORE_FRAGMENTS)
        }),
        Same.of(
            "a spent TTL in a later fragment",
            spent(|p| p.fragment = 185),
        ),
        Same.of("a spent TTL in a packet with NOPs", {
            spent(|p| p.options = vec![1; 8])
        }),
        Same.of("a spent TTL in a padded frame", {
            [spent(|p| p.payload = data(4)), vec![0xaa; 22]].concat()
        }),
        Same.of(
            "a spent TTL to a broadcast MAC",
            V4 {
                ttl: 1,
                ..V4::default()
            }
            .frame_to([0xff; 6]),
        ),
        Same.of("a spent TTL to the router itself", to_router("10.1.0.1", 1)),
        Same.of("a spent TTL in a packet with a high class", {
            spent(|p| p.class = 0xb8)
        }),
    ]
}

fn sizes() -> Vec<Case> {
    let sized = |length: u16, fragment| {
        let payload = datagram(length - 28);
        v4(|p| {
            p.fragment = fragment;
            p.payload = payload;
        })
    };
    let sizes = [MTU + 1, 1500];
    vec![
        Same.of("as long as the MTU", sized(MTU, 0)),
        Same.of("as long as the MTU, with DF", sized(MTU, DONT_FRAGMENT)),
        Same.of_each(
            "over the MTU, with DF",
            sizes.map(|size| sized(size, DONT_FRAGMENT)),
        ),
        NO_FRAGMENTATION.of_each("over the MTU, without DF", sizes.map(|size| sized(size, 0))),
        Same.of("a fragment over the MTU, with DF", {
            sized(1500, DONT_FRAGMENT | MORE_FRAGMENTS)
        }),
        Same.of(
            "a later fragment over the MTU, with DF",
            sized(1500, DONT_FRAGMENT | 185),
        ),
        Same.of("a spent TTL and over the MTU, with DF", {
            v4(|p| {
                p.ttl = 1;
                p.fragment = DONT_FRAGMENT;
                p.payload = datagram(1472);
            })
        }),
        Same.of("an ICMP error over the MTU, with DF", {
            let payload = [vec![3, 3, 0, 0, 0, 0, 0, 0], data(1472)].concat();
            v4(|p| {
                p.protocol = ICMP;
                p.fragment = DONT_FRAGMENT;
                p.payload = payload;
            })
        }),
        Same.of("options and over the MTU, with DF", {
            let options = vec![1; 8];
            v4(|p| {
                p.options = options;
                p.fragment = DONT_FRAGMENT;
                p.payload = datagram(1400);
            })
        }),
    ]
}
