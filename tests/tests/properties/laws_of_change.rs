//! What holds from one table to the next: differences, their order, numbers.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use bytemuck::Zeroable as _;
use peer_common::{Port, Route, flags, verdict};
use peer_userspace::{
    compile::{Change, ForwardingTable, Ids, Policy, diff},
    model::{ObjectRef, PairLabel},
};
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{
    apply::apply,
    generate::{Edit, NETWORKS, edit, world},
    laws::config,
    packet::{Decision, decide, enters},
    points::points,
    span::Span,
    world::{Compiled, World, named},
};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn applying_a_difference_gives_the_new_table(
        one in world(),
        edits in vec(edit(), 0..4),
        other in world(),
    ) {
        let old = one.compile();
        let mut edited = one.clone();
        edits.iter().for_each(|edit| edit.apply(&mut edited));
        let edited = edited.compile_after(&old.ids);
        let (far, unrelated) = (other.compile_after(&old.ids), other.compile());
        for new in [&edited, &far, &unrelated] {
            let mut table = old.table.clone();
            diff(&old.table, &new.table).iter().for_each(|change| apply(&mut table, change));
            prop_assert_eq!(&table, &new.table);
            prop_assert_eq!(diff(&new.table, &new.table), Vec::new());
        }
    }

    #[test]
    fn while_a_change_is_applied_every_destination_meets_the_old_or_the_new_decision(
        world in world(),
        edits in vec(edit(), 1..8),
    ) {
        let (old, new, destinations) = before_and_after(&world, &edits);
        let stay: Vec<u32> =
            old.ids.networks.iter().filter(|(name, _)| new.ids.networks.contains_key(*name))
                .map(|(_, id)| *id).collect();
        let mut table = old.table.clone();
        for change in diff(&old.table, &new.table) {
            apply(&mut table, &change);
            for network in stay.iter().filter(|id| reaches(&change, **id)) {
                for destination in destinations.iter().filter(|at| concerns(&change, **at)) {
                    let met = decide(&table, *network, *destination);
                    let right =
                        [&old.table, &new.table].map(|at| decide(at, *network, *destination));
                    prop_assert!(
                        right.contains(&met),
                        "after {change:?} network {network} meets for {destination}\n{met:?}, \
                         not one of\n{right:?}",
                    );
                }
            }
        }
    }

    #[test]
    fn while_a_change_is_applied_no_port_forwards_by_a_table_that_was_never_its_networks(
        world in world(),
        edits in vec(edit(), 1..8),
    ) {
        let (old, new, destinations) = before_and_after(&world, &edits);
        let ports: BTreeSet<u32> =
            old.table.ports.keys().chain(new.table.ports.keys()).copied().collect();
        let mut table = old.table.clone();
        for change in diff(&old.table, &new.table) {
            apply(&mut table, &change);
            for port in ports.iter().filter(|port| touches(&change, &table, **port)) {
                let owners: Vec<&ObjectRef> =
                    [&old, &new].into_iter().filter_map(|at| owner(at, *port)).collect();
                for destination in destinations.iter().filter(|at| concerns(&change, **at)) {
                    let Some(met) = forwards(&table, *port, *destination) else {
                        continue;
                    };
                    let right = [&old, &new].into_iter().any(|at| {
                        let mut ids = owners.iter().filter_map(|own| at.ids.networks.get(*own));
                        ids.any(|id| decide(&at.table, *id, *destination) == met)
                    });
                    prop_assert!(
                        right,
                        "after {change:?} port {port} forwards {destination} by {met:?}",
                    );
                }
            }
        }
    }

    #[test]
    fn while_a_change_is_applied_every_port_lets_in_what_it_let_in_or_is_to_let_in(
        world in world(),
        edits in vec(edit(), 1..8),
    ) {
        let (old, new, sources) = before_and_after(&world, &edits);
        let stay = |index: &&u32| new.table.ports.contains_key(*index);
        let ports: Vec<u32> = old.table.ports.keys().filter(stay).copied().collect();
        let mut table = old.table.clone();
        for change in diff(&old.table, &new.table) {
            apply(&mut table, &change);
            let port = match &change {
                Change::PutPort(port, _)
                | Change::PutSource(port, ..)
                | Change::RemoveSource(port, _) => *port,
                _ => continue,
            };
            for source in sources.iter().filter(|_| ports.contains(&port)) {
                let met = enters(&table, port, *source);
                let right = [&old.table, &new.table].map(|at| enters(at, port, *source));
                prop_assert!(
                    right.contains(&met),
                    "after {change:?} port {port} lets in {source}: {met}, not one of {right:?}",
                );
            }
        }
    }

    #[test]
    fn while_a_change_is_applied_no_peering_has_rules_that_were_never_its_own(
        world in world(),
        edits in vec(edit(), 1..8),
    ) {
        let (old, new, _) = before_and_after(&world, &edits);
        let mut table = old.table.clone();
        for change in diff(&old.table, &new.table) {
            apply(&mut table, &change);
            for route in peerings(&table) {
                let met = in_force(&table, route);
                let right = [&old.table, &new.table].map(|at| {
                    let same = peerings(at).find(|other| other.counter == route.counter);
                    let declared = at.policies.get(&route.counter).cloned();
                    declared.or_else(|| same.and_then(|other| in_force(at, other)))
                });
                // Where rules are asked for and there are none, nothing passes.
                prop_assert!(
                    met.is_none() || right.contains(&met),
                    "after {change:?} {route:?} meets\n{met:?}, not one of\n{right:?}",
                );
            }
        }
    }

    #[test]
    fn numbers_stay_with_what_stays_and_no_two_directions_share_a_counter(
        steps in vec((subset(), pairs(), devices()), 1..8),
    ) {
        let mut ids = Ids::default();
        for (networks, pairs, devices) in steps {
            let next = ids.assigned(
                networks.iter().map(|k| named(NETWORKS[*k])),
                pairs.iter().cloned(),
                devices.iter().copied(),
                &ForwardingTable::default(),
            );
            prop_assert_eq!(next.networks.len(), networks.len());
            prop_assert_eq!(next.peerings.keys().cloned().collect::<BTreeSet<_>>(), pairs);
            prop_assert_eq!(next.devices.keys().copied().collect::<BTreeSet<_>>(), devices);
            prop_assert!(keeps(&ids.networks, &next.networks));
            prop_assert!(keeps(&ids.peerings, &next.peerings));
            prop_assert!(keeps(&ids.devices, &next.devices));
            prop_assert!(distinct(&next.networks) && !next.networks.values().any(|id| *id == 0));
            prop_assert!(distinct(&next.peerings) && !next.peerings.values().any(|id| *id == 0));
            prop_assert!(distinct(&next.devices));
            let counters: Vec<u32> = next
                .peerings
                .keys()
                .flat_map(|pair| {
                    let (smaller, larger) = pair.networks();
                    [next.counter(pair, smaller), next.counter(pair, larger)]
                })
                .collect();
            let unique: BTreeSet<u32> = counters.iter().copied().collect();
            prop_assert_eq!(counters.len(), unique.len());
            prop_assert!(!unique.contains(&0), "0 counts what stays inside a network");
            ids = next;
        }
    }
}

