//! accept, reject, enable, disable.

use anyhow::Result;
use peer_tests::{
    Ask, Bare,
    documents::{consent, name},
};
use serde_json::json;

const ASK: &str = "/v1/peerings/blue-team/ask";

fn start(tag: &str) -> Result<Bare> {
    let bare = Bare::with_networks(tag)?;
    let ask = consent("blue-team/ask", "blue", "green-team/green");
    bare.daemon
        .api()
        .put("POST", "/v1/peerings", &ask)?
        .expect(201)?;
    Ok(bare)
}

#[test]
fn an_acceptance_says_how_and_is_the_own_consent() -> Result<()> {
    let bare = start("acceptance")?;
    let api = bare.daemon.api();
    let how = json!({
        "name": "from-blue",
        "labels": { "env": "prod" },
        "export": ["10.2.0.0/17"],
        "allow": [{ "protocol": "icmp" }],
        "allowOut": [],
    });
    let made = api.put("POST", &format!("{ASK}/accept"), &how)?;
    let own = made.expect(201)?;
    assert_eq!(name(&own), "green-team/from-blue");
    assert_eq!(
        made.tag()?,
        api.call("GET", "/v1/peerings/green-team/from-blue")?
            .tag()?
    );
    assert_eq!(own["metadata"]["labels"], json!({ "env": "prod" }));
    let spec = &own["spec"];
    assert_eq!(spec["network"], "green");
    assert_eq!(
        spec["peer"],
        json!({ "namespace": "blue-team", "network": "blue" })
    );
    assert_eq!(spec["export"], json!(["10.2.0.0/17"]));
    assert_eq!(spec["allow"][0]["protocol"], "icmp");
    assert_eq!(spec["allowOut"], json!([]));
    let active = bare.wait_state("blue-team/ask", "active")?;
    assert_eq!(active["status"]["peer"]["prefixes"], json!(["10.2.0.0/17"]));
    let again = api.call("POST", &format!("{ASK}/accept"))?.expect(200)?;
    assert_eq!(
        again["metadata"], own["metadata"],
        "a second one changes nothing"
    );
    assert_eq!(again["spec"], own["spec"]);
    // Seen from the other side it is answered as well.
    let back = api
        .call("POST", "/v1/peerings/green-team/from-blue/accept")?
        .expect(200)?;
    assert_eq!(name(&back), "blue-team/ask");
    Ok(())
}

#[test]
fn an_acceptance_finds_a_name_by_itself() -> Result<()> {
    let bare = start("names")?;
    let api = bare.daemon.api();
    let taken = consent("green-team/to-blue", "green", "red-team/red");
    api.put("POST", "/v1/peerings", &taken)?.expect(201)?;
    let own = api.call("POST", &format!("{ASK}/accept"))?.expect(201)?;
    assert_ne!(name(&own), "green-team/to-blue");
    assert_eq!(own["spec"]["peer"]["network"], "blue");
    let ask = consent("red-team/ask", "red", "blue-team/blue");
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let path = "/v1/peerings/red-team/ask/accept";
    let refused = api.put("POST", path, &json!({ "name": "ask" }))?;
    refused.refused(409, "already-exists")?;
    let own = api.call("POST", path)?.expect(201)?;
    assert_eq!(name(&own), "blue-team/to-red");
    Ok(())
}

#[test]
fn a_rejection_is_told_holds_and_survives_until_something_else_is_asked() -> Result<()> {
    let mut bare = start("rejection")?;
    let api = bare.daemon.api();
    let word = json!({ "reason": "not before spring" });
    let told = api
        .put("POST", &format!("{ASK}/reject"), &word)?
        .expect(200)?;
    assert_eq!(name(&told), "blue-team/ask", "the request is answered");
    assert_eq!(told["status"]["state"], "rejected");
    let reason = |bare: &Bare| -> Result<String> {
        let found = bare.wait_state("blue-team/ask", "rejected")?;
        Ok(found["status"]["reason"].to_string())
    };
    assert!(
        reason(&bare)?.contains("not before spring"),
        "{}",
        reason(&bare)?
    );
    api.call("POST", &format!("{ASK}/reject"))?.expect(200)?;
    api.call("POST", &format!("{ASK}/accept"))?
        .refused(409, "invalid-state")?;
    bare.daemon.kill9()?;
    bare.daemon.start()?;
    assert!(reason(&bare)?.contains("not before spring"));
    // To ask the same, in other clothes, is not to ask anew.
    let ask = consent("blue-team/ask", "blue", "green-team/green");
    api.put("POST", "/v1/peerings", &ask)?.expect(200)?;
    let labels = json!({ "metadata": { "labels": { "please": "yes" } } });
    api.put("PATCH", ASK, &labels)?.expect(200)?;
    api.call("POST", &format!("{ASK}/disable"))?.expect(200)?;
    api.call("POST", &format!("{ASK}/enable"))?.expect(200)?;
    reason(&bare)?;
    // It is not the pair's one.
    let other = consent("blue-team/other", "blue", "green-team/green");
    api.put("POST", "/v1/peerings?dryRun=true", &other)?
        .expect(201)?;
    let less = json!({ "spec": { "export": ["10.1.128.0/17"] } });
    api.put("PATCH", ASK, &less)?.expect(200)?;
    bare.wait_state("blue-team/ask", "pending")?;
    api.call("POST", &format!("{ASK}/accept"))?.expect(201)?;
    bare.wait_state("blue-team/ask", "active").map(drop)
}

