//! What Kube-OVN's controller checks, and what it does not: each told at its entry, and in
//! the way of no other.

use anyhow::{Result, ensure};
use peer_tests::{Api, Bare};

use super::{
    documents::{network, subnet, vpc},
    scene::{condition, vpc as read, wait_entry, wait_peers},
};

/// VPCs a, b and c with networks and subnets: 10.1.0.0/16 and so on.
fn three() -> String {
    (1..=3)
        .zip(["a", "b", "c"])
        .map(|(number, name)| {
            network(name, name, &format!("p{number}"))
                + &subnet(&format!("{name}1"), name, &format!("10.{number}.0.0/16"))
        })
        .collect()
}

fn start(tag: &str, documents: &str) -> Result<(Bare, Api)> {
    let bare = Bare::start(tag, 3)?;
    let api = bare.daemon.api();
    api.apply("", documents)?;
    Ok((bare, api))
}

/// The reason of why a's peering with b has failed.
fn failed(api: &Api, a: &[(&str, &str)], b: &[(&str, &str)]) -> Result<String> {
    let vpcs = vpc("a", a, &[]) + &vpc("b", b, &[]);
    api.apply("", &vpcs)?;
    wait_entry(api, "a", "b", "failed")
}

#[test]
fn a_bad_entry_says_why_and_blocks_no_other() -> Result<()> {
    let good = three()
        + &vpc(
            "a",
            &[("b", "169.254.0.1/30"), ("c", "")],
            &[("10.2.0.0/16", "169.254.0.2")],
        )
        + &vpc(
            "b",
            &[("a", "169.254.0.2/30")],
            &[("10.1.0.0/16", "169.254.0.1")],
        )
        + &vpc("c", &[("a", "169.254.1.2/30")], &[]);
    let (_bare, api) = start("bad entry", &good)?;
    let status = wait_peers(&api, "a", &["b"])?;
    let why = wait_entry(&api, "a", "c", "failed")?;
    ensure!(why.contains("its localConnectIP is empty"), "{why}");
    let ready = condition(&status, "Ready");
    assert_eq!(
        ready,
        Some(("False".to_owned(), "not active: c".to_owned()))
    );
    let why = wait_entry(&api, "c", "a", "failed")?;
    assert_eq!(why, "the peer's consent has failed");
    Ok(())
}

#[test]
fn every_bad_entry_has_its_reason() -> Result<()> {
    let (_bare, api) = start("bad entries", &three())?;
    let back: &[(&str, &str)] = &[("a", "169.254.0.2/30")];
    for (connect, said) in [
        ("169.254.0.1", "is not an address with its prefix length"),
        (
            "169.254.0.0/30",
            "is the network's own address; write a host's, such as 169.254.0.1/30",
        ),
        ("169.254.0.3/30", "is the broadcast address"),
        ("169.254.0.1/32", "leaves no room for the other end"),
        ("10.1.0.1/30", "overlaps 10.1.0.0/16 of Subnet a1"),
        ("169.254.0.2/30", "is b's as well; the two ends differ"),
        (
            "169.254.0.5/30",
            "and b's 169.254.0.2/30 are not in one CIDR",
        ),
        ("fd00::1/64", "are of different families"),
    ] {
        let why = failed(&api, &[("b", connect)], back)?;
        ensure!(why.contains(said), "{connect}: {why}");
    }
    let why = failed(&api, &[("b", "10.2.0.1/30")], &[("a", "10.2.0.2/30")])?;
    ensure!(why.contains("overlaps 10.2.0.0/16 of Subnet b1"), "{why}");
    let why = failed(
        &api,
        &[("c", "169.254.0.1/30"), ("b", "169.254.0.2/29")],
        back,
    )?;
    ensure!(why.contains("the link of vpcPeerings[0]"), "{why}");
    for (remote, said) in [
        ("a", "cannot peer with itself"),
        ("ovn-cluster", "ovn-cluster is the default VPC"),
    ] {
        api.apply("", &vpc("a", &[(remote, "169.254.0.1/30")], &[]))?;
        let why = wait_entry(&api, "a", remote, "failed")?;
        ensure!(why.contains(said), "{why}");
    }
    Ok(())
}

