//! The document's example, applied as it stands.

use anyhow::{Result, ensure};
use peer_tests::{Host, SOON, Scene, Table, wait_until};
use serde_json::{Value, json};

use super::documents::{VERSION, wait_peered, wait_state};

/// The four objects, each with a status.
const EXAMPLE: &str = include_str!("../../../examples/oep8/example.yaml");

/// Prefixes and ports of its networks.
const NETWORKS: &str = include_str!("../../../examples/oep8/networks.yaml");

fn start(tag: &str) -> Result<Scene> {
    Scene::start_with(tag, |_| Table::default())
}

/// `examples/oep8/networks.yaml` on the scene's ports.
fn networks(scene: &Scene) -> String {
    let text = NETWORKS.replace("veth-one", &scene.blue.port);
    text.replace("veth-two", &scene.green.port)
}

/// A native network of any name that stands for OEP-8's `NAMESPACE/NAME`.
fn standing_for(id: &str, host: &Host) -> Value {
    let (namespace, name) = id.split_once('/').unwrap_or(("default", id));
    json!({
        "apiVersion": "peerd/v1", "kind": "Network",
        "metadata": { "namespace": namespace, "name": host.name },
        "spec": {
            "source": { "apiVersion": VERSION, "kind": "Network", "name": name },
            "prefixes": host.prefixes(),
            "ports": [{ "interface": host.port }],
        },
    })
}

/// Everything the document promises of its example.
fn assert_peered(scene: &Scene) -> Result<()> {
    let api = scene.daemon.api();
    for id in [
        "customer-manuel/peer-with-andre",
        "customer-andre/peer-with-manuel",
    ] {
        let status = wait_state(&api, id, "success")?;
        let ttl = status["ttl"].as_str().unwrap_or_default();
        // An ISO timestamp of whole seconds, and not the one that was written.
        ensure!(ttl.len() == 20 && ttl.ends_with('Z'), "{status}");
        ensure!(!ttl.starts_with("2023"), "{status}");
    }
    wait_peered(
        &api,
        "customer-manuel/manuels-network",
        &["customer-andre/mysupernetwork"],
    )?;
    wait_peered(
        &api,
        "customer-andre/mysupernetwork",
        &["customer-manuel/manuels-network"],
    )?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn the_example_peers_networks_of_the_same_names() -> Result<()> {
    let scene = start("oep8 namesakes")?;
    let api = scene.daemon.api();
    api.apply("", &networks(&scene))?;
    let applied = api.apply("", EXAMPLE)?;
    assert_eq!(applied["warnings"], json!([]));
    assert_peered(&scene)
}

#[test]
fn the_example_peers_networks_that_say_whose_they_are() -> Result<()> {
    let scene = start("oep8 sources")?;
    let api = scene.daemon.api();
    // In whatever order.
    api.apply("", EXAMPLE)?;
    wait_state(&api, "customer-manuel/peer-with-andre", "failed")?;
    for (id, host) in [
        ("customer-manuel/manuels-network", &scene.blue),
        ("customer-andre/mysupernetwork", &scene.green),
    ] {
        let network = standing_for(id, host);
        api.put("POST", "/v1/networks", &network)?.expect(201)?;
    }
    assert_peered(&scene)
}

#[test]
fn the_example_is_a_table_file_like_any_other() -> Result<()> {
    let scene = start("oep8 file")?;
    let file = format!("{}---\n{EXAMPLE}", networks(&scene));
    scene.daemon.write_table(&file)?;
    wait_until("the file is read", SOON, || {
        let files = scene.daemon.api().get("/v1/status")?["files"].take();
        ensure!(files[0]["errors"] == json!([]), "{files}");
        wait_state(
            &scene.daemon.api(),
            "customer-manuel/peer-with-andre",
            "success",
        )
        .map(drop)
    })?;
    assert_peered(&scene)
}
