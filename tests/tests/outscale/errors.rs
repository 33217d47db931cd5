//! Calls that are wrong in themselves.

use anyhow::Result;
use peer_tests::Ask;
use serde_json::json;

use super::calls::{BLUE, GREEN, MISSING, NO_NET, id, start};

const UNKNOWN: (u16, u32, &str) = (400, 3001, "InvalidParameter");
const TYPE: (u16, u32, &str) = (400, 4110, "InvalidParameterValue");
const PREFIX: (u16, u32, &str) = (400, 4104, "InvalidParameterValue");
const MALFORMED: (u16, u32, &str) = (400, 4105, "InvalidParameterValue");

#[test]
fn every_call_refuses_what_it_does_not_know_and_what_is_missing() -> Result<()> {
    let (_bare, client) = start("parameters")?;
    for (action, required) in [
        ("CreateNetPeering", true),
        ("AcceptNetPeering", true),
        ("RejectNetPeering", true),
        ("DeleteNetPeering", true),
        ("ReadNetPeerings", false),
        ("ReadNets", false),
        ("ReadSubnets", false),
        ("ReadRouteTables", false),
        ("CreateRoute", true),
        ("UpdateRoute", true),
        ("DeleteRoute", true),
        ("LinkRouteTable", true),
        ("UnlinkRouteTable", true),
        ("ReadSecurityGroups", false),
        ("CreateSecurityGroupRule", true),
        ("DeleteSecurityGroupRule", true),
        ("CreateTags", true),
        ("DeleteTags", true),
        ("ReadTags", false),
        ("ReadAccounts", false),
    ] {
        if required {
            client.refused(action, json!({}), MISSING)?;
        } else {
            client.ok(action, json!({}))?;
            client.refused(action, json!({ "Foo": 1 }), UNKNOWN)?;
        }
        client.refused(action, json!([]), TYPE)?;
    }
    let pcx = id(&client.request(BLUE, GREEN)?);
    client.refused(
        "AcceptNetPeering",
        json!({ "NetPeeringId": pcx, "Foo": null, "Bar": 1 }),
        UNKNOWN,
    )?;
    for (body, code) in [
        (json!({ "NetPeeringId": "foo" }), PREFIX),
        (json!({ "NetPeeringId": "vpc-12345678" }), PREFIX),
        (json!({ "NetPeeringId": "pcx-1234567" }), MALFORMED),
        (json!({ "NetPeeringId": "pcx-123456789" }), MALFORMED),
        (json!({ "NetPeeringId": 5 }), TYPE),
        (json!({ "NetPeeringId": [pcx] }), TYPE),
    ] {
        client.refused("AcceptNetPeering", body, code)?;
    }
    Ok(())
}

#[test]
fn a_request_names_nets_that_there_are_and_whose_they_are() -> Result<()> {
    let (_bare, client) = start("which nets")?;
    let (blue, green) = (client.net(BLUE)?, client.net(GREEN)?);
    let create = |source: &str, accepter: &str, owner: Option<&str>| json!({ "SourceNetId": source, "AccepterNetId": accepter, "AccepterOwnerId": owner });
    for (body, code) in [
        (create("vpc-12345678", &green, Some("green-team")), NO_NET),
        (create("foo", &green, Some("green-team")), PREFIX),
        (create(&blue, "vpc-12345678", Some("green-team")), NO_NET),
        (create(&blue, "foo", Some("green-team")), NO_NET),
        // Whose it is has to be said across accounts, and has to be right.
        (create(&blue, &green, None), NO_NET),
        (create(&blue, &green, Some("red-team")), NO_NET),
        (create(&blue, &green, Some("")), NO_NET),
    ] {
        client.refused("CreateNetPeering", body, code)?;
    }
    assert!(client.list(json!({}))?.is_empty());
    super::calls::add(&client, "blue-team/second", "p4", "10.4.0.0/16")?;
    let second = client.net("blue-team/second")?;
    // Inside an account it need not be said, and nobody accepts it by itself.
    let made = client.ok("CreateNetPeering", create(&blue, &second, None))?;
    assert_eq!(made["NetPeering"]["State"]["Name"], "pending-acceptance");
    Ok(())
}

#[test]
fn calls_that_there_are_not_have_their_code_under_both_paths() -> Result<()> {
    let (bare, client) = start("actions")?;
    for action in ["ReadVm", "CreateNet", "readnets"] {
        client.refused(action, json!({}), (404, 12_000, "InvalidAction"))?;
    }
    let api = bare.daemon.api();
    for base in ["/api/v1", "/api/latest"] {
        let nets = api
            .send(&Ask::new("POST", &format!("{base}/ReadNets")))?
            .expect(200)?;
        assert_eq!(
            nets["Nets"].as_array().map(Vec::len),
            Some(3),
            "without a body"
        );
        let ask = Ask::new("POST", &format!("{base}/ReadNets"));
        let odd = ask.body("application/x-amz-json-1.1", "{}");
        api.send(&odd)?.expect(200)?;
        let get = api.call("GET", &format!("{base}/ReadNets"))?.expect(405)?;
        assert_eq!(get["Errors"][0]["Code"], "2");
        assert_eq!(get["Errors"][0]["Type"], "AccessDenied");
    }
    Ok(())
}