#[test]
fn only_what_is_pending_can_be_rejected() -> Result<()> {
    let bare = start("no rejection")?;
    let api = bare.daemon.api();
    api.call("POST", &format!("{ASK}/accept"))?.expect(201)?;
    bare.wait_state("blue-team/ask", "active")?;
    let refused = api.call("POST", &format!("{ASK}/reject"))?;
    let detail = refused.refused(409, "invalid-state")?;
    assert!(detail.contains("active"), "{detail}");
    for verb in ["accept", "reject", "enable", "disable"] {
        let absent = format!("/v1/peerings/blue-team/absent/{verb}");
        api.call("POST", &absent)?.refused(404, "not-found")?;
    }
    bare.wait_state("blue-team/ask", "active").map(drop)
}

#[test]
fn options_of_verbs_are_checked() -> Result<()> {
    let bare = start("options")?;
    let api = bare.daemon.api();
    let long = "x".repeat(1001);
    for (verb, body, status, code) in [
        ("accept", "{", 422, "invalid-document"),
        ("accept", r#"{"nome": "a"}"#, 422, "invalid-document"),
        ("accept", r#"{"name": "A"}"#, 422, "invalid-document"),
        ("accept", r#"{"name": 1}"#, 422, "invalid-document"),
        (
            "accept",
            r#"{"export": ["10.2.0.1/16"]}"#,
            422,
            "invalid-document",
        ),
        (
            "accept",
            r#"{"allow": [{"protocol": "tpc"}]}"#,
            422,
            "invalid-document",
        ),
        ("reject", r#"{"reason": 1}"#, 422, "invalid-document"),
        ("reject", r#"{"reason": "a\nb"}"#, 422, "invalid-document"),
        (
            "reject",
            &format!(r#"{{"reason": "{long}"}}"#),
            422,
            "invalid-document",
        ),
    ] {
        let ask = Ask::new("POST", &format!("{ASK}/{verb}")).body("application/json", body);
        let answer = api.send(&ask)?;
        assert!(
            answer.refused(status, code).is_ok(),
            "{verb} {body}: {answer:?}"
        );
    }
    let text = Ask::new("POST", &format!("{ASK}/accept")).body("text/plain", "{}");
    api.send(&text)?.refused(415, "unsupported-media-type")?;
    bare.wait_state("blue-team/ask", "pending").map(drop)
}

#[test]
fn options_in_an_array_are_refused() -> Result<()> {
    let bare = start("array options")?;
    let api = bare.daemon.api();
    for body in [json!([]), json!(["from-blue"])] {
        let answer = api.put("POST", &format!("{ASK}/accept?dryRun=true"), &body)?;
        answer.refused(422, "invalid-document")?;
    }
    Ok(())
}

#[test]
fn the_body_of_a_verb_may_be_yaml_as_all_bodies() -> Result<()> {
    let bare = start("yaml options")?;
    let api = bare.daemon.api();
    let how = Ask::new("POST", &format!("{ASK}/accept")).yaml("name: from-blue\n");
    let made = api.send(&how)?.expect(201)?;
    assert_eq!(name(&made), "green-team/from-blue");
    let patch = Ask::new("PATCH", ASK).yaml("metadata: { labels: { a: b } }\n");
    let patched = api.send(&patch)?.expect(200)?;
    assert_eq!(patched["metadata"]["labels"]["a"], "b");
    Ok(())
}
