//! Who peers with whom: the cases that OnMetal's successor, ironcore, tries its
//! controller with, for networks whose ports lead nowhere.

use anyhow::{Result, ensure};
use peer_tests::{
    Api, Bare,
    documents::{self, stream},
};
use serde_json::Value;

use super::documents::{network, request, status, wait_gone, wait_peered, wait_state};

/// Networks of these names, the first at port `p1` and so on, natively and as OEP-8 has
/// them.
fn start(tag: &str, networks: &[&str]) -> Result<(Bare, Api)> {
    let bare = Bare::start(tag, 5)?;
    let api = bare.daemon.api();
    let natives = networks.iter().zip(1..).map(|(id, number): (_, u8)| {
        let prefix = format!("10.{number}.0.0/16");
        documents::network(id, &format!("p{number}"), &[&prefix])
    });
    let all: Vec<Value> = natives
        .chain(networks.iter().map(|id| network(id)))
        .collect();
    api.apply("", &stream(&all))?;
    Ok((bare, api))
}

/// Apply requests of the networks of one namespace for each other; they are called
/// `LOCAL-REMOTE`.
fn ask(api: &Api, namespace: &str, pairs: &[(&str, &str)]) -> Result<()> {
    let requests = pairs.iter().map(|(local, remote)| {
        let id = format!("{namespace}/{local}-{remote}");
        // Without a namespace, it is that of the request.
        request(&id, local, remote)
    });
    let requests: Vec<Value> = requests.collect();
    api.apply("", &stream(&requests)).map(drop)
}

#[test]
fn networks_of_one_namespace_peer_with_their_hub_and_not_with_each_other() -> Result<()> {
    let (_bare, api) = start("hub", &["a/hub", "a/one", "a/two", "a/three"])?;
    let spokes = ["one", "two", "three"];
    let pairs = spokes.map(|spoke| [("hub", spoke), (spoke, "hub")]);
    ask(&api, "a", &pairs.concat())?;
    for (local, remote) in pairs.concat() {
        wait_state(&api, &format!("a/{local}-{remote}"), "success")?;
    }
    wait_peered(&api, "a/hub", &["a/one", "a/three", "a/two"])?;
    for spoke in spokes {
        wait_peered(&api, &format!("a/{spoke}"), &["a/hub"])?;
    }
    Ok(())
}

#[test]
fn networks_of_two_namespaces_peer_where_they_name_each_other() -> Result<()> {
    let (_bare, api) = start("two namespaces", &["a/one", "b/two"])?;
    let there = request("a/ask", "one", "b/two");
    api.apply("", &stream([&there]))?;
    let status = wait_state(&api, "a/ask", "pending")?;
    ensure!(status["ttl"].is_string(), "{status}");
    wait_peered(&api, "a/one", &[])?;
    let back = request("b/ask", "two", "a/one");
    api.apply("", &stream([&back]))?;
    wait_state(&api, "a/ask", "success")?;
    wait_state(&api, "b/ask", "success")?;
    wait_peered(&api, "a/one", &["b/two"])?;
    wait_peered(&api, "b/two", &["a/one"])
}

#[test]
fn networks_that_do_not_name_exactly_each_other_do_not_peer() -> Result<()> {
    let (_bare, api) = start("not each other", &["a/one", "b/two", "b/three", "b/one"])?;
    let requests = [
        request("a/ask", "one", "b/two"),
        // Another network of the namespace, another namespace's network of the name.
        request("b/other", "three", "a/one"),
        request("b/namesake", "two", "one"),
    ];
    api.apply("", &stream(&requests))?;
    for id in ["a/ask", "b/other", "b/namesake"] {
        wait_state(&api, id, "pending")?;
    }
    for id in ["a/one", "b/one", "b/two", "b/three"] {
        wait_peered(&api, id, &[])?;
    }
    Ok(())
}

#[test]
fn three_networks_that_all_name_each_other_are_a_full_mesh() -> Result<()> {
    let (_bare, api) = start("mesh", &["a/one", "a/three", "a/two"])?;
    let names = ["one", "three", "two"];
    let all = names
        .map(|local| names.map(|remote| (local, remote)))
        .concat();
    let pairs: Vec<_> = all.into_iter().filter(|(it, other)| it != other).collect();
    ask(&api, "a", &pairs)?;
    wait_peered(&api, "a/one", &["a/three", "a/two"])?;
    wait_peered(&api, "a/three", &["a/one", "a/two"])?;
    wait_peered(&api, "a/two", &["a/one", "a/three"])
}

