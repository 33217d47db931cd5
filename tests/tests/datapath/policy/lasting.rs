//! How long flows last: until they are old, or their rules are no more.

use peer_common::UNMANAGED_DROP;
use peer_userspace::compile::ForwardingTable;

use super::talk::{ACK, Key, Rules, SYN, SYN_ACK, Value, blue, open_flows, play, ruled};
use crate::datapath::{
    outcome::{Arrival, Hook, Verdict},
    packet::Packet,
    places::V4,
    rig::{Rig, with_rig},
    route::on_link,
    world::{self, BLUE, BLUE_TO_GREEN, BLUE_TO_RED, RED, RED_TO_BLUE},
};

const WIDE: &str = "allow: [{ protocol: tcp, ports: [22, 443] }, { protocol: udp }]";
const NARROW: &str = "allow: [{ protocol: tcp, ports: [443] }, { protocol: icmp }]";

#[test]
fn a_flow_ends_some_time_after_its_last_packet() {
    play(blue("allow: []"), |talk| {
        let (udp, udp_back) = (talk.udp_from_blue((1, 2)), talk.udp_from_green((2, 1)));
        let (ping, pong) = (talk.echo(false, false, 7), talk.echo(true, true, 7));
        let (syn, syn_ack) = (
            talk.tcp_from_blue((1, 2), SYN),
            talk.tcp_from_green((2, 1), SYN_ACK),
        );
        for packet in [&udp, &ping, &syn] {
            talk.passes("opened", packet);
        }
        talk.age_flows(58);
        for packet in [&udp_back, &pong, &syn_ack] {
            talk.passes("58 s later", packet);
        }
        talk.age_flows(58);
        talk.passes("each reply keeps it alive", &pong);
        talk.age_flows(61);
        talk.refused("no reply for 61 s", &pong);
        talk.passes("UDP has more time", &udp_back);
        talk.age_flows(301);
        talk.refused("no reply for 301 s", &udp_back);
        talk.passes("TCP has two hours", &syn_ack);
        talk.passes("asked again", &udp);
        talk.passes("answered again", &udp_back);
    });
}

#[test]
fn a_flow_is_written_to_once_a_second_at_most() {
    play(blue("allow: []"), |talk| {
        let (question, answer) = (talk.udp_from_blue((1, 2)), talk.udp_from_green((2, 1)));
        talk.passes("question", &question);
        let first = talk.flows();
        talk.passes("answer", &answer);
        assert_eq!(talk.flows(), first);
        talk.age_flows(2);
        talk.passes("answer", &answer);
        assert!(talk.flows()[0].1.seen >= first[0].1.seen);
    });
}

#[test]
fn a_rule_that_is_withdrawn_takes_its_flows_along_in_both_directions() {
    play(blue(WIDE), |talk| {
        let kept = [
            talk.tcp_from_green((40000, 443), ACK),
            talk.tcp_from_blue((443, 40000), ACK),
        ];
        let ended = [
            talk.tcp_from_green((40000, 22), ACK),
            talk.tcp_from_blue((22, 40000), ACK),
            talk.udp_from_green((40000, 53)),
            talk.udp_from_blue((53, 40000)),
        ];
        for packet in kept.iter().chain(&ended) {
            talk.passes("under the wide rules", packet);
        }
        talk.declare(blue(NARROW));
        // The reply first: a server may have more to say than its client.
        for packet in kept.iter().rev().chain(&kept) {
            talk.passes("still permitted", packet);
        }
        for packet in ended.iter().rev().chain(&ended) {
            talk.refused("no longer permitted", packet);
        }
        talk.declare(blue(WIDE));
        for packet in kept.iter().chain(&ended) {
            talk.passes("under the wide rules again", packet);
        }
    });
}

#[test]
fn rules_of_one_side_alone_leave_the_others_flows_as_they_are() {
    let with = |green| Rules {
        blue: "allow: [{ protocol: udp, ports: [53] }]",
        green,
    };
    play(with("allow: [{ protocol: udp }]"), |talk| {
        let (question, answer) = (talk.udp_from_green((1, 53)), talk.udp_from_blue((53, 1)));
        talk.passes("question", &question);
        let before = talk.flows();
        talk.declare(with("allow: []"));
        talk.passes("answer", &answer);
        assert_eq!(talk.flows(), before);
    });
}

