//! The header checksum of IPv4, and the sum a device may have made of the whole.

use crate::datapath::{
    case::{Case, case, check},
    checksum,
    outcome::{Arrival, Hook, Verdict},
    packet::{ETHERNET, Packet},
    places::{FAMILIES, V4},
    rig::with_rig,
    sys,
    world::{BLUE, BLUE_TO_GREEN, GREEN, next_hop},
};

pub(crate) fn cases() -> Vec<Case> {
    [corners(), second_nought()].concat()
}

fn packet(id: u16) -> Packet {
    Packet::udp(V4.host, V4.known, b"sum").label(id.into())
}

fn header_checksum(frame: &[u8]) -> u16 {
    u16::from_be_bytes([frame[24], frame[25]])
}

/// Those whose checksum is near an end before or after: that is where the carry is.
fn corners() -> Vec<Case> {
    let near = |sum: u16| matches!(sum, 0..=2 | 0xfe..=0x102 | 0xfefd..=0xff01 | 0xfffc..);
    let all = (0..=u16::MAX).map(packet);
    let corner = all.filter(|packet| near(header_checksum(&packet.bytes())));
    let cases: Vec<Case> = corner
        .map(|packet| {
            let sum = header_checksum(&packet.bytes());
            case(format!("IPv4 with the checksum {sum:#06x}"), &BLUE, &packet)
                .sent(BLUE_TO_GREEN, &packet.sent(&GREEN, next_hop(9)))
        })
        .collect();
    assert!(cases.len() > 15, "checksums take nearly every value");
    cases
}

/// 0xffff sums up like 0x0000, and is therefore right as well.
fn second_nought() -> Vec<Case> {
    let nought = (0..=u16::MAX)
        .map(packet)
        .find(|packet| header_checksum(&packet.bytes()) == 0);
    let nought = nought.expect("some id sums up to nought");
    let written = nought.clone().overwrite(24, &[0xff, 0xff]);
    vec![
        case("IPv4 with the checksum 0xffff", &BLUE, &written)
            .sent(BLUE_TO_GREEN, &nought.sent(&GREEN, next_hop(9))),
    ]
}

#[test]
fn the_header_checksum_is_right_at_every_carry() {
    check(&cases());
}

#[test]
fn a_forwarded_headers_checksum_is_right_whatever_it_was() {
    with_rig(|rig| {
        for id in (0..=u16::MAX).step_by(7) {
            let arrival = Arrival::new(BLUE.index, packet(id).bytes());
            for hook in [Hook::Xdp, Hook::Tc] {
                let (verdict, frame) = rig.inject(hook, &arrival, 0).unwrap();
                assert_eq!(verdict, Verdict::Redirect);
                let header = &frame[ETHERNET..ETHERNET + 20];
                assert_eq!(checksum::internet(header), 0, "{hook:?}, id {id}");
            }
        }
        rig.forget_counts();
    });
}

/// Devices may hand over the sum of the whole packet (CHECKSUM_COMPLETE). The
/// kernel refuses a test run after which the sum is not the packet's any more.
#[test]
fn a_sum_the_device_made_is_still_the_packets_afterwards() {
    with_rig(|rig| {
        for at in &FAMILIES {
            let ways = [
                at.known,
                at.without_xdp,
                at.unresolved,
                at.behind_unresolved,
                at.sibling,
            ];
            for to in ways {
                for hops in 2..=255 {
                    let packet = Packet::udp(at.host, to, b"summed").hops(hops);
                    let arrival = Arrival::new(BLUE.index, packet.bytes());
                    let run = rig.inject(Hook::Tc, &arrival, sys::CHECKSUM_COMPLETE);
                    let (verdict, _) = run.unwrap_or_else(|error| panic!("{to}, {hops}: {error}"));
                    assert_eq!(verdict, Verdict::Redirect, "{to}, {hops}");
                }
            }
        }
        rig.forget_counts();
    });
}
