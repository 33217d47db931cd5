//! Requests that other front-ends made, and what they make of OEP-8's.

use anyhow::{Result, ensure};
use peer_tests::{
    Ask, Bare,
    documents::{consent, stream},
};
use serde_json::json;

use super::documents::{REQUESTS, request, status, wait_state};

#[test]
fn requests_of_any_front_end_are_listed_as_network_peering_requests() -> Result<()> {
    let bare = Bare::with_networks("oep8 lists")?;
    let api = bare.daemon.api();
    let native = consent("blue-team/ask", "blue", "green-team/green");
    let own = request("green-team/answer", "green", "blue-team/blue");
    api.apply("", &stream([&native, &own]))?;
    wait_state(&api, "green-team/answer", "success")?;
    let made = api.get(&format!("{REQUESTS}/blue-team/ask"))?;
    assert_eq!(made["apiVersion"], own["apiVersion"]);
    assert_eq!(made["kind"], "NetworkPeeringRequest");
    assert_eq!(
        made["spec"],
        json!({
            "localNetworkRef": { "name": "blue" },
            "remoteNetworkRef": { "namespace": "green-team", "name": "green" },
        })
    );
    assert_eq!(made["status"]["state"], "success");
    let listed = api.list(REQUESTS)?;
    let names: Vec<_> = listed.iter().map(peer_tests::documents::name).collect();
    ensure!(names.len() == 2, "{names:?}");
    ensure!(names.contains(&"blue-team/ask".to_owned()), "{names:?}");
    let of_blue = api.list(&format!("{REQUESTS}?namespace=blue-team"))?;
    assert_eq!(of_blue.len(), 1);
    Ok(())
}

#[test]
fn the_other_side_may_accept_or_reject_natively() -> Result<()> {
    let bare = Bare::with_networks("oep8 answered")?;
    let api = bare.daemon.api();
    let requests = [
        request("blue-team/to-green", "blue", "green-team/green"),
        request("blue-team/to-red", "blue", "red-team/red"),
    ];
    api.apply("", &stream(&requests))?;
    wait_state(&api, "blue-team/to-green", "pending")?;
    let verb = |verb: &str| api.call("POST", &format!("/v1/peerings/blue-team/{verb}"));
    verb("to-green/accept")?.expect(201)?;
    wait_state(&api, "blue-team/to-green", "success")?;
    verb("to-red/reject")?.expect(200)?;
    let rejected = wait_state(&api, "blue-team/to-red", "failed")?;
    ensure!(rejected["ttl"].is_string(), "{rejected}");
    Ok(())
}

#[test]
fn a_disabled_request_is_pending_without_a_time() -> Result<()> {
    let bare = Bare::with_networks("oep8 disabled")?;
    let api = bare.daemon.api();
    let requests = [
        request("blue-team/to-green", "blue", "green-team/green"),
        request("green-team/to-blue", "green", "blue-team/blue"),
    ];
    api.apply("", &stream(&requests))?;
    wait_state(&api, "blue-team/to-green", "success")?;
    let verb = |verb: &str| api.call("POST", &format!("/v1/peerings/blue-team/to-green/{verb}"));
    verb("disable")?.expect(200)?;
    for id in ["blue-team/to-green", "green-team/to-blue"] {
        let pending = wait_state(&api, id, "pending")?;
        ensure!(pending["ttl"].is_null(), "{pending}");
    }
    verb("enable")?.expect(200)?;
    wait_state(&api, "blue-team/to-green", "success")?;
    // What a document says is changed there.
    let mut change = consent("blue-team/to-green", "blue", "red-team/red");
    change["spec"]["adminState"] = json!("down");
    let refused = api.put("PUT", "/v1/peerings/blue-team/to-green", &change)?;
    ensure!(refused.status == 409, "{refused:?}");
    status(&api, "blue-team/to-green").map(drop)
}

#[test]
fn no_other_consent_takes_the_name_of_one_that_is_held() -> Result<()> {
    let bare = Bare::with_networks("oep8 held")?;
    let api = bare.daemon.api();
    let requests = [
        request("blue-team/to-red", "blue", "green-team/green"),
        request("green-team/answer", "green", "blue-team/blue"),
    ];
    api.apply("", &stream(&requests))?;
    wait_state(&api, "blue-team/to-red", "success")?;
    api.call("POST", "/v1/peerings/blue-team/to-red/disable")?
        .expect(200)?;
    // The hold would be nobody's then, and the traffic flow again.
    let other = consent("blue-team/to-red", "blue", "red-team/red");
    api.put("POST", "/v1/peerings", &other)?
        .refused(409, "made-by-document")?;
    let apply = Ask::new("POST", "/v1/apply").yaml(&other.to_string());
    api.send(&apply)?.refused(409, "made-by-document")?;
    let ask = consent("red-team/ask", "red", "blue-team/blue");
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let accepted = api.call("POST", "/v1/peerings/red-team/ask/accept")?;
    let name = accepted.expect(201)?["metadata"]["name"].take();
    assert_eq!(name, "to-red-team-red", "the next that is free");
    let held = api.get("/v1/peerings/blue-team/to-red")?;
    assert_eq!(held["status"]["state"], "disabled", "{held}");
    // What is pruned makes room.
    let prune = Ask::new("POST", "/v1/apply?prune=true").yaml(&other.to_string());
    api.send(&prune)?.expect(200)?;
    Ok(())
}
