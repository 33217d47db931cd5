//! `unmanaged: reject`: refusals are told.

use std::{net::IpAddr, time::Duration};

use anyhow::{Result, ensure};
use peer_tests::{Host, Scene, process};

fn ping_says(host: &Host, to: IpAddr) -> Result<String> {
    let mut ping = host.ns.command("ping");
    ping.args(["-n", "-c", "1", "-W", "2", &to.to_string()]);
    Ok(process::run(&mut ping, Duration::from_secs(10))?.said())
}

#[test]
fn a_network_that_asks_for_it_is_told_of_every_refusal_and_no_other_is() -> Result<()> {
    let rejecting = |table: peer_tests::Table| {
        table.with("blue", |network| {
            network.more.push("unmanaged: reject".to_owned());
        })
    };
    let scene = Scene::start_with("reject", rejecting)?;
    let Scene { blue, red, .. } = &scene;
    let nobody: [IpAddr; 2] = ["192.0.2.9".parse()?, "2001:db8::9".parse()?];
    for to in red.addresses().into_iter().chain(nobody) {
        let said = ping_says(blue, to)?;
        let [gateway4, gateway6] = blue.gateways();
        let refused = if to.is_ipv4() {
            said.contains(&format!("From {gateway4}")) && said.contains("Packet filtered")
        } else {
            said.contains(&format!("From {gateway6}")) && said.contains("prohibited")
        };
        ensure!(refused, "{to}: {said}");
        let said = ping_says(&scene.green, nobody[0])?;
        ensure!(!said.contains("From"), "{said}");
    }
    ensure!(scene.dropped(blue, "not-peered")? == 2);
    ensure!(scene.dropped(blue, "unmanaged")? == 2);
    scene.assert_connected(blue, &scene.green)
}
