//! What was not agreed on does not pass, and is counted for its reason.

use std::{net::IpAddr, time::Duration};

use anyhow::Result;
use peer_tests::{Scene, Udp, frame};

#[test]
fn peering_with_the_same_network_does_not_connect_two_others() -> Result<()> {
    let scene = Scene::start("non-transitive")?;
    let Scene { blue, red, .. } = &scene;
    for (from, to) in [(blue, red), (red, blue)] {
        scene.assert_drops(from, "not-peered", 20, || {
            for address in to.addresses() {
                let pings = from.ping(address, 10)?;
                assert_eq!(
                    (pings.sent, pings.received),
                    (10, 0),
                    "{} to {address}",
                    from.name
                );
            }
            Ok(())
        })?;
    }
    assert_eq!(scene.forwarded(blue, red)?, (0, 0));
    Ok(())
}

#[test]
fn a_spoofed_source_is_dropped() -> Result<()> {
    let scene = Scene::start("spoofed")?;
    let Scene { blue, green, .. } = &scene;
    let (sender, receiver) = (blue.frames()?, green.frames()?);
    let spoofed = [
        "10.2.0.77",
        "10.3.0.2",
        "192.0.2.1",
        "fd00:2::77",
        "2001:db8::1",
    ];
    scene.assert_drops(blue, "spoofed-source", spoofed.len() as u64, || {
        for from in spoofed {
            let from: IpAddr = from.parse()?;
            let to = if from.is_ipv4() { green.v4 } else { green.v6 };
            sender.send(&scene.datagram(blue, from, to)?.frame())?;
        }
        Ok(())
    })?;
    assert_eq!(
        receiver.receive(Duration::from_millis(300), Udp::parse)?,
        None
    );
    Ok(())
}

#[test]
fn the_gateway_address_of_another_network_does_not_answer() -> Result<()> {
    let scene = Scene::start("foreign gateway")?;
    let Scene { blue, green, .. } = &scene;
    scene.assert_drops(blue, "foreign-local", 20, || {
        for gateway in green.gateways() {
            assert_eq!(blue.ping(gateway, 10)?.received, 0, "{gateway}");
        }
        Ok(())
    })
}

#[test]
fn nobody_answers_arp_or_nd_for_the_gateway_of_another_network() -> Result<()> {
    let scene = Scene::start("foreign ARP")?;
    let Scene { blue, green, .. } = &scene;
    let (wire, mac) = (blue.frames()?, blue.mac()?);
    let answered = |own, wanted, limit| -> Result<bool> {
        wire.send(&frame::who_has(mac, own, wanted))?;
        let answer = |frame: &[u8]| frame::is_answer_for(frame, wanted).then_some(());
        Ok(wire
            .receive(Duration::from_millis(limit), answer)?
            .is_some())
    };
    for (own, gateway) in blue.addresses().into_iter().zip(blue.gateways()) {
        assert!(answered(own, gateway, 10_000)?, "its own gateway {gateway}");
    }
    scene.assert_drops(blue, "foreign-local", 2, || {
        for (own, gateway) in blue.addresses().into_iter().zip(green.gateways()) {
            assert!(!answered(own, gateway, 300)?, "green's gateway {gateway}");
        }
        Ok(())
    })
}

#[test]
fn a_packet_at_its_last_hop_is_not_forwarded() -> Result<()> {
    let scene = Scene::start("last hop")?;
    let Scene { blue, green, .. } = &scene;
    let (sender, receiver) = (blue.frames()?, green.frames()?);
    scene.assert_drops(blue, "ttl-exceeded", 4, || {
        for (from, to) in blue.addresses().into_iter().zip(green.addresses()) {
            for ttl in [0, 1] {
                sender.send(
                    &Udp {
                        ttl,
                        ..scene.datagram(blue, from, to)?
                    }
                    .frame(),
                )?;
            }
        }
        Ok(())
    })?;
    assert_eq!(
        receiver.receive(Duration::from_millis(300), Udp::parse)?,
        None
    );
    Ok(())
}

#[test]
fn a_destination_in_no_network_is_dropped_where_the_owner_says_so() -> Result<()> {
    let drop = |table: peer_tests::Table| {
        table.with("blue", |network| {
            network.more.push("unmanaged: drop".to_owned())
        })
    };
    let scene = Scene::start_with("unmanaged", drop)?;
    scene.assert_drops(&scene.blue, "unmanaged", 20, || {
        for elsewhere in ["192.0.2.1", "2001:db8::1"] {
            assert_eq!(scene.blue.ping(elsewhere.parse()?, 10)?.received, 0);
        }
        Ok(())
    })?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn a_destination_in_no_network_is_the_hosts_business_by_default() -> Result<()> {
    let scene = Scene::start("pass to the stack")?;
    // ip_forward is 0, so the stack has it and forwards it nowhere.
    scene.blue.assert_unanswered("192.0.2.99".parse()?)?;
    let drops = scene
        .daemon
        .metrics()?
        .count("peer_dropped_packets_total", &[("reason", "unmanaged")]);
    assert_eq!(drops, 0);
    Ok(())
}

/// The kernel takes such frames for any address of the host's.
#[test]
fn neither_a_priority_tag_nor_a_broadcast_mac_leads_past_the_checks() -> Result<()> {
    let scene = Scene::start("tag and broadcast")?;
    let Scene { blue, green, .. } = &scene;
    let wire = blue.frames()?;
    scene.assert_drops(blue, "foreign-local", 4, || {
        for (from, gateway) in blue.addresses().into_iter().zip(green.gateways()) {
            let plain = scene.datagram(blue, from, gateway)?.frame();
            let tagged = [&plain[..12], &[0x81, 0, 0xa0, 0], &plain[12..]].concat();
            let broadcast = [&[0xff; 6], &plain[6..]].concat();
            wire.send(&tagged)?;
            wire.send(&broadcast)?;
        }
        Ok(())
    })
}

#[test]
fn a_broadcast_on_a_peers_subnet_is_not_forwarded() -> Result<()> {
    let scene = Scene::start("directed broadcast")?;
    let Scene { blue, .. } = &scene;
    // Green's port is in 10.2.0.0/24: its last address and, as of old, its first.
    scene.assert_drops(blue, "martian", 4, || {
        for to in ["10.2.0.255", "10.2.0.0"] {
            assert_eq!(blue.ping(to.parse()?, 2)?.received, 0, "{to}");
        }
        Ok(())
    })
}
