//! VPCs that come and go, peer with many, and peer with others than VPCs.

use anyhow::{Result, ensure};
use peer_tests::{Bare, SOON, documents, wait_until};
use serde_json::json;

use super::{
    documents::{network, subnet, vpc},
    scene::{wait_entry, wait_peers},
};

/// The VPC of a number, with its subnet.
fn spoke(number: u8) -> String {
    let name = format!("v{number}");
    subnet(
        &format!("net{number}"),
        &name,
        &format!("10.{number}.0.0/16"),
    ) + &vpc(
        &name,
        &[("hub", &format!("169.254.{number}.2/30"))],
        &[("10.99.0.0/16", &format!("169.254.{number}.1"))],
    )
}

#[test]
fn many_vpcs_peer_with_one_and_not_with_each_other() -> Result<()> {
    const MANY: u8 = 12;
    let bare = Bare::start("hub", MANY)?;
    let api = bare.daemon.api();
    let numbers = 2..=MANY;
    let links: Vec<_> = numbers
        .clone()
        .map(|number| (format!("v{number}"), format!("169.254.{number}.1/30")))
        .collect();
    let entries: Vec<_> = links
        .iter()
        .map(|(to, ip)| (to.as_str(), ip.as_str()))
        .collect();
    let mut all = subnet("hub1", "hub", "10.99.0.0/16") + &vpc("hub", &entries, &[]);
    all.push_str(&network("hub", "hub", "p1"));
    for number in numbers.clone() {
        let name = format!("v{number}");
        all.push_str(&network(&name, &name, &format!("p{number}")));
        all.push_str(&spoke(number));
    }
    api.apply("", &all)?;
    let mut names: Vec<_> = entries.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    wait_peers(&api, "hub", &names)?;
    wait_peers(&api, "v2", &["hub"])?;
    let spoke = api.get("/v1/networks/default/v2")?;
    assert_eq!(spoke["status"]["importedPrefixes"], json!(["10.99.0.0/16"]));
    Ok(())
}

#[test]
fn a_vpc_deleted_and_created_again_peers_again() -> Result<()> {
    let bare = Bare::start("VPC again", 2)?;
    let api = bare.daemon.api();
    let hub = network("hub", "hub", "p1")
        + &network("v2", "v2", "p2")
        + &subnet("hub1", "hub", "10.99.0.0/16")
        + &vpc("hub", &[("v2", "169.254.2.1/30")], &[]);
    api.apply("", &(hub + &spoke(2)))?;
    wait_peers(&api, "hub", &["v2"])?;
    for _ in 0..2 {
        api.call("DELETE", "/v1/foreign/vpcs/default/v2")?
            .expect(200)?;
        wait_peers(&api, "hub", &[])?;
        let why = wait_entry(&api, "hub", "v2", "pending")?;
        ensure!(why.contains("has not consented"), "{why}");
        api.apply("", &spoke(2))?;
        wait_peers(&api, "hub", &["v2"])?;
    }
    Ok(())
}

#[test]
fn a_vpc_peers_with_a_native_network_which_its_status_names() -> Result<()> {
    let bare = Bare::start("VPC and native", 2)?;
    let api = bare.daemon.api();
    let green = documents::network("green-team/green", "p2", &["10.2.0.0/16"]);
    // To the VPC's users it is a VPC; its own owner writes a native consent.
    let mut green = green;
    green["spec"]["source"] = json!({ "apiVersion": "kubeovn.io/v1", "kind": "Vpc", "name": "v2" });
    let consent = documents::consent("green-team/to-v1", "green", "default/v1");
    let native = documents::stream([&green, &consent]);
    let v1 = network("v1", "v1", "p1")
        + &subnet("net1", "v1", "10.1.0.0/16")
        + &vpc(
            "v1",
            &[("v2", "169.254.0.1/30")],
            &[("10.2.0.0/16", "169.254.0.2")],
        );
    api.apply("", &format!("{v1}{native}"))?;
    wait_peers(&api, "v1", &["v2"])?;
    wait_until("green has its route", SOON, || {
        let green = api.get("/v1/networks/green-team/green")?;
        let imported = &green["status"]["importedPrefixes"];
        ensure!(*imported == json!(["10.1.0.0/16"]), "{green}");
        Ok(())
    })?;
    // And a peering that no VPC's entry asked for is one of the VPC's all the same.
    api.apply("", &vpc("v1", &[], &[]))?;
    wait_peers(&api, "v1", &[])?;
    let own = documents::consent("default/by-hand", "v1", "green-team/green");
    api.put("POST", "/v1/peerings", &own)?.expect(201)?;
    wait_peers(&api, "v1", &["v2"]).map(drop)
}
