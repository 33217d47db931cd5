//! What a restart leaves as it was.

use anyhow::{Result, ensure};
use peer_tests::{Api, SOON, Scene, wait_until};
use serde_json::Value;

use super::{
    documents::{Atlas, KubeOvn, Oep8},
    front::{BLUE, Front, GREEN, stage},
    http::{Native, Outscale, UpCloud},
};

/// Everything that names something by an id or says how it stands, as each system shows it.
fn shown(api: &Api) -> Result<Vec<Value>> {
    let paths = [
        "/1.3/network",
        "/1.3/network-peering",
        "/v1/foreign/networkpeeringrequests",
        "/v1/foreign/vpcs",
        "/v1/foreign/atlasprojects",
    ];
    let mut shown = Vec::new();
    for path in paths {
        let mut answer = api.get(path)?;
        // Two readings of two clocks are a moment apart now and then.
        for item in answer["items"].as_array_mut().into_iter().flatten() {
            item["status"]["ttl"].take();
        }
        shown.push(answer);
    }
    for action in [
        "ReadNets",
        "ReadNetPeerings",
        "ReadRouteTables",
        "ReadSecurityGroups",
    ] {
        let answer = api.put(
            "POST",
            &format!("/api/v1/{action}"),
            &Value::Object(Default::default()),
        );
        let mut answer = answer?.expect(200)?;
        answer["ResponseContext"].take();
        shown.push(answer);
    }
    Ok(shown)
}

fn outlives(scene: &mut Scene, asking: &dyn Front, answering: &dyn Front) -> Result<()> {
    let api = scene.daemon.api();
    asking.ask(&api, BLUE)?;
    answering.answer(&api, GREEN)?;
    asking.open(&api, BLUE)?;
    answering.open(&api, GREEN)?;
    wait_until("blue reaches green", SOON, || {
        scene.blue.assert_reaches(scene.green.v4)
    })?;
    let before = shown(&api)?;
    scene.daemon.kill9()?;
    scene.daemon.start()?;
    let after = shown(&api)?;
    for (before, after) in before.iter().zip(&after) {
        ensure!(before == after, "before {before:#}\nafter {after:#}");
    }
    scene.blue.assert_reaches(scene.green.v4)?;
    answering.withdraw(&api, GREEN)?;
    if Native.word(&api, BLUE)?.is_some() {
        asking.withdraw(&api, BLUE)?;
    }
    asking.close(&api, BLUE)?;
    answering.close(&api, GREEN)
}

#[test]
fn ids_words_routes_and_rules_outlive_a_killed_daemon() -> Result<()> {
    let mut scene = stage("every restart")?;
    let api = scene.daemon.api();
    KubeOvn::declare(&api, BLUE)?;
    KubeOvn::declare(&api, GREEN)?;
    let pairs: [[&dyn Front; 2]; 3] = [
        [&Outscale, &UpCloud],
        [&Oep8, &Outscale],
        [&KubeOvn, &Atlas],
    ];
    for [asking, answering] in pairs {
        outlives(&mut scene, asking, answering)?;
    }
    Ok(())
}
