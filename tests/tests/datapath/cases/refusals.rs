//! What is not forwarded although nothing is wrong with it.

use std::net::IpAddr;

use peer_common::DropReason::{
    self, NoRoute, NotExported, NotPeered, PeeringDown, SpoofedSource, Unmanaged,
};

use crate::datapath::{
    case::{Case, case, check},
    packet::Packet,
    places::{FAMILIES, Places},
    rig::with_rig,
    route::refused,
    world::{
        BLUE, BLUE_B, BLUE_TO_GREEN, BLUE_TO_RED, GREEN, GREEN_TO_BLUE, GREY, HOST, RED,
        RED_TO_BLUE, UPLINK, address, table,
    },
};

pub(crate) fn cases() -> Vec<Case> {
    let each = |at: &Places| [destinations(at), sources(at)].concat();
    FAMILIES.iter().flat_map(each).collect()
}

fn destinations(at: &Places) -> Vec<Case> {
    let family = at.family;
    let from_blue = |to| Packet::udp(at.host, to, b"please");
    let from_green = |to| Packet::udp(at.known, to, b"please").to(GREEN.mac);
    let from_red = |to| Packet::udp(at.down, to, b"please").to(RED.mac);
    let from_grey = |to| Packet::udp(at.host, to, b"please").to(GREY.mac);
    let back = from_green(at.host);
    let unrouted_back = Packet::udp(at.unrouted, at.host, b"please").to(GREEN.mac);
    vec![
        case(
            format!("{family} to a network blue does not peer with"),
            &BLUE,
            &from_blue(at.stranger),
        )
        .dropped(NotPeered),
        case(
            format!("{family} from green to red"),
            &GREEN,
            &from_green(at.down),
        )
        .dropped(NotPeered),
        case(
            format!("{family} from red to green"),
            &RED,
            &from_red(at.known),
        )
        .dropped(NotPeered),
        case(
            format!("{family} from grey to green, with blue's addresses"),
            &GREY,
            &from_grey(at.known),
        )
        .dropped(NotPeered),
        case(
            format!("{family} from green to what blue keeps"),
            &GREEN,
            &from_green(at.unexported),
        )
        .dropped(NotPeered),
        case(
            format!("{family} to a peer that is down"),
            &BLUE,
            &from_blue(at.down),
        )
        .dropped_for(BLUE_TO_RED, PeeringDown),
        case(
            format!("{family} from a peer that is down"),
            &RED,
            &from_red(at.host),
        )
        .dropped_for(RED_TO_BLUE, PeeringDown),
        case(
            format!("{family} to a peer's part that is not routed"),
            &BLUE,
            &from_blue(at.unrouted),
        )
        .dropped_for(BLUE_TO_GREEN, NoRoute),
        case(format!("{family} from that part"), &GREEN, &unrouted_back)
            .sent(GREEN_TO_BLUE, &unrouted_back.sent(&BLUE, HOST)),
        case(format!("{family} back from a peer"), &GREEN, &back)
            .sent(GREEN_TO_BLUE, &back.sent(&BLUE, HOST)),
        case(
            format!("{family} to nobody's, where that passes"),
            &BLUE,
            &from_blue(at.internet),
        )
        .goes_up(),
        case(
            format!("{family} to nobody's, where that is dropped"),
            &GREEN,
            &from_green(at.internet),
        )
        .dropped(Unmanaged),
        case(
            format!("{family} to blue from an interface that is not managed"),
            &UPLINK,
            &from_blue(at.host).to(UPLINK.mac),
        )
        .goes_up(),
    ]
}

fn sources(at: &Places) -> Vec<Case> {
    let family = at.family;
    let v4 = family == "IPv4";
    let blue = |from, to| Packet::udp(from, to, b"trust me");
    // In blue's table but not marked as a source; the same in green's.
    let unmarked = if v4 { "10.1.33.9" } else { "fd00:1:0:33::9" };
    let unmarked_there = if v4 { "10.1.32.9" } else { "fd00:1:0:32::9" };
    let unexported = Packet::udp(at.unexported, at.known, b"mine").to(BLUE_B.mac);
    let sent = |text: &str, from| {
        let packet = blue(from, at.unresolved);
        case(format!("{family} {text}"), &BLUE, &packet).sent_by_tc(BLUE_TO_GREEN, &packet.aged())
    };
    let to_peer = |text: &str, from, reason| {
        case(
            format!("{family} to a peer {text}"),
            &BLUE,
            &blue(from, at.known),
        )
        .dropped_for(BLUE_TO_GREEN, reason)
    };
    let to = |text: &str, from, to| {
        case(format!("{family} {text}"), &BLUE, &blue(from, to)).dropped(SpoofedSource)
    };
    vec![
        to_peer("in the peer's own name", at.unresolved, SpoofedSource),
        to_peer("in a stranger's name", at.stranger, SpoofedSource),
        to_peer("in the name of a peer that is down", at.down, SpoofedSource),
        to_peer("in nobody's name", at.internet, SpoofedSource),
        to_peer("in the name of green's gateway", at.greens, SpoofedSource),
        to_peer("in the name of the uplink", at.uplinks, SpoofedSource),
        to_peer(
            "from a part that is not marked there",
            unmarked_there,
            NotExported,
        ),
        to_peer(
            "from a part that is not exported",
            at.unexported,
            NotExported,
        ),
        case(
            format!("{family} the same by its right port"),
            &BLUE_B,
            &unexported,
        )
        .dropped_for(BLUE_TO_GREEN, NotExported),
        sent("to a peer from a part marked only there", unmarked),
        to("to the router in a peer's name", at.known, at.own),
        to("to the router in nobody's name", at.internet, at.own),
        to(
            "to the router from a part that is not marked",
            unmarked,
            at.own,
        ),
        to("inside the network in a peer's name", at.known, at.sibling),
        to(
            "inside the network in nobody's name",
            at.internet,
            at.sibling,
        ),
        to("to a stranger in a peer's name", at.known, at.stranger),
        to("to nobody's in nobody's name", at.uplinks, at.internet),
        case(
            format!("{family} to a peer that is down in another's name"),
            &BLUE,
            &blue(at.known, at.down),
        )
        .dropped(SpoofedSource),
        case(
            format!("{family} from green in blue's name"),
            &GREEN,
            &Packet::udp(at.host, at.host, b"").to(GREEN.mac),
        )
        .dropped_for(GREEN_TO_BLUE, SpoofedSource),
    ]
}

#[test]
fn a_destination_that_may_not_be_reached_is_dropped_for_its_reason() {
    check(&FAMILIES.map(|at| destinations(&at)).concat());
}

#[test]
fn a_source_must_be_the_senders_own_and_exported_to_the_receiver() {
    check(&FAMILIES.map(|at| sources(&at)).concat());
}

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
                let case = case(
                    format!("{} refused for {number}", at.family),
                    &BLUE,
                    &packet,
                )
                .dropped_for(BLUE_TO_GREEN, reason);
                assert_eq!(case.failures(rig), [""; 0]);
            }
        }
    });
}
