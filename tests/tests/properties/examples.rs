//! The documented examples, each small enough to be worked out by hand.
//!
//! `2 10.2.0.7` is sent out of interface 2 to the neighbour 10.2.0.7; with a `?`
//! its MAC is not known yet.

use peer_common::flags;
use peer_userspace::model::{AdminState, Port, RouteMode, StaticRoute, Unmanaged};

use super::{
    packet::{self, Outcome, Packet},
    scene::{all, consent, network, port, three_networks},
    world::{World, named},
};

const BLUE: &str = "10.1.0.9";
const GREEN: &str = "10.2.0.9";

#[test]
fn two_consents_open_both_directions() {
    let mut world = three_networks();
    assert_eq!(world.send(1, BLUE, GREEN), "not-peered", "nobody asked");
    world.consent(consent("t/blue", "t/green"));
    assert_eq!(world.send(1, BLUE, GREEN), "not-peered", "one asked");
    world.consent(consent("t/green", "t/blue"));
    assert_eq!(world.send(1, BLUE, GREEN), "2 10.2.0.9?");
    assert_eq!(world.send(2, GREEN, BLUE), "1 10.1.0.9?");
    world.neighbour(1, BLUE);
    assert_eq!(
        world.send(2, GREEN, BLUE),
        "1 10.1.0.9",
        "the neighbour is known"
    );
}

#[test]
fn a_consent_may_be_given_in_advance() {
    let mut world = three_networks();
    world.consent(consent("t/blue", "t/green"));
    world.network_mut("t/green").auto_accept = vec!["t".to_owned()];
    assert_eq!(world.send(1, BLUE, GREEN), "2 10.2.0.9?");
}

#[test]
fn a_peering_that_is_down_says_so_to_both() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.consent_mut("t/green-to-blue").admin_state = AdminState::Down;
    assert_eq!(world.send(1, BLUE, GREEN), "peering-down");
    assert_eq!(world.send(2, GREEN, BLUE), "peering-down");
    assert_eq!(
        world.send(3, "10.3.0.9", GREEN),
        "not-peered",
        "red has no part in it"
    );
}

#[test]
fn networks_of_two_zones_agree_in_vain() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.network_mut("t/green").zone = "far".to_owned();
    assert_eq!(world.send(1, BLUE, GREEN), "peering-down");
}

#[test]
fn nothing_goes_through_a_third_network() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.peer("t/green", "t/red");
    assert_eq!(world.send(1, BLUE, "10.3.0.9"), "not-peered");
    assert_eq!(
        world.send(2, BLUE, "10.3.0.9"),
        "spoofed-source",
        "blue's address by green's port"
    );
}

#[test]
fn what_is_not_exported_is_closed_as_destination_and_as_source() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.consent_mut("t/blue-to-green").export = Some(all(&["10.1.0.0/17", "10.9.0.0/16"]));
    assert_eq!(world.send(2, GREEN, BLUE), "1 10.1.0.9?");
    assert_eq!(world.send(2, GREEN, "10.1.200.9"), "not-peered");
    assert_eq!(
        world.send(2, GREEN, "10.9.0.9"),
        "pass",
        "not blue's to export"
    );
    assert_eq!(world.send(1, BLUE, GREEN), "2 10.2.0.9?");
    assert_eq!(world.send(1, "10.1.200.9", GREEN), "not-exported");
    world.consent_mut("t/blue-to-green").export = Some(all(&["10.0.0.0/8"]));
    assert_eq!(
        world.send(2, GREEN, "10.1.200.9"),
        "1 10.1.200.9?",
        "all of blue is in it"
    );
    world.consent_mut("t/blue-to-green").export = Some(Vec::new());
    assert_eq!(world.send(2, GREEN, BLUE), "not-peered");
}

