//! Every number a route may give as its reason.

use std::net::IpAddr;

use peer_common::DropReason::{self, NoRoute};

use crate::datapath::{
    case::case,
    packet::Packet,
    places::FAMILIES,
    rig::with_rig,
    route::refused,
    world::{BLUE, BLUE_TO_GREEN, GREEN, address, table},
};

#[test]
fn each_reason_a_route_gives_is_counted_under_its_own_number() {
    let names = [
        "not-peered",
        "peering-down",
        "spoofed-source",
        "not-exported",
        "foreign-local",
        "side-door",
        "policy",
        "ttl-exceeded",
        "too-big",
        "no-neighbour",
        "no-route",
        "source-route",
        "martian",
        "malformed",
        "unmanaged",
        "redirect-failed",
    ];
    assert_eq!(
        DropReason::ALL
            .iter()
            .map(|reason| reason.name())
            .collect::<Vec<_>>(),
        names
    );
    with_rig(|rig| {
        for at in &FAMILIES {
            for number in 0..=255 {
                let mut table = table();
                let mut route = refused(NoRoute, GREEN.network).counted(BLUE_TO_GREEN).0;
                route.reason = number;
                let to: IpAddr = address(at.known);
                table
                    .fibs
                    .get_mut(&BLUE.network)
                    .unwrap()
                    .insert(to.into(), route);
                rig.apply(&table);
                // A number we do not know must not be counted as one we do.
                let reason = DropReason::from_number(number).unwrap_or(NoRoute);
                let packet = Packet::udp(at.host, at.known, b"");
                let text = format!("{} refused for {number}", at.family);
                let case = case(text, &BLUE, &packet).dropped_for(BLUE_TO_GREEN, reason);
                assert_eq!(case.failures(rig), [""; 0]);
            }
        }
    });
}
