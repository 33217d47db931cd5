//! What happens to neighbours while traffic flows.

use std::time::Instant;

use anyhow::Result;
use peer_tests::{Scene, wait_until};

use super::stage::PATIENCE;

fn recovers(scene: &Scene, what: &str) -> Result<()> {
    let began = Instant::now();
    for address in scene.green.addresses() {
        wait_until(&format!("{address} is reached"), PATIENCE, || {
            scene.blue.assert_reaches(address)
        })?;
        println!("{what}: {address} is reached after {:?}", began.elapsed());
    }
    Ok(())
}

#[test]
fn flushed_neighbours_are_found_again() -> Result<()> {
    let scene = Scene::start("flush")?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    for _ in 0..3 {
        scene.lab.router.ip("neigh flush all")?;
        recovers(&scene, "neighbours flushed")?;
    }
    Ok(())
}

#[test]
fn a_link_that_goes_down_and_up_carries_traffic_again() -> Result<()> {
    let scene = Scene::start("link")?;
    let (router, green) = (&scene.lab.router, &scene.green);
    scene.assert_connected(&scene.blue, green)?;
    router.ip(&format!("link set {} down", green.port))?;
    scene.blue.assert_unanswered(green.v4)?;
    router.ip(&format!("link set {} up", green.port))?;
    // Going down took its IPv6 address, as it does on every host.
    let _ = router.ip(&format!(
        "addr add {}/64 dev {} nodad",
        green.gateway6, green.port
    ));
    recovers(&scene, "link down and up")
}
