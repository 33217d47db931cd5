//! TTL, hop limit and MTU.

use peer_common::DropReason::{TooBig, TtlExceeded};

use crate::datapath::{
    case::{Case, case, check},
    packet::Packet,
    places::{FAMILIES, NARROW, Places, V4},
    world::{BLUE, BLUE_TO_GREEN, GREEN, INSIDE, next_hop},
};

pub(crate) fn cases() -> Vec<Case> {
    let each = |at: &Places| [hops(at), mtu(at)].concat();
    FAMILIES.iter().flat_map(each).collect()
}

fn hops(at: &Places) -> Vec<Case> {
    let with = |hops| Packet::udp(at.host, at.known, b"aging").hops(hops);
    let mut cases: Vec<Case> = (0..=255)
        .map(|hops| {
            let case = case(
                format!("{} with {hops} hops to live", at.family),
                &BLUE,
                &with(hops),
            );
            match hops {
                0 | 1 => case.dropped_for(BLUE_TO_GREEN, TtlExceeded),
                _ => case.sent(BLUE_TO_GREEN, &with(hops).sent(&GREEN, next_hop(9))),
            }
        })
        .collect();
    let sibling = Packet::udp(at.host, at.sibling, b"near").hops(1);
    let unresolved = Packet::udp(at.host, at.unresolved, b"slow").hops(1);
    let own = Packet::ping(at.host, at.own).hops(1);
    cases.extend([
        case(
            format!("{} spent inside a network", at.family),
            &BLUE,
            &sibling,
        )
        .dropped_for(INSIDE, TtlExceeded),
        case(
            format!("{} spent on the way to an unknown neighbour", at.family),
            &BLUE,
            &unresolved,
        )
        .dropped_for(BLUE_TO_GREEN, TtlExceeded),
        case(
            format!("{} with one hop left to the router itself", at.family),
            &BLUE,
            &own,
        )
        .goes_up(),
    ]);
    cases
}

fn mtu(at: &Places) -> Vec<Case> {
    let family = at.family;
    let narrow = |length| Packet::udp(at.host, at.narrow, b"").ip_length(length);
    let wide = |length| Packet::udp(at.host, at.known, b"").ip_length(length);
    let mut cases = vec![
        case(
            format!("{family} of exactly the MTU"),
            &BLUE,
            &narrow(NARROW),
        )
        .sent(BLUE_TO_GREEN, &narrow(NARROW).sent(&GREEN, next_hop(3))),
        case(
            format!("{family} of one byte more"),
            &BLUE,
            &narrow(NARROW + 1),
        )
        .dropped_for(BLUE_TO_GREEN, TooBig),
        case(
            format!("{family} of exactly 1500 bytes"),
            &BLUE,
            &wide(1500),
        )
        .sent(BLUE_TO_GREEN, &wide(1500).sent(&GREEN, next_hop(9))),
        case(format!("{family} of 1501 bytes"), &BLUE, &wide(1501))
            .dropped_for(BLUE_TO_GREEN, TooBig),
        // Which of two reasons it is should not depend on the hook.
        case(
            format!("{family} too big and spent"),
            &BLUE,
            &narrow(NARROW + 1).hops(1),
        )
        .dropped_for(BLUE_TO_GREEN, TtlExceeded),
    ];
    let padded = narrow(NARROW).padded(14 + NARROW as usize + 20);
    cases.push(
        case(
            format!("{family} of the MTU in a padded frame"),
            &BLUE,
            &padded,
        )
        .sent(BLUE_TO_GREEN, &padded.sent(&GREEN, next_hop(3))),
    );
    if family == V4.family {
        let whole = narrow(NARROW + 1).fragment(0x4000);
        cases.push(
            case("IPv4 too big that must not be fragmented", &BLUE, &whole)
                .dropped_for(BLUE_TO_GREEN, TooBig),
        );
    }
    cases
}

#[test]
fn a_packet_with_no_hops_left_is_dropped_and_every_other_has_one_less() {
    check(&FAMILIES.map(|at| hops(&at)).concat());
}

#[test]
fn a_packet_over_the_egress_mtu_is_dropped_and_one_of_its_size_is_not() {
    check(&FAMILIES.map(|at| mtu(&at)).concat());
}
