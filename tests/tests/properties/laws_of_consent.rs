//! Who opens a way between two networks, who closes it, and whom that leaves alone.

use std::{collections::BTreeMap, net::IpAddr};

use peer_common::verdict;
use peer_userspace::model::{Consent, ObjectRef, PairLabel};
use proptest::{prelude::*, sample::Index};

use super::{
    generate::{NETWORKS, SPARE, consent, network, number, world},
    laws::config,
    oracle::Oracle,
    packet::{Decision, decide, may_send},
    points::points,
    world::{Compiled, World, by_name, named, pair_of, peer_of},
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn only_pairs_that_carry_traffic_have_ways_between_their_networks(world in world()) {
        let compiled = world.compile();
        let oracle = Oracle::new(&world);
        for (from, to, counter) in forward_routes(&compiled) {
            if from == to {
                prop_assert_eq!(counter, 0);
                continue;
            }
            let pair = PairLabel::of(&from, &to);
            prop_assert!(oracle.carrying().contains(&pair), "{} forwards to {}", from, to);
            prop_assert_eq!(counter, compiled.ids.counter(&pair, &from));
        }
    }

    #[test]
    fn either_side_closes_both_directions_and_disturbs_no_other_pair(
        world in world(),
        which in any::<Index>(),
        delete in any::<bool>(),
    ) {
        let world = world.settled();
        let carrying = Oracle::new(&world).carrying().to_vec();
        let counting: Vec<&Consent> = world
            .table
            .consents
            .values()
            .filter(|consent| carrying.contains(&pair_of(consent)) && is_first(&world, consent))
            .collect();
        if counting.is_empty() {
            return Ok(());
        }
        let withdrawn = *which.get(&counting);
        let label = pair_of(withdrawn);
        let changed = world.without(&withdrawn.id, delete);
        if delete && still_agreed(&changed, withdrawn) {
            return Ok(());
        }
        let before = world.compile();
        let after = changed.compile_after(&before.ids);
        for (from, to, _) in forward_routes(&after) {
            prop_assert!(from == to || PairLabel::of(&from, &to) != label, "{} is open", label);
        }
        let others: Vec<PairLabel> =
            carrying.iter().filter(|other| **other != label).cloned().collect();
        // What an address of the host's is depends on whom one reaches.
        let mut points = points(&world);
        points.retain(|point| world.host.addresses().all(|(_, net)| net.addr() != *point));
        undisturbed(&others, &points, &before, &after)?;
    }

    #[test]
    fn an_older_peering_is_undisturbed_by_a_newer_one_whatever_the_names(
        world in world(),
        (newcomer, network, consents) in newcomer(),
    ) {
        let mut world = world;
        let name = named(NETWORKS[newcomer]);
        world.table.networks.remove(&name);
        world.table.consents.retain(|_, one| one.own() != name && *peer_of(one) != name);
        let world = world.settled();
        let mut changed = world.clone();
        changed.declare(network);
        consents.into_iter().for_each(|consent| changed.consent(consent));
        let before = world.compile();
        let after = changed.compile_after(&before.ids);
        let older = Oracle::new(&world).carrying().to_vec();
        undisturbed(&older, &points(&changed), &before, &after)?;
    }
}

/// A network behind the spare interface, with consents from and to all others.
fn newcomer() -> impl Strategy<Value = (usize, peer_userspace::model::Network, Vec<Consent>)> {
    number().prop_flat_map(|k| {
        let behind_spare = network(k).prop_map(|mut network| {
            network.ports.truncate(1);
            network
                .ports
                .iter_mut()
                .for_each(|port| port.interface = SPARE.to_owned());
            network
        });
        let consents: Vec<_> = (0..NETWORKS.len())
            .filter(|other| *other != k)
            .flat_map(|other| {
                [
                    consent(k, other, "to").boxed(),
                    consent(other, k, "to").boxed(),
                ]
            })
            .collect();
        (Just(k), behind_spare, consents)
    })
}

/// Every forward route: from which network, to which, and its counter.
fn forward_routes(compiled: &Compiled) -> Vec<(ObjectRef, ObjectRef, u32)> {
    let names: BTreeMap<u32, &ObjectRef> = compiled
        .ids
        .networks
        .iter()
        .map(|(name, id)| (*id, name))
        .collect();
    let mut routes = Vec::new();
    for (from, fib) in &compiled.table.fibs {
        for route in fib
            .values()
            .filter(|route| route.verdict == verdict::FORWARD)
        {
            routes.push((
                names[from].clone(),
                names[&route.network].clone(),
                route.counter,
            ));
        }
    }
    routes
}

/// Whether this is the consent that counts, of those its owner has for the pair.
fn is_first(world: &World, consent: &Consent) -> bool {
    let same = |one: &&Consent| (one.own(), &one.peer) == (consent.own(), &consent.peer);
    world.table.consents.values().find(same) == Some(consent)
}

/// Whether the owner said so twice, or beforehand.
fn still_agreed(without: &World, deleted: &Consent) -> bool {
    let again = without
        .table
        .consents
        .values()
        .any(|one| (one.own(), &one.peer) == (deleted.own(), &deleted.peer));
    let asked =
        without.table.consents.values().any(|one| {
            (one.own(), &one.peer) == (peer_of(deleted).clone(), &by_name(deleted.own()))
        });
    let beforehand = without
        .table
        .networks
        .get(&deleted.own())
        .is_some_and(|own| {
            own.auto_accept
                .iter()
                .any(|by| by == "*" || *by == peer_of(deleted).namespace.to_string())
        });
    again || asked && beforehand
}

/// Between the networks of these pairs, everything goes the way it went before.
fn undisturbed(
    pairs: &[PairLabel],
    points: &[IpAddr],
    before: &Compiled,
    after: &Compiled,
) -> Result<(), TestCaseError> {
    for pair in pairs {
        prop_assert!(
            after.states.pairs.get(pair).is_some_and(|now| now.carries),
            "{} fell",
            pair
        );
        let (smaller, larger) = pair.networks();
        for (from, to) in [(smaller, larger), (larger, smaller)] {
            let (from, to) = (before.ids.networks[from], before.ids.networks[to]);
            for point in points {
                let decision = decide(&before.table, from, *point);
                if matches!(
                    decision,
                    Decision::Route(route)
                        if route.network == to && route.verdict == verdict::FORWARD
                ) {
                    let now = decide(&after.table, from, *point);
                    prop_assert_eq!(decision, now, "from {} to {} over {}", from, point, pair);
                }
                if may_send(&before.table, *point, from, to) {
                    let still = may_send(&after.table, *point, from, to);
                    prop_assert!(still, "{} may no longer send over {}", point, pair);
                }
            }
        }
    }
    Ok(())
}
