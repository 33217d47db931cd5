//! What either owner sees and may do, and what a stranger does not.

use anyhow::Result;
use peer_tests::{Bare, User, documents::consent};
use serde_json::{Value, json};

use super::calls::{BLUE, Client, DENIED, GREEN, NO_NET, NO_PEERING, TRANSITION, id, state};

/// Users by number, with a namespace and their role in it.
const USERS: [(u32, &str, &str); 4] = [
    (7001, "blue-team", "operator"),
    (7002, "green-team", "operator"),
    (7003, "red-team", "operator"),
    (7004, "green-team", "viewer"),
];

struct World {
    _bare: Bare,
    root: Client,
    blue: Client,
    green: Client,
    red: Client,
    viewer: Client,
}

fn world(tag: &str) -> Result<World> {
    let mut bare = Bare::prepare(tag, 5)?;
    let entries = USERS.map(|(user, namespace, role)| {
        format!("- {{ user: \"{user}\", namespaces: [{namespace}], role: {role} }}\n")
    });
    bare.daemon
        .configure(&format!("access:\n{}", entries.concat()))?;
    bare.daemon.start()?;
    bare.daemon.open_socket()?;
    bare.declare_networks()?;
    let [blue, green, red, viewer] =
        USERS.map(|(user, ..)| Client(bare.daemon.api_as(&User::new(user))));
    Ok(World {
        root: Client::of(&bare.daemon),
        blue,
        green,
        red,
        viewer,
        _bare: bare,
    })
}

#[test]
fn before_both_consent_neither_is_told_more_than_the_other_gave() -> Result<()> {
    let World {
        root,
        blue,
        green,
        red,
        viewer,
        ..
    } = &world("told")?;
    let (blue_net, green_net) = (root.net(BLUE)?, root.net(GREEN)?);
    let made = blue.ok(
        "CreateNetPeering",
        json!({ "SourceNetId": blue_net, "AccepterNetId": green_net, "AccepterOwnerId": "green-team" }),
    )?;
    let pcx = id(&made["NetPeering"]);
    // Nothing but what it said itself.
    assert_eq!(
        made["NetPeering"]["AccepterNet"],
        json!({ "AccountId": "green-team", "NetId": green_net })
    );
    // To the accepter, what it asks and would give.
    for owner in [green, viewer] {
        let seen = owner.read(&pcx)?;
        assert_eq!(
            seen["SourceNet"],
            json!({ "AccountId": "blue-team", "NetId": blue_net, "IpRange": "10.1.0.0/16" })
        );
        assert_eq!(seen["AccepterNet"]["IpRange"], "10.2.0.0/16");
        assert_eq!(seen["State"]["Name"], "pending-acceptance");
        assert!(seen["ExpirationDate"].is_string());
    }
    assert!(red.list(json!({}))?.is_empty(), "it is no stranger's");
    let tag = json!({ "ResourceIds": [pcx], "Tags": [{ "Key": "k", "Value": "secret" }] });
    blue.ok("CreateTags", tag.clone())?;
    assert_eq!(green.read(&pcx)?["Tags"], json!([]));
    green.refused("CreateTags", tag, (409, 6003, "InvalidState"))?;

    green.ok("AcceptNetPeering", json!({ "NetPeeringId": pcx }))?;
    let told = blue.wait_state(&pcx, "active")?;
    assert_eq!(told["AccepterNet"]["IpRange"], "10.2.0.0/16");
    assert_eq!(told["Tags"], json!([{ "Key": "k", "Value": "secret" }]));
    assert_eq!(green.wait_state(&pcx, "active")?["Tags"], json!([]));
    // Each sees its own Nets.
    let nets =
        |client: &Client| -> Result<Value> { Ok(client.ok("ReadNets", json!({}))?["Nets"].take()) };
    assert_eq!(nets(blue)?.as_array().map(Vec::len), Some(1));
    assert_eq!(nets(blue)?[0]["NetId"], json!(blue_net));
    let accounts = blue.ok("ReadAccounts", json!({}))?;
    assert_eq!(accounts["Accounts"][0]["AccountId"], "blue-team");
    assert_eq!(accounts["Accounts"].as_array().map(Vec::len), Some(1));
    Ok(())
}

