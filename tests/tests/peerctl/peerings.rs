//! request, accept, reject, enable, disable, delete.

use anyhow::Result;
use peer_tests::Bare;
use serde_json::json;

use super::ask::{done, json, refused, state};

const LABEL: &str = "blue-team/blue--green-team/green";

#[test]
fn a_request_is_made_accepted_disabled_enabled_and_deleted_by_names() -> Result<()> {
    let bare = Bare::with_networks("names")?;
    let peerd = &bare.daemon;
    done(
        peerd,
        "request blue-team/blue green-team/green --export 10.1.0.0/17 --ttl 7d",
    )?;
    let ask = json(peerd, "get peerings blue-team/to-green")?;
    assert_eq!(ask["spec"]["export"], json!(["10.1.0.0/17"]));
    assert_eq!(ask["status"]["state"], "pending");
    let incoming = done(peerd, "get peerings -n green-team --incoming")?;
    assert!(incoming.contains("blue"), "{incoming}");
    let rule = "tcp:443,8000-8999 from 10.1.0.0/17 to 10.2.9.0/24";
    let accept = peerd.peerctl(&[
        "accept",
        "blue-team/to-green",
        "--name",
        "to-blue",
        "--allow",
        rule,
        "--allow",
        "icmp",
        "--allow-out",
        "none",
        "--export",
        "10.2.0.0/16",
        "--labels",
        "env=prod",
    ])?;
    accept.ok()?;
    let own = json(peerd, "get peerings green-team/to-blue")?;
    let spec = &own["spec"];
    assert_eq!(spec["allow"][0]["protocol"], "tcp");
    assert_eq!(spec["allow"][0]["to"], json!(["10.2.9.0/24"]));
    assert_eq!(spec["allow"][1]["protocol"], "icmp");
    assert_eq!(spec["allowOut"], json!([]));
    assert_eq!(own["metadata"]["labels"], json!({ "env": "prod" }));
    bare.wait_state("blue-team/to-green", "active")?;
    done(peerd, "disable green-team/to-blue")?;
    assert_eq!(state(peerd, "green-team/to-blue")?, "disabled");
    assert_eq!(state(peerd, "blue-team/to-green")?, "peer-disabled");
    done(peerd, "enable to-blue -n green-team")?;
    bare.wait_state("green-team/to-blue", "active")?;
    done(peerd, "delete peering blue-team/to-green")?;
    assert_eq!(state(peerd, "blue-team/to-green")?, "deleted");
    assert_eq!(state(peerd, "green-team/to-blue")?, "pending");
    done(peerd, "delete peering blue-team/to-green")?;
    done(peerd, "delete network red-team/red")?;
    refused(peerd, "delete network red-team/red", 1)?;
    refused(peerd, "get networks red-team/red", 1).map(drop)
}

#[test]
fn a_peering_is_meant_by_its_label() -> Result<()> {
    let bare = Bare::with_networks("labels")?;
    let peerd = &bare.daemon;
    done(peerd, "request blue-team/blue green-team/green")?;
    done(peerd, &format!("accept {LABEL}"))?;
    bare.wait_state("blue-team/to-green", "active")?;
    // Root has two consents of it, so a namespace says which.
    let said = refused(peerd, &format!("disable {LABEL}"), 1)?;
    assert!(
        said.contains("blue-team/to-green") && said.contains("green-team/to-blue"),
        "{said}"
    );
    assert_eq!(
        state(peerd, "blue-team/to-green")?,
        "active",
        "and nothing is done"
    );
    done(peerd, &format!("disable {LABEL} -n green-team"))?;
    assert_eq!(state(peerd, "green-team/to-blue")?, "disabled");
    done(peerd, &format!("enable {LABEL} -n green-team"))?;
    done(peerd, &format!("delete peering {LABEL} -n blue-team"))?;
    assert_eq!(state(peerd, "blue-team/to-green")?, "deleted");
    done(peerd, "request red-team/red green-team/green")?;
    let label = "green-team/green--red-team/red";
    let reject = peerd.peerctl(&["reject", label, "--reason", "not now"])?;
    reject.ok()?;
    let rejected = bare.wait_state("red-team/to-green", "rejected")?;
    assert!(rejected["status"]["reason"].to_string().contains("not now"));
    refused(peerd, "enable blue-team/blue--azure-team/azure", 1).map(drop)
}

