//! One buffer, many packets, or many buffers, one packet: GSO and fragments.

use peer_common::DropReason::{Malformed, NotPeered, TooBig, TtlExceeded};

use crate::datapath::{
    case::{Case, case, check},
    packet::Packet,
    places::{FAMILIES, NARROW, Places},
    world::{BLUE, BLUE_TO_GREEN, GREEN, next_hop},
};

pub(crate) fn cases() -> Vec<Case> {
    let each = |at: &Places| [tcp(at), udp(at), limits(at), lengths(at), pieces(at)].concat();
    FAMILIES.iter().flat_map(each).collect()
}

/// Timestamps, as Linux sends them.
const OPTIONS: [u8; 12] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2];

fn header(at: &Places) -> u64 {
    if at.family == "IPv4" { 20 } else { 40 }
}

/// Only tc sees GSO packets; XDP attached natively turns them off.
fn sent(text: String, packet: &Packet, gso: (u32, u32), packets: u64, bytes: u64) -> Case {
    case(text, &BLUE, packet).gso(gso.0, gso.1).all_sent(
        BLUE_TO_GREEN,
        &packet.sent(&GREEN, next_hop(9)),
        packets,
        bytes,
    )
}

fn tcp(at: &Places) -> Vec<Case> {
    let family = at.family;
    let plain = Packet::tcp(at.host, at.known, &[], &[7; 2500]);
    let timed = Packet::tcp(at.host, at.known, &OPTIONS, &[7; 2500]);
    let headers = header(at) + 20;
    vec![
        sent(
            format!("{family} TCP in three segments"),
            &plain,
            (1000, 3),
            3,
            3 * headers + 2500,
        ),
        sent(
            format!("{family} TCP, segments unsaid"),
            &plain,
            (1000, 0),
            3,
            3 * headers + 2500,
        ),
        sent(
            format!("{family} TCP with timestamps"),
            &timed,
            (1000, 3),
            3,
            3 * (headers + 12) + 2500,
        ),
        sent(
            format!("{family} TCP with timestamps, segments unsaid"),
            &timed,
            (1250, 0),
            2,
            2 * (headers + 12) + 2500,
        ),
    ]
}

fn udp(at: &Places) -> Vec<Case> {
    let family = at.family;
    let packet = Packet::udp(at.host, at.known, &[7; 2500]);
    let headers = header(at) + 8;
    vec![
        sent(
            format!("{family} UDP in five segments"),
            &packet,
            (500, 5),
            5,
            5 * headers + 2500,
        ),
        sent(
            format!("{family} UDP, segments unsaid"),
            &packet,
            (500, 0),
            5,
            5 * headers + 2500,
        ),
    ]
}

/// The MTU is for the segment, and drops are counted in segments.
fn limits(at: &Places) -> Vec<Case> {
    let family = at.family;
    let narrow = Packet::tcp(at.host, at.narrow, &OPTIONS, &[7; 3000]);
    let room = NARROW - header(at) as u32 - 32;
    let out = narrow.sent(&GREEN, next_hop(3));
    let bytes = 3000 + 3 * (header(at) + 32);
    let drop = |text: &str, to, hops| {
        let packet = Packet::tcp(at.host, to, &[], &[7; 2500]).hops(hops);
        case(format!("{family} {text}"), &BLUE, &packet).gso(1000, 3)
    };
    vec![
        case(
            format!("{family} in segments of exactly the MTU"),
            &BLUE,
            &narrow,
        )
        .gso(room, 3)
        .all_sent(BLUE_TO_GREEN, &out, 3, bytes),
        case(
            format!("{family} in segments of one byte more"),
            &BLUE,
            &narrow,
        )
        .gso(room + 1, 3)
        .all_dropped_for(BLUE_TO_GREEN, TooBig, 3),
        drop("in segments, with no hops left", at.known, 1).all_dropped_for(
            BLUE_TO_GREEN,
            TtlExceeded,
            3,
        ),
        drop("in segments to a stranger", at.stranger, 64).all_dropped_for(0, NotPeered, 3),
    ]
}

/// Length fields may be empty in a GSO packet; the buffer's own length counts.
fn lengths(at: &Places) -> Vec<Case> {
    let field = if at.family == "IPv4" { 16 } else { 18 };
    let packet = Packet::tcp(at.host, at.known, &[], &[7; 2500]).overwrite(field, &[0, 0]);
    let headers = header(at) + 20;
    let text = format!("{} TCP that says it is empty", at.family);
    vec![sent(text, &packet, (1000, 3), 3, 3 * headers + 2500)]
}

/// XDP sees one packet in several buffers where frames are larger than a page.
fn pieces(at: &Places) -> Vec<Case> {
    let family = at.family;
    let packet = Packet::udp(at.host, at.known, b"").ip_length(1500);
    let out = packet.sent(&GREEN, next_hop(9));
    let jumbo = Packet::udp(at.host, at.known, b"").ip_length(9000);
    let cut = &packet.bytes()[..1000];
    vec![
        case(format!("{family} in two buffers"), &BLUE, &packet)
            .linear(128)
            .sent(BLUE_TO_GREEN, &out),
        case(
            format!("{family} in three buffers, over the MTU"),
            &BLUE,
            &jumbo,
        )
        .dropped_for(BLUE_TO_GREEN, TooBig),
        case(format!("{family} in two buffers, and cut"), &BLUE, cut)
            .linear(128)
            .dropped(Malformed),
        // No driver does that with XDP; what cannot be read is never forwarded.
        case(
            format!("{family} with its header in the second buffer"),
            &BLUE,
            &packet,
        )
        .linear(14 + header(at) as u32 - 1)
        .dropped(Malformed),
    ]
}

#[test]
fn a_gso_packet_counts_as_the_segments_it_becomes() {
    check(
        &FAMILIES
            .map(|at| [tcp(&at), udp(&at), lengths(&at)].concat())
            .concat(),
    );
}

#[test]
fn a_gso_packet_is_judged_by_its_segments() {
    check(&FAMILIES.map(|at| limits(&at)).concat());
}

#[test]
fn a_packet_in_several_buffers_is_measured_as_a_whole() {
    check(&FAMILIES.map(|at| pieces(&at)).concat());
}
