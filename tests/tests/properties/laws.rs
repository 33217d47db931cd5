//! What a compiled table does with packets is what the declarations say.

use std::collections::BTreeMap;

use peer_common::{DropReason, FLOWS_END, flags, verdict};
use peer_userspace::{lifecycle::State, model::PairLabel};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{
    generate::world,
    oracle::{Fate, Forward, Hop, Oracle},
    packet::{self, Outcome, Packet, Way},
    points::{aim, points, shots},
    world::{Compiled, World},
};

/// No regression files: a case worth keeping becomes an example.
pub(crate) fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        max_shrink_iters: 10_000,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_compiled_table_does_with_every_packet_what_the_oracle_says(
        world in world(),
        shots in shots(64),
    ) {
        let compiled = world.compile();
        for packet in aim(&world, &points(&world), &shots) {
            let outcome = packet::run(&compiled.table, &packet);
            if let Err(why) = agrees(&world, &compiled, &packet, &outcome) {
                prop_assert!(false, "{why}\npacket {packet}\noutcome: {outcome:?}");
            }
        }
    }

    #[test]
    fn every_consent_is_in_the_state_the_oracle_says(world in world()) {
        let states = world.compile().states;
        let oracle = Oracle::new(&world);
        for (id, consent) in &world.table.consents {
            let status = states.consents.get(id);
            prop_assert_eq!(status.map(|it| it.state), Some(oracle.state(consent)), "{}: {:?}", id, status);
        }
        prop_assert_eq!(states.consents.len(), world.table.consents.len());
        for (label, pair) in &states.pairs {
            prop_assert_eq!(pair.carries, oracle.carrying().contains(label), "{}", label);
        }
        for label in oracle.carrying() {
            prop_assert!(states.pairs.contains_key(label), "{}", label);
        }
    }

    #[test]
    fn the_order_of_what_is_declared_leaves_no_trace(world in world(), seed in any::<u64>()) {
        let shuffled = shuffled(&world, seed);
        let (one, other) = (world.compile(), shuffled.compile());
        prop_assert_eq!(&one, &other);
        prop_assert_eq!(&one, &world.compile(), "the same twice");
    }
}

/// Whether an outcome is the fate the oracle tells; if not, the difference.
pub(crate) fn agrees(
    world: &World,
    compiled: &Compiled,
    packet: &Packet,
    outcome: &Outcome,
) -> Result<(), String> {
    let oracle = Oracle::new(world);
    let fate = oracle.fate(packet);
    let counter = |pair: &PairLabel| {
        let id = compiled.ids.peerings.get(pair).copied().unwrap_or(0);
        let from = oracle.network_at(packet.ingress).map(|network| &network.id);
        2 * id + u32::from(from == Some(pair.networks().1))
    };
    let same = match (&fate, outcome) {
        (Fate::Pass, Outcome::Pass) => true,
        (Fate::Local { answered }, Outcome::Local { answered: is }) => answered == is,
        (Fate::Forward(wanted), Outcome::Forward { route, ways }) => {
            let Forward { hops, to, pair } = wanted;
            let mut actions = ways.iter().map(|way| &way.route).chain([route]);
            goes_by(ways, hops, packet)
                && actions.all(|action| {
                    compiled.ids.networks.get(to) == Some(&action.network)
                        && action.counter == pair.as_ref().map_or(0, counter)
                        && action.has(flags::SOURCE)
                        && action.has(flags::POLICY) == route.has(flags::POLICY)
                })
                && ways
                    .iter()
                    .all(|way| leaves_properly(world, compiled, &way.route))
        }
        (
            Fate::Drop(wanted, pairs),
            Outcome::Drop {
                reason,
                counter: counted,
            },
        ) => {
            let counts_for = || pairs.iter().any(|pair| counter(pair) == *counted);
            match (wanted, reason) {
                (DropReason::ForeignLocal | DropReason::Martian, DropReason::PeeringDown) => {
                    counts_for()
                }
                // An address of the host's that stands for a host where networks overlap:
                // whose it is depends on who looks, that it may not is agreed on.
                (DropReason::NotExported, DropReason::SpoofedSource) => {
                    oracle.is_the_hosts(packet.source) && counts_for()
                }
                _ if wanted != reason => false,
                // Whom it pretended to write to is nobody's business.
                (_, DropReason::SpoofedSource) => true,
                (_, DropReason::ForeignLocal | DropReason::Martian) => *counted == 0,
                _ => counts_for() || pairs.is_empty() && *counted == 0,
            }
        }
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err(format!("the oracle says {fate:?}"))
    }
}

