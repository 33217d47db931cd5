//! Entries of one project: each by itself, in their order, whatever the others are.

use anyhow::{Result, ensure};
use peer_tests::{Bare, SOON, documents::stream, wait_until};
use serde_json::{Value, json};

use super::project::PROJECTS;

/// A network at the bare router's port `pN` that Atlas knows by another name.
fn network(id: &str, port: u8, source: Value, prefixes: &[&str]) -> Value {
    let interface = format!("p{port}");
    let mut network = peer_tests::documents::network(id, &interface, prefixes);
    network["spec"]["source"] = source;
    network["spec"]["source"]["apiVersion"] = json!("atlas.mongodb.com/v1");
    if prefixes.is_empty()
        && let Some(spec) = network["spec"].as_object_mut()
    {
        spec.remove("prefixes");
    }
    network
}

fn project(peers: Value) -> Value {
    json!({
        "apiVersion": "atlas.mongodb.com/v1", "kind": "AtlasProject",
        "metadata": { "namespace": "atlas", "name": "p" },
        "spec": { "networkPeers": peers },
    })
}

fn aws(vpc: &str, cidr: &str) -> Value {
    json!({
        "accepterRegionName": "us-east-1", "awsAccountId": 123456789012_u64, "vpcId": vpc,
        "routeTableCidrBlock": "10.3.0.0/16", "atlasCidrBlock": cidr,
    })
}

fn gcp(network: &str, cidr: &str) -> Value {
    json!({
        "providerName": "GCP", "gcpProjectId": "g", "networkName": network,
        "atlasCidrBlock": cidr,
    })
}

/// The words of the project's entries.
fn words(status: &Value) -> Vec<String> {
    let entries = status["networkPeers"].as_array();
    let entries = entries.into_iter().flatten();
    let word = |entry: &Value| {
        let word = entry["statusName"].as_str().or(entry["status"].as_str());
        word.unwrap_or_default().to_owned()
    };
    entries.map(word).collect()
}

fn wait_words(bare: &Bare, wanted: &[&str]) -> Result<Value> {
    wait_until(&format!("the entries are {wanted:?}"), SOON, || {
        let project = bare.daemon.api().get(&format!("{PROJECTS}/atlas/p"))?;
        ensure!(words(&project["status"]) == wanted, "{project}");
        Ok(project["status"].clone())
    })
}

/// Two users' networks that accept whatever Atlas asks, and two containers.
fn start(tag: &str) -> Result<Bare> {
    let bare = Bare::start(tag, 5)?;
    let vpc = |kind, account, name| json!({ "kind": kind, "namespace": account, "name": name });
    let container = || json!({ "kind": "AtlasProject", "name": "p" });
    let mut networks = [
        network("atlas/one", 1, container(), &["10.1.0.0/16"]),
        network("atlas/two", 2, container(), &[]),
        network(
            "me/vpc",
            3,
            vpc("AwsVpc", "123456789012", "vpc-3"),
            &["10.3.0.0/16"],
        ),
        network("me/net", 4, vpc("GcpNetwork", "g", "net"), &["10.4.0.0/16"]),
    ];
    for users in &mut networks[2..] {
        users["spec"]["autoAccept"] = json!(["atlas"]);
    }
    bare.daemon.api().apply("", &stream(&networks))?;
    Ok(bare)
}

#[test]
fn a_bad_entry_fails_alone_and_a_good_one_does_not_wait_for_it() -> Result<()> {
    let bare = start("atlas bad entry")?;
    let api = bare.daemon.api();
    let peers = json!([
        aws("vpc-3", "10.1.0.0/16"),
        { "providerName": "OCI", "containerId": "a" },
        { "vpcId": "vpc-3", "containerId": "a", "atlasCidrBlock": "10.9.0.0/21" },
        gcp("net", "10.2.0.0/16"),
        gcp("nobodys", "10.2.0.0/16"),
        gcp("net", "10.8.0.0/16"),
    ]);
    let applied = api.apply("", &stream([&project(peers)]))?;
    let warnings = applied["warnings"].to_string();
    ensure!(warnings.contains("networkPeers[1]"), "{warnings}");
    let wanted = [
        "AVAILABLE",
        "FAILED",
        "FAILED",
        "AVAILABLE",
        "WAITING_FOR_USER",
        "FAILED",
    ];
    let status = wait_words(&bare, &wanted)?;
    for (index, key, word) in [
        (1, "errorMessage", "`OCI` is not a provider"),
        (2, "errorStateName", "AWS needs awsAccountId"),
        (5, "errorMessage", "declare a peerd Network"),
    ] {
        let error = status["networkPeers"][index][key].as_str();
        ensure!(error.is_some_and(|it| it.contains(word)), "{status:#}");
    }
    let condition = &status["conditions"][0];
    ensure!(condition["status"] == "False", "{condition}");
    let container = api.get("/v1/networks/atlas/two")?;
    assert_eq!(container["spec"]["prefixes"], json!(["10.2.0.0/16"]));
    Ok(())
}

