//! Where `compile` or `lifecycle` once answered differently than the oracle, each
//! in its smallest form.

use peer_userspace::{
    lifecycle::State,
    model::{AdminState, Port},
};

use super::{
    scene::{all, consent, network, port, three_networks},
    world::{World, named},
};

const BLUE: &str = "10.1.0.9";
const GREEN: &str = "10.2.0.9";

fn state(world: &World, consent: &str) -> State {
    world.compile().states.consents[&named(consent)].state
}

/// Whether a stranger's network exists is not told, not even by a state.
#[test]
fn a_consent_to_a_network_that_never_was_there_is_pending_like_an_unanswered_one() {
    let mut world = three_networks();
    world.peer("t/blue", "t/gone");
    assert_eq!(state(&world, "t/blue-to-gone"), State::Pending);
    world.table.consents.remove(&named("t/gone-to-blue"));
    assert_eq!(state(&world, "t/blue-to-gone"), State::Pending);
}

/// The table of states is read from the top.
#[test]
fn a_second_consent_that_is_down_is_disabled_before_it_is_one_too_many() {
    let mut world = three_networks();
    let mut second = consent("t/blue", "t/green");
    second.id = named("t/blue-to-green-again");
    second.admin_state = AdminState::Down;
    world.consent(consent("t/blue", "t/green"));
    world.consent(second);
    assert_eq!(state(&world, "t/blue-to-green-again"), State::Disabled);
}

/// Also where the way to it is down: the reason keeps the host from answering
/// ARP and neighbour solicitations for it.
#[test]
fn a_foreign_address_of_the_hosts_is_foreign_even_if_its_peering_is_down() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.consent_mut("t/green-to-blue").admin_state = AdminState::Down;
    assert_eq!(
        world.send(1, BLUE, "10.2.0.1"),
        "foreign-local",
        "green's port"
    );
    world.interface(4, "eth0", &["10.2.0.7/32"]);
    assert_eq!(
        world.send(1, BLUE, "10.2.0.7"),
        "foreign-local",
        "nobody's port"
    );
}

/// As it is for what the network declares.
#[test]
fn there_is_no_route_to_a_transfer_net_whose_port_is_down() {
    let mut world = three_networks();
    world.interface(1, "veth-blue", &["192.168.0.1/30"]);
    world.interface(4, "eth1", &[]);
    world.network_mut("t/blue").ports.push(port("eth1"));
    world.interface_mut(1).up = false;
    assert_eq!(world.send(4, BLUE, "192.168.0.2"), "no-route");
}

/// As they are on what the network declares.
#[test]
fn neighbours_on_a_transfer_net_are_known() {
    let mut world = three_networks();
    world.interface(1, "veth-blue", &["192.168.0.1/30"]);
    world.neighbour(1, "192.168.0.2");
    assert_eq!(world.send(1, BLUE, "192.168.0.2"), "1 192.168.0.2");
}

/// One subnet on two ports: the first in the order of the document, as elsewhere.
#[test]
fn a_transfer_net_on_two_ports_is_reached_by_the_first() {
    let mut world = three_networks();
    world.interface(1, "veth-blue", &["192.168.0.1/28"]);
    world.interface(4, "eth1", &["192.168.0.2/28"]);
    world.network_mut("t/blue").ports.push(port("eth1"));
    assert_eq!(world.send(1, BLUE, "192.168.0.9"), "1 192.168.0.9?");
}

/// Naming what lies behind a port must not make the host's routes on that very
/// port unheard: connected hosts would be sent to the default gateway.
#[test]
fn a_port_that_names_its_prefixes_still_follows_the_hosts_routes_by_it() {
    let mut world = three_networks();
    world.port_mut("t/blue").prefixes = all(&["10.1.0.0/16"]);
    world.route(1, "0.0.0.0/0 via 10.1.0.254");
    world.route(1, "10.1.7.0/24 via 10.1.0.252");
    assert_eq!(world.send(1, BLUE, "10.1.9.9"), "1 10.1.0.254?");
    assert_eq!(world.send(1, BLUE, "10.1.7.9"), "1 10.1.0.252?");
    assert_eq!(
        world.send(1, BLUE, "10.1.0.7"),
        "1 10.1.0.7?",
        "the connected route"
    );
}

