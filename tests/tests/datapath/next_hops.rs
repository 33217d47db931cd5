//! Several next hops for one destination: which flows take which.

use std::collections::BTreeMap;

use ipnet::IpNet;
use peer_common::DropReason;
use peer_userspace::compile::ForwardingTable;

use super::{
    counters::Count,
    outcome::{Arrival, Hook, Verdict},
    packet::Packet,
    places::{FAMILIES, Places},
    rig::{Rig, with_rig},
    route::{Way, group, on_link},
    transport::{UDP, with_checksum},
    world::{self, BLUE, BLUE_TO_GREEN, GREEN, next_hop},
};

const FLOWS: u16 = 2000;

/// Green's prefixes, reached by hops of these weights; hop N has the MAC `next_hop(N)`.
fn shared(ways: &[(Way, u32)]) -> ForwardingTable {
    let mut table = world::table();
    let ways: Vec<_> = ways.iter().map(|(way, weight)| (way.0, *weight)).collect();
    table.groups.insert(7, group(&ways));
    for prefix in ["10.2.0.0/16", "fd00:2::/48"] {
        let at: IpNet = prefix.parse().unwrap();
        let route = on_link(&GREEN).counted(BLUE_TO_GREEN).shared_by(7);
        table
            .fibs
            .get_mut(&BLUE.network)
            .unwrap()
            .insert(at, route.0);
    }
    table
}

fn way(number: u8) -> Way {
    on_link(&GREEN)
        .counted(BLUE_TO_GREEN)
        .known(next_hop(number))
}

