//! A request on its way: listed to whom it is made, accepted, or expired.

use anyhow::{Result, ensure};
use peer_tests::{
    Bare, SOON,
    documents::{consent, name},
    wait_until,
};
use serde_json::{Value, json};

const ASK: &str = "/v1/peerings/blue-team/ask";

fn ask() -> Value {
    let mut ask = consent("blue-team/ask", "blue", "green-team/green");
    ask["metadata"]["labels"] = json!({ "secret": "label" });
    ask["spec"]["export"] = json!(["10.1.64.0/18"]);
    ask["spec"]["allow"] = json!([{ "protocol": "tcp", "ports": [4711] }]);
    ask
}

#[test]
fn an_incoming_request_shows_what_it_asks_and_would_give_and_no_more() -> Result<()> {
    let bare = Bare::with_networks("incoming")?;
    let api = bare.daemon.api();
    api.put("POST", "/v1/peerings", &ask())?.expect(201)?;
    bare.wait_state("blue-team/ask", "pending")?;
    let listed = api.list("/v1/peerings?incoming=true&namespace=green-team")?;
    assert_eq!(listed.len(), 1, "{listed:?}");
    let request = &listed[0];
    assert_eq!(name(request), "blue-team/ask");
    assert_eq!(
        request["spec"],
        json!({ "network": "blue", "peer": { "namespace": "green-team", "network": "green" } })
    );
    let status = &request["status"];
    assert_eq!(
        (&status["incoming"], &status["state"]),
        (&json!(true), &json!("pending"))
    );
    assert_eq!(status["peer"]["namespace"], "blue-team");
    assert_eq!(status["peer"]["network"], "blue");
    assert_eq!(status["peer"]["prefixes"], json!(["10.1.64.0/18"]));
    assert!(
        status["expiresAt"].is_string(),
        "it waits for seven days: {status}"
    );
    let text = request.to_string();
    for hidden in ["secret", "4711", "10.1.0.0/16"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    // To its owner nothing of the other network is shown either.
    let own = api.get(ASK)?;
    let peer = &own["status"]["peer"];
    assert_eq!(own["status"]["incoming"], false);
    assert!(peer["prefixes"].is_null() && peer["uid"].is_null() && peer["state"].is_null());

    api.call("POST", &format!("{ASK}/accept"))?.expect(201)?;
    bare.wait_state("blue-team/ask", "active")?;
    assert!(api.list("/v1/peerings?incoming=true")?.is_empty());
    let peer = api.get(ASK)?["status"]["peer"].take();
    assert_eq!(peer["prefixes"], json!(["10.2.0.0/16"]));
    assert_eq!(peer["state"], "active");
    assert!(peer["uid"].is_string());
    Ok(())
}

#[test]
fn a_disabled_or_withdrawn_request_asks_nobody() -> Result<()> {
    let bare = Bare::with_networks("withdrawn")?;
    let api = bare.daemon.api();
    api.put("POST", "/v1/peerings", &ask())?.expect(201)?;
    let incoming = || api.list("/v1/peerings?incoming=true");
    assert_eq!(incoming()?.len(), 1);
    api.call("POST", &format!("{ASK}/disable"))?.expect(200)?;
    assert!(incoming()?.is_empty());
    api.call("POST", &format!("{ASK}/accept"))?
        .refused(409, "invalid-state")?;
    api.call("POST", &format!("{ASK}/enable"))?.expect(200)?;
    assert_eq!(incoming()?.len(), 1);
    api.call("DELETE", ASK)?.expect(200)?;
    assert!(incoming()?.is_empty());
    api.call("POST", &format!("{ASK}/accept"))?
        .refused(409, "invalid-state")?;
    Ok(())
}

#[test]
fn a_request_that_nobody_answers_expires_and_its_name_can_ask_again() -> Result<()> {
    let bare = Bare::with_networks("ttl")?;
    let api = bare.daemon.api();
    let mut ask = ask();
    ask["spec"]["ttl"] = json!("2s");
    let made = api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    assert!(made["status"]["expiresAt"].is_string());
    let expired = bare.wait_state("blue-team/ask", "expired")?;
    assert_eq!(expired["metadata"]["uid"], made["metadata"]["uid"]);
    assert_eq!(
        api.list("/v1/peerings?state=expired")?.len(),
        1,
        "it is listed"
    );
    api.call("POST", &format!("{ASK}/accept"))?
        .refused(409, "invalid-state")?;
    api.call("POST", &format!("{ASK}/reject"))?
        .refused(409, "invalid-state")?;
    // An expired one is not the pair's.
    let other = consent("blue-team/other", "blue", "green-team/green");
    api.put("POST", "/v1/peerings?dryRun=true", &other)?
        .expect(201)?;
    ask["spec"]["ttl"] = json!("1h");
    let again = api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    assert_ne!(again["metadata"]["uid"], made["metadata"]["uid"]);
    bare.wait_state("blue-team/ask", "pending").map(drop)
}

#[test]
fn the_very_same_request_can_be_made_again_once_it_expired() -> Result<()> {
    let bare = Bare::with_networks("ttl again")?;
    let api = bare.daemon.api();
    let mut ask = ask();
    ask["spec"]["ttl"] = json!("1s");
    let first = api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    bare.wait_state("blue-team/ask", "expired")?;
    let second = api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    assert_eq!(second["status"]["state"], "pending");
    assert_ne!(second["metadata"]["uid"], first["metadata"]["uid"]);
    bare.wait_state("blue-team/ask", "expired").map(drop)
}

#[test]
fn to_put_an_expired_request_again_is_to_ask_again() -> Result<()> {
    let bare = Bare::with_networks("ttl put")?;
    let api = bare.daemon.api();
    let mut ask = ask();
    ask["spec"]["ttl"] = json!("1s");
    api.put("PUT", ASK, &ask)?.expect(201)?;
    bare.wait_state("blue-team/ask", "expired")?;
    let again = api.put("PUT", ASK, &ask)?.json()?;
    assert_eq!(again["status"]["state"], "pending");
    Ok(())
}

#[test]
fn a_peer_can_be_named_by_its_networks_uid() -> Result<()> {
    let bare = Bare::with_networks("by id")?;
    let api = bare.daemon.api();
    let green = api.get("/v1/networks/green-team/green")?;
    let mut ask = ask();
    ask["spec"]["peer"] = json!({ "id": green["metadata"]["uid"] });
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    api.call("POST", &format!("{ASK}/accept"))?.expect(201)?;
    let active = bare.wait_state("blue-team/ask", "active")?;
    assert_eq!(active["status"]["peer"]["network"], "green");
    assert_eq!(active["status"]["peer"]["uid"], green["metadata"]["uid"]);
    ask["metadata"]["name"] = json!("nobodys");
    ask["spec"]["peer"] = json!({ "id": "8c2a2f0e-7d0b-4a39-9d4f-0a3a5f0e1b2c" });
    let refused = api.put("POST", "/v1/peerings", &ask)?;
    refused.refused(404, "network-not-found")?;
    Ok(())
}

#[test]
fn a_network_that_accepts_in_advance_needs_no_consent_of_its_own() -> Result<()> {
    let bare = Bare::with_networks("in advance")?;
    let api = bare.daemon.api();
    let open = json!({ "spec": { "autoAccept": ["blue-team"] } });
    api.put("PATCH", "/v1/networks/green-team/green", &open)?
        .expect(200)?;
    api.put("POST", "/v1/peerings", &ask())?.expect(201)?;
    bare.wait_state("blue-team/ask", "active")?;
    assert!(api.list("/v1/peerings?incoming=true")?.is_empty());
    let closed = json!({ "spec": { "autoAccept": null } });
    api.put("PATCH", "/v1/networks/green-team/green", &closed)?
        .expect(200)?;
    wait_until("the advance is taken back", SOON, || {
        let state = api.get(ASK)?["status"]["state"].take();
        ensure!(state == "pending", "it is {state}");
        Ok(())
    })
}