/// "What the port says": of two that say the same, the first.
#[test]
fn of_two_ports_that_claim_one_prefix_the_first_has_it() {
    let mut world = three_networks();
    world.interface(4, "eth1", &[]);
    world.port_mut("t/blue").prefixes = all(&["10.1.0.0/16"]);
    let all_via = Port {
        via: all(&["10.1.0.253"]),
        ..port("eth1")
    };
    world.network_mut("t/blue").ports.push(all_via);
    assert_eq!(world.send(1, BLUE, "10.1.7.9"), "1 10.1.7.9?");
    world.port_mut("t/blue").via = all(&["10.1.0.254"]);
    assert_eq!(world.send(1, BLUE, "10.1.7.9"), "1 10.1.0.254?");
}

/// As the kernel would: by the smaller metric, whichever port is declared first.
#[test]
fn of_two_ports_that_claim_nothing_the_hosts_routing_decides() {
    let mut world = three_networks();
    world.interface(4, "eth1", &[]);
    world.network_mut("t/blue").ports.push(port("eth1"));
    world.route(4, "0.0.0.0/0 via 10.1.0.254");
    assert_eq!(world.send(1, BLUE, "10.1.7.9"), "4 10.1.0.254?");
    world.route(1, "0.0.0.0/0 via 10.1.0.253 metric 1");
    assert_eq!(world.send(1, BLUE, "10.1.7.9"), "4 10.1.0.254?");
}

/// A port of blue's with an address of green's, while the two peer: it is the
/// host's, whom green can reach, and no host of green's.
#[test]
fn an_address_of_a_peers_port_is_foreign_even_inside_the_own_prefixes() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.interface(1, "veth-blue", &["10.1.0.1/24", "10.2.0.7/32"]);
    assert_eq!(world.send(2, GREEN, "10.2.0.7"), "foreign-local");
    assert_eq!(world.send(2, "10.2.0.7", GREEN), "spoofed-source");
}

/// They agreed to peer and cannot, for they overlap: that must not take blue's own
/// host away from it.
#[test]
fn an_address_of_a_port_that_cannot_be_reached_stays_an_ordinary_one() {
    let mut world = three_networks();
    world.declare(network("t/twin", &["10.1.0.0/16"], &[port("veth-twin")]));
    world.interface(4, "veth-twin", &["10.1.0.2/24"]);
    world.peer("t/blue", "t/green");
    let fates = |world: &World| {
        [
            (1, BLUE, "10.1.0.2"),
            (1, "10.1.0.2", GREEN),
            (2, GREEN, "10.1.0.2"),
        ]
        .map(|(ingress, source, destination)| world.send(ingress, source, destination))
    };
    let ordinary = ["1 10.1.0.2?", "2 10.2.0.9?", "1 10.1.0.2?"];
    assert_eq!(fates(&world), ordinary);
    world.peer("t/blue", "t/twin");
    assert_eq!(state(&world, "t/blue-to-twin"), State::Conflict);
    assert_eq!(fates(&world), ordinary);
}

/// As on an unnumbered link.
#[test]
fn an_address_that_two_ports_share_is_local_on_both() {
    let mut world = three_networks();
    world.interface(4, "eth1", &["10.1.0.1/32"]);
    world.network_mut("t/blue").ports.push(port("eth1"));
    assert_eq!(world.send(1, BLUE, "10.1.0.1"), "local");
    assert_eq!(world.send(4, BLUE, "10.1.0.1"), "local");
    assert_eq!(world.send(2, GREEN, "10.1.0.1"), "foreign-local");
}

/// A tagged port is another port than the interface it is on.
#[test]
fn a_tagged_port_leaves_the_interface_to_another_network() {
    let mut world = three_networks();
    world.declare(network(
        "a/first",
        &["10.9.0.0/16"],
        &[Port {
            vlan: Some(7),
            ..port("veth-blue")
        }],
    ));
    assert_eq!(world.send(1, BLUE, "10.1.0.1"), "local");
}
