//! get, delete, diff and apply with other systems' documents.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Bare, Daemon, Output, SOON, wait_until};
use serde_json::json;

use super::ask::{done, ended, json, refused};

/// Two networks that peer by requests of OEP-8's; green's has another name there.
pub(super) const TABLE: &str = "\
apiVersion: peerd/v1
kind: Network
metadata: { namespace: blue-team, name: blue }
spec: { prefixes: [10.1.0.0/16], ports: [{ interface: p1 }] }
---
apiVersion: peerd/v1
kind: Network
metadata: { namespace: green-team, name: green }
spec:
  prefixes: [10.2.0.0/16]
  ports: [{ interface: p2 }]
  source: { apiVersion: networking.api.onmetal.de/v1alpha1, kind: Network, name: grass }
---
apiVersion: networking.api.onmetal.de/v1alpha1
kind: Network
metadata: { namespace: green-team, name: grass }
---
apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { namespace: blue-team, name: to-grass, labels: { env: prod } }
spec:
  localNetworkRef: { name: blue }
  remoteNetworkRef: { namespace: green-team, name: grass }
---
apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { namespace: green-team, name: to-blue, annotations: { why: 'yes', odd: \"a\\n---\\nb: 1.0\" } }
spec:
  localNetworkRef: { name: grass }
  remoteNetworkRef: { namespace: blue-team, name: blue }
";

const VPC: &str = "{ apiVersion: kubeovn.io/v1, kind: Vpc, metadata: { name: vpc-1 }, spec: {} }\n";

/// Run a command line with an input.
pub(super) fn with(daemon: &Daemon, line: &str, input: &str) -> Result<Output> {
    let words: Vec<&str> = line.split_whitespace().collect();
    daemon.peerctl_with(&words, input)
}

/// A router whose two networks peer.
pub(super) fn start(tag: &str) -> Result<Bare> {
    let bare = Bare::start(tag, 2)?;
    with(&bare.daemon, "apply -f -", TABLE)?.ok()?;
    wait_until("both requests succeed", SOON, || {
        let states = "get npr -A -o jsonpath={.items[*].status.state}";
        let states = done(&bare.daemon, states)?;
        ensure!(states == "success success", "{states}");
        Ok(())
    })?;
    Ok(bare)
}

#[test]
fn other_systems_objects_are_got_by_the_words_of_their_own_tools() -> Result<()> {
    let bare = start("foreign words")?;
    let peerd = &bare.daemon;
    let answer = peerd.api().get("/v1/foreign/networkpeeringrequests")?;
    for word in [
        "networkpeeringrequests",
        "networkpeeringrequest",
        "npr",
        "NetworkPeeringRequest",
        "networkpeeringrequests.networking.api.onmetal.de",
    ] {
        assert_eq!(json(peerd, &format!("get {word} -A"))?, answer, "{word}");
    }
    let one = json(peerd, "get npr to-grass -n blue-team")?;
    assert_eq!(one["spec"]["remoteNetworkRef"]["name"], "grass");
    assert_eq!(json(peerd, "get npr blue-team/to-grass")?, one);
    let labelled = json(peerd, "get npr -A -l env=prod")?;
    assert_eq!(labelled["items"], json!([one]));
    let none = json(peerd, "get npr")?;
    assert_eq!(none["items"], json!([]), "of the default namespace");
    let network = json(
        peerd,
        "get network.networking.api.onmetal.de green-team/grass",
    )?;
    assert_eq!(
        network["status"]["peeredNetworks"],
        json!([{ "namespace": "blue-team", "name": "blue" }])
    );
    refused(peerd, "get npr blue-team/absent", 1)?;
    for line in [
        "get npr -A --state active",
        "get npr -A --incoming",
        "get vpcs -n blue-team",
        "get vpc blue-team/vpc-1",
        "get nets",
        "get routes -l env=prod",
    ] {
        refused(peerd, line, 64)?;
    }
    Ok(())
}

#[test]
fn people_see_what_their_own_systems_tell() -> Result<()> {
    let bare = start("foreign tables")?;
    let peerd = &bare.daemon;
    let header = |line: &str| -> Result<String> {
        let table = done(peerd, line)?;
        Ok(table.lines().next().unwrap_or_default().to_owned())
    };
    let words = |text: &str| {
        text.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let requests = done(peerd, "get npr -n blue-team")?;
    let line = requests.lines().nth(1).context("no request")?;
    assert_eq!(
        words(line)[..5],
        [
            "blue-team",
            "to-grass",
            "blue",
            "green-team/grass",
            "success"
        ]
    );
    assert_eq!(
        words(&header("get npr -A")?),
        [
            "NAMESPACE",
            "NAME",
            "LOCAL",
            "REMOTE",
            "STATE",
            "TTL",
            "MESSAGE"
        ]
    );
    let networks = done(peerd, "get networks.networking.api.onmetal.de -A")?;
    assert!(networks.contains("blue-team/blue"), "{networks}");
    assert_eq!(words(&header("get vpcs")?), ["NAME", "PEERINGS", "ACTIVE"]);
    assert_eq!(words(&header("get subnet")?), ["NAME", "VPC", "CIDR"]);
    assert_eq!(
        words(&header("get ap -A")?),
        ["NAMESPACE", "NAME", "PEERS", "STATUS"]
    );
    // Where something comes from elsewhere, our own tables tell it.
    let peerings = done(peerd, "get peerings -A")?;
    assert!(
        peerings.contains("NetworkPeeringRequest blue-team/to-grass"),
        "{peerings}"
    );
    let networks = done(peerd, "get networks -n green-team")?;
    assert!(networks.contains("Network green-team/grass"), "{networks}");
    assert!(!header("get networks -n blue-team")?.contains("SOURCE"));
    Ok(())
}

#[test]
fn what_is_got_as_yaml_can_be_applied_again_and_changes_nothing() -> Result<()> {
    let bare = start("foreign yaml")?;
    let peerd = &bare.daemon;
    with(peerd, "apply -f -", VPC)?.ok()?;
    for (line, format) in [
        ("get npr -A", "yaml"),
        ("get npr -A", "json"),
        ("get npr green-team/to-blue", "yaml"),
        ("get networks.networking.api.onmetal.de -A", "yaml"),
        ("get vpcs", "yaml"),
        ("get vpc vpc-1", "json"),
    ] {
        let printed = done(peerd, &format!("{line} -o {format}"))?;
        assert!(printed.contains("status"), "{printed}");
        let same = ended(&with(peerd, "diff -f -", &printed)?, 0)?;
        assert!(!same.stdout.contains(" 0 unchanged"), "{line}: {same}");
        let applied = ended(&with(peerd, "apply -f -", &printed)?, 0)?;
        assert!(applied.stdout.contains(" 0 update"), "{line}: {applied}");
    }
    Ok(())
}

#[test]
fn other_systems_objects_are_deleted_by_kind_and_name() -> Result<()> {
    let bare = start("foreign delete")?;
    let peerd = &bare.daemon;
    let peering = refused(peerd, "delete blue-team/to-grass", 1)?;
    assert!(
        peering.contains("NetworkPeeringRequest blue-team/to-grass"),
        "it says what to change: {peering}"
    );
    let dry = done(peerd, "delete npr blue-team/to-grass --dry-run")?;
    assert_eq!(dry, "blue-team/to-grass: deleted\n");
    done(peerd, "get npr blue-team/to-grass")?;
    let said = done(peerd, "delete npr to-grass -n blue-team")?;
    assert_eq!(said, "blue-team/to-grass: deleted\n");
    refused(peerd, "get npr blue-team/to-grass", 1)?;
    refused(peerd, "delete npr blue-team/to-grass", 1)?;
    let left = json(peerd, "get npr green-team/to-blue")?;
    assert_eq!(left["status"]["state"], "pending");
    done(
        peerd,
        "delete network.networking.api.onmetal.de green-team/grass",
    )?;
    with(peerd, "apply -f -", VPC)?.ok()?;
    refused(peerd, "delete vpc blue-team/vpc-1", 64)?;
    assert_eq!(done(peerd, "delete vpc vpc-1")?, "vpc-1: deleted\n");
    refused(peerd, "delete vpc vpc-1", 1)?;
    refused(peerd, "delete vpcx vpc-1", 64)?;
    refused(peerd, "delete routes x", 64).map(drop)
}

#[test]
fn a_diff_names_kinds_and_tells_the_state_each_request_would_have() -> Result<()> {
    let bare = Bare::start("foreign diff", 2)?;
    let peerd = &bare.daemon;
    let differs = ended(&with(peerd, "diff -f -", &format!("{TABLE}---\n{VPC}"))?, 2)?.stdout;
    let lines = differs.lines().map(|line| {
        let words = line.split_whitespace();
        words.collect::<Vec<_>>().join(" ")
    });
    let lines: Vec<String> = lines.collect();
    for line in [
        "create OnMetal Network green-team grass",
        "create NetworkPeeringRequest blue-team to-grass active",
        "create NetworkPeeringRequest green-team to-blue active",
        "create Vpc vpc-1",
    ] {
        assert!(lines.iter().any(|found| found == line), "{line}: {differs}");
    }
    assert!(differs.contains("objects: 6 create,"), "{differs}");
    Ok(())
}
