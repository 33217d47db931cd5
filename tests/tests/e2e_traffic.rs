//! What peered networks send each other arrives, as by a good router.

use std::time::Duration;

use anyhow::Result;
use peer_tests::{Direction, Hook, SOON, Scene, Udp, tcp_transfer, udp_round_trips};

#[test]
fn peered_networks_ping_each_other_in_both_families() -> Result<()> {
    let scene = Scene::start("ping")?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    scene.assert_connected(&scene.green, &scene.red)
}

#[test]
fn the_first_packet_after_start_is_not_lost() -> Result<()> {
    let scene = Scene::start("first packet")?;
    for to in scene.green.addresses() {
        assert!(
            scene.blue.ping(to, 1)?.none_lost(),
            "the very first packet to {to}"
        );
    }
    Ok(())
}

#[test]
fn the_kernels_own_forwarding_stays_off() -> Result<()> {
    let scene = Scene::start("no kernel routing")?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    for key in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
        assert_eq!(scene.lab.router.sysctl(key)?, "0", "{key}");
    }
    for port in [&scene.blue.port, &scene.green.port] {
        for key in ["ipv4", "ipv6"].map(|family| format!("net/{family}/conf/{port}/forwarding")) {
            assert_eq!(scene.lab.router.sysctl(&key)?, "0", "{key}");
        }
    }
    Ok(())
}

#[test]
fn tcp_runs_both_ways_with_every_offload_left_on() -> Result<()> {
    let scene = Scene::prepare("TCP")?;
    let Scene { blue, green, .. } = &scene;
    let before = (blue.offloads()?, green.offloads()?);
    let mut scene = scene;
    scene.daemon.start()?;
    let Scene {
        blue, green, lab, ..
    } = &scene;
    assert_eq!(
        (blue.offloads()?, green.offloads()?),
        before,
        "peerd changed a neighbour's offloads"
    );
    assert_eq!(
        lab.router.programs_at(&blue.port, Hook::Xdp)?,
        0,
        "XDP would cost a veth its offloads"
    );
    let frames = green.frames()?;
    for to in green.addresses() {
        for direction in [Direction::Upload, Direction::Download] {
            let moved = tcp_transfer(blue, green, to, direction, 1)?;
            println!("{direction:?} {to}: {moved}");
            assert!(moved.bytes > 10_000_000, "{direction:?} {to}: {moved}");
        }
    }
    // One frame longer than any wire carries shows that nothing was segmented on the way.
    let large = frames.receive(Duration::from_secs(1), |frame| {
        (frame.len() > 9000).then_some(())
    })?;
    assert!(
        large.is_some(),
        "green received no segmentation-offloaded packet"
    );
    Ok(())
}

#[test]
fn udp_is_carried_in_both_families_and_up_to_the_mtu() -> Result<()> {
    let scene = Scene::start("UDP")?;
    let Scene { blue, green, .. } = &scene;
    for (from, to) in blue.addresses().into_iter().zip(green.addresses()) {
        for size in [1, 1000, 1452] {
            assert_eq!(
                udp_round_trips((blue, from), (green, to), 10, size)?,
                10,
                "{size} bytes to {to}"
            );
            assert_eq!(
                udp_round_trips((green, to), (blue, from), 10, size)?,
                10,
                "{size} bytes to {from}"
            );
        }
    }
    Ok(())
}

#[test]
fn a_host_reaches_its_own_gateway() -> Result<()> {
    let scene = Scene::start("own gateway")?;
    for host in [&scene.blue, &scene.green] {
        for gateway in host.gateways() {
            host.assert_reaches(gateway)?;
        }
    }
    Ok(())
}

#[test]
fn a_forwarded_packet_is_one_hop_older_and_otherwise_the_same() -> Result<()> {
    let scene = Scene::start("hop")?;
    let Scene {
        blue, green, lab, ..
    } = &scene;
    let (sender, receiver) = (blue.frames()?, green.frames()?);
    for (from, to) in blue.addresses().into_iter().zip(green.addresses()) {
        // The lowest that may pass, and one whose checksum carries over.
        for ttl in [2, 64, 255] {
            let sent = Udp {
                ttl,
                ..scene.datagram(blue, from, to)?
            };
            sender.send(&sent.frame())?;
            let (to_mac, from_mac) = (green.mac()?, lab.router.mac(&green.port)?);
            let expected = Udp {
                ttl: ttl - 1,
                to_mac,
                from_mac,
                ..sent
            };
            assert_eq!(receiver.receive(SOON, Udp::parse)?, Some(expected));
        }
    }
    Ok(())
}

#[test]
fn a_frame_for_somebody_elses_mac_is_not_forwarded() -> Result<()> {
    let scene = Scene::start("other MAC")?;
    let (sender, receiver) = (scene.blue.frames()?, scene.green.frames()?);
    for (from, to) in scene
        .blue
        .addresses()
        .into_iter()
        .zip(scene.green.addresses())
    {
        let elsewhere = [0x02, 0, 0, 0, 0, 0x99];
        sender.send(
            &Udp {
                to_mac: elsewhere,
                ..scene.datagram(&scene.blue, from, to)?
            }
            .frame(),
        )?;
    }
    let arrived = receiver.receive(Duration::from_millis(500), Udp::parse)?;
    assert_eq!(arrived, None);
    Ok(())
}
