//! Headers a router carries along without reading them.

use crate::datapath::{
    case::{Case, case, check},
    packet::Packet,
    places::{FAMILIES, Places, V4, V6},
    world::{BLUE, BLUE_TO_GREEN, GREEN, next_hop},
};

const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;

/// Extension headers by number.
const HOP_BY_HOP: u8 = 0;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;

pub(crate) fn cases() -> Vec<Case> {
    [marks(&V4), marks(&V6), ipv4(), ipv6()].concat()
}

fn carried(what: String, packet: &Packet) -> Case {
    case(what, &BLUE, packet).sent(BLUE_TO_GREEN, &packet.sent(&GREEN, next_hop(9)))
}

fn marks(at: &Places) -> Vec<Case> {
    let packet = || Packet::udp(at.host, at.known, b"marked");
    let classes = [0x01, 0x02, 0x03, 0xb8, 0xbb, 0xff];
    let classes = classes.map(|class| {
        carried(
            format!("{} of class {class:#04x}", at.family),
            &packet().class(class),
        )
    });
    let labels = [1, 0xffff];
    let labels = labels.map(|label| {
        carried(
            format!("{} of id or flow {label:#x}", at.family),
            &packet().label(label),
        )
    });
    [classes.to_vec(), labels.to_vec()].concat()
}

fn ipv4() -> Vec<Case> {
    let packet = || Packet::udp(V4.host, V4.known, b"as it is");
    // More fragments follow; the middle; the last, of a kind that is not UDP's.
    let fragments = [
        DONT_FRAGMENT,
        0x8000,
        MORE_FRAGMENTS,
        MORE_FRAGMENTS | 0xb9,
        0x1fff,
    ];
    let fragments = fragments.map(|bits| {
        carried(
            format!("IPv4 flags and offset {bits:#06x}"),
            &packet().fragment(bits),
        )
    });
    // Record route, timestamp, router alert, and 40 bytes: all there can be.
    let options: [&[u8]; 4] = [
        &[7, 7, 4, 0, 0, 0, 0, 0],
        &[68, 8, 5, 0, 0, 0, 0, 0],
        &[148, 4, 0, 0],
        &[1; 40],
    ];
    let options = options.map(|options| {
        carried(
            format!("IPv4 options {options:02x?}"),
            &packet().options(options),
        )
    });
    [fragments.to_vec(), options.to_vec()].concat()
}

fn ipv6() -> Vec<Case> {
    let packet = || Packet::udp(V6.host, V6.known, b"as it is");
    let padding = [0, 1, 4, 0, 0, 0, 0];
    vec![
        carried(
            "IPv6 hop-by-hop".into(),
            &packet().extension(HOP_BY_HOP, &padding),
        ),
        carried(
            "IPv6 router alert".into(),
            &packet().extension(HOP_BY_HOP, &[0, 5, 2, 0, 0, 1, 0]),
        ),
        carried(
            "IPv6 destination options".into(),
            &packet().extension(DESTINATION_OPTIONS, &padding),
        ),
        carried(
            "IPv6 first fragment".into(),
            &packet().extension(FRAGMENT, &[0, 0, 1, 0, 0, 0, 7]),
        ),
        carried(
            "IPv6 last fragment".into(),
            &packet().extension(FRAGMENT, &[0, 0x0b, 0xb8, 0, 0, 0, 7]),
        ),
        carried(
            "IPv6 three extension headers".into(),
            &packet()
                .extension(HOP_BY_HOP, &padding)
                .extension(DESTINATION_OPTIONS, &padding)
                .extension(FRAGMENT, &[0, 0, 0, 0, 0, 0, 7]),
        ),
    ]
}

#[test]
fn class_and_label_are_carried_along_untouched() {
    check(&FAMILIES.map(|at| marks(&at)).concat());
}

#[test]
fn options_extension_headers_and_fragments_are_forwarded_untouched() {
    check(&[ipv4(), ipv6()].concat());
}
