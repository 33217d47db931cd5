//! A measurement, not a test: what rules cost a packet and a peering.
//! `cargo xtask test -- --ignored --nocapture measure_`.

use std::{
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
};

use aya::maps::MapData;

use super::talk::{ACK, Rules, Talk, blue, play};
use crate::datapath::{
    outcome::{Arrival, Hook},
    packet::Packet,
    world::{self, BLUE_TO_GREEN, GREEN},
};

const RUNS: u32 = 200_000;
const ROUNDS: usize = 9;

/// Nanoseconds of one run; the median of some rounds. A spent TTL of which
/// nobody is told leaves the packet as it is, so that every run sees the same one.
fn cost(talk: &mut Talk<'_>, packet: &Packet) -> u32 {
    let arrival = spent(packet);
    let (hook, rig) = (talk.hook, &mut talk.rig);
    median((0..ROUNDS).map(|_| rig.time(hook, &arrival, RUNS)))
}

fn spent(packet: &Packet) -> Arrival {
    Arrival {
        limited: true,
        ..Arrival::new(GREEN.index, packet.clone().hops(1).bytes())
    }
}

fn median(costs: impl Iterator<Item = u32>) -> u32 {
    let mut costs: Vec<u32> = costs.collect();
    costs.sort_unstable();
    costs[costs.len() / 2]
}

/// The median of single runs of packets that are all different.
fn cost_singly(talk: &mut Talk<'_>, packets: &[Packet]) -> u32 {
    let (hook, rig) = (talk.hook, &mut talk.rig);
    median(
        packets
            .iter()
            .map(|packet| rig.time(hook, &spent(packet), 1)),
    )
}

#[test]
#[ignore = "a measurement"]
fn measure_what_rules_cost_a_packet() {
    let ports: Vec<String> = (0..64).map(|rule| (100 + 10 * rule).to_string()).collect();
    let all: &str = Box::leak(
        format!(
            "allow: [{{ protocol: udp, ports: [{}] }}]",
            ports.join(", ")
        )
        .into(),
    );
    play(blue(all), |talk| {
        let known = talk.udp_from_green((40000, 730));
        let allowed = talk.tcp_from_green((40000, 443), ACK);
        let refused = talk.udp_from_green((40000, 99));
        let deny = cost(talk, &refused);
        let hit = cost(talk, &known);
        let again = cost_singly(talk, &vec![known.clone(); 8000]);
        let news: Vec<Packet> = (1..=8000)
            .map(|port| talk.udp_from_green((port, 100)))
            .collect();
        let new = cost_singly(talk, &news);
        talk.declare(Rules {
            blue: "allow: [{ protocol: tcp }]",
            green: "",
        });
        let one = cost(talk, &allowed);
        talk.rig.apply(&world::table());
        let none = cost(talk, &known);
        let flows = talk.hook == Hook::Xdp && talk.is_v4();
        println!(
            "{:?} {}: no rules {none} ns; flow hit {hit}; one rule, no flow {one}; \
             64 rules that do not fit {deny}; singly: flow hit {again}, new flow {new}",
            talk.hook, talk.at.family
        );
        talk.declare(blue("allow: []"));
        if flows {
            for pin in ["flows_1".to_owned(), format!("policy_{BLUE_TO_GREEN}")] {
                let map = MapData::from_pin(talk.rig.pins.join(&pin)).unwrap();
                let info = format!("/proc/self/fdinfo/{}", map.fd().as_fd().as_raw_fd());
                let info = fs::read_to_string(info).unwrap();
                let memory = info.lines().find(|line| line.starts_with("memlock"));
                println!("{pin}: {memory:?}");
            }
        }
        talk.rig.forget_counts();
    });
}
