//! IPv6: what is too old or too large, and the errors about it.

use super::{
    comparison::{Agreement::Same, Case},
    packet::{DESTINATION, FRAGMENT, ICMPV6, NO_NEXT, V6, data, datagram, icmp6, to_router, v6},
    reasons::{LATER_FRAGMENTS, NO_ERRORS_ABOUT_REDIRECTS},
    router::MTU,
};

pub(crate) fn all() -> Vec<Case> {
    [errors(), sizes()].concat()
}

/// A frame with a packet in its last hop.
fn spent(change: impl FnOnce(&mut V6)) -> Vec<u8> {
    v6(|p| {
        p.hops = 1;
        change(p);
    })
}

/// What errors are answered about, and how much they quote (RFC 4443 section 2.4).
fn errors() -> Vec<Case> {
    let icmp = |kind| {
        spent(|p| {
            p.next = ICMPV6;
            p.payload = icmp6(kind);
        })
    };
    vec![
        Same.of("a spent hop limit in a packet without payload", {
            spent(|p| {
                p.next = NO_NEXT;
                p.payload = Vec::new();
            })
        }),
        Same.of_each("a spent hop limit in a packet longer than the quote", {
            [1184, 1185, 1300].map(|size| spent(|p| p.payload = datagram(size)))
        }),
        Same.of("a spent hop limit in an echo request", icmp(128)),
        Same.of_each("a spent hop limit in an ICMPv6 error", {
            [1, 2, 3, 4].map(icmp)
        }),
        Same.of(
            "a spent hop limit in an ICMPv6 error of unknown type",
            icmp(100),
        ),
        Same.of(
            "a spent hop limit in an ICMPv6 message of unknown type",
            icmp(200),
        ),
        NO_ERRORS_ABOUT_REDIRECTS.of("a spent hop limit in an ICMPv6 redirect", icmp(137)),
        Same.of(
            "a spent hop limit in an ICMPv6 error behind an extension header",
            {
                let extensions = vec![(DESTINATION, vec![0, 1, 4, 0, 0, 0, 0])];
                let payload = vec![1, 0, 0, 0, 0, 0, 0, 0];
                spent(|p| {
                    p.next = ICMPV6;
                    p.extensions = extensions;
                    p.payload = payload;
                })
            },
        ),
        LATER_FRAGMENTS.of("a spent hop limit in a later fragment", {
            let extensions = vec![(FRAGMENT, vec![0, 5, 0xc8, 0, 0, 0, 9])];
            spent(|p| p.extensions = extensions)
        }),
        Same.of(
            "a spent hop limit to a broadcast MAC",
            V6 {
                hops: 1,
                ..V6::default()
            }
            .frame_to([0xff; 6]),
        ),
        Same.of(
            "a spent hop limit to the router itself",
            to_router("fd00:1::1", 1),
        ),
    ]
}

fn sizes() -> Vec<Case> {
    let sized = |length: u16| v6(|p| p.payload = datagram(length - 48));
    vec![
        Same.of("IPv6 as long as the MTU", sized(MTU)),
        Same.of_each("IPv6 over the MTU", [MTU + 1, 1500].map(sized)),
        Same.of("an IPv6 fragment over the MTU", {
            let extensions = vec![(FRAGMENT, vec![0, 0, 1, 0, 0, 0, 9])];
            v6(|p| {
                p.extensions = extensions;
                p.payload = datagram(1400);
            })
        }),
        Same.of("a spent hop limit and over the MTU", {
            v6(|p| {
                p.hops = 1;
                p.payload = datagram(1400);
            })
        }),
        Same.of("an ICMPv6 error over the MTU", {
            let payload = [vec![1, 0, 0, 0, 0, 0, 0, 0], data(1400)].concat();
            v6(|p| {
                p.next = ICMPV6;
                p.payload = payload;
            })
        }),
    ]
}