#[test]
fn a_peering_that_loses_all_rules_forgets_its_flows() {
    play(blue("allow: []"), |talk| {
        let (question, answer) = (talk.udp_from_blue((1, 2)), talk.udp_from_green((2, 1)));
        talk.passes("question", &question);
        talk.rig.apply(&world::table());
        assert!(!talk.rig.pins.join("flows_1").exists());
        assert!(!talk.rig.pins.join("policy_2").exists());
        talk.passes("without rules", &answer);
        talk.declare(blue("allow: []"));
        talk.refused("with rules again", &answer);
    });
}

#[test]
fn a_peering_without_rules_has_no_flows() {
    with_rig(|rig| {
        let packet = Packet::udp(V4.host, V4.known, b"");
        rig.run(Hook::Tc, &Arrival::new(BLUE.index, packet.bytes()));
        let pins = std::fs::read_dir(&rig.pins).unwrap();
        let names = pins.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let flows: Vec<String> = names.filter(|name| name.starts_with("flows_")).collect();
        assert_eq!(flows, [""; 0]);
    });
}

/// Blue's peering with red is up too, and has the same rules.
fn two_peerings() -> ForwardingTable {
    let mut table = ruled(blue("allow: []"));
    // Nobody is told of a refusal, so that a redirect is a packet sent on.
    table.ports.get_mut(&RED.index).unwrap().unmanaged = UNMANAGED_DROP;
    for (to, from) in [
        (BLUE_TO_RED, BLUE_TO_GREEN),
        (RED_TO_BLUE, BLUE_TO_GREEN + 1),
    ] {
        let policy = table.policies[&from].clone();
        table.policies.insert(to, policy);
    }
    for (network, at, port, counter) in [
        (BLUE.network, "10.3.0.0/17", RED, BLUE_TO_RED),
        (RED.network, "10.1.0.0/17", BLUE, RED_TO_BLUE),
    ] {
        let mut way = on_link(&port).counted(counter).0;
        way.flags |= peer_common::flags::POLICY;
        let fib = table.fibs.get_mut(&network).unwrap();
        fib.insert(at.parse().unwrap(), way);
    }
    table
}

fn run(rig: &mut Rig, ingress: &world::Port, packet: &Packet) -> Verdict {
    let packet = packet.clone().to(ingress.mac);
    let arrival = Arrival::new(ingress.index, packet.bytes());
    rig.run(Hook::Tc, &arrival).verdict
}

#[test]
fn no_peerings_flows_make_room_for_anothers() {
    with_rig(|rig| {
        rig.apply(&two_peerings());
        let question = Packet::udp(V4.host, V4.down, b"");
        let answer = Packet::new(V4.down, V4.host, 17, super::talk::datagram((53, 40000)));
        assert_eq!(run(rig, &RED, &answer), Verdict::Drop);
        assert_eq!(run(rig, &BLUE, &question), Verdict::Redirect);
        assert_eq!(run(rig, &RED, &answer), Verdict::Redirect);
        // More than there is room for, of the other peering.
        let (key, flow): (Key, Value) = {
            let flows = open_flows(rig, BLUE_TO_RED / 2);
            let found: Vec<_> = flows.iter().map(|entry| entry.unwrap()).collect();
            assert_eq!(found.len(), 1);
            found[0]
        };
        let mut greens = open_flows(rig, BLUE_TO_GREEN / 2);
        for number in 0..2 * peer_common::limits::MAX_FLOWS {
            let mut other = key;
            other[..4].copy_from_slice(&number.to_ne_bytes());
            greens.insert(other, flow, 0).unwrap();
        }
        assert_eq!(run(rig, &RED, &answer), Verdict::Redirect);
    });
}

#[test]
fn what_is_asked_to_have_rules_and_has_none_is_closed() {
    with_rig(|rig| {
        let mut table = ruled(blue("allow: [{}]"));
        table.policies.clear();
        rig.apply(&table);
        let packet = Packet::udp(V4.host, V4.known, b"");
        let outcome = rig.run(Hook::Tc, &Arrival::new(BLUE.index, packet.bytes()));
        assert_eq!(outcome.verdict, Verdict::Drop);
    });
}

#[test]
fn rules_and_flows_are_found_again_by_the_next_daemon() {
    with_rig(|rig| {
        let table = ruled(blue(WIDE));
        rig.apply(&table);
        rig.datapath.reread().unwrap();
        assert_eq!(*rig.datapath.content(), table);
    });
}