#[test]
fn with_manual_routes_only_what_they_name_is_routed() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    let blue = world.network_mut("t/blue");
    blue.routes = RouteMode::Manual;
    assert_eq!(world.send(1, BLUE, GREEN), "no-route");
    assert_eq!(
        world.send(2, GREEN, BLUE),
        "1 10.1.0.9?",
        "green routes by itself"
    );
    let to = "10.2.0.0/24".parse().unwrap();
    for (peering, fate) in [
        ("blue-to-red", "no-route"),
        ("blue-to-green", "2 10.2.0.9?"),
    ] {
        let peering = peering.parse().unwrap();
        world.network_mut("t/blue").static_routes = vec![StaticRoute { to, peering }];
        assert_eq!(world.send(1, BLUE, GREEN), fate);
    }
    assert_eq!(world.send(1, BLUE, "10.2.7.9"), "no-route");
}

#[test]
fn the_port_the_host_and_the_link_give_the_next_hop_in_this_order() {
    let mut world = three_networks();
    assert_eq!(world.send(1, BLUE, "10.1.7.9"), "1 10.1.7.9?", "on-link");
    world.route(1, "10.0.0.0/8 via 10.1.0.253");
    assert_eq!(
        world.send(1, BLUE, "10.1.7.9"),
        "1 10.1.0.253?",
        "the host's way to all of blue"
    );
    world.route(1, "10.1.7.0/24 via 10.1.0.252");
    assert_eq!(
        world.send(1, BLUE, "10.1.7.9"),
        "1 10.1.0.252?",
        "the host's way to a part"
    );
    assert_eq!(
        world.send(1, BLUE, "10.1.0.7"),
        "1 10.1.0.7?",
        "the connected route"
    );
    world.port_mut("t/blue").via = all(&["10.1.0.254"]);
    assert_eq!(
        world.send(1, BLUE, "10.1.7.9"),
        "1 10.1.0.254?",
        "the port's own"
    );
}

#[test]
fn what_lies_behind_a_second_port_goes_there() {
    let mut world = three_networks();
    world.interface(4, "eth1", &["10.1.7.1/24"]);
    let eth1 = Port {
        via: all(&["10.1.7.254"]),
        prefixes: all(&["10.1.7.0/24"]),
        ..port("eth1")
    };
    world.network_mut("t/blue").ports.push(eth1);
    world.peer("t/blue", "t/green");
    world.neighbour(4, "10.1.7.254");
    assert_eq!(world.send(2, GREEN, "10.1.7.9"), "4 10.1.7.254");
    assert_eq!(world.send(2, GREEN, "10.1.8.9"), "1 10.1.8.9?");
    assert_eq!(
        world.send(1, BLUE, "10.1.7.9"),
        "4 10.1.7.254",
        "within blue too"
    );
    world.interface_mut(4).up = false;
    assert_eq!(
        world.send(2, GREEN, "10.1.7.9"),
        "1 10.1.7.9?",
        "the other stands for all"
    );
    world.interface_mut(1).up = false;
    assert_eq!(world.send(2, GREEN, "10.1.7.9"), "no-route");
}

#[test]
fn the_hosts_addresses_are_local_on_their_own_port_alone() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.interface(4, "eth0", &["203.0.113.1/24"]);
    assert_eq!(world.send(1, BLUE, "10.1.0.1"), "local");
    assert_eq!(
        world.send(2, GREEN, "10.1.0.1"),
        "foreign-local",
        "a peer's gateway"
    );
    assert_eq!(
        world.send(3, "10.3.0.9", "10.1.0.1"),
        "foreign-local",
        "a stranger's"
    );
    assert_eq!(
        world.send(1, BLUE, "203.0.113.1"),
        "foreign-local",
        "nobody's port"
    );
    assert_eq!(
        world.send(1, "10.1.0.1", GREEN),
        "spoofed-source",
        "the host itself"
    );
    assert_eq!(world.send(4, "203.0.113.9", BLUE), "pass", "not a port");
}

