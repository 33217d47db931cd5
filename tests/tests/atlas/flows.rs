//! The operator's procedure for each provider, with a container that exists and a new
//! one: declare, wait for the pending word, have the user's side accept, be ready, ping.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{SOON, Scene, Table, documents::stream, wait_until};
use serde_json::Value;

use super::project::{CONTAINER, PROVIDERS, Provider};

fn start(tag: &str, words: Option<&str>) -> Result<Scene> {
    let mut scene = Scene::prepare(tag)?;
    scene.edit(|_| Table::default())?;
    if let Some(words) = words {
        let config = format!("atlas: {{ statusWords: {words} }}\n");
        scene.daemon.configure(&config)?;
    }
    scene.daemon.start()?;
    Ok(scene)
}

/// Declare by `declare`, follow the procedure, and leave no project.
fn follow(
    scene: &Scene,
    (provider, is_new): (&Provider, bool),
    [pending, ready]: [&str; 2],
    (declare, accept, withdraw): (
        impl Fn(&str) -> Result<()>,
        impl Fn() -> Result<Value>,
        impl Fn() -> Result<()>,
    ),
) -> Result<()> {
    let api = scene.daemon.api();
    declare(&provider.document(is_new))?;
    let status = provider.wait_word(&api, pending)?;
    assert_tells_what_is_needed(provider, is_new, &status)?;
    scene.blue.assert_unanswered(scene.green.v4)?;
    let accepted = accept()?;
    let status = provider.wait_word(&api, ready)?;
    let condition = &status["conditions"][0];
    ensure!(condition["type"] == "NetworkPeerReady", "{status}");
    ensure!(condition["status"] == "True", "{status}");
    scene.blue.assert_reaches(scene.green.v4)?;
    scene.green.assert_reaches(scene.blue.v4)?;

    withdraw()?;
    let answer = peer_tests::documents::name(&accepted);
    wait_until("the answer waits again", SOON, || {
        let answer = api.get(&format!("/v1/peerings/{answer}"))?;
        ensure!(answer["status"]["state"] == "pending", "{answer}");
        Ok(())
    })?;
    ensure!(api.call("GET", &provider.path())?.status == 404);
    scene.blue.assert_unanswered(scene.green.v4)?;
    let path = format!("/v1/peerings/{answer}");
    api.call("DELETE", &path)?.expect(200).map(drop)
}

/// What the other side has to know before it can accept.
fn assert_tells_what_is_needed(provider: &Provider, is_new: bool, status: &Value) -> Result<()> {
    let entry = &status["networkPeers"][0];
    let text = |key: &str| entry[key].as_str().unwrap_or_default();
    let hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    ensure!(text("id").len() == 24 && hex(text("id")), "{entry}");
    let connection = text("connectionId").strip_prefix("pcx-");
    let connection = connection.context("no connectionId")?;
    ensure!(connection == &text("id")[..8], "{entry}");
    ensure!(text("providerName") == provider.word, "{entry}");
    ensure!(text("vpc") == provider.vpc[2], "{entry}");
    ensure!(text("atlasNetworkName") == "container", "{entry}");
    ensure!(text("atlasGcpProjectId") == "default", "{entry}");
    let container = if is_new { "container" } else { CONTAINER };
    ensure!(text("containerId") == container, "{entry}");
    ensure!(entry[provider.keys[1]].is_null(), "{entry}");
    let condition = &status["conditions"][0];
    ensure!(condition["status"] == "False", "{status}");
    Ok(())
}

#[test]
fn projects_are_applied_and_answered_in_the_operators_words() -> Result<()> {
    let scene = start("atlas by api", None)?;
    let api = scene.daemon.api();
    for (provider, is_new) in all() {
        let networks = [
            provider.container(&scene.blue, is_new),
            provider.users(&scene.green),
        ];
        api.apply("", &stream(&networks))?;
        let [operators, _] = provider.words;
        let declare = |document: &str| api.apply("", document).map(drop);
        let accept = || {
            let path = format!("/v1/peerings/{}/accept", provider.consent());
            api.call("POST", &path)?.expect(201)
        };
        let withdraw = || {
            let answer = api.call("DELETE", &provider.path())?;
            answer.expect(200).map(drop)
        };
        let procedure = (declare, accept, withdraw);
        follow(&scene, (provider, is_new), operators, procedure)
            .with_context(|| format!("{provider:?}, new: {is_new}"))?;
        for network in ["default/container", "my-team/vpc"] {
            let path = format!("/v1/networks/{network}");
            api.call("DELETE", &path)?.expect(200)?;
        }
    }
    Ok(())
}

#[test]
fn projects_of_table_files_are_answered_in_the_documentations_words() -> Result<()> {
    let scene = start("atlas by file", Some("document"))?;
    for (provider, is_new) in all() {
        let networks = stream(&[
            provider.container(&scene.blue, is_new),
            provider.users(&scene.green),
        ]);
        let [_, documentations] = provider.words;
        let declare = |document: &str| {
            let table = format!("{networks}---\n{document}");
            scene.daemon.write_table(&table)
        };
        let accept = || {
            let consent = provider.consent();
            let accepted = scene.daemon.peerctl(&["accept", &consent, "-o", "json"])?;
            Ok(serde_json::from_str(&accepted.ok()?)?)
        };
        let withdraw = || scene.daemon.write_table(&networks);
        let procedure = (declare, accept, withdraw);
        follow(&scene, (provider, is_new), documentations, procedure)
            .with_context(|| format!("{provider:?}, new: {is_new}"))?;
    }
    Ok(())
}

fn all() -> impl Iterator<Item = (&'static Provider, bool)> {
    let providers = PROVIDERS.iter();
    providers.flat_map(|provider| [(provider, false), (provider, true)])
}
