//! Peerings that others made, in Outscale's words, and Outscale's in others'.

use anyhow::{Result, ensure};
use peer_tests::{
    Bare, SOON,
    documents::{consent, network, stream},
    wait_until,
};
use serde_json::json;

use super::calls::{BLUE, Client, GREEN, STATE, TRANSITION, id, start, state};

#[test]
fn a_request_that_was_made_natively_is_accepted_by_accept_net_peering() -> Result<()> {
    let (bare, client) = start("native request")?;
    let mut ask = consent("blue-team/ask", "blue", GREEN);
    ask["metadata"]["labels"] = json!({ "env": "prod" });
    client.0.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let all = client.list(json!({}))?;
    assert_eq!(all.len(), 1);
    let pcx = id(&all[0]);
    assert_eq!(
        state(&all[0]),
        ("pending-acceptance", "Pending acceptance by green-team")
    );
    assert_eq!(all[0]["SourceNet"]["AccountId"], "blue-team");
    assert_eq!(all[0]["Tags"], json!([{ "Key": "env", "Value": "prod" }]));
    client.ok("AcceptNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.wait_state(&pcx, "active")?;
    let answer = bare.wait_state("green-team/to-blue", "active")?;
    assert_eq!(answer["status"]["origin"], "outscale");
    // Blue's side was not made by Outscale's calls: it has its routes without any.
    let route = |table: String, to: &str| json!({ "RouteTableId": table, "DestinationIpRange": to, "NetPeeringId": pcx });
    client.refused(
        "CreateRoute",
        route(client.table(BLUE)?, "10.2.0.0/16"),
        STATE,
    )?;
    client.ok("CreateRoute", route(client.table(GREEN)?, "10.1.0.0/16"))?;
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    let left = client.list(json!({}))?;
    assert_eq!((left.len(), state(&left[0]).0), (1, "deleted"));
    Ok(())
}

#[test]
fn a_pair_that_was_made_natively_is_one_peering_of_the_older_consent() -> Result<()> {
    let (bare, client) = start("native pair")?;
    bare.peer("green", "blue")?;
    let all = client.list(json!({}))?;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(state(&all[0]), ("active", "Active"));
    let pcx = id(&all[0]);
    // Nothing to accept, and nothing to reject any more.
    client.ok("AcceptNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.refused(
        "RejectNetPeering",
        json!({ "NetPeeringId": pcx }),
        TRANSITION,
    )?;
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    let left = client.list(json!({}))?;
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((id(&left[0]), state(&left[0]).0), (pcx, "deleted"));
    Ok(())
}

#[test]
fn outscales_request_is_accepted_and_rejected_natively() -> Result<()> {
    let (_bare, client) = start("native answer")?;
    let pcx = id(&client.request(BLUE, GREEN)?);
    let verb = |verb: &str| {
        client
            .0
            .call("POST", &format!("/v1/peerings/blue-team/to-green/{verb}"))
    };
    verb("reject")?.expect(200)?;
    assert_eq!(state(&client.read(&pcx)?).0, "rejected");
    let pcx = id(&client.request(BLUE, GREEN)?);
    let asked = client.0.list("/v1/peerings?state=pending")?;
    assert_eq!(asked.len(), 1);
    let name = peer_tests::documents::name(&asked[0]);
    client
        .0
        .call("POST", &format!("/v1/peerings/{name}/accept"))?
        .expect(201)?;
    client.wait_state(&pcx, "active")?;
    // A withdrawn answer is asked for again.
    client
        .0
        .call("DELETE", "/v1/peerings/green-team/to-blue")?
        .expect(200)?;
    let waits = client.wait_state(&pcx, "pending-acceptance")?;
    assert!(
        waits["ExpirationDate"].is_null(),
        "once matched it never expires"
    );
    assert_eq!(
        client
            .list(json!({ "StateNames": ["pending-acceptance", "active"] }))?
            .len(),
        1
    );
    Ok(())
}

#[test]
fn a_native_consent_that_waits_answers_outscales_request() -> Result<()> {
    let (bare, client) = start("standing consent")?;
    let standing = consent("green-team/standing", "green", BLUE);
    client
        .0
        .put("POST", "/v1/peerings", &standing)?
        .expect(201)?;
    let made = client.request(BLUE, GREEN)?;
    let pcx = id(&made);
    let active = client.wait_state(&pcx, "active")?;
    assert_eq!(
        active["SourceNet"]["AccountId"], "blue-team",
        "who called asked"
    );
    bare.wait_state("green-team/standing", "active")?;
    assert_eq!(client.list(json!({}))?.len(), 1);
    Ok(())
}

#[test]
fn a_net_that_accepts_in_advance_makes_a_request_active_at_once() -> Result<()> {
    let (_bare, client) = start("in advance")?;
    let open = json!({ "spec": { "autoAccept": ["blue-team"] } });
    client
        .0
        .put("PATCH", "/v1/networks/green-team/green", &open)?
        .expect(200)?;
    let pcx = id(&client.request(BLUE, GREEN)?);
    client.wait_state(&pcx, "active")?;
    let reverse = client.request(GREEN, BLUE)?;
    assert_eq!(state(&reverse).0, "rejected", "it is redundant");
    Ok(())
}

#[test]
fn what_a_table_file_declares_stays_and_asks_anew() -> Result<()> {
    let mut bare = Bare::prepare("file", 2)?;
    let documents = [
        network(BLUE, "p1", &["10.1.0.0/16"]),
        network(GREEN, "p2", &["10.2.0.0/16"]),
        consent("blue-team/filed", "blue", GREEN),
    ];
    bare.daemon.write_table(&stream(&documents))?;
    bare.daemon.start()?;
    let client = Client::of(&bare.daemon);
    let pcx = id(&client.list(json!({}))?[0]);
    // Its own owner cannot take it back here.
    let said = client.refused("DeleteNetPeering", json!({ "NetPeeringId": pcx }), STATE)?;
    assert!(said.contains("is declared in"), "{said}");
    client.ok("AcceptNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.wait_state(&pcx, "active")?;
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.wait_state(&pcx, "pending-acceptance")?;
    let tag = json!({ "ResourceIds": [pcx], "Tags": [{ "Key": "k", "Value": "v" }] });
    client.refused("CreateTags", tag, STATE)?;
    Ok(())
}

#[test]
fn a_request_of_another_systems_document_is_accepted_too() -> Result<()> {
    let (_bare, client) = start("document")?;
    let document = json!({
        "apiVersion": "networking.api.onmetal.de/v1alpha1",
        "kind": "NetworkPeeringRequest",
        "metadata": { "namespace": "blue-team", "name": "ask" },
        "spec": {
            "localNetworkRef": { "name": "blue" },
            "remoteNetworkRef": { "namespace": "green-team", "name": "green" },
        },
    });
    client.0.apply("", &document.to_string())?;
    let find = || -> Result<String> {
        let all = client.list(json!({}))?;
        ensure!(all.len() == 1, "{all:?}");
        Ok(id(&all[0]))
    };
    let pcx = wait_until("it is listed", SOON, find)?;
    client.ok("AcceptNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.wait_state(&pcx, "active")?;
    // The document goes on to ask.
    client.ok("DeleteNetPeering", json!({ "NetPeeringId": pcx }))?;
    client.wait_state(&pcx, "pending-acceptance")?;
    let said = client.refused("DeleteNetPeering", json!({ "NetPeeringId": pcx }), STATE)?;
    assert!(said.contains("NetworkPeeringRequest"), "{said}");
    Ok(())
}

#[test]
fn what_a_net_lets_through_is_not_said_natively() -> Result<()> {
    let (_bare, client) = start("rules")?;
    client.peer(BLUE, GREEN)?;
    let path = "/v1/peerings/blue-team/to-green";
    let rules = [
        json!({ "allow": [{ "protocol": "tcp" }] }),
        json!({ "allowOut": [] }),
        json!({ "routes": ["10.2.0.0/16"] }),
    ];
    for spec in rules {
        let patch = json!({ "spec": spec });
        let said = client.0.put("PATCH", path, &patch)?;
        let said = said.refused(409, "invalid-state")?;
        assert!(said.contains("security group"), "{said}");
    }
    let shown = client.0.get(path)?;
    assert_eq!(shown["spec"]["allow"], json!([]), "{shown}");
    // What is shown can be sent back, and what rules do not say can be changed.
    let mut sent = json!({ "apiVersion": shown["apiVersion"], "kind": shown["kind"],
                           "metadata": { "namespace": "blue-team", "name": "to-green" },
                           "spec": shown["spec"] });
    client.0.put("PUT", path, &sent)?.expect(200)?;
    sent["spec"]["adminState"] = json!("down");
    client.0.put("PUT", path, &sent)?.expect(200)?;
    client.0.apply("", &sent.to_string())?;
    Ok(())
}