/// Sources are kept by slot: what was told of another slot, or of none, is to be told again.
#[test]
fn a_port_that_gets_another_slot_is_told_all_its_sources_again() {
    let table = |slot: Option<u32>| {
        let mut table = ForwardingTable::default();
        let port = |slot| Port {
            slot,
            ..Port::zeroed()
        };
        table.ports.extend(slot.map(|slot| (7, port(slot))));
        let prefix = "10.0.0.0/8".parse().expect("a prefix");
        table.sources.insert(7, Arc::new([(prefix, true)].into()));
        table
    };
    let puts = |old: Option<u32>, new: Option<u32>| {
        let changes = diff(&table(old), &table(new));
        let is_put = |change: &&Change| matches!(change, Change::PutSource(7, ..));
        changes.iter().filter(is_put).count()
    };
    assert_eq!(puts(Some(1), Some(2)), 1);
    assert_eq!(puts(None, Some(2)), 1, "the port was not there");
    assert_eq!(puts(Some(1), Some(1)), 0);
    assert_eq!(puts(Some(1), None), 0);
}

/// The laws would hold of edits that change nothing too.
#[test]
fn random_edits_make_every_kind_of_change() {
    let mut runner = TestRunner::deterministic();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..400 {
        let drawn = (world(), vec(edit(), 1..4)).new_tree(&mut runner);
        let (world, edits) = drawn.expect("a world").current();
        let (old, new, _) = before_and_after(&world, &edits);
        for change in diff(&old.table, &new.table) {
            let shown = format!("{change:?}");
            let kind = shown.split(['(', ' ']).next().unwrap_or_default();
            *kinds.entry(kind.to_owned()).or_default() += 1;
        }
    }
    println!("{kinds:#?}");
    assert_eq!(kinds.len(), 16, "{kinds:?}");
    assert!(kinds.values().all(|count| *count >= 5), "{kinds:?}");
}

