//! Stand-ins come and go with the table, and outlive the daemon.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use peer_tests::{ETH0, wait_until};

use super::scene::{SOON, Scene, port};

#[test]
fn a_stand_in_says_what_it_stands_for_and_goes_with_its_port() -> Result<()> {
    let mut scene = Scene::start("port removed")?;
    let all = scene.stand_ins()?;
    for label in [
        "trunk vlan 10",
        "trunk vlan 20",
        "trunk outer 100 vlan 10",
        "trunk outer 200",
    ] {
        let said = format!("peerd: {label} (");
        ensure!(
            all.iter().any(|(_, alias)| alias.starts_with(&said)),
            "none for {label}: {all:?}"
        );
    }
    ensure!(all.len() == 4, "{all:?}");
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    scene.edit(|table| table.without("red"))?;
    wait_until("the stand-in is gone", SOON, || {
        let all = scene.stand_ins()?;
        ensure!(all.len() == 3, "{all:?}");
        ensure!(!all.iter().any(|(_, alias)| alias.contains("outer 100")));
        Ok(())
    })?;
    thread::sleep(Duration::from_millis(500));
    pings.assert_none_lost()?;
    scene.red.assert_unanswered(scene.red.gateway4)
}

#[test]
fn declared_addresses_are_kept_on_the_stand_in_and_follow_the_table() -> Result<()> {
    let mut scene = Scene::start("addresses")?;
    let stand_in = |label: &str| -> Result<String> {
        let all = scene.stand_ins()?;
        let found = all.into_iter().find(|(_, alias)| alias.contains(label));
        Ok(found.map(|(name, _)| name).unwrap_or_default())
    };
    let blues = stand_in("vlan 10 (")?;
    let router = scene.lab.router.clone();
    router.ip(&format!("addr flush dev {blues}"))?;
    wait_until("the addresses are there again", SOON, || {
        for gateway in scene.blue.gateways() {
            ensure!(scene.blue.ping(gateway, 1)?.none_lost(), "{gateway}");
        }
        Ok(())
    })?;
    let moved = port(&scene.blue, "vlan: 10").replace("10.1.0.1/24", "10.1.0.9/24");
    scene.edit(|table| table.with("blue", |network| network.ports = vec![moved]))?;
    wait_until("the new address answers, the old does not", SOON, || {
        ensure!(scene.blue.ping("10.1.0.9".parse()?, 1)?.none_lost());
        ensure!(!scene.blue.ping(scene.blue.gateway4, 1)?.none_lost());
        Ok(())
    })
}

#[test]
fn a_killed_daemon_and_its_successor_lose_no_packet_of_any_tag() -> Result<()> {
    let mut scene = Scene::start("restart")?;
    for (one, other) in scene.peers() {
        other
            .addresses()
            .into_iter()
            .try_for_each(|address| one.assert_reaches(address))?;
    }
    let before = scene.stand_ins()?;
    let pings = [
        scene.blue.ping_meanwhile(scene.green.v4)?,
        scene.blue.ping_meanwhile(scene.red.v6)?,
        scene.pink.ping_meanwhile(scene.blue.v4)?,
        scene.grey.ping_meanwhile(scene.blue.v6)?,
        scene.blue.ping_meanwhile(scene.blue.gateway4)?,
    ];
    scene.daemon.kill9()?;
    thread::sleep(Duration::from_millis(500));
    scene.daemon.start()?;
    thread::sleep(Duration::from_millis(500));
    for run in pings {
        run.assert_none_lost()?;
    }
    ensure!(scene.stand_ins()? == before, "the same stand-ins");
    Ok(())
}

#[test]
fn a_restart_takes_away_what_was_taken_from_the_table_meanwhile() -> Result<()> {
    let mut scene = Scene::start("stale")?;
    scene.daemon.kill9()?;
    scene.edit(|table| table.without("red"))?;
    scene.daemon.start()?;
    wait_until("the stale stand-in is gone", SOON, || {
        ensure!(scene.stand_ins()?.len() == 3);
        Ok(())
    })
}

#[test]
fn detach_takes_every_stand_in_away() -> Result<()> {
    let mut scene = Scene::start("detach")?;
    ensure!(scene.stand_ins()?.len() == 4);
    scene.daemon.terminate()?;
    ensure!(scene.stand_ins()?.len() == 4, "they outlive the daemon");
    scene.daemon.detach()?.ok()?;
    ensure!(scene.stand_ins()?.is_empty());
    let left = scene.lab.router.run("ip -o link show")?;
    ensure!(
        left.lines().count() == 3,
        "lo, trunk and veth-plain: {left}"
    );
    scene.daemon.start()?;
    scene.blue.assert_reaches(scene.green.v4)
}

#[test]
fn another_daemons_stand_ins_are_left_alone() -> Result<()> {
    let scene = Scene::start("two daemons")?;
    let before = scene.stand_ins()?;
    let mut second = peer_tests::Daemon::second(&scene.lab, scene.daemon.programs.clone())?;
    second.start()?;
    second.terminate()?;
    second.detach()?.ok()?;
    ensure!(scene.stand_ins()? == before);
    scene.blue.assert_reaches(scene.green.v4)
}

#[test]
fn a_stand_in_that_somebody_deleted_is_made_again() -> Result<()> {
    let scene = Scene::start("deleted")?;
    scene.blue.assert_reaches(scene.green.v4)?;
    let (name, _) = scene.stand_ins()?.remove(0);
    scene.lab.router.ip(&format!("link del {name}"))?;
    wait_until("all peers reach each other again", SOON, || {
        for (one, other) in scene.peers() {
            ensure!(one.ping(other.v4, 1)?.none_lost(), "{}", other.name);
        }
        Ok(())
    })
}

#[test]
fn the_trunks_carrier_mtu_and_mac_are_the_ports() -> Result<()> {
    let scene = Scene::start("trunk down")?;
    let Scene { blue, plain, .. } = &scene;
    blue.assert_reaches(plain.v4)?;
    scene.switch.ns.ip(&format!("link set {ETH0} down"))?;
    scene.wait_ports("the link is down")?;
    // Now the router knows no way, and says so.
    wait_until("plain's packets are counted", SOON, || {
        plain.ping(blue.v4, 1)?;
        let drops = scene.daemon.peerctl(&["get", "drops", "-A"])?.ok()?;
        ensure!(drops.contains("no-route"), "{drops}");
        Ok(())
    })?;
    scene.switch.ns.ip(&format!("link set {ETH0} up"))?;
    wait_until("blue reaches plain again", SOON, || {
        for address in plain.addresses() {
            ensure!(blue.ping(address, 1)?.none_lost());
        }
        Ok(())
    })?;
    scene
        .lab
        .router
        .ip("link set trunk mtu 1400\nlink set trunk address 02:00:00:00:77:01")?;
    wait_until("routes have the new MTU", SOON, || {
        let routes = scene
            .daemon
            .peerctl(&["get", "routes", "-A", "-o", "json"])?;
        ensure!(routes.ok()?.contains("1400"));
        Ok(())
    })?;
    wait_until("blue reaches plain by the new MAC", SOON, || {
        blue.ns.ip("neigh flush all")?;
        ensure!(blue.ping(plain.v4, 1)?.none_lost());
        Ok(())
    })
}