#[test]
fn the_accepter_answers_and_the_requester_withdraws() -> Result<()> {
    let World {
        root,
        blue,
        green,
        red,
        viewer,
        ..
    } = &world("who answers")?;
    let body = json!({ "SourceNetId": root.net(BLUE)?, "AccepterNetId": root.net(GREEN)?,
                       "AccepterOwnerId": "green-team" });
    // Only whose Net it is asks for it.
    for other in [green, red] {
        other.refused("CreateNetPeering", body.clone(), NO_NET)?;
    }
    let pcx = json!({ "NetPeeringId": id(&blue.ok("CreateNetPeering", body)?["NetPeering"]) });
    for action in ["AcceptNetPeering", "RejectNetPeering"] {
        blue.refused(action, pcx.clone(), DENIED)?;
        viewer.refused(action, pcx.clone(), DENIED)?;
        red.refused(action, pcx.clone(), NO_PEERING)?;
    }
    green.refused("DeleteNetPeering", pcx.clone(), DENIED)?;
    red.refused("DeleteNetPeering", pcx.clone(), NO_PEERING)?;
    green.ok("AcceptNetPeering", pcx.clone())?;
    viewer.refused("DeleteNetPeering", pcx.clone(), DENIED)?;
    // Once accepted it is either owner's to delete, and both are told.
    green.ok("DeleteNetPeering", pcx.clone())?;
    let id = pcx["NetPeeringId"].as_str().unwrap_or_default();
    for owner in [blue, green, viewer] {
        assert_eq!(state(&owner.read(id)?).0, "deleted");
    }
    // A request that nobody answered is taken back, as both read.
    let again = json!({ "NetPeeringId": super::calls::id(&root.request(BLUE, GREEN)?) });
    blue.ok("DeleteNetPeering", again.clone())?;
    green.refused("AcceptNetPeering", again.clone(), TRANSITION)?;
    let id = again["NetPeeringId"].as_str().unwrap_or_default();
    assert_eq!(state(&green.read(id)?).0, "deleted");
    Ok(())
}

#[test]
fn tables_and_groups_are_their_owners() -> Result<()> {
    let World {
        root,
        blue,
        green,
        viewer,
        ..
    } = &world("whose tables")?;
    let pcx = root.peer(BLUE, GREEN)?;
    let route = json!({ "RouteTableId": root.table(GREEN)?, "DestinationIpRange": "10.1.0.0/16",
                        "NetPeeringId": pcx });
    blue.refused("CreateRoute", route.clone(), (400, 5046, "InvalidResource"))?;
    viewer.refused("CreateRoute", route.clone(), DENIED)?;
    green.ok("CreateRoute", route)?;
    let rule = json!({ "SecurityGroupId": root.group(GREEN)?, "Flow": "Inbound",
                       "IpProtocol": "icmp", "IpRange": "10.1.0.0/16" });
    blue.refused(
        "CreateSecurityGroupRule",
        rule.clone(),
        (400, 5020, "InvalidResource"),
    )?;
    viewer.refused("CreateSecurityGroupRule", rule.clone(), DENIED)?;
    green.ok("CreateSecurityGroupRule", rule)?;
    for (action, list) in [
        ("ReadRouteTables", "RouteTables"),
        ("ReadSecurityGroups", "SecurityGroups"),
    ] {
        assert_eq!(
            viewer.ok(action, json!({}))?[list].as_array().map(Vec::len),
            Some(1)
        );
    }
    Ok(())
}

#[test]
fn why_a_request_fails_tells_neither_what_the_other_has() -> Result<()> {
    let World {
        root, blue, green, ..
    } = &world("failed")?;
    super::calls::add(root, "green-team/same", "p4", "10.1.64.0/18")?;
    let made = blue.ok(
        "CreateNetPeering",
        json!({ "SourceNetId": root.net(BLUE)?, "AccepterNetId": root.net("green-team/same")?,
                "AccepterOwnerId": "green-team" }),
    )?;
    let made = &made["NetPeering"];
    assert_eq!(state(made).0, "failed");
    assert!(!made.to_string().contains("10.1.64"), "{made}");
    assert_eq!(state(&green.read(&id(made))?), state(made));
    Ok(())
}

#[test]
fn who_deletes_takes_nothing_away_that_another_owner_made_otherwise() -> Result<()> {
    let World {
        root, blue, green, ..
    } = &world("others' objects")?;
    let own = |id: &str, network: &str, peer: &str| {
        root.0
            .put("POST", "/v1/peerings", &consent(id, network, peer))?
            .expect(201)
    };
    own("blue-team/native", "blue", GREEN)?;
    own("green-team/native", "green", BLUE)?;
    let pcx = id(&root.list(json!({}))?[0]);
    root.wait_state(&pcx, "active")?;
    green.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    root.wait_state(&pcx, "pending-acceptance")?;
    let gone = root.0.get("/v1/peerings/green-team/native")?;
    assert_eq!(gone["status"]["state"], "deleted", "{gone}");
    let stays = root.0.get("/v1/peerings/blue-team/native")?;
    assert_eq!(stays["status"]["state"], "pending", "{stays}");

    // Nor where the only consent there is is the other owner's.
    let open = json!({ "spec": { "autoAccept": ["blue-team"] } });
    root.0
        .put("PATCH", "/v1/networks/green-team/green", &open)?
        .expect(200)?;
    root.wait_state(&pcx, "active")?;
    green.refused("DeleteNetPeering", json!({ "NetPeeringId": pcx }), DENIED)?;
    blue.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    Ok(())
}
