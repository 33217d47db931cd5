//! The names tables use, and what they stand for in this world.

use std::net::IpAddr;

use peer_common::DropReason;

use super::notation::{Read, number};
use crate::datapath::{
    packet::Mac,
    places::{Places, V4, V6},
    world::{
        BLUE_TO_GREEN, BLUE_TO_RED, GREEN_TO_BLUE, HOST, INSIDE, PORTS, Port, RED_TO_BLUE, next_hop,
    },
};

/// A place's name, and where it is in a family.
type Place = (&'static str, fn(&Places) -> &str);

/// Each place; tests/packets/README.md tells what they are.
const PLACES: [Place; 22] = [
    ("host", |at| at.host),
    ("unexported", |at| at.unexported),
    ("sibling", |at| at.sibling),
    ("known", |at| at.known),
    ("without-xdp", |at| at.without_xdp),
    ("stale", |at| at.stale),
    ("unresolved", |at| at.unresolved),
    ("behind", |at| at.behind),
    ("behind-unresolved", |at| at.behind_unresolved),
    ("narrow", |at| at.narrow),
    ("no-device", |at| at.no_device),
    ("no-slot", |at| at.no_slot),
    ("unrouted", |at| at.unrouted),
    ("down", |at| at.down),
    ("stranger", |at| at.stranger),
    ("own", |at| at.own),
    ("own-b", |at| at.own_b),
    ("shared", |at| at.shared),
    ("greens", |at| at.greens),
    ("reds", |at| at.reds),
    ("uplinks", |at| at.uplinks),
    ("internet", |at| at.internet),
];

/// An address, or the address of a place in this family.
pub(super) fn address(text: &str, at: &Places) -> Read<IpAddr> {
    let place = PLACES.iter().find(|(name, _)| *name == text);
    let written = place.map_or(text, |(_, of)| of(at));
    written
        .parse()
        .map_err(|_| format!("`{text}` is neither an address nor a place"))
}

/// The family of an address that is written out; a place has both.
pub(super) fn family(text: &str) -> Option<&'static Places> {
    let address: IpAddr = text.parse().ok()?;
    Some(if address.is_ipv4() { &V4 } else { &V6 })
}

/// A port of the router.
pub(super) fn port(text: &str) -> Read<Port> {
    let found = PORTS.into_iter().find(|port| port.name == text);
    found.ok_or_else(|| format!("`{text}` is no port"))
}

/// A MAC, or whose it is.
pub(super) fn mac(text: &str) -> Read<Mac> {
    if let Some(host) = text.strip_prefix("next-hop-") {
        return Ok(next_hop(number(host)?));
    }
    match text {
        "host" => return Ok(HOST),
        "broadcast" => return Ok([0xff; 6]),
        _ => {}
    }
    if let Ok(port) = port(text) {
        return Ok(port.mac);
    }
    let byte = |byte: &str| (byte.len() == 2).then(|| u8::from_str_radix(byte, 16).ok())?;
    let bytes: Option<Vec<u8>> = text.split(':').map(byte).collect();
    let mac = bytes.and_then(|bytes| bytes.try_into().ok());
    mac.ok_or_else(|| format!("`{text}` is no MAC and nobody's name"))
}

/// The counter of a direction of a peering; a network's own drops have none.
pub(super) fn counter(text: &str) -> Read<u32> {
    match text {
        "blue-to-green" => Ok(BLUE_TO_GREEN),
        "green-to-blue" => Ok(GREEN_TO_BLUE),
        "blue-to-red" => Ok(BLUE_TO_RED),
        "red-to-blue" => Ok(RED_TO_BLUE),
        "inside" => Ok(INSIDE),
        _ => Err(format!("nothing is counted for `{text}`")),
    }
}

/// A drop reason.
pub(super) fn reason(text: &str) -> Read<DropReason> {
    let found = DropReason::ALL.iter().find(|reason| reason.name() == text);
    found
        .copied()
        .ok_or_else(|| format!("`{text}` is no drop reason"))
}

#[test]
fn names_stand_for_what_the_readme_says() {
    let readme = include_str!("../../../packets/README.md");
    for (name, of) in PLACES {
        let row = format!("| `{name}` | {} | {} |", of(&V4), of(&V6));
        assert!(readme.contains(&row), "the README has no row {row}");
    }
    for port in PORTS {
        let mac = port.mac.map(|byte| format!("{byte:02x}")).join(":");
        let row = format!("| `{}` | {mac} |", port.name);
        assert!(readme.contains(&row), "the README has no row {row}");
    }
}

#[test]
fn unknown_names_are_errors() {
    assert_eq!(mac("next-hop-9"), Ok(next_hop(9)));
    assert_eq!(mac("02:00:00:00:09:0a"), Ok([2, 0, 0, 0, 9, 10]));
    for wrong in ["next-hop-x", "02:00", "2:0:0:0:0:1", "purple"] {
        assert!(mac(wrong).is_err(), "{wrong}");
    }
    assert!(address("knwon", &V4).is_err());
    assert!(port("purple").is_err() && counter("green-to-red").is_err());
    assert!(reason("because").is_err());
}
