//! Which packets rules let begin something.

use peer_common::DropReason::{SpoofedSource, TtlExceeded};

use super::talk::{ACK, Rules, SYN, blue, play};
use crate::datapath::{
    answer::Told,
    outcome::{Gso, Hook, Outcome},
    packet::Packet,
    transport::{TCP, UDP},
    world::{BLUE, GREEN, GREEN_TO_BLUE, HOST},
};

#[test]
fn a_port_is_open_from_its_first_to_its_last_number() {
    let rules = blue("allow: [{ protocol: tcp, ports: [443, 8000-8999] }]");
    play(rules, |talk| {
        for port in [443, 8000, 8500, 8999] {
            let packet = talk.tcp_from_green((40000, port), SYN);
            talk.passes(&format!("to {port}"), &packet);
        }
        for port in [0, 1, 442, 444, 7999, 9000, 65535] {
            let packet = talk.tcp_from_green((40000, port), SYN);
            talk.refused(&format!("to {port}"), &packet);
        }
        let same_port = talk.tcp_from_green((443, 444), SYN);
        talk.refused("a source port is no destination port", &same_port);
        let udp = talk.udp_from_green((40000, 443));
        talk.refused("another protocol", &udp);
        let unknown = talk.packet(true, 99, vec![0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 0]);
        talk.refused("a protocol without ports", &unknown);
        let ping = talk.echo(true, false, 7);
        talk.refused("a ping", &ping);
        let out = talk.udp_from_blue((50000, 99));
        talk.passes("the other direction has no rules", &out);
    });
}

#[test]
fn no_rules_are_not_the_same_as_an_empty_list() {
    play(blue("allow: []"), |talk| {
        let (udp, ping) = (talk.udp_from_green((1, 2)), talk.echo(true, false, 7));
        talk.refused("towards blue", &udp);
        talk.refused("towards blue", &ping);
        let out = talk.udp_from_blue((1, 3));
        talk.passes("from blue", &out);
    });
    play(blue("allowOut: []"), |talk| {
        let (udp, out) = (talk.udp_from_green((1, 2)), talk.udp_from_blue((1, 3)));
        talk.passes("towards blue", &udp);
        talk.refused("from blue", &out);
    });
}

#[test]
fn the_receivers_rules_and_the_senders_have_to_agree() {
    let rules = Rules {
        blue: "allow: [{ protocol: udp, ports: [1-100] }]",
        green: "allowOut: [{ protocol: udp, ports: [50-200] }]",
    };
    play(rules, |talk| {
        for (port, passes) in [(49, false), (50, true), (100, true), (101, false)] {
            let packet = talk.udp_from_green((40000, port));
            if passes {
                talk.passes(&format!("to {port}"), &packet);
            } else {
                talk.refused(&format!("to {port}"), &packet);
            }
        }
    });
}

#[test]
fn rules_name_sources_and_destinations_of_one_family() {
    for (rules, expected) in [
        ("from: [10.2.0.8/30, \"fd00:2::8/126\"]", true),
        ("from: [10.2.0.10/31, \"fd00:2::a/127\"]", false),
        ("to: [10.1.0.5/32, \"fd00:1::5/128\"]", true),
        ("to: [10.1.0.4/32, \"fd00:1::4/128\"]", false),
        ("from: [0.0.0.0/0, \"::/0\"]", true),
        (
            "from: [10.2.0.0/16, \"fd00:2::/48\"], to: [10.1.0.0/24, \"fd00:1::/64\"]",
            true,
        ),
        (
            "from: [10.1.0.0/16, \"fd00:1::/48\"], to: [10.2.0.0/16, \"fd00:2::/48\"]",
            false,
        ),
    ] {
        let rules = Box::leak(format!("allow: [{{ {rules} }}]").into_boxed_str());
        play(blue(rules), |talk| {
            let packet = talk.udp_from_green((40000, 53));
            if expected {
                talk.passes(rules, &packet);
            } else {
                talk.refused(rules, &packet);
            }
        });
    }
    play(blue("allow: [{ from: [0.0.0.0/0] }]"), |talk| {
        let packet = talk.udp_from_green((40000, 53));
        if talk.is_v4() {
            talk.passes("IPv4 alone", &packet);
        } else {
            talk.refused("IPv4 alone", &packet);
        }
    });
}