/// The tables of a world and of the edited one, and where to look.
fn before_and_after(world: &World, edits: &[Edit]) -> (Compiled, Compiled, BTreeSet<IpAddr>) {
    let mut changed = world.clone();
    edits.iter().for_each(|edit| edit.apply(&mut changed));
    let old = world.compile();
    let new = changed.compile_after(&old.ids);
    (
        old,
        new,
        points(world).into_iter().chain(points(&changed)).collect(),
    )
}

fn subset() -> impl Strategy<Value = BTreeSet<usize>> {
    prop::collection::btree_set(0..NETWORKS.len(), 0..NETWORKS.len())
}

fn pairs() -> impl Strategy<Value = BTreeSet<PairLabel>> {
    let pair = (0..NETWORKS.len(), 0..NETWORKS.len())
        .prop_filter("a network does not peer with itself", |(one, other)| {
            one != other
        })
        .prop_map(|(one, other)| PairLabel::of(&named(NETWORKS[one]), &named(NETWORKS[other])));
    prop::collection::btree_set(pair, 0..10)
}

fn devices() -> impl Strategy<Value = BTreeSet<u32>> {
    prop::collection::btree_set(1u32..9, 0..6)
}

fn keeps<K: Ord>(old: &BTreeMap<K, u32>, new: &BTreeMap<K, u32>) -> bool {
    old.iter()
        .all(|(key, id)| new.get(key).is_none_or(|now| now == id))
}

fn distinct<K>(ids: &BTreeMap<K, u32>) -> bool {
    ids.values().collect::<BTreeSet<_>>().len() == ids.len()
}

/// Routes over peerings.
fn peerings(table: &ForwardingTable) -> impl Iterator<Item = &Route> {
    let routes = table.fibs.values().flat_map(|fib| fib.values());
    routes.filter(|route| route.verdict == verdict::FORWARD && route.counter > 0)
}

/// The rules packets meet on this route: none given is everything. `None` where nothing
/// passes.
fn in_force(table: &ForwardingTable, route: &Route) -> Option<Policy> {
    if route.has(flags::POLICY) {
        table.policies.get(&route.counter).cloned()
    } else {
        Some(Policy::default())
    }
}

/// How a destination is forwarded from this port, if it is.
fn forwards(table: &ForwardingTable, ingress: u32, destination: IpAddr) -> Option<Decision> {
    let decision = decide(table, table.ports.get(&ingress)?.network, destination);
    let forwards = match decision {
        Decision::Route(route) | Decision::Shared(route, _) => route.verdict == verdict::FORWARD,
        Decision::Elsewhere(_) | Decision::Unknown => false,
    };
    forwards.then_some(decision)
}

/// The network whose port this is.
fn owner(compiled: &Compiled, ingress: u32) -> Option<&ObjectRef> {
    let id = compiled.table.ports.get(&ingress)?.network;
    compiled
        .ids
        .networks
        .iter()
        .find(|(_, other)| **other == id)
        .map(|(name, _)| name)
}

/// Whether the change can make a difference for what comes in by this port.
fn touches(change: &Change, table: &ForwardingTable, port: u32) -> bool {
    match change {
        Change::PutPort(index, _) | Change::RemovePort(index) => *index == port,
        _ => table
            .ports
            .get(&port)
            .is_some_and(|port| reaches(change, port.network)),
    }
}

/// Whether the change can make a difference for this network.
fn reaches(change: &Change, network: u32) -> bool {
    match change {
        Change::PutRoute(id, ..) | Change::RemoveRoute(id, _) => *id == network,
        Change::AddFibs(fibs) => fibs.contains_key(&network),
        Change::RemoveFibs(ids) => ids.contains(&network),
        Change::PutElsewhere(..) | Change::RemoveElsewhere(_) => true,
        Change::PutDevice(..) | Change::RemoveDevice(_) => false,
        // Not for where packets go.
        Change::PutPolicies(_) | Change::RemovePolicies(_) => false,
        Change::PutSource(..) | Change::RemoveSource(..) => false,
        Change::PutGroup(..) | Change::RemoveGroup(_) => true,
        Change::PutPort(..) | Change::RemovePort(_) => false,
        Change::PutTags(..) | Change::RemoveTags(_) => false,
    }
}

/// Whether the change can make a difference for this destination.
fn concerns(change: &Change, destination: IpAddr) -> bool {
    match change {
        Change::PutRoute(_, at, _)
        | Change::RemoveRoute(_, at)
        | Change::PutElsewhere(at, _)
        | Change::RemoveElsewhere(at) => Span::of(at).holds(destination),
        _ => true,
    }
}
