//! Packets that are sent on, and who finds the way.

use crate::datapath::{
    case::{Case, case, check},
    packet::Packet,
    places::{FAMILIES, Places},
    world::{BLUE, BLUE_B, BLUE_TO_GREEN, GREEN, GREEN_TO_BLUE, GREY, HOST, INSIDE, next_hop},
};

pub(crate) fn cases() -> Vec<Case> {
    let each = |at: &Places| [resolved(at), left_to_tc(at), inside(at), no_device(at)].concat();
    FAMILIES.iter().flat_map(each).collect()
}

/// Both hooks write the same and send it.
fn resolved(at: &Places) -> Vec<Case> {
    let family = at.family;
    let host = next_hop(9);
    let carrying = [
        (
            "UDP",
            Packet::udp(at.host, at.known, b"to a known neighbour"),
        ),
        (
            "TCP",
            Packet::tcp(at.host, at.known, &[2, 4, 5, 0xb4], b"GET /"),
        ),
        ("an echo request", Packet::ping(at.host, at.known)),
        (
            "an unknown protocol",
            Packet::new(at.host, at.known, 253, vec![1, 2, 3]),
        ),
        ("nothing at all", Packet::new(at.host, at.known, 59, vec![])),
    ];
    let mut cases: Vec<Case> = carrying
        .into_iter()
        .map(|(what, packet)| {
            case(
                format!("{family} with {what} to a known neighbour"),
                &BLUE,
                &packet,
            )
            .sent(BLUE_TO_GREEN, &packet.sent(&GREEN, host))
        })
        .collect();
    let behind = Packet::udp(at.host, at.behind, b"far");
    cases.push(
        case(format!("{family} through a known gateway"), &BLUE, &behind)
            .sent(BLUE_TO_GREEN, &behind.sent(&GREEN, next_hop(2))),
    );
    let back = Packet::udp(at.known, at.host, b"answer").to(GREEN.mac);
    cases.push(
        case(
            format!("{family} the other way counts for the other side"),
            &GREEN,
            &back,
        )
        .sent(GREEN_TO_BLUE, &back.sent(&BLUE, HOST)),
    );
    // Ethernet frames have 60 bytes at least; IP knows how many are its own: 28 of
    // IPv4's here.
    let short = Packet::udp(at.host, at.known, b"");
    let short = short.clone().padded(60.max(short.bytes().len() + 4));
    cases.push(
        case(
            format!("{family} padded: bytes are the packet's, not the frame's"),
            &BLUE,
            &short,
        )
        .sent(BLUE_TO_GREEN, &short.sent(&GREEN, host)),
    );
    cases
}

/// XDP passes what only the kernel can finish, and tc does that.
fn left_to_tc(at: &Places) -> Vec<Case> {
    let family = at.family;
    let to = |destination| Packet::udp(at.host, destination, b"slow path");
    let resolved = to(at.without_xdp);
    let mut cases = vec![
        case(
            format!("{family} to a device that takes no XDP frames"),
            &BLUE,
            &resolved,
        )
        .sent_by_tc(BLUE_TO_GREEN, &resolved.sent(&GREEN, next_hop(10))),
    ];
    for (what, destination) in [
        ("an unknown neighbour", at.unresolved),
        ("a neighbour that was known once", at.stale),
        ("an unknown gateway", at.behind_unresolved),
    ] {
        let packet = to(destination);
        cases.push(
            case(
                format!("{family} to {what}: the kernel writes the MACs"),
                &BLUE,
                &packet,
            )
            .sent_by_tc(BLUE_TO_GREEN, &packet.aged()),
        );
    }
    cases
}

/// Between hosts of one network, counted for no peering.
fn inside(at: &Places) -> Vec<Case> {
    let family = at.family;
    let near = Packet::udp(at.host, at.sibling, b"next door");
    let across = Packet::udp(at.host, at.unexported, b"other port");
    let back = Packet::udp(at.unexported, at.sibling, b"and back").to(BLUE_B.mac);
    let grey = Packet::udp(at.host, at.sibling, b"not blue's").to(GREY.mac);
    vec![
        case(
            format!("{family} inside a network, out of the same port"),
            &BLUE,
            &near,
        )
        .sent(INSIDE, &near.sent(&BLUE, next_hop(1))),
        case(
            format!("{family} inside a network, to its other port"),
            &BLUE,
            &across,
        )
        .sent_by_tc(INSIDE, &across.aged()),
        case(
            format!("{family} inside a network, from its other port"),
            &BLUE_B,
            &back,
        )
        .sent(INSIDE, &back.sent(&BLUE, next_hop(1))),
        case(
            format!("{family} inside a network that has blue's addresses"),
            &GREY,
            &grey,
        )
        .sent_by_tc(INSIDE, &grey.aged()),
    ]
}

/// tc does not use slots, so only XDP can fail here.
fn no_device(at: &Places) -> Vec<Case> {
    let family = at.family;
    let slots = [
        ("an empty slot", at.no_device, 4),
        ("a slot beyond the last", at.no_slot, 5),
    ];
    let each = |(what, destination, host)| {
        let packet = Packet::udp(at.host, destination, b"gone");
        case(format!("{family} to {what}"), &BLUE, &packet)
            .finds_no_device(BLUE_TO_GREEN, &packet.sent(&GREEN, next_hop(host)))
    };
    slots.into_iter().map(each).collect()
}

#[test]
fn a_packet_to_a_known_next_hop_leaves_both_hooks_rewritten_and_counted() {
    check(&FAMILIES.map(|at| resolved(&at)).concat());
}

#[test]
fn what_xdp_cannot_finish_it_passes_up_untouched_and_tc_sends_it() {
    check(&FAMILIES.map(|at| left_to_tc(&at)).concat());
}

#[test]
fn traffic_inside_a_network_is_forwarded_and_counted_for_no_peering() {
    check(&FAMILIES.map(|at| inside(&at)).concat());
}

#[test]
fn a_slot_without_a_device_is_a_counted_drop() {
    check(&FAMILIES.map(|at| no_device(&at)).concat());
}
