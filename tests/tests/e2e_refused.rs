//! The kernel refuses: what is shown is what it holds, not what was wanted.

#[path = "refused/freeze.rs"]
mod freeze;

use anyhow::{Result, ensure};
use peer_tests::{SOON, Scene, wait_until};
use serde_json::Value;

#[test]
fn a_peering_the_kernel_would_not_take_is_never_said_to_be_active() -> Result<()> {
    let mut scene = Scene::start_with("refused", |table| table.without_consent("green", "blue"))?;
    freeze::freeze_rules(&scene.daemon)?;
    let rules = "allow: [{ protocol: icmp }]";
    scene.edit(|table| {
        table
            .consent("green", "blue")
            .with_consent("green", "blue", rules)
    })?;
    scene.wait_state("blue", "green", "provisioning")?;
    let mut last = refused_at(&scene)?;
    // Nor is it by looks that find it agreed on already.
    for _ in 0..2 {
        last = wait_until("peerd tries again", SOON, || {
            let at = refused_at(&scene)?;
            ensure!(at != last, "its last attempt was at {at}");
            Ok(at)
        })?;
        for (from, to) in [("blue", "green"), ("green", "blue")] {
            let status = scene.status(from, to)?;
            assert_eq!(status.state, "provisioning", "{}", status.reason);
        }
    }
    scene.assert_separated(&scene.blue, &scene.green)
}

/// When the kernel last refused.
fn refused_at(scene: &Scene) -> Result<Value> {
    let status = scene.daemon.api().get("/v1/status")?;
    let last = &status["lastApply"];
    ensure!(last["success"] == false, "{last}");
    Ok(last["at"].clone())
}
