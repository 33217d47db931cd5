//! Headers that contradict themselves or the frame.

use peer_common::DropReason::Malformed;

use crate::datapath::{
    case::{Case, case, check},
    packet::{ETHERNET, Packet},
    places::{FAMILIES, Places, V4, V6},
    world::{BLUE, BLUE_TO_GREEN, GREEN, UPLINK, next_hop},
};

pub(crate) fn cases() -> Vec<Case> {
    let each = |at: &Places| [truncated(at), shorter_than_the_frame(at)].concat();
    [FAMILIES.map(|at| each(&at)).concat(), ipv4(), ipv6()].concat()
}

/// Every length from the Ethernet header up. Below it is no frame, and the kernel
/// injects none; tc takes IP frames only with a whole IP header.
fn truncated(at: &Places) -> Vec<Case> {
    let packet = Packet::udp(at.host, at.known, b"complete, or nowhere to go");
    let whole = packet.bytes();
    let mut cases: Vec<Case> = (ETHERNET..whole.len())
        .map(|length| {
            let text = format!("{} cut to {length} of {} bytes", at.family, whole.len());
            case(text, &BLUE, &whole[..length]).dropped(Malformed)
        })
        .collect();
    cases.push(
        case(format!("{} complete", at.family), &BLUE, &packet)
            .sent(BLUE_TO_GREEN, &packet.sent(&GREEN, next_hop(9))),
    );
    // Judged only where it is the router's to forward.
    let half = &whole[..whole.len() - 1];
    cases.push(case(format!("{} cut, by the uplink", at.family), &UPLINK, half).goes_up());
    let not_ours = packet.to([2, 9, 9, 9, 9, 9]).bytes();
    let half = &not_ours[..not_ours.len() - 1];
    cases.push(case(format!("{} cut, to another MAC", at.family), &BLUE, half).goes_up());
    cases
}

fn ipv4() -> Vec<Case> {
    let packet = || Packet::udp(V4.host, V4.known, b"contradictory");
    let length = packet().ip_bytes() as u16;
    let first = |byte: u8| packet().overwrite(14, &[byte]);
    let total = |total: u16| packet().overwrite(16, &total.to_be_bytes());
    let mut cases = Vec::new();
    for version in (0..16).filter(|version| *version != 4) {
        cases.push((
            format!("IPv4 of version {version}"),
            first(version << 4 | 5),
        ));
    }
    for words in 0..5 {
        cases.push((
            format!("IPv4 with a header of {words} words"),
            first(0x40 | words),
        ));
    }
    for claimed in [0, 1, 19, length + 1, 1500, u16::MAX] {
        cases.push((format!("IPv4 that claims {claimed} bytes"), total(claimed)));
    }
    cases.push(("IPv4 with a header longer than itself".into(), first(0x4f)));
    let mut cases: Vec<Case> = cases
        .into_iter()
        .map(|(text, packet)| case(text, &BLUE, &packet).dropped(Malformed))
        .collect();
    // To the router itself, and where a router has no business: malformed all the same.
    for to in [V4.own, V4.stranger, V4.internet] {
        let packet = Packet::udp(V4.host, to, b"").overwrite(14, &[0x44]);
        cases.push(case(format!("IPv4 malformed to {to}"), &BLUE, &packet).dropped(Malformed));
    }
    let six = Packet::udp(V6.host, V6.known, b"").overwrite(12, &[0x08, 0x00]);
    cases.push(case("IPv6 that Ethernet says is IPv4", &BLUE, &six).dropped(Malformed));
    cases
}

fn ipv6() -> Vec<Case> {
    let packet = || Packet::udp(V6.host, V6.known, b"contradictory");
    let payload = packet().ip_bytes() as u16 - 40;
    let claims = |payload: u16| packet().overwrite(18, &payload.to_be_bytes());
    let mut cases: Vec<Case> = (0..16)
        .filter(|version| *version != 6)
        .map(|version| {
            (
                format!("IPv6 of version {version}"),
                packet().overwrite(14, &[version << 4]),
            )
        })
        .chain([payload + 1, 1460, u16::MAX].map(|claimed| {
            (
                format!("IPv6 that claims {claimed} bytes of payload"),
                claims(claimed),
            )
        }))
        .map(|(text, packet)| case(text, &BLUE, &packet).dropped(Malformed))
        .collect();
    let four =
        Packet::udp(V4.host, V4.known, b"long enough for the other").overwrite(12, &[0x86, 0xdd]);
    cases.push(case("IPv4 that Ethernet says is IPv6", &BLUE, &four).dropped(Malformed));
    cases
}

/// What a header claims counts, and what is behind it is padding.
fn shorter_than_the_frame(at: &Places) -> Vec<Case> {
    let packet = Packet::udp(at.host, at.known, b"");
    [1, 46, 700]
        .map(|extra| {
            let padded = packet.clone().padded(packet.bytes().len() + extra);
            case(
                format!("{} and {extra} bytes more", at.family),
                &BLUE,
                &padded,
            )
            .sent(BLUE_TO_GREEN, &padded.sent(&GREEN, next_hop(9)))
        })
        .to_vec()
}

#[test]
fn a_packet_cut_at_any_length_is_never_forwarded() {
    check(&FAMILIES.map(|at| truncated(&at)).concat());
}

#[test]
fn a_packet_that_contradicts_itself_is_dropped() {
    check(&[ipv4(), ipv6()].concat());
}

#[test]
fn bytes_behind_a_packet_go_along_and_are_not_counted() {
    check(&FAMILIES.map(|at| shorter_than_the_frame(&at)).concat());
}