/// Whether the ways are the hops, those that are up share all flows by weight, and they
/// alone those of the others.
fn goes_by(ways: &[Way], hops: &[Hop], packet: &Packet) -> bool {
    let total: u64 = hops.iter().map(|hop| u64::from(hop.weight)).sum();
    let up = hops.iter().filter(|hop| hop.up);
    let total_up: u64 = up.map(|hop| u64::from(hop.weight)).sum();
    let is_part = |share: u32, weight: u64, total: u64| {
        let flows = u64::from(FLOWS_END);
        (u64::from(share) * total).abs_diff(flows * weight) <= total
    };
    ways.len() == hops.len()
        && hops.iter().all(|hop| {
            let next_hop = hop.gateway.unwrap_or(packet.destination);
            let is_it = |way: &&Way| {
                let by_gateway = way.route.has(flags::GATEWAY);
                let way = (way.route.port, way.next_hop, by_gateway);
                way == (hop.port, next_hop, hop.gateway.is_some())
            };
            let weight = u64::from(hop.weight);
            ways.iter().find(is_it).is_some_and(|way| {
                way.mac == hop.mac
                    && (way.route.verdict == verdict::FORWARD) == hop.up
                    && is_part(way.shares[0], weight, total)
                    && is_part(way.shares[1], if hop.up { weight } else { 0 }, total_up)
            })
        })
}

/// What the programs need besides the next hop is that of the egress interface.
fn leaves_properly(world: &World, compiled: &Compiled, route: &peer_common::Route) -> bool {
    let Some(egress) = world.host.interfaces.get(&route.port) else {
        return false;
    };
    compiled.table.devices.get(&route.device) == Some(&route.port)
        && Some(route.src_mac) == egress.mac.map(|mac| mac.0)
        && route.mtu == egress.mtu
        && route.has(peer_common::flags::XDP_EGRESS) == egress.xdp.egress
}

/// The same world, every list that is no sequence turned round or about.
fn shuffled(world: &World, seed: u64) -> World {
    let mut shuffled = world.clone();
    for network in shuffled.table.networks.values_mut() {
        turn(&mut network.static_routes, seed);
        turn(&mut network.auto_accept, seed);
        for port in &mut network.ports {
            turn(&mut port.prefixes, seed);
        }
    }
    for consent in shuffled.table.consents.values_mut() {
        consent
            .export
            .iter_mut()
            .for_each(|export| turn(export, seed));
    }
    for interface in shuffled.host.interfaces.values_mut() {
        turn(&mut interface.addresses, seed);
    }
    turn(&mut shuffled.host.routes, seed);
    shuffled
}

fn turn<T>(list: &mut [T], seed: u64) {
    if seed % 2 == 1 {
        list.reverse();
    }
    if !list.is_empty() {
        let by = usize::try_from(seed >> 1).unwrap_or(0) % list.len();
        list.rotate_left(by);
    }
}

/// The laws would hold of an empty world too: see that worlds are full of all
/// that can happen.
#[test]
fn random_worlds_hold_every_fate_and_every_state() {
    let mut runner = TestRunner::deterministic();
    let mut fates: BTreeMap<String, usize> = BTreeMap::new();
    let mut states: BTreeMap<State, usize> = BTreeMap::new();
    for _ in 0..200 {
        let drawn = (world(), shots(64))
            .new_tree(&mut runner)
            .expect("a world")
            .current();
        let (world, shots) = drawn;
        let oracle = Oracle::new(&world);
        for packet in aim(&world, &points(&world), &shots) {
            *fates.entry(kind(&oracle.fate(&packet))).or_default() += 1;
        }
        for consent in world.table.consents.values() {
            *states.entry(oracle.state(consent)).or_default() += 1;
        }
    }
    println!("{fates:#?}\n{states:#?}");
    let expected = [
        "pass",
        "local",
        "inside, resolved",
        "inside, unresolved",
        "across, resolved",
        "across, unresolved",
        "inside, shared by all",
        "inside, shared by some",
        "across, shared by some",
        "not-peered",
        "peering-down",
        "spoofed-source",
        "not-exported",
        "foreign-local",
        "no-route",
        "unmanaged",
    ];
    for kind in expected {
        assert!(
            fates.get(kind).is_some_and(|count| *count >= 5),
            "too few: {kind} in {fates:?}"
        );
    }
    // Those that have ended need a past, which these worlds lack.
    for state in State::ALL.iter().filter(|state| !state.is_terminal()) {
        assert!(
            states.get(state).is_some_and(|count| *count >= 10),
            "too few: {state}"
        );
    }
}

fn kind(fate: &Fate) -> String {
    match fate {
        Fate::Pass => "pass".to_owned(),
        Fate::Local { answered: false } => "local".to_owned(),
        Fate::Local { answered: true } => "answered".to_owned(),
        Fate::Drop(reason, _) => reason.name().to_owned(),
        Fate::Forward(Forward { pair, hops, .. }) => format!(
            "{}, {}",
            if pair.is_some() { "across" } else { "inside" },
            match &hops[..] {
                [Hop { mac: Some(_), .. }] => "resolved",
                [_] => "unresolved",
                _ if hops.iter().all(|hop| hop.up) => "shared by all",
                _ => "shared by some",
            }
        ),
    }
}
