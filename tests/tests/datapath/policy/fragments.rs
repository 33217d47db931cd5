//! Fragments and extension headers.

use super::talk::{SYN, Talk, blue, datagram, play, segment};
use crate::datapath::{
    packet::Packet,
    transport::{TCP, UDP},
};

const FRAGMENT: u8 = 44;
const DNS: &str = "allow: [{ protocol: udp, ports: [53] }]";

/// A fragment of green's at this offset in eight bytes.
fn fragment(talk: &Talk<'_>, id: u32, offset: u16, more: bool, payload: Vec<u8>) -> Packet {
    of(talk.packet(true, UDP, payload), id, offset, more)
}

/// Make a fragment of a packet.
fn of(packet: Packet, id: u32, offset: u16, more: bool) -> Packet {
    let v4 = packet.bytes()[12..14] == [0x08, 0x00];
    let more = u16::from(more);
    if v4 {
        packet.label(id).fragment(more << 13 | offset)
    } else {
        let mut rest = vec![0];
        rest.extend((offset << 3 | more).to_be_bytes());
        rest.extend(id.to_be_bytes());
        packet.extension(FRAGMENT, &rest)
    }
}

#[test]
fn the_rest_of_a_packet_follows_its_first_fragment() {
    play(blue(DNS), |talk| {
        let rest = |id| move |talk: &Talk<'_>| fragment(talk, id, 2, false, vec![7; 16]);
        let (middle, last) = (fragment(talk, 5, 1, true, vec![7; 8]), rest(5)(talk));
        talk.refused("before the first", &last);
        let first = fragment(talk, 5, 0, true, datagram((40000, 53)));
        talk.passes("the first", &first);
        talk.passes("the middle", &middle);
        talk.passes("the last", &last);
        let other = rest(6)(talk);
        talk.refused("of another packet", &other);
        talk.age_flows(31);
        talk.refused("too late", &last);
        let closed = fragment(talk, 9, 0, true, datagram((40000, 54)));
        talk.refused("the first of what is refused", &closed);
        let rest = rest(9)(talk);
        talk.refused("and so the rest", &rest);
    });
}

#[test]
fn fragments_of_replies_follow_as_well() {
    play(blue("allow: []"), |talk| {
        let question = talk.udp_from_blue((40000, 53));
        talk.passes("question", &question);
        let first = fragment(talk, 5, 0, true, datagram((53, 40000)));
        let last = fragment(talk, 5, 1, false, vec![7; 8]);
        talk.refused("the last before the first", &last);
        talk.passes("first", &first);
        talk.passes("last", &last);
        let back = of(talk.packet(false, UDP, vec![7; 8]), 5, 1, false);
        talk.passes("the other way has no rules", &back);
    });
}

#[test]
fn a_fragment_without_ports_fits_rules_without_ports() {
    play(blue("allow: [{ protocol: udp }]"), |talk| {
        let last = fragment(talk, 5, 1, false, vec![7; 8]);
        talk.passes("of any port", &last);
        assert_eq!(talk.flows(), [], "it opens nothing");
    });
    play(blue("allow: [{ protocol: tcp }]"), |talk| {
        let last = fragment(talk, 5, 1, false, vec![7; 8]);
        talk.refused("of UDP", &last);
    });
}

#[test]
fn what_only_says_it_could_be_a_fragment_is_none() {
    play(blue(DNS), |talk| {
        let whole = fragment(talk, 5, 0, false, datagram((40000, 53)));
        talk.passes("all of it in one", &whole);
        let flows = talk.flows();
        assert_eq!(flows.len(), 1, "no fragments are expected: {flows:?}");
        let closed = fragment(talk, 5, 0, false, datagram((40000, 54)));
        talk.refused("all of it in one", &closed);
    });
}

#[test]
fn ports_are_found_behind_ipv4_options() {
    play(blue(DNS), |talk| {
        if !talk.is_v4() {
            return;
        }
        for words in [1, 2, 10] {
            let options = vec![1; 4 * words];
            let open = talk.udp_from_green((1, 53)).options(&options);
            talk.passes("open", &open);
            let closed = talk.udp_from_green((1, 54)).options(&options);
            talk.refused("closed", &closed);
        }
    });
}

/// Hop-by-hop, routing, destination options: eight bytes. The last has sixteen.
const EXTENSIONS: [(u8, &[u8]); 8] = [
    (60, &[0, 1, 4, 0, 0, 0, 0]),
    (60, &[0, 1, 4, 0, 0, 0, 0]),
    (0, &[0, 1, 4, 0, 0, 0, 0]),
    (60, &[0, 1, 4, 0, 0, 0, 0]),
    (43, &[0, 4, 0, 0, 0, 0, 0]),
    (60, &[0, 1, 4, 0, 0, 0, 0]),
    // Authentication counts its length in words of four bytes, without two of them.
    (51, &[1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2]),
    (60, &[1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
];

#[test]
fn ports_are_found_behind_eight_extension_headers() {
    play(blue("allow: [{ protocol: tcp, ports: [443] }]"), |talk| {
        if talk.is_v4() {
            return;
        }
        let with = |talk: &Talk<'_>, count: usize, port| {
            let packet = talk.packet(true, TCP, segment((40000, port), SYN));
            let headers = EXTENSIONS[..count].iter();
            headers.fold(packet, |packet, (kind, rest)| packet.extension(*kind, rest))
        };
        for count in 0..=8 {
            let open = with(talk, count, 443);
            talk.passes(&format!("{count} headers"), &open);
            let closed = with(talk, count, 444);
            talk.refused(&format!("{count} headers"), &closed);
        }
    });
}

#[test]
fn an_extension_header_that_ends_behind_its_packet_leads_to_no_ports() {
    play(blue("allow: [{ protocol: tcp, ports: [443] }]"), |talk| {
        if talk.is_v4() {
            return;
        }
        let packet = talk.packet(true, TCP, segment((40000, 443), SYN));
        let long = packet.extension(60, &[200, 1, 4, 0, 0, 0, 0]);
        talk.refused("too long", &long);
    });
}
