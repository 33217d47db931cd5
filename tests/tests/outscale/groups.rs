//! Security groups, as far as no packets are needed.

use anyhow::Result;
use serde_json::{Value, json};

use super::calls::{BLUE, Client, start};

fn body(client: &Client, flow: &str, rule: &Value) -> Result<Value> {
    let mut body = rule.clone();
    body["SecurityGroupId"] = json!(client.group(BLUE)?);
    body["Flow"] = json!(flow);
    Ok(body)
}

const EVERYTHING: (&str, i32, i32) = ("-1", -1, -1);

fn shown((protocol, first, last): (&str, i32, i32), ranges: &[&str]) -> Value {
    json!({ "IpProtocol": protocol, "FromPortRange": first, "ToPortRange": last,
            "IpRanges": ranges })
}

#[test]
fn every_net_has_one_group_that_lets_everything_out_and_nothing_in() -> Result<()> {
    let (_bare, client) = start("default group")?;
    let filters = json!({ "Filters": { "NetIds": [client.net(BLUE)?] } });
    let mut groups = client.ok("ReadSecurityGroups", filters)?;
    let mut group = groups["SecurityGroups"][0].take();
    assert!(group["Description"].take().is_string());
    assert_eq!(
        group,
        json!({
            "SecurityGroupId": client.group(BLUE)?, "SecurityGroupName": "default",
            "Description": null, "AccountId": "blue-team", "NetId": client.net(BLUE)?,
            "InboundRules": [], "OutboundRules": [shown(EVERYTHING, &["0.0.0.0/0"])], "Tags": [],
        })
    );
    Ok(())
}

#[test]
fn rules_come_and_go_in_both_forms() -> Result<()> {
    let (_bare, client) = start("rules")?;
    let ssh = json!({ "IpProtocol": "tcp", "FromPortRange": 22, "ToPortRange": 22,
                      "IpRange": "10.2.0.0/16" });
    let made = client.ok("CreateSecurityGroupRule", body(&client, "Inbound", &ssh)?)?;
    let tcp = ("tcp", 22, 22);
    assert_eq!(
        made["SecurityGroup"]["InboundRules"],
        json!([shown(tcp, &["10.2.0.0/16"])])
    );
    let again = body(&client, "Inbound", &ssh)?;
    client.refused(
        "CreateSecurityGroupRule",
        again,
        (409, 9000, "ResourceConflict"),
    )?;
    let more = json!({ "Rules": [
        shown(tcp, &["10.3.0.0/16"]), shown(("icmp", -1, -1), &["10.2.0.0/16", "10.3.0.0/16"]),
    ] });
    let made = client.ok("CreateSecurityGroupRule", body(&client, "Inbound", &more)?)?;
    assert_eq!(
        made["SecurityGroup"]["InboundRules"],
        json!([
            shown(tcp, &["10.2.0.0/16", "10.3.0.0/16"]),
            shown(("icmp", -1, -1), &["10.2.0.0/16", "10.3.0.0/16"]),
        ])
    );
    for (filters, expected) in [
        (json!({ "InboundRuleProtocols": ["tcp"] }), 1),
        (json!({ "InboundRuleProtocols": ["udp"] }), 0),
        (json!({ "InboundRuleIpRanges": ["10.3.0.0/16"] }), 1),
        (json!({ "InboundRuleFromPortRanges": [22] }), 1),
        (json!({ "InboundRuleToPortRanges": [23] }), 0),
        (json!({ "OutboundRuleProtocols": ["-1"] }), 3),
        (json!({ "OutboundRuleIpRanges": ["0.0.0.0/0"] }), 3),
        (json!({ "SecurityGroupNames": ["default"] }), 3),
        (json!({ "SecurityGroupIds": [client.group(BLUE)?] }), 1),
        (json!({ "InboundRuleSecurityGroupIds": ["sg-12345678"] }), 0),
    ] {
        let found = client.ok("ReadSecurityGroups", json!({ "Filters": filters }))?;
        let found = found["SecurityGroups"].as_array().map(Vec::len);
        assert_eq!(found, Some(expected), "{filters}");
    }
    // One of them must match whole, or nothing is deleted.
    let wrong = json!({ "Rules": [shown(tcp, &["10.2.0.0/16", "10.4.0.0/16"])] });
    let absent = (400, 5008, "InvalidResource");
    client.refused(
        "DeleteSecurityGroupRule",
        body(&client, "Inbound", &wrong)?,
        absent,
    )?;
    client.ok("DeleteSecurityGroupRule", body(&client, "Inbound", &ssh)?)?;
    let left = client.ok("DeleteSecurityGroupRule", body(&client, "Inbound", &more)?)?;
    assert_eq!(left["SecurityGroup"]["InboundRules"], json!([]));
    // The default can be taken away, and be given back.
    let everything = json!({ "IpProtocol": "-1", "IpRange": "0.0.0.0/0" });
    let left = client.ok(
        "DeleteSecurityGroupRule",
        body(&client, "Outbound", &everything)?,
    )?;
    assert_eq!(left["SecurityGroup"]["OutboundRules"], json!([]));
    let back = client.ok(
        "CreateSecurityGroupRule",
        body(&client, "Outbound", &everything)?,
    )?;
    assert_eq!(
        back["SecurityGroup"]["OutboundRules"],
        json!([shown(EVERYTHING, &["0.0.0.0/0"])])
    );
    Ok(())
}

#[test]
fn what_peerd_cannot_enforce_is_refused() -> Result<()> {
    let (_bare, client) = start("refused rules")?;
    let value = (400, 4047, "InvalidParameterValue");
    let ping = json!({ "IpProtocol": "icmp", "FromPortRange": 8, "ToPortRange": 0,
                       "IpRange": "10.2.0.0/16" });
    let said = client.refused(
        "CreateSecurityGroupRule",
        body(&client, "Inbound", &ping)?,
        value,
    )?;
    assert!(said.contains("types and codes"), "{said}");
    let member =
        json!({ "Rules": [{ "SecurityGroupsMembers": [{ "SecurityGroupId": "sg-12345678" }] }] });
    let no_member = (400, 5060, "InvalidResource");
    client.refused(
        "CreateSecurityGroupRule",
        body(&client, "Inbound", &member)?,
        no_member,
    )?;
    let any = json!({ "IpRange": "10.2.0.0/16" });
    client.refused(
        "CreateSecurityGroupRule",
        body(&client, "Sideways", &any)?,
        value,
    )?;
    let mut unknown = body(&client, "Inbound", &any)?;
    unknown["SecurityGroupId"] = json!("sg-12345678");
    client.refused(
        "CreateSecurityGroupRule",
        unknown,
        (400, 5020, "InvalidResource"),
    )?;
    let ranges: Vec<String> = (0..65)
        .map(|number| format!("10.2.{number}.0/24"))
        .collect();
    let many = json!({ "Rules": [{ "IpProtocol": "udp", "FromPortRange": 53, "ToPortRange": 53,
                                   "IpRanges": ranges }] });
    let too_many = (400, 10_017, "TooManyResources (QuotaExceded)");
    let said = client.refused(
        "CreateSecurityGroupRule",
        body(&client, "Inbound", &many)?,
        too_many,
    )?;
    assert!(said.contains("64"), "{said}");
    Ok(())
}