#[test]
fn networks_that_do_not_peer_may_use_the_same_addresses_and_the_same_gateway() {
    let mut world = three_networks();
    world.declare(network("t/twin", &["10.1.0.0/16"], &[port("veth-twin")]));
    world.interface(4, "veth-twin", &["10.1.0.1/24"]);
    world.peer("t/twin", "t/green");
    for ingress in [1, 4] {
        // The kernel could not tell the two apart.
        assert_eq!(world.send(ingress, BLUE, "10.1.0.1"), "answered");
        assert_eq!(
            world.send(ingress, BLUE, "10.1.0.8"),
            format!("{ingress} 10.1.0.8?")
        );
    }
    assert_eq!(world.send(4, BLUE, GREEN), "2 10.2.0.9?");
    assert_eq!(world.send(1, BLUE, GREEN), "not-peered");
    assert_eq!(world.send(2, GREEN, BLUE), "4 10.1.0.9?");
    world.interface(4, "veth-twin", &["10.1.0.2/24"]);
    assert_eq!(
        world.send(1, BLUE, "10.1.0.2"),
        "1 10.1.0.2?",
        "some host of blue's"
    );
}

#[test]
fn of_two_that_overlap_at_the_receiver_the_older_keeps_its_traffic() {
    let mut world = three_networks();
    world.declare(network("t/a-twin", &["10.1.7.0/24"], &[port("veth-twin")]));
    world.interface(4, "veth-twin", &[]);
    world.peer("t/blue", "t/green");
    let world_before = world.settled();
    let mut world: World = world_before;
    world.peer("t/a-twin", "t/green");
    assert_eq!(
        world.send(2, GREEN, "10.1.7.9"),
        "1 10.1.7.9?",
        "blue's, though less specific"
    );
    assert_eq!(
        world.send(4, "10.1.7.9", GREEN),
        "peering-down",
        "the newer one"
    );
    world.table.consents.remove(&named("t/blue-to-green"));
    assert_eq!(
        world.send(2, GREEN, "10.1.7.9"),
        "4 10.1.7.9?",
        "its turn has come"
    );
}

#[test]
fn destinations_in_no_managed_network_follow_the_senders_policy() {
    let mut world = three_networks();
    assert_eq!(world.send(1, BLUE, "192.0.2.9"), "pass");
    for policy in [Unmanaged::Drop, Unmanaged::Reject] {
        world.network_mut("t/blue").unmanaged = policy;
        assert_eq!(world.send(1, BLUE, "192.0.2.9"), "unmanaged");
    }
    assert_eq!(world.send(1, "192.0.2.8", "192.0.2.9"), "spoofed-source");
}

#[test]
fn a_transfer_net_that_nobody_declares_is_its_networks_own() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.interface(1, "veth-blue", &["192.168.0.1/30"]);
    assert_eq!(world.send(1, BLUE, "192.168.0.2"), "1 192.168.0.2?");
    assert_eq!(world.send(1, "192.168.0.2", BLUE), "1 10.1.0.9?");
    assert_eq!(world.send(1, "192.168.0.2", GREEN), "not-exported");
    assert_eq!(
        world.send(2, GREEN, "192.168.0.2"),
        "pass",
        "nobody's network to green"
    );
}

/// Without a look into the peer's table, that is, where packets get the same answer.
#[test]
fn the_own_table_lets_through_where_a_peer_is_given_everything_and_nowhere_else() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    let is_open = |world: &World, destination: &str| {
        let packet = Packet {
            ingress: 1,
            source: BLUE.parse().expect("an address"),
            destination: destination.parse().expect("an address"),
        };
        match packet::run(&world.compile().table, &packet) {
            Outcome::Forward { route, .. } => route.has(flags::OPEN),
            other => panic!("{other:?}"),
        }
    };
    assert!(is_open(&world, GREEN) && is_open(&world, "10.1.0.10"));
    world.consent_mut("t/blue-to-green").export = Some(all(&["10.0.0.0/8"]));
    assert!(is_open(&world, GREEN), "all that blue has");
    world.consent_mut("t/blue-to-green").export = Some(all(&["10.1.0.0/17"]));
    assert!(!is_open(&world, GREEN), "half of it");
    assert!(
        is_open(&world, "10.1.0.10"),
        "nobody is given less of it inside"
    );
}
