//! The page on VPC peering, done step by step.

use anyhow::{Result, ensure};
use serde_json::json;

use super::{
    documents::example,
    scene::{Vpcs, vpc, wait_peers},
};

fn page() -> Result<String> {
    Ok(format!(
        "{}---\n{}",
        example("vpcs.yaml")?,
        example("networks.yaml")?
    ))
}

#[test]
fn the_pages_documents_in_a_table_file_connect_its_pods() -> Result<()> {
    let vpcs = Vpcs::start("Kube-OVN page", &page()?)?;
    vpcs.assert_pings()?;
    let log = vpcs.daemon.log();
    ensure!(
        log.contains("does not read kind Pod"),
        "the pods are told of"
    );
    ensure!(
        log.contains("this one takes its place"),
        "the first VPCs are"
    );
    Ok(())
}

#[test]
fn the_pages_documents_applied_connect_its_pods_and_their_status_says_so() -> Result<()> {
    let vpcs = Vpcs::start("Kube-OVN apply", "")?;
    let applied = vpcs.daemon.peerctl_with(&["apply", "-f", "-"], &page()?)?;
    ensure!(
        applied.said().contains("does not read kind Pod"),
        "{applied}"
    );
    applied.ok()?;
    let api = vpcs.daemon.api();
    let status = wait_peers(&api, "vpc-1", &["vpc-2"])?;
    vpcs.assert_pings()?;
    assert_eq!(
        status,
        json!({
            "standby": true,
            "default": false,
            "router": "vpc-1",
            "subnets": ["net1"],
            "vpcPeerings": ["vpc-2"],
            "peerings": [
                { "remoteVpc": "vpc-2", "state": "active", "reason": "both sides consent" },
            ],
            "conditions": [
                { "type": "Ready", "status": "True", "reason": "Ready", "message": "" },
                { "type": "Validated", "status": "True", "reason": "Validated", "message": "" },
            ],
        })
    );
    let document = vpc(&api, "vpc-1")?;
    assert_eq!(document["kind"], "Vpc");
    assert!(document["metadata"]["namespace"].is_null(), "{document}");
    let entry = &document["spec"]["vpcPeerings"][0];
    assert_eq!(entry["localConnectIP"], "169.254.0.1/30");
    let subnet = api.get("/v1/foreign/subnets/default/net1")?;
    assert_eq!(subnet["status"]["conditions"][0]["status"], "True");
    assert_eq!(subnet["spec"]["cidrBlock"], "10.0.0.0/16");
    // The consents are named as Kube-OVN names the routers' ports.
    let consent = api.get("/v1/peerings/default/vpc-1-vpc-2")?;
    assert_eq!(consent["spec"]["hops"], 2);
    assert_eq!(consent["spec"]["routes"], json!(["172.31.0.0/16"]));
    Ok(())
}