#[test]
fn protocols_go_by_number_and_by_any() {
    play(
        blue("allow: [{ protocol: 47 }, { protocol: 132, ports: [5] }]"),
        |talk| {
            let gre = talk.packet(true, 47, vec![0; 8]);
            talk.passes("GRE", &gre);
            let empty = talk.packet(true, 47, vec![]);
            talk.passes("a header of nothing", &empty);
            let sctp = |port: u16| [&[0, 9][..], &port.to_be_bytes(), &[0; 8]].concat();
            let (open, closed) = (
                talk.packet(true, 132, sctp(5)),
                talk.packet(true, 132, sctp(6)),
            );
            talk.passes("SCTP", &open);
            talk.refused("SCTP", &closed);
        },
    );
    play(blue("allow: [{ protocol: any }]"), |talk| {
        for protocol in [0, 47, 50, 59, 255] {
            let packet = talk.packet(true, protocol, vec![0; 8]);
            talk.passes(&format!("protocol {protocol}"), &packet);
        }
        let ping = talk.echo(true, false, 1);
        talk.passes("a ping", &ping);
    });
    play(
        blue("allow: [{ protocol: icmp }, { protocol: icmpv6 }]"),
        |talk| {
            let ping = talk.echo(true, false, 1);
            talk.passes("a ping", &ping);
            let udp = talk.udp_from_green((1, 1));
            talk.refused("no ping", &udp);
        },
    );
}

#[test]
fn the_last_of_64_rules_counts_as_much_as_the_first() {
    let ports: Vec<String> = (0..64).map(|rule| (100 + 10 * rule).to_string()).collect();
    let rules = format!(
        "allow: [{{ protocol: udp, ports: [{}] }}]",
        ports.join(", ")
    );
    play(blue(Box::leak(rules.into_boxed_str())), |talk| {
        for port in [100, 110, 420, 730] {
            let packet = talk.udp_from_green((1, port));
            talk.passes(&format!("to {port}"), &packet);
        }
        let packet = talk.udp_from_green((1, 740));
        talk.refused("to 740", &packet);
    });
}

#[test]
fn what_is_too_short_for_its_ports_has_none() {
    play(blue("allow: [{ protocol: udp, ports: [53] }]"), |talk| {
        let short = talk.packet(true, UDP, vec![0x9c, 0x40, 0, 53, 0, 7, 0]);
        talk.refused("cut short", &short);
        // Ethernet's padding is not the packet's.
        let padded = short.clone().padded(90);
        talk.refused("and padded", &padded);
    });
    play(blue("allow: [{ protocol: tcp }]"), |talk| {
        let short = talk.packet(true, TCP, vec![0x9c, 0x40, 0, 53]);
        talk.passes("any port would do", &short);
        assert_eq!(talk.flows(), [], "but it opens nothing");
    });
}

#[test]
fn gso_packets_are_judged_by_their_headers_and_counted_by_their_segments() {
    play(blue("allow: [{ protocol: tcp, ports: [443] }]"), |talk| {
        if talk.hook == Hook::Xdp {
            return;
        }
        let gso = Gso {
            size: 500,
            segments: 3,
        };
        let closed = talk.tcp_from_green((40000, 80), ACK).ip_length(1500);
        talk.all_refused("to 80", &closed, gso, 3);
        let open = talk.tcp_from_green((40000, 443), ACK).ip_length(1500);
        let headers = if talk.is_v4() { 40 } else { 60 };
        let out = open.sent(&BLUE, HOST);
        let expected = Outcome::sent(&out.bytes(), GREEN_TO_BLUE, 3, 1500 + 2 * headers);
        talk.fares("to 443", &open, gso, &expected);
    });
}

#[test]
fn a_spent_ttl_or_a_false_source_is_no_matter_of_rules() {
    play(blue("allow: [{ protocol: udp, ports: [53] }]"), |talk| {
        let drop = |packet: &Packet, reason| {
            Outcome::dropped(&packet.bytes(), reason, GREEN.network, GREEN_TO_BLUE, 1)
        };
        let spent = talk.udp_from_green((1, 53)).hops(1);
        let answer = Told::spent(&GREEN, talk.is_v4()).about(&spent.bytes());
        let outcome = match talk.hook {
            Hook::Xdp => Outcome::up(&spent.bytes()),
            Hook::Tc => drop(&spent, TtlExceeded).told(GREEN.slot, answer),
        };
        talk.fares("permitted, but spent", &spent, Gso::default(), &outcome);
        let refused = talk.udp_from_green((1, 54)).hops(1);
        talk.refused("spent, but refused before", &refused);
        let forged = Packet::udp(talk.at.host, talk.at.host, b"").to(GREEN.mac);
        let outcome = drop(&forged, SpoofedSource);
        talk.fares("forged", &forged, Gso::default(), &outcome);
    });
}
