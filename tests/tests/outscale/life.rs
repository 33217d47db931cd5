//! The life of a NetPeering: every transition there is, and every one there is not.

use anyhow::{Result, ensure};
use peer_tests::{SOON, wait_until};
use serde_json::json;

use super::calls::{BLUE, Client, EXISTS, GREEN, NO_PEERING, RED, TRANSITION, id, start, state};

const ANSWERS: [&str; 2] = ["AcceptNetPeering", "RejectNetPeering"];

fn refuse_all(client: &Client, id: &str, actions: &[&str]) -> Result<()> {
    for action in actions {
        client.refused(action, json!({ "NetPeeringId": id }), TRANSITION)?;
    }
    Ok(())
}

#[test]
fn a_request_waits_for_seven_days_and_is_accepted_by_the_other_owner() -> Result<()> {
    let (bare, client) = start("accepted")?;
    let made = client.request(BLUE, GREEN)?;
    let pcx = id(&made);
    assert_eq!(
        state(&made),
        ("pending-acceptance", "Pending acceptance by green-team")
    );
    assert_eq!(
        made["SourceNet"],
        json!({ "AccountId": "blue-team", "NetId": client.net(BLUE)?, "IpRange": "10.1.0.0/16" })
    );
    assert_eq!(
        made["AccepterNet"],
        json!({ "AccountId": "green-team", "NetId": client.net(GREEN)?, "IpRange": "10.2.0.0/16" })
    );
    assert_eq!(made["Tags"], json!([]));
    let native = bare.wait_state("blue-team/to-green", "pending")?;
    assert_eq!(native["spec"]["ttl"], "7d");
    assert_eq!(native["status"]["origin"], "outscale");
    assert_eq!(native["status"]["expiresAt"], made["ExpirationDate"]);
    let uid = native["metadata"]["uid"].as_str().unwrap_or_default();
    assert_eq!(pcx, format!("pcx-{}", &uid[..8]));
    assert_eq!(client.read(&pcx)?, made);

    let accepted = client.ok("AcceptNetPeering", json!({ "NetPeeringId": pcx }))?;
    let accepted = &accepted["NetPeering"];
    assert_eq!(id(accepted), pcx);
    assert_eq!(state(accepted), ("active", "Active"));
    assert!(accepted["ExpirationDate"].is_null(), "{accepted}");
    bare.wait_state("green-team/to-blue", "active")?;
    // One object for both, whoever looks.
    assert_eq!(client.list(json!({}))?.len(), 1);
    // It is accepted once and for all.
    client.ok("AcceptNetPeering", json!({ "NetPeeringId": pcx }))?;
    refuse_all(&client, &pcx, &["RejectNetPeering"])
}

#[test]
fn what_was_rejected_is_neither_accepted_nor_deleted_and_can_be_asked_again() -> Result<()> {
    let (_bare, client) = start("rejected")?;
    let pcx = id(&client.request(BLUE, GREEN)?);
    let answer = client.ok("RejectNetPeering", json!({ "NetPeeringId": pcx }))?;
    assert!(answer["NetPeering"].is_null());
    let rejected = client.read(&pcx)?;
    assert_eq!(state(&rejected).0, "rejected");
    assert!(rejected["ExpirationDate"].is_null());
    // To reject it once more changes nothing.
    client.ok("RejectNetPeering", json!({ "NetPeeringId": pcx }))?;
    refuse_all(&client, &pcx, &["AcceptNetPeering", "DeleteNetPeering"])?;
    let again = client.request(BLUE, GREEN)?;
    assert_eq!(state(&again).0, "pending-acceptance");
    assert_ne!(id(&again), pcx);
    assert_eq!(client.list(json!({}))?.len(), 2, "both are listed");
    Ok(())
}

#[test]
fn a_request_is_deleted_by_who_made_it_and_stays_listed_as_deleted() -> Result<()> {
    let (_bare, client) = start("withdrawn")?;
    let pcx = id(&client.request(BLUE, GREEN)?);
    let answer = client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    assert!(answer["NetPeering"].is_null());
    assert_eq!(state(&client.read(&pcx)?).0, "deleted");
    refuse_all(&client, &pcx, &ANSWERS)?;
    refuse_all(&client, &pcx, &["DeleteNetPeering"])?;
    // Its name is not given to the next one as long as it is listed.
    let again = id(&client.request(BLUE, GREEN)?);
    assert_ne!(again, pcx);
    assert_eq!(state(&client.read(&pcx)?).0, "deleted");
    assert_eq!(client.list(json!({}))?.len(), 2);
    Ok(())
}

#[test]
fn an_active_one_is_deleted_as_a_whole() -> Result<()> {
    let (bare, client) = start("deleted")?;
    let pcx = client.peer(BLUE, GREEN)?;
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    for consent in ["blue-team/to-green", "green-team/to-blue"] {
        bare.wait_state(consent, "deleted")?;
    }
    let left = client.list(json!({}))?;
    assert_eq!(left.len(), 1, "both consents were one peering: {left:?}");
    assert_eq!((id(&left[0]), state(&left[0]).0), (pcx.clone(), "deleted"));
    refuse_all(&client, &pcx, &ANSWERS)?;
    refuse_all(&client, &pcx, &["DeleteNetPeering"])?;
    client.peer(GREEN, BLUE)?;
    assert_eq!(client.list(json!({}))?.len(), 2);
    Ok(())
}