#[test]
fn a_request_for_a_network_that_is_not_there_waits_and_says_for_which() -> Result<()> {
    let (_bare, api) = start("non-existing", &["a/one"])?;
    let requests = [
        request("a/ask", "one", "b/nowhere"),
        request("a/again", "one", "nowhere"),
    ];
    api.apply("", &stream(&requests))?;
    for (id, whom) in [("a/ask", "b/nowhere"), ("a/again", "a/nowhere")] {
        let status = wait_state(&api, id, "pending")?;
        let message = status["message"].as_str().unwrap_or_default();
        ensure!(message.contains(whom), "{status}");
    }
    // It comes.
    let nowhere = documents::network("b/nowhere", "p5", &["10.5.0.0/16"]);
    let back = request("b/back", "nowhere", "a/one");
    api.apply("", &stream([&nowhere, &back]))?;
    wait_state(&api, "a/ask", "success")?;
    wait_state(&api, "a/again", "pending").map(drop)
}

#[test]
fn a_request_without_a_native_network_fails_and_says_what_to_declare() -> Result<()> {
    let (_bare, api) = start("no native", &["b/two"])?;
    let requests = [
        network("a/one"),
        request("a/ask", "one", "b/two"),
        request("b/ask", "two", "a/one"),
    ];
    api.apply("", &stream(&requests))?;
    let status = wait_state(&api, "a/ask", "failed")?;
    let message = status["message"].as_str().unwrap_or_default();
    for word in ["Network a/one", "no ports", "peerd Network", "`source`"] {
        ensure!(message.contains(word), "{status}");
    }
    ensure!(status["ttl"].is_string(), "{status}");
    wait_state(&api, "b/ask", "pending")?;
    let native = documents::network("a/one", "p5", &["10.5.0.0/16"]);
    api.apply("", &stream([&native]))?;
    wait_state(&api, "a/ask", "success")?;
    wait_state(&api, "b/ask", "success").map(drop)
}

#[test]
fn a_network_cannot_peer_with_itself_nor_twice_with_another() -> Result<()> {
    let (_bare, api) = start("itself", &["a/one", "a/two"])?;
    ask(&api, "a", &[("one", "one"), ("one", "two"), ("two", "one")])?;
    wait_state(&api, "a/one-one", "failed")?;
    wait_state(&api, "a/one-two", "success")?;
    api.apply("", &stream([&request("a/twice", "one", "two")]))?;
    let status = wait_state(&api, "a/twice", "failed")?;
    ensure!(
        status["message"]
            .as_str()
            .unwrap_or_default()
            .contains("a/one-two"),
        "{status}"
    );
    wait_state(&api, "a/one-two", "success").map(drop)
}

#[test]
fn when_a_request_goes_its_peers_waits_again_and_neither_network_is_peered() -> Result<()> {
    let (_bare, api) = start("goes", &["a/one", "b/two"])?;
    let [there, back] = [
        request("a/ask", "one", "b/two"),
        request("b/ask", "two", "a/one"),
    ];
    api.apply("", &stream([&there, &back]))?;
    wait_state(&api, "b/ask", "success")?;
    api.call("DELETE", "/v1/foreign/networkpeeringrequests/a/ask")?
        .expect(200)?;
    wait_gone(&api, "a/ask")?;
    wait_state(&api, "b/ask", "pending")?;
    wait_peered(&api, "a/one", &[])?;
    wait_peered(&api, "b/two", &[])?;
    api.apply("", &stream([&there]))?;
    wait_state(&api, "b/ask", "success").map(drop)
}

#[test]
fn networks_that_overlap_fail_and_are_peered_once_they_do_not() -> Result<()> {
    let (_bare, api) = start("overlap", &["a/one", "b/two"])?;
    let native = |prefix| documents::network("b/two", "p2", &[prefix]);
    let requests = [
        native("10.1.128.0/17"),
        request("a/ask", "one", "b/two"),
        request("b/ask", "two", "a/one"),
    ];
    api.apply("", &stream(&requests))?;
    for id in ["a/ask", "b/ask"] {
        let status = wait_state(&api, id, "failed")?;
        ensure!(status["ttl"].is_string(), "{status}");
        let message = status["message"].as_str().unwrap_or_default();
        ensure!(message.contains("overlaps"), "{status}");
    }
    api.apply("", &stream([&native("10.2.0.0/16")]))?;
    wait_state(&api, "a/ask", "success")?;
    let status = status(&api, "b/ask")?;
    ensure!(status["ttl"].is_string(), "{status}");
    Ok(())
}
