//! Applies that wait to be confirmed, and applies taken back.

use std::time::Duration;

use anyhow::{Result, ensure};
use peer_tests::{
    Api, Ask, Bare, SOON, User,
    documents::{consent, network, stream},
    wait_until,
};
use serde_json::{Value, json};

/// An export narrowed, a network made; a consent beside them is not touched.
fn changes() -> String {
    let mut narrowed = consent("blue-team/to-green", "blue", "green-team/green");
    narrowed["spec"]["export"] = json!([]);
    stream(&[
        narrowed,
        network("azure-team/azure", "p4", &["10.4.0.0/16"]),
    ])
}

/// Names and specs of all there is.
fn specs(api: &Api) -> Result<Vec<Value>> {
    let mut all = api.list("/v1/networks")?;
    all.extend(api.list("/v1/peerings")?);
    all.retain(|object| object["status"]["state"] != "deleted");
    let spec = |object: &Value| {
        let metadata = &object["metadata"];
        json!([
            object["kind"],
            metadata["name"],
            metadata["uid"],
            object["spec"]
        ])
    };
    Ok(all.iter().map(spec).collect())
}

fn wait_for(api: &Api, wanted: &[Value]) -> Result<()> {
    wait_until("it is taken back", SOON, || {
        let found = specs(api)?;
        ensure!(found == wanted, "there is {found:?}");
        Ok(())
    })
}

fn start(tag: &str) -> Result<(Bare, Vec<Value>)> {
    let bare = Bare::with_networks(tag)?;
    bare.peer("blue", "green")?;
    let before = specs(&bare.daemon.api())?;
    Ok((bare, before))
}

#[test]
fn an_apply_that_nobody_confirms_is_taken_back() -> Result<()> {
    let (bare, before) = start("unconfirmed")?;
    let api = bare.daemon.api();
    let applied = api.apply("?confirmTimeout=5", &changes())?;
    assert!(applied["confirmBy"].is_string(), "{applied}");
    assert_ne!(specs(&api)?, before);
    let another = api.send(&Ask::new("POST", "/v1/apply").yaml(&changes()))?;
    another.refused(409, "unconfirmed")?;
    wait_for(&api, &before)?;
    api.call("POST", "/v1/confirm")?
        .refused(409, "nothing-to-confirm")?;
    bare.wait_state("blue-team/to-green", "active").map(drop)
}

#[test]
fn it_is_taken_back_by_a_daemon_that_was_killed_meanwhile() -> Result<()> {
    let (mut bare, before) = start("killed meanwhile")?;
    let api = bare.daemon.api();
    api.apply("?confirmTimeout=15", &changes())?;
    let applied = specs(&api)?;
    bare.daemon.kill9()?;
    bare.daemon.start()?;
    assert_eq!(specs(&api)?, applied, "the time is not over");
    wait_for(&api, &before)
}

#[test]
fn it_is_taken_back_by_a_daemon_that_was_down_when_the_time_was_over() -> Result<()> {
    let (mut bare, before) = start("down meanwhile")?;
    let api = bare.daemon.api();
    api.apply("?confirmTimeout=1", &changes())?;
    bare.daemon.kill9()?;
    // Nothing tells of a time that passes while nobody runs.
    std::thread::sleep(Duration::from_millis(1200));
    bare.daemon.start()?;
    wait_for(&api, &before)
}

#[test]
fn a_confirmed_apply_stays() -> Result<()> {
    let (mut bare, _) = start("confirmed")?;
    let api = bare.daemon.api();
    let mut watch = api.watch("?kind=networks&timeout=8")?;
    watch.begin()?;
    api.apply("?confirmTimeout=5", &changes())?;
    api.call("POST", "/v1/confirm")?.expect(200)?;
    let applied = specs(&api)?;
    api.call("POST", "/v1/confirm")?
        .refused(409, "nothing-to-confirm")?;
    while let Some(event) = watch.event()? {
        assert_ne!(event.name, "removed", "{event:?}");
    }
    assert_eq!(specs(&api)?, applied);
    bare.daemon.kill9()?;
    bare.daemon.start()?;
    assert_eq!(specs(&api)?, applied);
    Ok(())
}