#[test]
fn one_pair_has_one_peering_at_a_time() -> Result<()> {
    let (_bare, client) = start("twice")?;
    let body = |client: &Client, source, accepter| -> Result<_> {
        Ok(
            json!({ "SourceNetId": client.net(source)?, "AccepterNetId": client.net(accepter)?,
                   "AccepterOwnerId": "green-team" }),
        )
    };
    let pcx = id(&client.request(BLUE, GREEN)?);
    let said = client.refused("CreateNetPeering", body(&client, BLUE, GREEN)?, EXISTS)?;
    assert!(said.contains(&pcx), "{said}");
    client.ok("AcceptNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.refused("CreateNetPeering", body(&client, BLUE, GREEN)?, EXISTS)?;
    // Other pairs are others.
    client.refused(
        "CreateNetPeering",
        json!({ "SourceNetId": client.net(BLUE)?, "AccepterNetId": client.net(BLUE)? }),
        (400, 4045, "InvalidParameterValue"),
    )?;
    client.peer(RED, GREEN)?;
    Ok(())
}

#[test]
fn two_requests_of_both_sides_are_two_until_one_is_accepted() -> Result<()> {
    let (_bare, client) = start("both ask")?;
    let one = id(&client.request(BLUE, GREEN)?);
    let other = id(&client.request(GREEN, BLUE)?);
    for pcx in [&one, &other] {
        assert_eq!(state(&client.read(pcx)?).0, "pending-acceptance");
    }
    client.ok("AcceptNetPeering", json!({ "NetPeeringId": one }))?;
    client.wait_state(&one, "active")?;
    let redundant = client.read(&other)?;
    assert_eq!(state(&redundant).0, "rejected");
    assert!(state(&redundant).1.contains("accepted"), "{redundant}");
    refuse_all(&client, &other, &["AcceptNetPeering", "DeleteNetPeering"])
}

#[test]
fn a_request_against_an_active_ones_direction_is_rejected_from_the_start() -> Result<()> {
    let (_bare, client) = start("reverse")?;
    let pcx = client.peer(BLUE, GREEN)?;
    for _ in 0..2 {
        let reverse = client.request(GREEN, BLUE)?;
        assert_eq!(state(&reverse).0, "rejected", "{reverse}");
        assert_eq!(reverse["SourceNet"]["AccountId"], "green-team");
        assert_eq!(state(&client.read(&id(&reverse))?).0, "rejected");
    }
    client.wait_state(&pcx, "active")?;
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    // Now there is none to be redundant to.
    let reverse = client.request(GREEN, BLUE)?;
    assert_eq!(state(&reverse).0, "pending-acceptance");
    Ok(())
}

#[test]
fn peerings_that_never_were_are_not_there() -> Result<()> {
    let (_bare, client) = start("absent")?;
    for action in ["AcceptNetPeering", "RejectNetPeering", "DeleteNetPeering"] {
        client.refused(
            action,
            json!({ "NetPeeringId": "pcx-12345678" }),
            NO_PEERING,
        )?;
    }
    let answer = client.ok("ReadNetPeerings", json!({}))?;
    assert_eq!(answer["NetPeerings"], json!([]));
    Ok(())
}

#[test]
fn it_survives_a_restart_as_it_was() -> Result<()> {
    let (mut bare, client) = start("restart")?;
    let active = client.peer(BLUE, GREEN)?;
    let waiting = id(&client.request(RED, GREEN)?);
    let rejected = id(&client.request(GREEN, RED)?);
    client.ok("RejectNetPeering", json!({ "NetPeeringId": rejected }))?;
    client.ok(
        "CreateRoute",
        json!({ "RouteTableId": client.table(BLUE)?, "DestinationIpRange": "10.2.0.0/16",
                "NetPeeringId": active }),
    )?;
    client.ok(
        "CreateSecurityGroupRule",
        json!({ "SecurityGroupId": client.group(BLUE)?, "Flow": "Inbound", "IpProtocol": "icmp",
                "IpRange": "10.2.0.0/16" }),
    )?;
    let all = || -> Result<_> {
        let mut peerings = client.list(json!({}))?;
        // Two readings of two clocks are a millisecond apart now and then.
        for peering in &mut peerings {
            if let Some(date) = peering["ExpirationDate"].as_str() {
                let minute = date.get(..16).map(str::to_owned);
                peering["ExpirationDate"] = json!(minute);
            }
        }
        let mut tables = client.ok("ReadRouteTables", json!({}))?;
        let mut groups = client.ok("ReadSecurityGroups", json!({}))?;
        Ok((
            peerings,
            tables["RouteTables"].take(),
            groups["SecurityGroups"].take(),
        ))
    };
    let before = all()?;
    bare.daemon.kill9()?;
    bare.daemon.start()?;
    wait_until("everything is as it was", SOON, || {
        let now = all()?;
        ensure!(now == before, "{now:?}\nwas {before:?}");
        Ok(())
    })?;
    // Two requests of Outscale's still are no answers to each other.
    client.wait_state(&waiting, "pending-acceptance").map(drop)
}