#[test]
fn a_consent_is_meant_by_its_uid_and_a_peer_by_its_networks() -> Result<()> {
    let bare = Bare::with_networks("uids")?;
    let peerd = &bare.daemon;
    let uid = |line: &str| -> Result<String> {
        done(peerd, &format!("get {line} -o jsonpath={{.metadata.uid}}"))
    };
    let green = uid("networks green-team/green")?;
    done(
        peerd,
        &format!("request blue-team/blue {green} --name by-id"),
    )?;
    let ask = uid("peerings blue-team/by-id")?;
    done(peerd, &format!("accept {ask}"))?;
    bare.wait_state("blue-team/by-id", "active")?;
    done(peerd, &format!("disable {ask}"))?;
    assert_eq!(state(peerd, "blue-team/by-id")?, "disabled");
    done(peerd, &format!("enable {ask}"))?;
    done(peerd, &format!("wait {ask} --for active --timeout 5s"))?;
    done(peerd, &format!("delete peering {ask}"))?;
    assert_eq!(state(peerd, "blue-team/by-id")?, "deleted");
    refused(peerd, "disable 8c2a2f0e-7d0b-4a39-9d4f-0a3a5f0e1b2c", 1)?;
    refused(
        peerd,
        "request blue-team/blue 8c2a2f0e-7d0b-4a39-9d4f-0a3a5f0e1b2c",
        1,
    )
    .map(drop)
}

#[test]
fn a_dry_run_of_each_command_changes_nothing() -> Result<()> {
    let bare = Bare::with_networks("dry")?;
    let peerd = &bare.daemon;
    done(peerd, "request blue-team/blue green-team/green")?;
    let before = json(peerd, "get peerings -A")?;
    for line in [
        "request red-team/red green-team/green",
        "accept blue-team/to-green",
        "reject blue-team/to-green",
        "disable blue-team/to-green",
        "enable blue-team/to-green",
        "delete peering blue-team/to-green",
        "delete network red-team/red",
    ] {
        done(peerd, &format!("{line} --dry-run"))?;
        assert_eq!(json(peerd, "get peerings -A")?, before, "{line}");
    }
    assert_eq!(
        json(peerd, "get networks -A")?["items"]
            .as_array()
            .map(Vec::len),
        Some(3)
    );
    Ok(())
}

#[test]
fn what_is_refused_is_said_and_ends_with_1() -> Result<()> {
    let bare = Bare::with_networks("refused")?;
    bare.peer("blue", "green")?;
    let peerd = &bare.daemon;
    for (line, word) in [
        (
            "request blue-team/blue green-team/green --name twice",
            "blue-team/to-green",
        ),
        (
            "request blue-team/blue green-team/nothing",
            "green-team/nothing",
        ),
        ("request blue-team/blue blue-team/blue", "itself"),
        (
            "request blue-team/blue red-team/red --export 10.9.0.1/16",
            "10.9.0.0/16",
        ),
        ("reject blue-team/to-green", "active"),
        ("accept blue-team/absent", "blue-team/absent"),
        ("disable blue-team/absent", "blue-team/absent"),
        ("delete peering blue-team/absent", "blue-team/absent"),
        ("get peerings blue-team/absent", "blue-team/absent"),
        ("confirm", "confirm"),
    ] {
        let said = refused(peerd, line, 1)?;
        assert!(said.contains(word), "{line}: {said}");
    }
    Ok(())
}
