//! ICMP errors: those about a packet of a flow pass, whatever the rules.

use super::talk::{Talk, blue, datagram, play, quote};
use crate::datapath::{
    packet::Packet,
    transport::{UDP, with_checksum},
    world::{BLUE, GREEN},
};

/// An error of green's about what these bytes begin; of a type in each family.
fn error(talk: &Talk<'_>, kinds: (u8, u8), quoted: &[u8]) -> Packet {
    let kind = if talk.is_v4() { kinds.0 } else { kinds.1 };
    let message = [&[kind, 0, 0, 0, 0, 0, 0, 0], quoted].concat();
    talk.packet(true, talk.icmp(), message)
}

const UNREACHABLE: (u8, u8) = (3, 1);

/// Bytes of the IP header and the eight behind it.
fn shortest(talk: &Talk<'_>) -> usize {
    if talk.is_v4() { 28 } else { 48 }
}

#[test]
fn an_error_about_a_packet_of_a_flow_passes_and_any_other_does_not() {
    play(blue("allow: []"), |talk| {
        let sent = talk.udp_from_blue((40000, 53));
        let about = quote(&sent, shortest(talk));
        let unreachable = error(talk, UNREACHABLE, &about);
        talk.refused("before it was sent", &unreachable);
        talk.passes("it is sent", &sent);
        for kinds in [(3, 1), (11, 3), (12, 4), (3, 2)] {
            let error = error(talk, kinds, &about);
            talk.passes(&format!("error {kinds:?}"), &error);
        }
        for kinds in [(4, 5), (5, 137), (9, 0), (8, 128)] {
            let other = error(talk, kinds, &about);
            talk.refused(&format!("no error: {kinds:?}"), &other);
        }
        let other = quote(&talk.udp_from_blue((40001, 53)), 100);
        let unrelated = error(talk, UNREACHABLE, &other);
        talk.refused("about what was never sent", &unrelated);
        let own = quote(&talk.udp_from_green((53, 40000)), 100);
        let own = error(talk, UNREACHABLE, &own);
        talk.refused("about a packet of its sender's", &own);
        let cut = error(talk, UNREACHABLE, &about[..shortest(talk) - 1]);
        talk.refused("about too little of a packet", &cut);
        let header = error(talk, UNREACHABLE, &about[..12]);
        talk.refused("about no packet", &header);
    });
}

#[test]
fn an_error_to_another_than_who_sent_what_it_quotes_is_forged() {
    play(blue("allow: []"), |talk| {
        let sent = talk.udp_from_blue((40000, 53));
        talk.passes("it is sent", &sent);
        // Another host of blue's has a flow of its own with the same ports.
        let foreign = Packet::new(talk.at.sibling, talk.at.known, UDP, datagram((40000, 53)));
        let to_sibling = foreign.clone().to(BLUE.mac);
        talk.passes("the other's", &to_sibling);
        let forged = error(talk, UNREACHABLE, &quote(&foreign, 100));
        talk.refused("about another's packet", &forged);
    });
}

#[test]
fn errors_about_pings_and_by_routers_on_the_way_pass() {
    play(blue("allow: []"), |talk| {
        let ping = talk.echo(false, false, 7);
        talk.passes("ping", &ping);
        let about = error(talk, UNREACHABLE, &quote(&ping, 100));
        talk.passes("about the ping", &about);
        let router = if talk.is_v4() {
            "10.2.7.7"
        } else {
            "fd00:2:0:7::7"
        };
        let kind = if talk.is_v4() { 11 } else { 3 };
        let message = [&[kind, 0, 0, 0, 0, 0, 0, 0][..], &quote(&ping, 100)].concat();
        let exceeded = with_checksum(router, talk.at.host, talk.icmp(), message, 2).to(GREEN.mac);
        talk.passes("by a router of green's", &exceeded);
    });
}

#[test]
fn an_error_keeps_no_flow_alive() {
    play(blue("allow: []"), |talk| {
        let sent = talk.udp_from_blue((40000, 53));
        talk.passes("it is sent", &sent);
        talk.age_flows(200);
        let before = talk.flows();
        let about = error(talk, UNREACHABLE, &quote(&sent, 100));
        talk.passes("an error", &about);
        assert_eq!(talk.flows(), before);
    });
}

#[test]
fn an_error_that_rules_permit_need_be_about_nothing() {
    play(
        blue("allow: [{ protocol: icmp }, { protocol: icmpv6 }]"),
        |talk| {
            let about = quote(&talk.udp_from_blue((40000, 53)), 100);
            let error = error(talk, UNREACHABLE, &about);
            talk.passes("an error", &error);
            assert_eq!(talk.flows(), []);
        },
    );
}
