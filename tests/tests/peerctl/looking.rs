//! get and status, in every format.

use anyhow::Result;
use peer_tests::{
    Bare,
    documents::{consent, name, stream},
};
use serde_json::{Value, json};

use super::ask::{done, json, refused};

fn start(tag: &str) -> Result<Bare> {
    let bare = Bare::with_networks(tag)?;
    bare.peer("blue", "green")?;
    let mut ask = consent("red-team/ask", "red", "green-team/green");
    ask["metadata"]["labels"] = json!({ "env": "prod", "a.b/c": "dotted" });
    bare.daemon.api().apply("", &stream([&ask]))?;
    Ok(bare)
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array();
    items.into_iter().flatten().map(name).collect()
}

#[test]
fn lists_are_of_a_namespace_and_filtered() -> Result<()> {
    let bare = start("lists")?;
    let peerd = &bare.daemon;
    for (line, expected) in [
        ("get peerings", vec![]),
        ("get peerings -n blue-team", vec!["blue-team/to-green"]),
        ("get peerings -A -l env=prod", vec!["red-team/ask"]),
        (
            "get peerings -A --state active",
            vec!["blue-team/to-green", "green-team/to-blue"],
        ),
        (
            "get peerings -A --network red-team/red",
            vec!["red-team/ask"],
        ),
        (
            "get peerings -n green-team --incoming",
            vec!["red-team/ask"],
        ),
        (
            "get peerings -A --state pending --network blue-team/blue",
            vec![],
        ),
        ("get networks -n red-team", vec!["red-team/red"]),
    ] {
        assert_eq!(names(&json(peerd, line)?), expected, "{line}");
    }
    Ok(())
}

#[test]
fn what_is_printed_is_the_apis_answer_in_each_format() -> Result<()> {
    let bare = start("formats")?;
    let peerd = &bare.daemon;
    let answer = bare.daemon.api().get("/v1/peerings/red-team/ask")?;
    assert_eq!(json(peerd, "get peerings red-team/ask")?, answer);
    let yaml = done(peerd, "get peerings red-team/ask -o yaml")?;
    assert!(
        yaml.contains("state: pending") && yaml.contains("kind: Peering"),
        "{yaml}"
    );
    // What is printed can be applied.
    let applied = peerd.peerctl_with(&["diff", "-f", "-"], &yaml)?;
    assert_eq!(applied.code, Some(0), "{applied}");
    let table = done(peerd, "get peerings red-team/ask")?;
    assert!(
        table.contains("red-team") && table.contains("pending"),
        "{table}"
    );
    for (template, expected) in [
        ("{.status.state}{\"\\n\"}", "pending\n"),
        ("{.metadata.labels['a.b/c']}", "dotted"),
        ("{.metadata.labels.a\\.b/c}", "dotted"),
        ("state:{.status.state},{.spec.network}", "state:pending,red"),
    ] {
        let printed = peerd.peerctl(&[
            "get",
            "peerings",
            "red-team/ask",
            "-o",
            &format!("jsonpath={template}"),
        ])?;
        assert_eq!(printed.ok()?, expected, "{template}");
    }
    let all = peerd.peerctl(&[
        "get",
        "peerings",
        "-A",
        "-o",
        "jsonpath={.items[*].metadata.name}",
    ])?;
    assert_eq!(all.ok()?, "to-green to-blue ask");
    refused(peerd, "get peerings -A -o jsonpath={.items", 64)?;
    refused(peerd, "get peerings -A -o xml", 64).map(drop)
}

#[test]
fn what_the_kernel_holds_is_shown() -> Result<()> {
    let bare = start("kernel")?;
    let peerd = &bare.daemon;
    let routes = done(peerd, "get routes -n blue-team")?;
    assert!(routes.contains("10.2.0.0/16"), "{routes}");
    let ports = done(peerd, "get ports -A")?;
    assert!(ports.contains("p1") && ports.contains("tc"), "{ports}");
    done(peerd, "get neighbours -A")?;
    done(peerd, "get drops -A")?;
    let status = json(peerd, "status")?;
    assert_eq!(status["networks"], 3);
    assert_eq!(status["peerings"]["active"], 2);
    let text = done(peerd, "status")?;
    assert!(text.contains("active"), "{text}");
    Ok(())
}

#[test]
fn a_large_list_is_whole() -> Result<()> {
    let bare = Bare::with_networks("large list")?;
    let asks: Vec<_> = (0..1200)
        .map(|number| {
            consent(
                &format!("blue-team/a{number}"),
                "blue",
                &format!("azure-team/n{number}"),
            )
        })
        .collect();
    bare.daemon.api().apply("", &stream(&asks))?;
    assert_eq!(names(&json(&bare.daemon, "get peerings -A")?).len(), 1200);
    let label = "azure-team/n1100--blue-team/blue";
    let found = json(&bare.daemon, &format!("get peerings {label}"))?;
    assert!(found.to_string().contains("a1100"), "{found}");
    Ok(())
}
