//! check and convert with other systems' documents: moving over, without a daemon and with
//! one.

use std::fs;

use anyhow::{Context as _, Result};
use peer_tests::{Bare, documents::name};

use super::{
    ask::{done, ended, json, refused, run},
    foreign::{TABLE, start, with},
};

/// A request without a network of ours.
const ALONE: &str = "\
apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { name: ask }
spec: { localNetworkRef: { name: sky }, remoteNetworkRef: { name: sea } }
";

#[test]
fn check_counts_each_kind_and_foresees_what_cannot_peer() -> Result<()> {
    let bare = Bare::prepare("foreign check", 0)?;
    let file = |name: &str, text: &str| -> Result<String> {
        let path = bare.lab.folder().join(name);
        fs::write(&path, text)?;
        Ok(path.display().to_string())
    };
    let table = file("table.yaml", TABLE)?;
    let checked = ended(&run(&bare.daemon, &format!("check -f {table}"))?, 0)?;
    assert_eq!(
        checked.stdout,
        format!(
            "{table}: valid; networks: 2, peerings: 0, networkpeeringrequests: 2, \
             networks.networking.api.onmetal.de: 1\n"
        )
    );
    assert_eq!(checked.stderr, "");
    // The files are one table: what one lacks another may have.
    let (ours, theirs) = TABLE.split_at(TABLE.find("---\napiVersion: networking").unwrap());
    let (ours, theirs) = (file("ours.yaml", ours)?, file("theirs.yaml", theirs)?);
    let alone = ended(&run(&bare.daemon, &format!("check -f {theirs}"))?, 0)?;
    let lines = alone.stderr.lines().count();
    assert_eq!(lines, 2, "{alone}");
    for at in [
        "6:1: NetworkPeeringRequest blue-team/to-grass: ",
        "13:1: NetworkPeeringRequest green-team/to-blue: ",
    ] {
        assert!(alone.stderr.contains(&format!("{theirs}:{at}")), "{alone}");
    }
    let both = ended(
        &run(&bare.daemon, &format!("check -f {theirs} -f {ours}"))?,
        0,
    )?;
    assert_eq!(both.stderr, "");
    Ok(())
}

#[test]
fn a_converted_table_stands_on_its_own_and_peers_the_same() -> Result<()> {
    let bare = start("foreign convert")?;
    let peerd = &bare.daemon;
    let converted = ended(&with(peerd, "convert -f -", TABLE)?, 0)?;
    assert_eq!(converted.stderr, "");
    let native = converted.stdout;
    assert!(
        !native.contains("onmetal") && !native.contains("source"),
        "{native}"
    );
    let checked = ended(&with(peerd, "check -f -", &native)?, 0)?;
    assert!(
        checked.stdout.contains("networks: 2, peerings: 2"),
        "{checked}"
    );
    // It takes the place of what it was made of, and the kernel does not notice.
    let since = || {
        let template = "jsonpath={.status.activeSince}";
        done(
            peerd,
            &format!("get peerings green-team/to-blue -o {template}"),
        )
    };
    let before = since()?;
    let applied = with(peerd, "apply -f -", &native)?.ok()?;
    let untouched = "routes:  0 added, 0 removed, 0 changed";
    assert!(applied.contains(untouched), "{applied}");
    for line in ["npr blue-team/to-grass", "npr green-team/to-blue"] {
        done(peerd, &format!("delete {line}"))?;
    }
    done(
        peerd,
        "delete network.networking.api.onmetal.de green-team/grass",
    )?;
    let consent = bare.wait_state("green-team/to-blue", "active")?;
    assert_eq!(consent["status"]["origin"], "native");
    assert_eq!(since()?, before);
    bare.wait_state("blue-team/to-grass", "active")?;
    let list = json(peerd, "get peerings -A -l env=prod --state active")?;
    let items = list["items"].as_array().context("no list")?;
    assert_eq!(
        items.iter().map(name).collect::<Vec<_>>(),
        ["blue-team/to-grass"]
    );
    Ok(())
}

#[test]
fn what_cannot_be_converted_is_said_and_ends_with_1() -> Result<()> {
    let bare = Bare::prepare("foreign lost", 0)?;
    let peerd = &bare.daemon;
    let twice = TABLE.replacen(
        "---\napiVersion: networking",
        "---\n{ apiVersion: peerd/v1, kind: Network, metadata: { namespace: green-team, name: x }, \
         spec: { prefixes: [10.3.0.0/16], source: { apiVersion: \
         networking.api.onmetal.de/v1alpha1, kind: Network, name: grass } } }\n\
         ---\napiVersion: networking",
        1,
    );
    let some = ended(&with(peerd, "convert -f -", &twice)?, 1)?;
    let lost = "NetworkPeeringRequest green-team/to-blue: 2 Networks have";
    assert!(some.stderr.contains(lost), "{some}");
    let comment = format!("# not carried over: {lost}");
    assert!(some.stdout.starts_with(&comment), "{some}");
    let checked = ended(&with(peerd, "check -f -", &some.stdout)?, 0)?;
    assert!(
        checked.stdout.contains("networks: 3, peerings: 1"),
        "all else: {checked}"
    );
    let broken = ended(&with(peerd, "convert -f -", "kind: [\n")?, 1)?;
    assert!(
        broken.stdout.is_empty() && broken.stderr.contains("stdin:"),
        "{broken}"
    );
    refused(peerd, "convert", 64).map(drop)
}

#[test]
fn what_no_document_says_is_asked_for_in_comments() -> Result<()> {
    let bare = Bare::prepare("foreign comments", 0)?;
    let peerd = &bare.daemon;
    let alone = ended(&with(peerd, "convert -f -", ALONE)?, 0)?;
    let comments = alone.stdout.lines().filter(|line| line.starts_with('#'));
    assert_eq!(comments.count(), 2, "prefixes and ports: {alone}");
    assert!(alone.stderr.contains("Network default/sea"), "{alone}");
    let checked = ended(&with(peerd, "check -f -", &alone.stdout)?, 0)?;
    assert!(
        checked.stdout.contains("networks: 1, peerings: 1"),
        "{checked}"
    );
    Ok(())
}