#[test]
fn undo_restores_what_the_last_apply_changed_and_deleted() -> Result<()> {
    let (bare, before) = start("undo")?;
    let api = bare.daemon.api();
    api.call("POST", "/v1/undo")?.expect(200)?;
    let without: Vec<_> = specs(&api)?;
    assert!(
        without.len() < before.len(),
        "the peers' apply was the last one"
    );
    bare.peer("blue", "green")?;
    let before = specs(&api)?;
    // With prune it deletes as well.
    let red = network("red-team/red", "p3", &["10.3.0.0/17"]);
    let blue = network("blue-team/blue", "p1", &["10.1.0.0/16"]);
    let documents = stream([&red, &blue]);
    api.apply("?prune=true", &documents)?;
    bare.wait_state("blue-team/to-green", "deleted")?;
    let undone = api.call("POST", "/v1/undo")?.expect(200)?;
    assert_eq!(undone["applied"], true);
    assert_eq!(
        undone["changes"].as_array().map(Vec::len),
        Some(2),
        "{undone}"
    );
    assert_eq!(specs(&api)?, before);
    bare.wait_state("blue-team/to-green", "active")?;
    api.call("POST", "/v1/undo")?
        .refused(409, "nothing-to-undo")?;
    // An apply that changed nothing is none.
    api.apply("", &blue.to_string())?;
    api.call("POST", "/v1/undo")?
        .refused(409, "nothing-to-undo")?;
    Ok(())
}

#[test]
fn undo_takes_back_what_waits_to_be_confirmed() -> Result<()> {
    let (bare, before) = start("undo unconfirmed")?;
    let api = bare.daemon.api();
    api.apply("?confirmTimeout=600", &changes())?;
    api.call("POST", "/v1/undo")?.expect(200)?;
    assert_eq!(specs(&api)?, before);
    api.apply("", &changes()).map(drop)
}

#[test]
fn undo_does_not_overwrite_what_was_changed_since() -> Result<()> {
    let (bare, _) = start("changed since")?;
    let api = bare.daemon.api();
    api.apply("", &changes())?;
    let since = json!({ "metadata": { "labels": { "since": "yes" } } });
    api.put("PATCH", "/v1/networks/azure-team/azure", &since)?
        .expect(200)?;
    let now = specs(&api)?;
    let refused = api.call("POST", "/v1/undo")?;
    let detail = refused.refused(412, "changed-meanwhile")?;
    assert!(detail.contains("azure-team/azure"), "{detail}");
    assert_eq!(specs(&api)?, now, "not half of it either");
    Ok(())
}

#[test]
fn everybody_takes_back_and_confirms_their_own_apply() -> Result<()> {
    let mut bare = Bare::prepare("whose apply", 4)?;
    let users = [60_300, 60_301].map(User::new);
    let entries = users.iter().map(|user| {
        format!(
            "  - {{ user: \"{}\", namespaces: [blue-team], role: admin }}\n",
            user.id
        )
    });
    bare.daemon
        .configure(&format!("access:\n{}", entries.collect::<String>()))?;
    bare.daemon.start()?;
    bare.daemon.open_socket()?;
    let [one, other] = users.map(|user| bare.daemon.api_as(&user));
    one.apply(
        "?confirmTimeout=600",
        &network("blue-team/one", "p1", &["10.1.0.0/16"]).to_string(),
    )?;
    other
        .call("POST", "/v1/confirm")?
        .refused(409, "nothing-to-confirm")?;
    other
        .call("POST", "/v1/undo")?
        .refused(409, "nothing-to-undo")?;
    other.apply(
        "",
        &network("blue-team/other", "p2", &["10.2.0.0/16"]).to_string(),
    )?;
    one.call("POST", "/v1/undo")?.expect(200)?;
    let left = bare.daemon.api().list("/v1/networks")?;
    assert_eq!(left.len(), 1, "{left:?}");
    Ok(())
}