/// A datagram of blue's from this port.
fn datagram(at: &Places, port: u16) -> Packet {
    let [high, low] = port.to_be_bytes();
    let udp = vec![high, low, 0, 53, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
    with_checksum(at.host, at.unresolved, UDP, udp, 6)
}

/// The hop it took, by number, or why it took none.
fn hop_of(rig: &mut Rig, hook: Hook, packet: &Packet) -> Result<u8, DropReason> {
    let outcome = rig.run(hook, &Arrival::new(BLUE.index, packet.bytes()));
    let mut reasons = outcome.counted.keys().filter_map(|count| match count {
        Count::OfNetwork(_, reason) => Some(*reason),
        _ => None,
    });
    match reasons.next() {
        // Also where its sender is told.
        Some(reason) => Err(reason),
        None => {
            assert_eq!(outcome.verdict, Verdict::Redirect);
            Ok(outcome.frame[5])
        }
    }
}

/// Where each of many flows goes.
fn ways(rig: &mut Rig, hook: Hook, at: &Places) -> Vec<u8> {
    (0..FLOWS)
        .map(|port| hop_of(rig, hook, &datagram(at, 1000 + port)).expect("it is sent"))
        .collect()
}

fn counted(ways: &[u8]) -> BTreeMap<u8, u16> {
    let mut counts = BTreeMap::new();
    for way in ways {
        *counts.entry(*way).or_default() += 1;
    }
    counts
}

#[test]
fn hops_share_flows_by_weight_and_a_flow_keeps_its_way_at_both_hooks() {
    with_rig(|rig| {
        rig.apply(&shared(&[(way(1), 1), (way(2), 3)]));
        for at in &FAMILIES {
            let first = ways(rig, Hook::Xdp, at);
            let counts = counted(&first);
            println!("{}, weights 1:3 of {FLOWS} flows: {counts:?}", at.family);
            // A quarter is 500, with a standard deviation below 20.
            assert!((400..=600).contains(&counts[&1]), "{counts:?}");
            assert_eq!(counts[&1] + counts[&2], FLOWS);
            assert_eq!(ways(rig, Hook::Tc, at), first, "{}: tc as XDP", at.family);
        }
    });
}

#[test]
fn only_the_flows_of_a_hop_that_goes_down_move_and_they_come_back_with_it() {
    let all = [(way(1), 1), (way(2), 2), (way(3), 1)];
    let without = [(way(1), 1), (way(2).down(), 2), (way(3), 1)];
    with_rig(|rig| {
        for at in &FAMILIES {
            rig.apply(&shared(&all));
            let before = ways(rig, Hook::Tc, at);
            rig.apply(&shared(&without));
            let meanwhile = ways(rig, Hook::Tc, at);
            let moved: Vec<u8> = before
                .iter()
                .zip(&meanwhile)
                .filter(|(before, now)| {
                    assert!(before == now || **before == 2, "{before} moved to {now}");
                    **before == 2
                })
                .map(|(_, now)| *now)
                .collect();
            let shares = counted(&moved);
            println!("{}: what was 2's goes to {shares:?}", at.family);
            // Half of about a thousand each.
            assert!(
                shares.len() == 2 && shares.values().all(|share| *share > 400),
                "{shares:?}"
            );
            rig.apply(&shared(&all));
            assert_eq!(ways(rig, Hook::Tc, at), before);
        }
    });
}

#[test]
fn the_fragments_of_a_packet_go_the_same_way_as_its_first() {
    with_rig(|rig| {
        rig.apply(&shared(&[(way(1), 1), (way(2), 1)]));
        for at in &FAMILIES {
            let mut seen = BTreeMap::new();
            for host in 0..64u16 {
                let to = if at.family == "IPv4" {
                    format!("10.2.9.{host}")
                } else {
                    format!("fd00:2:0:9::{host}")
                };
                let parts = [(0, true, true), (1, true, false), (2, false, false)];
                let ways = parts.map(|(offset, more, ports)| {
                    // The first looks like a datagram, others like anything.
                    let payload = if ports {
                        vec![host as u8, 7, 0, 53, 0, 24, 0, 0]
                    } else {
                        vec![0xee; 8]
                    };
                    let packet = Packet::new(at.host, &to, UDP, payload);
                    let fragment = fragment(at, packet, offset, more);
                    hop_of(rig, Hook::Xdp, &fragment).expect("it is sent")
                });
                assert_eq!(ways, [ways[0]; 3], "{to}");
                *seen.entry(ways[0]).or_insert(0) += 1;
            }
            assert_eq!(seen.len(), 2, "both hops are used: {seen:?}");
        }
    });
}

fn fragment(at: &Places, packet: Packet, offset: u16, more: bool) -> Packet {
    let more = u16::from(more);
    if at.family == "IPv4" {
        return packet.label(77).fragment(more << 13 | offset);
    }
    let mut rest = vec![0];
    rest.extend((offset << 3 | more).to_be_bytes());
    rest.extend([0, 0, 0, 77]);
    packet.extension(44, &rest)
}

#[test]
fn a_packet_is_too_big_only_for_the_hop_it_takes() {
    with_rig(|rig| {
        rig.apply(&shared(&[(way(1).mtu(1300), 1), (way(2), 1)]));
        for at in &FAMILIES {
            let sizes = [1300, 1400];
            let mut seen = BTreeMap::new();
            for port in 0..64 {
                let [small, large] = sizes.map(|size| {
                    let packet = datagram(at, port).ip_length(size);
                    hop_of(rig, Hook::Tc, &packet)
                });
                let expected = match small.expect("small enough for both") {
                    1 => Err(DropReason::TooBig),
                    other => Ok(other),
                };
                assert_eq!(large, expected);
                *seen.entry(small.ok()).or_insert(0) += 1;
            }
            assert_eq!(seen.len(), 2, "{seen:?}");
        }
    });
}

#[test]
fn where_all_hops_are_down_or_the_group_is_gone_there_is_no_route() {
    with_rig(|rig| {
        let down = shared(&[(way(1).down(), 1), (way(2).down(), 1)]);
        let mut gone = shared(&[]);
        gone.groups.clear();
        for table in [down, gone] {
            rig.apply(&table);
            for (at, hook) in [(&FAMILIES[0], Hook::Xdp), (&FAMILIES[1], Hook::Tc)] {
                let met = hop_of(rig, hook, &datagram(at, 9));
                assert_eq!(met, Err(DropReason::NoRoute));
            }
        }
    });
}
