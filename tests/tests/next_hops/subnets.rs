//! Links of two addresses (RFC 3021, RFC 6164).

use anyhow::Result;
use peer_tests::{ETH0, Scene};

#[test]
fn links_of_two_addresses_carry_traffic_from_either_end() -> Result<()> {
    let mut scene = Scene::prepare("two addresses")?;
    // The router has the first address, which elsewhere stands for the subnet.
    let mut blue = scene.blue.clone();
    (blue.v4, blue.v6) = ("10.1.0.1".parse()?, "fd00:1::1".parse()?);
    (blue.gateway4, blue.gateway6) = ("10.1.0.0".parse()?, "fd00:1::".parse()?);
    scene.lab.router.ip(&format!(
        "addr flush dev {port} scope global\naddr add {}/31 dev {port}\n\
         addr add {}/127 dev {port} nodad",
        blue.gateway4,
        blue.gateway6,
        port = blue.port
    ))?;
    blue.ns.ip(&format!(
        "addr flush dev {ETH0} scope global\naddr add {}/31 dev {ETH0}\n\
         addr add {}/127 dev {ETH0} nodad\nroute replace default via {}\n\
         route replace ::/0 via {}",
        blue.v4, blue.v6, blue.gateway4, blue.gateway6
    ))?;
    scene.blue = blue;
    scene.daemon.start()?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    for gateway in scene.blue.gateways() {
        scene.blue.assert_reaches(gateway)?;
    }
    Ok(())
}
