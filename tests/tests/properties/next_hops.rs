//! Examples: several next hops for one destination, and by which port sources come in.

use peer_userspace::model::Port;

use super::{
    scene::{all, port, three_networks},
    world::World,
};

/// Blue has a second port, by which and by the first 10.1.64.0/18 is reached.
fn two_ways() -> World {
    let mut world = three_networks();
    world.network_mut("t/blue").ports.push(port("veth-blue-b"));
    world.interface(4, "veth-blue-b", &["10.1.1.1/24"]);
    world.peer("t/blue", "t/green");
    let hops = [(1, "10.1.0.9", 1), (4, "10.1.1.9", 3)];
    world.multipath("10.1.64.0/18", &hops);
    world
}

fn to_blue(world: &World) -> String {
    world.send(2, "10.2.0.5", "10.1.64.5")
}

#[test]
fn hops_that_nobody_answered_at_yet_share_the_flows() {
    assert_eq!(to_blue(&two_ways()), "1 10.1.0.9?, 4 10.1.1.9?");
}

#[test]
fn a_hop_without_a_neighbour_is_left_out_while_another_has_one() {
    let mut world = two_ways();
    world.neighbour(4, "10.1.1.9");
    assert_eq!(to_blue(&world), "4 10.1.1.9");
    world.neighbour(1, "10.1.0.9");
    assert_eq!(to_blue(&world), "1 10.1.0.9, 4 10.1.1.9");
}

#[test]
fn a_hop_behind_a_link_that_is_down_is_left_out() {
    let mut world = two_ways();
    world.neighbour(1, "10.1.0.9");
    world.neighbour(4, "10.1.1.9");
    world.interface_mut(1).up = false;
    assert_eq!(to_blue(&world), "4 10.1.1.9");
    world.interface_mut(4).up = false;
    assert_eq!(to_blue(&world), "no-route");
}

#[test]
fn a_port_that_claims_a_prefix_takes_only_the_hops_that_leave_by_it() {
    let mut world = two_ways();
    world.port_mut("t/blue").prefixes = all(&["10.1.0.0/16"]);
    assert_eq!(to_blue(&world), "1 10.1.0.9?");
}

#[test]
fn an_ipv4_route_by_an_ipv6_next_hop_is_followed() {
    let mut world = three_networks();
    world.peer("t/blue", "t/green");
    world.route(1, "10.1.64.0/18 via fe80::9");
    assert_eq!(to_blue(&world), "1 fe80::9?");
    world.neighbour(1, "fe80::9");
    assert_eq!(to_blue(&world), "1 fe80::9");
}

#[test]
fn more_hops_than_a_group_holds_are_cut_and_what_is_up_is_kept() {
    let mut world = two_ways();
    let gateways: Vec<String> = (10..30).map(|host| format!("10.1.0.{host}")).collect();
    let mut hops: Vec<(u32, &str, u32)> = gateways.iter().map(|at| (1, at.as_str(), 1)).collect();
    hops.push((4, "10.1.1.9", 1));
    world.multipath("10.1.128.0/18", &hops);
    world.interface_mut(1).up = false;
    let sent = world.compile().table;
    let group = sent
        .groups
        .values()
        .find(|group| group.hops().count() == 16);
    let ports: Vec<u32> = group.unwrap().hops().map(|hop| hop.route.port).collect();
    assert!(ports.contains(&4), "{ports:?}");
}

/// Blue's second port says that 10.1.64.0/18 lies behind it.
fn claimed() -> World {
    let mut world = three_networks();
    world.network_mut("t/blue").ports.push(Port {
        prefixes: all(&["10.1.64.0/18"]),
        ..port("veth-blue-b")
    });
    world.interface(4, "veth-blue-b", &["10.1.64.1/24"]);
    world.peer("t/blue", "t/green");
    world
}

#[test]
fn a_source_comes_in_by_the_port_that_claims_it_most_closely() {
    let world = claimed();
    let green = "2 10.2.0.5?";
    assert_eq!(world.send(1, "10.1.0.5", "10.2.0.5"), green);
    assert_eq!(world.send(4, "10.1.64.5", "10.2.0.5"), green);
    assert_eq!(world.send(1, "10.1.64.5", "10.2.0.5"), "spoofed-source");
    assert_eq!(world.send(4, "10.1.0.5", "10.2.0.5"), "spoofed-source");
}

#[test]
fn the_router_and_the_network_itself_are_told_no_other_sources() {
    let world = claimed();
    assert_eq!(world.send(1, "10.1.64.5", "10.1.0.1"), "spoofed-source");
    assert_eq!(world.send(4, "10.1.64.5", "10.1.64.1"), "local");
    assert_eq!(world.send(1, "10.1.64.5", "10.1.64.9"), "spoofed-source");
    assert_eq!(world.send(1, "10.1.0.5", "10.1.64.9"), "4 10.1.64.9?");
}

#[test]
fn a_claim_stands_while_its_port_is_down() {
    let mut world = claimed();
    world.interface_mut(4).up = false;
    assert_eq!(world.send(1, "10.1.64.5", "10.2.0.5"), "spoofed-source");
}

#[test]
fn ports_that_claim_the_same_may_both_send_it() {
    let mut world = claimed();
    world.port_mut("t/blue").prefixes = all(&["10.1.0.0/16", "10.1.64.0/18"]);
    for port in [1, 4] {
        assert_eq!(world.send(port, "10.1.64.5", "10.2.0.5"), "2 10.2.0.5?");
    }
}

#[test]
fn a_transfer_net_is_its_own_ports() {
    let mut world = three_networks();
    world.network_mut("t/blue").ports.push(port("veth-blue-b"));
    world.interface(4, "veth-blue-b", &["192.168.7.1/30"]);
    assert_eq!(world.send(4, "192.168.7.2", "192.168.7.1"), "local");
    assert_eq!(world.send(1, "192.168.7.2", "10.1.0.1"), "spoofed-source");
    assert_eq!(world.send(4, "10.1.0.5", "192.168.7.1"), "local");
}

/// Else no next hop of IPv6 could be resolved.
#[test]
fn who_is_on_a_ports_link_may_speak_though_the_port_claims_only_what_is_behind() {
    let mut world = claimed();
    world.network_mut("t/blue").ports[1].via = all(&["10.1.2.9"]);
    world.interface_mut(4).addresses.clear();
    world.interface(4, "veth-blue-b", &["10.1.2.1/24"]);
    assert_eq!(world.send(4, "10.1.2.9", "10.1.2.1"), "local");
}

#[test]
fn only_ports_that_do_not_take_everything_ask_for_the_source() {
    assert!(two_ways().compile().table.sources.is_empty());
    assert!(!claimed().compile().table.sources.is_empty());
}
