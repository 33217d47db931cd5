//! Each example from its documents to a ping.

use std::env;

use anyhow::{Context as _, Result, ensure};
use peer_tests::tools::CLIENTS;

use super::stage::{PING, play};

#[test]
fn oep8s_example_connects_two_hosts() -> Result<()> {
    let said = play(
        &format!(
            "peerctl apply -f oep8/networks.yaml -f oep8/example.yaml
             peerctl wait customer-manuel/peer-with-andre --for active
             peerctl get networkpeeringrequests -A
             one {PING} 10.2.0.2
             two {PING} fd00:1::2"
        ),
        &[],
    )?;
    assert_eq!(said.matches("  success  ").count(), 2, "{said}");
    Ok(())
}

#[test]
fn kube_ovns_page_connects_two_hosts_with_its_ttl() -> Result<()> {
    let said = play(
        &format!(
            "peerctl apply -f kube-ovn/vpcs.yaml -f kube-ovn/networks.yaml
             peerctl wait default/vpc-1-vpc-2 --for active
             one {PING} 172.31.0.2
             two {PING} 10.0.0.2"
        ),
        &[],
    )?;
    assert_eq!(said.matches("ttl=62").count(), 2, "{said}");
    Ok(())
}

#[test]
fn each_atlas_project_connects_two_hosts_in_the_documents_words() -> Result<()> {
    for (provider, consent, key, waiting) in [
        ("aws", "aws-vpc-12345678", "statusName", "WAITING FOR USER"),
        ("azure", "azure-my-vnet", "status", "WAITING FOR USER"),
        ("gcp", "gcp-my-vpc", "status", "PENDING ACCEPTANCE"),
    ] {
        let status = format!(
            "peerctl get atlasprojects on-{provider} -o=jsonpath='{{.status.networkPeers.{key}}}'"
        );
        let said = play(
            &format!(
                "peerctl apply -f atlas/{provider}-networks.yaml -f atlas/{provider}.yaml
                 {status}
                 peerctl accept default/on-{provider}-{consent}
                 peerctl wait default/on-{provider}-{consent} --for active
                 {status}
                 one {PING} 192.168.0.2
                 two {PING} 10.8.0.2"
            ),
            &[("PEERD_CONFIG", "atlas/peerd.yaml".to_owned())],
        )?;
        ensure!(said.contains(waiting) && said.contains("READY"), "{said}");
    }
    Ok(())
}

#[test]
fn upclouds_script_peers_two_hosts_and_takes_it_back() -> Result<()> {
    let said = play(
        &format!(
            "peerctl apply -f upcloud/table.yaml
             sh upcloud/peer.sh keep
             one {PING} 10.2.0.2
             two {PING} 10.1.0.2"
        ),
        &[],
    )?;
    for word in ["pending-peer", r#""state":"active""#] {
        ensure!(said.contains(word), "no {word}: {said}");
    }
    let said = play(
        "peerctl apply -f upcloud/table.yaml
         sh upcloud/peer.sh",
        &[],
    )?;
    for word in ["PEERING_NOT_DISABLED", "disabled", "PEERING_NOT_FOUND"] {
        ensure!(said.contains(word), "no {word}: {said}");
    }
    Ok(())
}

#[test]
fn outscales_script_peers_two_hosts_and_takes_it_back() -> Result<()> {
    let client = CLIENTS.program("osc-cli")?;
    let folder = client.parent().context("osc-cli is in no folder")?;
    let path = format!("{}:{}", folder.display(), env::var("PATH")?);
    let environment = [("PATH", path)];
    play(
        &format!(
            "peerctl apply -f outscale/table.yaml
             sh outscale/peer.sh keep
             one {PING} 10.2.0.2
             two {PING} 10.1.0.2"
        ),
        &environment,
    )?;
    let said = play(
        "peerctl apply -f outscale/table.yaml
         sh outscale/peer.sh
         ! one ping -n -c 1 -W 1 10.2.0.2",
        &environment,
    )?;
    ensure!(said.contains(r#""Name": "deleted""#), "{said}");
    Ok(())
}
