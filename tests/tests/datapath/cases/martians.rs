//! Addresses that are no host's (RFC 1812 section 5.3.7, RFC 4291 section 2.5).

use peer_common::DropReason::Martian;

use crate::datapath::{
    case::{Case, case, check},
    packet::Packet,
    places::{FAMILIES, Places},
    world::{BLUE, BLUE_TO_GREEN, GREEN, INSIDE},
};

const MARTIANS4: [&str; 12] = [
    "0.0.0.0",
    "0.1.2.3",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.7.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "250.1.2.3",
    "255.255.255.254",
    "255.255.255.255",
];
const MARTIANS6: [&str; 9] = [
    "::",
    "::1",
    "::2",
    "::10.1.0.5",
    "::ffff:10.1.0.5",
    "::ffff:255.255.255.255",
    "ff02::1",
    "ff05::1:3",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];
/// The neighbours of all those, which are addresses like any other.
const ORDINARY4: [&str; 7] = [
    "1.0.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "223.255.255.255",
    "192.0.2.9",
];
const ORDINARY6: [&str; 5] = [
    "::1:0:0:0",
    "::1:0:0",
    "::fffe:10.1.0.5",
    "::1:ffff:0:0",
    "2001:db8:9::1",
];

pub(crate) fn cases() -> Vec<Case> {
    let each = |at: &Places| of_family(at, martians(at), ordinary(at));
    FAMILIES
        .iter()
        .flat_map(each)
        .chain(mapped_nought())
        .collect()
}

fn martians(at: &Places) -> &'static [&'static str] {
    if at.family == "IPv4" {
        &MARTIANS4
    } else {
        &MARTIANS6
    }
}

fn ordinary(at: &Places) -> &'static [&'static str] {
    if at.family == "IPv4" {
        &ORDINARY4
    } else {
        &ORDINARY6
    }
}

fn of_family(at: &Places, martians: &[&str], ordinary: &[&str]) -> Vec<Case> {
    let mut cases = Vec::new();
    for martian in martians {
        let source = |to| {
            case(
                format!("{martian} to {to}"),
                &BLUE,
                &Packet::udp(martian, to, b"from Mars"),
            )
        };
        // Where there is a route, the drop is the peering's too.
        cases.extend([
            source(at.known).dropped_for(BLUE_TO_GREEN, Martian),
            source(at.unresolved).dropped_for(BLUE_TO_GREEN, Martian),
            source(at.sibling).dropped_for(INSIDE, Martian),
            source(at.own).dropped(Martian),
            source(at.stranger).dropped(Martian),
            source(at.internet).dropped(Martian),
        ]);
        let to = |from| Packet::udp(from, martian, b"to Mars");
        cases.extend([
            case(format!("to {martian}"), &BLUE, &to(at.host)).dropped(Martian),
            case(
                format!("to {martian} in another's name"),
                &BLUE,
                &to(at.known),
            )
            .dropped(Martian),
            case(
                format!("to {martian} where nobody's are dropped"),
                &GREEN,
                &to(at.known).to(GREEN.mac),
            )
            .dropped(Martian),
        ]);
    }
    cases.extend(ordinary.iter().map(|to| {
        case(
            format!("to {to}"),
            &BLUE,
            &Packet::udp(at.host, to, b"ordinary"),
        )
        .goes_up()
    }));
    cases
}

/// ::ffff:0:0/96 holds this one too (RFC 4291 section 2.5.5.2).
fn mapped_nought() -> Vec<Case> {
    let at = &FAMILIES[1];
    of_family(at, &["::ffff:0.0.0.0"], &[])
}

#[test]
fn martians_are_dropped_as_sources_and_as_destinations() {
    let each = |at: &Places| of_family(at, martians(at), ordinary(at));
    check(&FAMILIES.iter().flat_map(each).collect::<Vec<_>>());
}

#[test]
fn the_mapped_unspecified_address_is_a_martian() {
    check(&mapped_nought());
}
