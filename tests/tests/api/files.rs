//! What table files declare, seen and held through the API.

use std::{thread, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{
    Api, Bare, SOON, Scene,
    documents::{consent, network, stream},
    wait_until,
};
use serde_json::{Value, json};

/// Networks and the pair blue–green, from a table file.
fn start(tag: &str) -> Result<Bare> {
    let mut bare = Bare::prepare(tag, 4)?;
    bare.daemon.write_table(&stream(&documents()))?;
    bare.daemon.start()?;
    bare.wait_state("blue-team/to-green", "active")?;
    Ok(bare)
}

fn documents() -> [Value; 4] {
    [
        network("blue-team/blue", "p1", &["10.1.0.0/16"]),
        network("green-team/green", "p2", &["10.2.0.0/16"]),
        consent("blue-team/to-green", "blue", "green-team/green"),
        consent("green-team/to-blue", "green", "blue-team/blue"),
    ]
}

#[test]
fn what_a_file_declares_is_refused_naming_the_file() -> Result<()> {
    let bare = start("declared in file")?;
    let api = bare.daemon.api();
    let file = bare.daemon.table.display().to_string();
    for (list, document) in [("/v1/networks", 0), ("/v1/peerings", 2)] {
        let mut document = documents()[document].clone();
        let path = format!("{list}/{}", peer_tests::documents::name(&document));
        let found = api.get(&path)?;
        assert_eq!(found["status"]["file"], json!(file));
        document["metadata"]["labels"] = json!({ "changed": "yes" });
        let answers = [
            api.put("POST", list, &document)?,
            api.put("PUT", &path, &document)?,
            api.put(
                "PATCH",
                &path,
                &json!({ "metadata": { "labels": { "a": "b" } } }),
            )?,
            api.call("DELETE", &path)?,
            api.put("POST", "/v1/apply", &document)?,
        ];
        for answer in answers {
            let detail = answer.refused(409, "declared-in-file")?;
            assert!(detail.contains(&file), "{detail}");
        }
        assert_eq!(api.get(&path)?["metadata"], found["metadata"]);
    }
    // Declared the same way it is there already.
    let applied = api.apply("", &stream(&documents()))?;
    for change in applied["changes"].as_array().context("no changes")? {
        assert_eq!(change["action"], "unchanged", "{change}");
    }
    Ok(())
}

#[test]
fn a_file_cannot_take_what_the_api_holds_and_says_so() -> Result<()> {
    let bare = start("held by the api")?;
    let api = bare.daemon.api();
    let red = network("red-team/red", "p3", &["10.3.0.0/16"]);
    api.put("POST", "/v1/networks", &red)?.expect(201)?;
    let mut taken = red.clone();
    taken["spec"]["prefixes"] = json!(["10.4.0.0/16"]);
    let [blue, green, ..] = documents();
    bare.daemon.write_table(&stream([&blue, &green, &taken]))?;
    wait_refused(&api, "red-team/red")?;
    let kept = api.get("/v1/networks/red-team/red")?;
    assert_eq!(kept["spec"]["prefixes"], json!(["10.3.0.0/16"]));
    assert!(kept["status"]["file"].is_null());
    // The last good version stays in force.
    bare.wait_state("blue-team/to-green", "active")?;
    // Let go of, it is the file's.
    api.call("DELETE", "/v1/networks/red-team/red")?
        .expect(200)?;
    wait_until("the file is in force", SOON, || {
        let red = api.get("/v1/networks/red-team/red")?;
        ensure!(red["spec"]["prefixes"] == json!(["10.4.0.0/16"]), "{red}");
        Ok(())
    })
}

#[test]
fn a_hold_over_a_files_consent_stops_packets_until_it_is_lifted() -> Result<()> {
    let mut scene = Scene::start("hold")?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    let api = scene.daemon.api();
    let path = "/v1/peerings/blue-team/to-green";
    let held = api.call("POST", &format!("{path}/disable"))?.expect(200)?;
    assert_eq!(
        (&held["status"]["state"], &held["status"]["held"]),
        (&json!("disabled"), &json!(true))
    );
    assert!(held["status"]["file"].is_string());
    scene.assert_separated(&scene.blue, &scene.green)?;
    scene.wait_state("green", "blue", "peer-disabled")?;
    api.call("POST", &format!("{path}/disable"))?.expect(200)?;
    scene.daemon.kill9()?;
    scene.daemon.start()?;
    scene.wait_state("blue", "green", "disabled")?;
    assert_eq!(api.get(path)?["status"]["held"], true);
    scene.blue.assert_unanswered(scene.green.v4)?;
    scene.assert_connected(&scene.green, &scene.red)?;
    let lifted = api.call("POST", &format!("{path}/enable"))?.expect(200)?;
    assert_eq!(lifted["status"]["held"], false);
    scene.wait_state("blue", "green", "active")?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn enable_cannot_lift_what_the_file_itself_says() -> Result<()> {
    let bare = start("down in file")?;
    let mut all = documents();
    all[2]["spec"]["adminState"] = json!("down");
    bare.daemon.write_table(&stream(&all))?;
    bare.wait_state("blue-team/to-green", "disabled")?;
    let enable = bare
        .daemon
        .api()
        .call("POST", "/v1/peerings/blue-team/to-green/enable")?;
    let detail = enable.refused(409, "declared-in-file")?;
    assert!(detail.contains("table.yaml"), "{detail}");
    Ok(())
}

#[test]
fn a_files_request_can_be_accepted_and_rejected_through_the_api() -> Result<()> {
    let bare = start("mixed")?;
    let api = bare.daemon.api();
    let [blue, green, ask, _] = documents();
    bare.daemon.write_table(&stream([&blue, &green, &ask]))?;
    bare.wait_state("blue-team/to-green", "pending")?;
    let verb = |verb: &str| api.call("POST", &format!("/v1/peerings/blue-team/to-green/{verb}"));
    verb("reject")?.expect(200)?;
    bare.wait_state("blue-team/to-green", "rejected")?;
    let mut anew = ask;
    anew["spec"]["export"] = json!(["10.1.0.0/17"]);
    bare.daemon.write_table(&stream([&blue, &green, &anew]))?;
    bare.wait_state("blue-team/to-green", "pending")?;
    verb("accept")?.expect(201)?;
    bare.wait_state("blue-team/to-green", "active").map(drop)
}

#[test]
fn prune_lets_go_of_what_an_emptied_file_declared() -> Result<()> {
    let bare = start("emptied")?;
    let api = bare.daemon.api();
    bare.daemon.write_table("")?;
    wait_until("the file is seen to be empty", SOON, || {
        let status = api.get("/v1/status")?;
        ensure!(status["files"][0]["held"] == true, "{status}");
        Ok(())
    })?;
    bare.wait_state("blue-team/to-green", "active")?;
    let red = network("red-team/red", "p3", &["10.3.0.0/16"]);
    let dry = api.apply("?prune=true&dryRun=true", &red.to_string())?;
    assert_eq!(dry["applied"], false);
    bare.wait_state("blue-team/to-green", "active")?;
    api.apply("?prune=true", &red.to_string())?;
    wait_until("what it declared is gone", SOON, || {
        let networks = api.list("/v1/networks")?;
        ensure!(networks.len() == 1, "{networks:?}");
        Ok(())
    })?;
    bare.wait_state("blue-team/to-green", "deleted").map(drop)
}

/// One network more than [`documents`] has, another each round.
fn with_another(round: usize, prefix: &str) -> (String, Value) {
    let name = format!("red-team/red-{round}");
    let red = network(&name, "p3", &[prefix]);
    (name, red)
}

#[test]
fn a_file_that_changes_all_the_time_takes_nothing_from_the_api() -> Result<()> {
    let bare = start("both write")?;
    let api = bare.daemon.api();
    let own = stream(&documents());
    for round in 0..30 {
        let (name, red) = with_another(round, "10.3.0.0/16");
        // The daemon is about to read the file when the name is taken.
        bare.daemon.write_table(&format!("# {round}\n{own}"))?;
        api.put("POST", "/v1/networks", &red)?.expect(201)?;
        let (_, taken) = with_another(round, "10.4.0.0/16");
        bare.daemon.write_table(&format!("{own}---\n{taken}\n"))?;
        wait_refused(&api, &name).with_context(|| format!("in round {round}"))?;
        let path = format!("/v1/networks/{name}");
        let kept = api.call("DELETE", &path)?.expect(200)?;
        let prefixes = |document: &Value| document["spec"]["prefixes"].clone();
        assert_eq!(prefixes(&kept), prefixes(&red), "in round {round}");
    }
    Ok(())
}

#[test]
fn of_a_file_and_the_api_that_want_a_name_at_once_one_is_told_who_has_it() -> Result<()> {
    let bare = start("at once")?;
    let api = bare.daemon.api();
    let own = stream(&documents());
    let mut files = 0;
    for round in 0..30 {
        let (name, red) = with_another(round, "10.3.0.0/16");
        let (_, of_file) = with_another(round, "10.4.0.0/16");
        bare.daemon.write_table(&format!("{own}---\n{of_file}\n"))?;
        // The daemon waits a moment before it reads a file.
        thread::sleep(Duration::from_millis(round as u64 % 10));
        let made = api.put("POST", "/v1/networks", &red)?;
        let path = format!("/v1/networks/{name}");
        if made.status == 201 {
            let made = made.expect(201)?;
            let prefixes = &made["spec"]["prefixes"];
            assert_eq!(prefixes, &red["spec"]["prefixes"], "in round {round}");
            wait_refused(&api, &name).with_context(|| format!("in round {round}"))?;
            api.call("DELETE", &path)?.expect(200)?;
        } else {
            made.refused(409, "declared-in-file")?;
            files += 1;
            wait_until("the file has it", SOON, || {
                let shown = api.get(&path)?;
                ensure!(
                    shown["spec"]["prefixes"] == of_file["spec"]["prefixes"],
                    "{shown}"
                );
                Ok(())
            })?;
        }
    }
    println!("the file came first {files} times");
    Ok(())
}

/// Wait until the table file is refused for a name.
fn wait_refused(api: &Api, name: &str) -> Result<()> {
    wait_until("the file is refused", SOON, || {
        let status = api.get("/v1/status")?;
        let errors = status["files"][0]["errors"].to_string();
        ensure!(errors.contains(name), "{status}");
        Ok(())
    })
}
