//! By which port a source may come in.

use anyhow::Result;
use peer_tests::Udp;

use super::stage::Stage;

/// Blue's second port claims where the second host lies; the first port all of blue's.
fn claimed() -> Result<Stage> {
    Stage::start("sources", ", prefixes: [10.4.0.0/17, \"fd00:4::/49\"]")
}

#[test]
fn what_lies_behind_one_port_does_not_come_in_by_another() -> Result<()> {
    let stage = claimed()?;
    let (scene, second) = (&stage.scene, &stage.second);
    scene.assert_connected(&scene.blue, &scene.green)?;
    scene.assert_connected(second, &scene.green)?;
    let sender = scene.blue.frames()?;
    for (family, to) in scene.green.addresses().into_iter().enumerate() {
        let forged = second.addresses()[family];
        scene.assert_drops(&scene.blue, "spoofed-source", 1, || {
            sender.send(&scene.datagram(&scene.blue, forged, to)?.frame())
        })?;
        // To the router itself, and inside the network.
        for to in [scene.blue.gateways()[family], second.addresses()[family]] {
            scene.assert_drops(&scene.blue, "spoofed-source", 1, || {
                sender.send(&scene.datagram(&scene.blue, forged, to)?.frame())
            })?;
        }
    }
    let sender = second.frames()?;
    for (family, to) in scene.green.addresses().into_iter().enumerate() {
        let forged = scene.blue.addresses()[family];
        let datagram = Udp {
            to_mac: scene.lab.router.mac(&second.port)?,
            ..scene.datagram(&scene.blue, forged, to)?
        };
        scene.assert_drops(&scene.blue, "spoofed-source", 1, || {
            sender.send(&datagram.frame())
        })?;
    }
    Ok(())
}

#[test]
fn ports_of_one_network_forward_to_each_other_by_the_longest_prefix() -> Result<()> {
    let stage = claimed()?;
    stage
        .scene
        .assert_connected(&stage.scene.blue, &stage.second)
}

#[test]
fn a_declared_gateway_of_each_family_is_used_and_may_speak_for_what_is_behind() -> Result<()> {
    let mut stage = claimed()?;
    let behind = ["10.4.50.2", "fd00:4:0:50::2"];
    let second = stage.second.clone();
    second.ns.set_sysctl("net/ipv4/conf/all/arp_ignore", "1")?;
    second.ns.ip(&format!(
        "addr add {}/32 dev lo\naddr add {}/128 dev lo nodad",
        behind[0], behind[1]
    ))?;
    let via = format!(", via: [{}, \"{}\"]", second.v4, second.v6);
    stage.scene.edit(|table| {
        table.with("blue", |network| {
            if let Some(port) = network.ports.last_mut() {
                port.push_str(&via);
            }
        })
    })?;
    for address in behind {
        let address = address.parse()?;
        peer_tests::wait_until("it is reached", super::stage::PATIENCE, || {
            stage.scene.green.assert_reaches(address)
        })?;
    }
    Ok(())
}
