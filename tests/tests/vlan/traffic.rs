//! Traffic between networks on tags, and with the router itself.

use anyhow::{Result, ensure};
use peer_tests::{Direction, Host, tcp_transfer};

use super::scene::Scene;

#[test]
fn networks_on_tags_and_without_reach_those_they_peer_with_and_no_others() -> Result<()> {
    let scene = Scene::start("tags")?;
    for (one, other) in scene.peers() {
        for (from, to) in [(one, other), (other, one)] {
            to.addresses()
                .into_iter()
                .try_for_each(|address| from.assert_reaches(address))?;
        }
    }
    let strangers: [(&Host, &Host); 4] = [
        (&scene.green, &scene.red),
        (&scene.red, &scene.grey),
        (&scene.pink, &scene.plain),
        (&scene.grey, &scene.plain),
    ];
    for (one, other) in strangers {
        for (from, to) in [(one, other), (other, one)] {
            to.addresses()
                .into_iter()
                .try_for_each(|address| from.assert_unanswered(address))?;
        }
    }
    Ok(())
}

#[test]
fn tcp_with_every_offload_on_moves_between_tags() -> Result<()> {
    let scene = Scene::start("tcp")?;
    for (client, server) in scene.peers() {
        for to in server.addresses() {
            let moved = tcp_transfer(client, server, to, Direction::Upload, 1)?;
            println!("{} to {}: {moved:?}", client.name, server.name);
            ensure!(
                moved.bits_per_second > 1e8,
                "{} to {to}: {moved:?}",
                client.name
            );
        }
    }
    Ok(())
}

#[test]
fn the_very_first_packet_to_a_neighbour_nobody_asked_for_arrives() -> Result<()> {
    let scene = Scene::start("first packet")?;
    for (from, to) in scene.peers() {
        for address in to.addresses() {
            let pings = from.ping(address, 1)?;
            ensure!(pings.none_lost(), "{} to {address}: {pings}", from.name);
        }
    }
    Ok(())
}

#[test]
fn the_routers_own_address_answers_on_its_tag_and_on_no_other() -> Result<()> {
    let scene = Scene::start("own address")?;
    let Scene {
        blue, green, red, ..
    } = &scene;
    for host in [blue, green, red, &scene.grey, &scene.pink] {
        for (gateway, address) in host.gateways().into_iter().zip(host.addresses()) {
            host.assert_reaches(gateway)?;
            // And the router its hosts, by the stand-in.
            let done = scene
                .lab
                .router
                .run(&format!("ping -n -c 2 -i 0.1 -W 2 {address}"))?;
            ensure!(done.contains(" 2 received"), "{done}");
        }
    }
    for (host, other) in [(blue, green), (green, blue), (red, blue), (blue, red)] {
        other
            .gateways()
            .into_iter()
            .try_for_each(|gateway| host.assert_unanswered(gateway))?;
    }
    Ok(())
}
