//! Packets over the egress MTU: senders learn it, whatever their offloads and
//! whatever lies between.

use std::time::Duration;

use anyhow::{Result, ensure};
use peer_tests::{Direction, Host, Scene, process, tcp_transfer};

use super::traceroute::scene;

const NARROW: u32 = 1300;

/// The link to a host takes smaller packets than the others, at both ends.
fn narrow(scene: &Scene, host: &Host) -> Result<()> {
    let port = &host.port;
    scene
        .lab
        .router
        .ip(&format!("link set {port} mtu {NARROW}"))?;
    host.ns.ip(&format!("link set eth0 mtu {NARROW}"))?;
    peer_tests::wait_until("peerd knows the MTU", Duration::from_secs(10), || {
        let routes = scene
            .daemon
            .peerctl(&["get", "routes", "-A", "-o", "json"])?;
        ensure!(routes.ok()?.contains(&format!(": {NARROW}")), "not yet");
        Ok(())
    })
}

/// Forget what was learnt about paths.
fn forget(host: &Host) -> Result<()> {
    host.ns.run("ip -4 route flush cache")?;
    host.ns.run("ip -6 route flush cache").map(drop)
}

#[test]
fn ping_is_told_the_next_links_mtu() -> Result<()> {
    for hook in [("tc", false), ("xdp", true)] {
        let scene = scene("frag needed", hook)?;
        narrow(&scene, &scene.green)?;
        for (to, told) in [(scene.green.v4, "mtu = 1300"), (scene.green.v6, "mtu=1300")] {
            let mut ping = scene.blue.ns.command("ping");
            ping.args(["-n", "-c", "1", "-W", "5", "-M", "do", "-s", "1400"]);
            let said = process::run(ping.arg(to.to_string()), Duration::from_secs(15))?.said();
            ensure!(
                said.to_lowercase().contains(told) || said.contains("mtu=1300"),
                "{hook:?}: {said}"
            );
        }
    }
    Ok(())
}

#[test]
fn tracepath_finds_the_path_mtu_and_the_hops() -> Result<()> {
    for hook in [("tc", false), ("xdp", true)] {
        let scene = scene("tracepath", hook)?;
        narrow(&scene, &scene.green)?;
        for to in scene.green.addresses() {
            let mut tracepath = scene.blue.ns.command("tracepath");
            tracepath.args(["-n", "-m", "5", &to.to_string()]);
            let told = process::run(&mut tracepath, Duration::from_secs(30))?.ok()?;
            println!("{told}");
            ensure!(told.contains("pmtu 1300 hops 2 back 2"), "{hook:?}: {told}");
        }
    }
    Ok(())
}

#[test]
fn tcp_finds_its_way_through_a_narrow_link_with_every_offload_on() -> Result<()> {
    let scene = scene("TCP path MTU", ("tc", false))?;
    narrow(&scene, &scene.green)?;
    for to in scene.green.addresses() {
        forget(&scene.blue)?;
        let moved = tcp_transfer(&scene.blue, &scene.green, to, Direction::Upload, 1)?;
        println!("{to}: {moved}");
        ensure!(moved.bytes > 1_000_000, "{to}: {moved}");
    }
    Ok(())
}

/// A host's checksums are left to the last device; where an earlier hop fills them in,
/// it does so in quotes of ICMP errors too.
#[test]
fn errors_come_back_intact_through_a_router_that_fills_in_checksums() -> Result<()> {
    let scene = scene("second hop", ("tc", false))?;
    narrow(&scene, &scene.green)?;
    let Scene { blue, lab, .. } = &scene;
    let inner = lab.namespace("inner")?;
    blue.ns.ip(&format!(
        "link add eth1 type veth peer name eth0 netns {}\n\
         addr add 10.1.9.1/24 dev eth1\n\
         addr add fd00:1:0:9::1/64 dev eth1 nodad\n\
         link set eth1 up",
        inner.name
    ))?;
    inner.ip("addr add 10.1.9.2/24 dev eth0\n\
         addr add fd00:1:0:9::2/64 dev eth0 nodad\n\
         link set eth0 up\n\
         route add default via 10.1.9.1\n\
         route add ::/0 via fd00:1:0:9::1")?;
    for key in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
        blue.ns.set_sysctl(key, "1")?;
    }
    // Forwarding routers forget their default route by router advertisement only, but
    // keep the static one.
    blue.ns.run("ethtool -K eth1 tx off")?;
    lab.router.ip(&format!(
        "route add 10.1.9.0/24 via {}\nroute add fd00:1:0:9::/64 via {}",
        blue.v4, blue.v6
    ))?;
    let mut behind = blue.clone();
    behind.ns = inner;
    behind.v4 = "10.1.9.2".parse()?;
    behind.v6 = "fd00:1:0:9::2".parse()?;
    for to in scene.green.addresses() {
        peer_tests::wait_until(
            "the host behind is reached",
            Duration::from_secs(10),
            || behind.assert_reaches(to),
        )?;
        let moved = tcp_transfer(&behind, &scene.green, to, Direction::Upload, 1)?;
        println!("{to}: {moved}");
        ensure!(moved.bytes > 1_000_000, "{to}: {moved}");
        let mut tracepath = behind.ns.command("tracepath");
        tracepath.args(["-n", "-m", "5", &to.to_string()]);
        let told = process::run(&mut tracepath, Duration::from_secs(30))?.ok()?;
        println!("{told}");
        ensure!(told.contains("pmtu 1300 hops 3 back 3"), "{told}");
    }
    Ok(())
}
