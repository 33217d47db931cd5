//! Every TTL and hop limit there is.

use peer_common::DropReason::TtlExceeded;

use crate::datapath::{
    answer::Told,
    case::{Case, case, check},
    packet::Packet,
    places::{FAMILIES, V4},
    world::{BLUE, BLUE_TO_GREEN, GREEN, next_hop},
};

pub(crate) fn cases() -> Vec<Case> {
    let each = |at| (0..=255).map(move |hops| (at, hops));
    let all = FAMILIES.iter().flat_map(each);
    all.map(|(at, hops)| {
        let packet = Packet::udp(at.host, at.known, b"aging").hops(hops);
        let text = format!("{} with {hops} hops to live", at.family);
        let case = case(text, &BLUE, &packet);
        match hops {
            0 | 1 => case
                .dropped_for(BLUE_TO_GREEN, TtlExceeded)
                .and_told(&Told::spent(&BLUE, at.family == V4.family)),
            _ => case.sent(BLUE_TO_GREEN, &packet.sent(&GREEN, next_hop(9))),
        }
    })
    .collect()
}

#[test]
fn a_packet_with_no_hops_left_is_dropped_and_every_other_has_one_less() {
    check(&cases());
}