#[test]
fn of_two_entries_for_one_vpc_the_first_counts() -> Result<()> {
    let twice = three()
        + &vpc(
            "a",
            &[("b", "169.254.0.1/30"), ("b", "169.254.9.1/30")],
            &[],
        )
        + &vpc("b", &[("a", "169.254.0.2/30")], &[]);
    let (_bare, api) = start("entry twice", &twice)?;
    let status = wait_peers(&api, "a", &["b"])?;
    assert_eq!(status["peerings"][0]["state"], "active");
    assert_eq!(status["peerings"][1]["state"], "failed");
    assert_eq!(
        status["peerings"][1]["reason"],
        "vpcPeerings[0] names b already; remove one of them"
    );
    Ok(())
}

#[test]
fn a_vpc_that_lists_nobody_back_or_does_not_exist_is_waited_for() -> Result<()> {
    let waits = three()
        + &vpc(
            "a",
            &[("b", "169.254.0.1/30"), ("x", "169.254.1.1/30")],
            &[],
        );
    let (_bare, api) = start("not listed", &(waits + &vpc("b", &[], &[])))?;
    for remote in ["b", "x"] {
        let why = wait_entry(&api, "a", remote, "pending")?;
        assert_eq!(why, format!("Vpc {remote} has not consented"));
    }
    api.apply("", &vpc("b", &[("a", "169.254.0.2/30")], &[]))?;
    wait_peers(&api, "a", &["b"]).map(drop)
}

#[test]
fn subnets_that_overlap_are_a_conflict_for_as_long_as_they_do() -> Result<()> {
    let vpcs = three()
        + &subnet("b2", "b", "10.1.128.0/17")
        + &vpc("a", &[("b", "169.254.0.1/30")], &[])
        + &vpc("b", &[("a", "169.254.0.2/30")], &[]);
    let (_bare, api) = start("overlapping subnets", &vpcs)?;
    let why = wait_entry(&api, "a", "b", "conflict")?;
    ensure!(
        why.contains("10.1.128.0/17") && why.contains("10.1.0.0/16"),
        "{why}"
    );
    api.call("DELETE", "/v1/foreign/subnets/default/b2")?
        .expect(200)?;
    wait_peers(&api, "a", &["b"]).map(drop)
}

#[test]
fn a_vpc_without_a_network_says_which_document_is_missing() -> Result<()> {
    let vpcs = vpc("a", &[("b", "169.254.0.1/30")], &[])
        + &subnet("a1", "a", "10.1.0.0/16")
        + &vpc("b", &[("a", "169.254.0.2/30")], &[])
        + &network("b", "b", "p2")
        + &subnet("b1", "b", "10.2.0.0/16");
    let (_bare, api) = start("no network", &vpcs)?;
    let missing = "declare a peerd Network with `source: { apiVersion: kubeovn.io/v1, kind: Vpc, \
                   name: a }`";
    let why = wait_entry(&api, "a", "b", "failed")?;
    ensure!(why.contains(missing), "{why}");
    let status = read(&api, "a")?["status"].take();
    assert_eq!(status["standby"], false);
    let (ready, why) = condition(&status, "Ready").unwrap_or_default();
    ensure!(ready == "False" && why.contains(missing), "{status}");
    let subnet = api.get("/v1/foreign/subnets/default/a1")?;
    let (ready, why) = condition(&subnet["status"], "Ready").unwrap_or_default();
    ensure!(ready == "False" && why.contains(missing), "{subnet}");
    // In whatever namespace it comes.
    api.apply("", &network("blue/net", "a", "p1"))?;
    wait_peers(&api, "a", &["b"])?;
    api.get("/v1/peerings/blue/a-b").map(drop)
}

#[test]
fn prefixes_that_do_not_count_are_told_of() -> Result<()> {
    let own = "apiVersion: peerd/v1\nkind: Network\nmetadata: { name: a }\n\
               spec: { prefixes: [10.99.0.0/16], ports: [{ interface: p1 }] }\n---\n";
    let vpcs = own.to_owned() + &subnet("a1", "a", "10.1.0.0/16") + &vpc("a", &[], &[]);
    let (_bare, api) = start("prefixes", &vpcs)?;
    let status = wait_peers(&api, "a", &[])?;
    assert_eq!(
        condition(&status, "Validated"),
        Some((
            "False".to_owned(),
            "the prefixes of its Network have no effect: those of its Subnets count".to_owned()
        ))
    );
    Ok(())
}
