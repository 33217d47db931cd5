//! Nets, Subnets and accounts.

use anyhow::{Context as _, Result};
use peer_tests::documents::network;
use serde_json::json;

use super::calls::{BLUE, GREEN, start};

#[test]
fn networks_are_nets_and_their_prefixes_subnets() -> Result<()> {
    let (_bare, client) = start("nets")?;
    let mut wide = network(
        "red-team/wide",
        "p4",
        &["10.4.0.0/16", "172.16.0.0/24", "fd00:4::/48"],
    );
    wide["metadata"]["labels"] = json!({ "env": "prod" });
    wide["spec"]["zone"] = json!("fi-hel1");
    client.0.put("POST", "/v1/networks", &wide)?.expect(201)?;
    let net = client.net("red-team/wide")?;
    let nets = client.ok("ReadNets", json!({ "Filters": { "TagKeys": ["env"] } }))?;
    assert_eq!(
        nets["Nets"],
        json!([{
            "NetId": net, "IpRange": "10.4.0.0/16", "State": "available", "Tenancy": "default",
            "Tags": [{ "Key": "env", "Value": "prod" }],
        }])
    );
    let count = |filters| -> Result<_> {
        let nets = client.ok("ReadNets", json!({ "Filters": filters }))?;
        Ok(nets["Nets"].as_array().map(Vec::len))
    };
    // As Terraform asks for both ends of a peering.
    assert_eq!(
        count(json!({ "NetIds": [client.net(BLUE)?, client.net(GREEN)?] }))?,
        Some(2)
    );
    assert_eq!(count(json!({ "IpRanges": ["10.1.0.0/16"] }))?, Some(1));
    assert_eq!(count(json!({ "States": ["available"] }))?, Some(4));
    assert_eq!(count(json!({ "IsDefault": true }))?, Some(0));
    assert_eq!(count(json!({ "NetIds": ["vpc-12345678"] }))?, Some(0));

    let subnets = client.ok("ReadSubnets", json!({ "Filters": { "NetIds": [net] } }))?;
    let subnets = subnets["Subnets"].as_array().context("no Subnets")?;
    let ranges: std::collections::BTreeSet<_> =
        subnets.iter().map(|it| it["IpRange"].as_str()).collect();
    assert_eq!(
        ranges,
        [Some("10.4.0.0/16"), Some("172.16.0.0/24")].into(),
        "Subnets lie in the family of the Net's range"
    );
    for subnet in subnets {
        assert_eq!(subnet["SubregionName"], "fi-hel1");
        assert_eq!(
            (&subnet["NetId"], &subnet["State"]),
            (&json!(net), &json!("available"))
        );
        let id = &subnet["SubnetId"];
        let one = client.ok("ReadSubnets", json!({ "Filters": { "SubnetIds": [id] } }))?;
        assert_eq!(one["Subnets"], json!([subnet]));
    }
    let zone = json!({ "Filters": { "SubregionNames": ["fi-hel1"] } });
    assert_eq!(
        client.ok("ReadSubnets", zone)?["Subnets"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    Ok(())
}

#[test]
fn namespaces_are_accounts() -> Result<()> {
    let (_bare, client) = start("accounts")?;
    let accounts = client.ok("ReadAccounts", json!({}))?;
    let ids: Vec<_> = accounts["Accounts"]
        .as_array()
        .context("no Accounts")?
        .iter()
        .map(|account| account["AccountId"].as_str())
        .collect();
    assert_eq!(
        ids,
        [Some("blue-team"), Some("green-team"), Some("red-team")]
    );
    Ok(())
}