#[test]
fn entries_keep_what_they_are_when_others_come_and_go_before_them() -> Result<()> {
    let bare = start("atlas order")?;
    let api = bare.daemon.api();
    let [one, two] = [aws("vpc-3", "10.1.0.0/16"), gcp("net", "10.2.0.0/16")];
    let apply = |peers: Value| api.apply("", &stream([&project(peers)]));
    apply(json!([one, two]))?;
    let before = wait_words(&bare, &["AVAILABLE", "AVAILABLE"])?;
    ensure!(before["conditions"][0]["status"] == "True", "{before}");
    apply(json!([two]))?;
    let alone = wait_words(&bare, &["AVAILABLE"])?;
    assert_eq!(alone["networkPeers"][0], before["networkPeers"][1]);
    apply(json!([{ "vpcId": "x" }, two, one]))?;
    let after = wait_words(&bare, &["FAILED", "AVAILABLE", "AVAILABLE"])?;
    assert_eq!(after["networkPeers"][1], before["networkPeers"][1]);
    // What was deleted and comes back is another peering.
    assert_ne!(
        after["networkPeers"][2]["id"],
        before["networkPeers"][0]["id"]
    );
    Ok(())
}

#[test]
fn a_region_with_one_provider_takes_no_other() -> Result<()> {
    let bare = start("atlas providers")?;
    let api = bare.daemon.api();
    let mut two = gcp("net", "10.2.0.0/16");
    two["containerRegion"] = json!("US_EAST_1");
    let peers = json!([aws("vpc-3", "10.1.0.0/16"), two]);
    api.apply("", &stream([&project(peers)]))?;
    let status = wait_words(&bare, &["AVAILABLE", "FAILED"])?;
    let error = status["networkPeers"][1]["errorMessage"].as_str();
    ensure!(
        error.is_some_and(|it| it.contains("US_EAST_1")),
        "{status:#}"
    );
    Ok(())
}

#[test]
fn a_paused_rejected_or_overlapping_peer_has_its_word() -> Result<()> {
    let bare = start("atlas words")?;
    let api = bare.daemon.api();
    let peers = json!([aws("vpc-3", "10.1.0.0/16"), gcp("net", "10.2.0.0/16")]);
    api.apply("", &stream([&project(peers)]))?;
    wait_words(&bare, &["AVAILABLE", "AVAILABLE"])?;
    let verb = |verb: &str| api.call("POST", &format!("/v1/peerings/atlas/p-aws-vpc-3/{verb}"));
    verb("disable")?.expect(200)?;
    wait_words(&bare, &["PENDING_ACCEPTANCE", "AVAILABLE"])?;
    verb("enable")?.expect(200)?;
    wait_words(&bare, &["AVAILABLE", "AVAILABLE"])?;
    let patch = json!({ "spec": { "prefixes": ["10.2.128.0/17"] } });
    api.put("PATCH", "/v1/networks/me/net", &patch)?
        .expect(200)?;
    let status = wait_words(&bare, &["AVAILABLE", "FAILED"])?;
    let error = status["networkPeers"][1]["errorMessage"].as_str();
    ensure!(
        error.is_some_and(|it| it.contains("overlaps")),
        "{status:#}"
    );
    let patch = json!({ "spec": { "prefixes": ["10.4.0.0/16"], "autoAccept": [] } });
    api.put("PATCH", "/v1/networks/me/net", &patch)?
        .expect(200)?;
    wait_words(&bare, &["AVAILABLE", "WAITING_FOR_USER"])?;
    api.call("POST", "/v1/peerings/atlas/p-gcp-net/reject")?
        .expect(200)?;
    let status = wait_words(&bare, &["AVAILABLE", "FAILED"])?;
    let error = status["networkPeers"][1]["errorMessage"].as_str();
    ensure!(
        error.is_some_and(|it| it.contains("rejected")),
        "{status:#}"
    );
    // The Atlas side never expires.
    let consent = api.get("/v1/peerings/atlas/p-aws-vpc-3")?;
    assert_eq!(consent["spec"]["ttl"], "never");
    Ok(())
}
