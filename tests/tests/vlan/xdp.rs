//! XDP and tags: where a program would not see them it is not attached.

use anyhow::{Result, ensure};
use peer_tests::{ETH0, Hook};

use super::scene::Scene;

#[test]
fn a_port_with_a_tag_takes_no_xdp_and_says_so() -> Result<()> {
    for mode in ["xdp", "xdp-generic"] {
        let mut scene = Scene::prepare("tagged, XDP")?;
        scene.edit(|table| {
            let mode = format!("mode: {mode}");
            table.with("blue", |network| network.port_field(&mode))
        })?;
        scene.daemon.start()?;
        scene.wait_ports("port trunk vlan 10: a port with a tag has no XDP")?;
        ensure!(scene.lab.router.programs_at("trunk", Hook::Xdp)? == 0);
        ensure!(scene.stand_ins()?.len() == 3, "and has no stand-in");
        scene.blue.assert_unanswered(scene.blue.gateway4)?;
        scene.green.assert_reaches(scene.grey.v4)?;
    }
    Ok(())
}

#[test]
fn an_interface_that_carries_tags_takes_no_xdp_whose_sender_hides_them() -> Result<()> {
    for mode in ["xdp", "xdp-generic"] {
        let mut scene = Scene::prepare("trunk, XDP")?;
        scene.switch.ns.run(&format!("ethtool -K {ETH0} gro on"))?;
        scene.edit(|table| {
            let mode = format!("mode: {mode}");
            table.with("grey", |network| network.port_field(&mode))
        })?;
        scene.daemon.start()?;
        scene.wait_ports("interface trunk carries tags")?;
        ensure!(scene.lab.router.programs_at("trunk", Hook::Xdp)? == 0);
        scene.grey.assert_unanswered(scene.green.v4)?;
        scene.blue.assert_reaches(scene.green.v4)?;
    }
    Ok(())
}

#[test]
fn a_veth_with_xdp_warns_of_tags_that_it_would_not_see() -> Result<()> {
    let mut scene = Scene::prepare("veth, XDP")?;
    scene.edit(|table| table.with("plain", |network| network.port_field("mode: xdp-generic")))?;
    scene.daemon.start()?;
    scene.wait_ports("XDP does not see the tags").map(drop)
}
