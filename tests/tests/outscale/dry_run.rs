//! `DryRun`: everything is checked, nothing is kept.

use anyhow::Result;
use serde_json::{Value, json};

use super::calls::{BLUE, EXISTS, GREEN, MISSING, NO_PEERING, RED, id, start};

#[test]
fn a_dry_run_answers_the_context_alone_and_keeps_nothing() -> Result<()> {
    let (bare, client) = start("dry run")?;
    let active = client.peer(BLUE, GREEN)?;
    let pending = id(&client.request(RED, GREEN)?);
    let (table, group) = (client.table(BLUE)?, client.group(BLUE)?);
    let route = json!({ "RouteTableId": table, "DestinationIpRange": "10.2.0.0/16",
                        "NetPeeringId": active });
    client.ok("CreateRoute", route.clone())?;
    let subnets = client.ok(
        "ReadSubnets",
        json!({ "Filters": { "NetIds": [client.net(BLUE)?] } }),
    )?;
    let subnet = &subnets["Subnets"][0]["SubnetId"];
    let rule = json!({ "SecurityGroupId": group, "Flow": "Outbound", "IpProtocol": "-1",
                       "IpRange": "0.0.0.0/0" });
    let mut other = route.clone();
    other["DestinationIpRange"] = json!("10.2.1.0/24");
    let mut inbound = rule.clone();
    inbound["Flow"] = json!("Inbound");
    let calls = [
        (
            "CreateNetPeering",
            json!({ "SourceNetId": client.net(BLUE)?,
            "AccepterNetId": client.net(RED)?, "AccepterOwnerId": "red-team" }),
        ),
        ("AcceptNetPeering", json!({ "NetPeeringId": pending })),
        ("RejectNetPeering", json!({ "NetPeeringId": pending })),
        ("DeleteNetPeering", json!({ "NetPeeringId": active })),
        ("CreateRoute", other),
        ("UpdateRoute", route),
        (
            "DeleteRoute",
            json!({ "RouteTableId": table, "DestinationIpRange": "10.2.0.0/16" }),
        ),
        (
            "LinkRouteTable",
            json!({ "RouteTableId": table, "SubnetId": subnet }),
        ),
        ("CreateSecurityGroupRule", inbound),
        ("DeleteSecurityGroupRule", rule),
        (
            "CreateTags",
            json!({ "ResourceIds": [active], "Tags": [{ "Key": "k", "Value": "v" }] }),
        ),
        (
            "DeleteTags",
            json!({ "ResourceIds": [active], "Tags": [{ "Key": "k" }] }),
        ),
        ("ReadNetPeerings", json!({})),
        ("ReadNets", json!({})),
        ("ReadSubnets", json!({})),
        ("ReadRouteTables", json!({})),
        ("ReadSecurityGroups", json!({})),
        ("ReadTags", json!({})),
        ("ReadAccounts", json!({})),
    ];
    let everything = || -> Result<_> {
        let mut shown = vec![Value::Array(client.list(json!({}))?)];
        for (action, list) in [
            ("ReadRouteTables", "RouteTables"),
            ("ReadSecurityGroups", "SecurityGroups"),
        ] {
            shown.push(client.ok(action, json!({}))?[list].take());
        }
        shown.push(Value::Array(
            bare.daemon.api().list("/v1/peerings?incoming=false")?,
        ));
        Ok(shown)
    };
    let before = everything()?;
    for (action, mut body) in calls {
        body["DryRun"] = json!(true);
        let mut answer = client.ok(action, body)?;
        let _ = answer["ResponseContext"].take();
        assert_eq!(answer, json!({ "ResponseContext": null }), "{action}");
        assert_eq!(everything()?, before, "{action}");
    }
    Ok(())
}

#[test]
fn a_dry_run_is_refused_as_the_real_one_would_be() -> Result<()> {
    let (_bare, client) = start("dry refusals")?;
    client.request(BLUE, GREEN)?;
    client.refused(
        "CreateNetPeering",
        json!({ "SourceNetId": client.net(BLUE)?, "AccepterNetId": client.net(GREEN)?,
                "AccepterOwnerId": "green-team", "DryRun": true }),
        EXISTS,
    )?;
    client.refused("AcceptNetPeering", json!({ "DryRun": true }), MISSING)?;
    let absent = json!({ "NetPeeringId": "pcx-12345678", "DryRun": true });
    client.refused("DeleteNetPeering", absent, NO_PEERING)?;
    client.refused(
        "ReadNets",
        json!({ "DryRun": "yes" }),
        (400, 4110, "InvalidParameterValue"),
    )?;
    Ok(())
}
