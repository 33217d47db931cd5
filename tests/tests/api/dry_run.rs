//! `dryRun=true`: the answer there would be, and nothing kept.

use anyhow::{Context as _, Result};
use peer_tests::{
    Ask, Bare,
    documents::{consent, network, stream},
};
use serde_json::{Value, json};

fn everything(bare: &Bare) -> Result<Vec<Value>> {
    let api = bare.daemon.api();
    let mut all = api.list("/v1/networks")?;
    all.extend(api.list("/v1/peerings")?);
    Ok(all)
}

#[test]
fn a_dry_run_of_any_write_foresees_the_state_and_keeps_nothing() -> Result<()> {
    let bare = Bare::with_networks("dry run")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let ask = consent("blue-team/ask", "blue", "red-team/red");
    api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    let before = everything(&bare)?;

    let answer = consent("red-team/answer", "red", "blue-team/blue");
    let none = network("red-team/other", "p4", &["10.4.0.0/16"]);
    let down = json!({ "spec": { "adminState": "down" } });
    let blue = "/v1/peerings/blue-team";
    let cases = [
        (
            Ask::new("POST", "/v1/peerings?dryRun=true").json(&answer),
            201,
            "active",
        ),
        (
            Ask::new("PUT", "/v1/peerings/red-team/answer?dryRun=true").json(&answer),
            201,
            "active",
        ),
        (
            Ask::new("PATCH", &format!("{blue}/to-green?dryRun=true")).json(&down),
            200,
            "disabled",
        ),
        (
            Ask::new("DELETE", &format!("{blue}/to-green?dryRun=true")),
            200,
            "deleted",
        ),
        (
            Ask::new("POST", &format!("{blue}/ask/accept?dryRun=true")),
            201,
            "active",
        ),
        (
            Ask::new("POST", &format!("{blue}/ask/reject?dryRun=true")),
            200,
            "rejected",
        ),
        (
            Ask::new("POST", &format!("{blue}/to-green/disable?dryRun=true")),
            200,
            "disabled",
        ),
        (
            Ask::new("POST", &format!("{blue}/to-green/enable?dryRun=true")),
            200,
            "active",
        ),
    ];
    for (ask, status, state) in cases {
        let answer = api.send(&ask)?;
        let title = ask.title();
        let found = answer.expect(status).with_context(|| title.clone())?;
        assert_eq!(found["status"]["state"], state, "{title}");
        assert_eq!(everything(&bare)?, before, "{title}");
    }
    let cases = [
        (
            Ask::new("POST", "/v1/networks?dryRun=true").json(&none),
            201,
        ),
        (
            Ask::new("PUT", "/v1/networks/red-team/other?dryRun=true").json(&none),
            201,
        ),
        (
            Ask::new("PATCH", "/v1/networks/red-team/red?dryRun=true")
                .json(&json!({ "spec": { "zone": "z" } })),
            200,
        ),
        (
            Ask::new("DELETE", "/v1/networks/red-team/red?dryRun=true"),
            200,
        ),
    ];
    for (ask, status) in cases {
        api.send(&ask)?
            .expect(status)
            .with_context(|| ask.title())?;
        assert_eq!(everything(&bare)?, before, "{}", ask.title());
    }
    let applied = api.apply("?dryRun=true", &stream([&answer, &none]))?;
    assert_eq!(applied["applied"], false);
    assert_eq!(
        applied["changes"].as_array().map(Vec::len),
        Some(2),
        "{applied}"
    );
    assert_eq!(everything(&bare)?, before);
    Ok(())
}

#[test]
fn a_dry_run_is_refused_as_the_write_would_be() -> Result<()> {
    let bare = Bare::with_networks("refused dry run")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let twice = consent("blue-team/twice", "blue", "green-team/green");
    let nowhere = consent("blue-team/nowhere", "blue", "green-team/nothing");
    for query in ["", "?dryRun=true"] {
        let post = |body: &Value| api.put("POST", &format!("/v1/peerings{query}"), body);
        post(&twice)?.refused(409, "pair-exists")?;
        post(&nowhere)?.refused(404, "network-not-found")?;
        let stale = Ask::new("DELETE", &format!("/v1/peerings/blue-team/to-green{query}"));
        let stale = api.send(&stale.header("If-Match", "\"stale\""))?;
        stale.refused(412, "changed-meanwhile")?;
        let reject = format!("/v1/peerings/blue-team/to-green/reject{query}");
        api.call("POST", &reject)?.refused(409, "invalid-state")?;
    }
    Ok(())
}

#[test]
fn a_dry_run_foresees_routes() -> Result<()> {
    let bare = Bare::with_networks("foreseen routes")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let more = [
        consent("blue-team/to-red", "blue", "red-team/red"),
        consent("red-team/to-blue", "red", "blue-team/blue"),
    ];
    let foreseen = api.apply("?dryRun=true", &stream(&more))?;
    assert!(
        foreseen["routes"]["added"].as_u64() >= Some(2),
        "{foreseen}"
    );
    let applied = api.apply("", &stream(&more))?;
    assert_eq!(applied["routes"], foreseen["routes"]);
    assert_eq!(applied["changes"], foreseen["changes"]);
    let again = api.apply("", &stream(&more))?;
    assert_eq!(
        again["routes"],
        json!({ "added": 0, "removed": 0, "changed": 0 })
    );
    Ok(())
}

#[test]
fn a_dry_run_of_undo_takes_nothing_back_and_one_of_confirm_keeps_nothing() -> Result<()> {
    let bare = Bare::with_networks("dry undo")?;
    let api = bare.daemon.api();
    let ask = consent("blue-team/ask", "blue", "red-team/red");
    api.apply("?confirmTimeout=600", &ask.to_string())?;
    api.call("POST", "/v1/confirm?dryRun=true")?.expect(200)?;
    let waits = api.send(&Ask::new("POST", "/v1/apply").yaml(&ask.to_string()))?;
    waits.refused(409, "unconfirmed")?;
    api.call("POST", "/v1/undo?dryRun=true")?.expect(200)?;
    api.get("/v1/peerings/blue-team/ask")?;
    bare.wait_state("blue-team/ask", "pending").map(drop)
}
