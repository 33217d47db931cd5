//! Many documents at once.

use anyhow::{Context as _, Result};
use peer_tests::{
    Answer, Api, Ask, Bare,
    documents::{consent, name, network, stream},
};
use serde_json::{Value, json};

fn post(api: &Api, query: &str, documents: &str) -> Result<Answer> {
    api.send(&Ask::new("POST", &format!("/v1/apply{query}")).yaml(documents))
}

fn actions(applied: &Value) -> Result<Vec<String>> {
    let changes = applied["changes"].as_array().context("no changes")?;
    let line = |change: &Value| {
        let text = |key: &str| change[key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {}/{} {}",
            text("action"),
            text("kind"),
            text("namespace"),
            text("name"),
            text("state")
        )
    };
    Ok(changes.iter().map(line).collect())
}

#[test]
fn an_apply_tells_what_it_did_with_each_document() -> Result<()> {
    let bare = Bare::with_networks("apply")?;
    let api = bare.daemon.api();
    let mut all = [
        network("red-team/red", "p3", &["10.3.0.0/16"]),
        network("azure-team/azure", "p4", &["10.4.0.0/16"]),
        consent("blue-team/to-green", "blue", "green-team/green"),
        consent("green-team/to-blue", "green", "blue-team/blue"),
        consent("red-team/to-blue", "red", "blue-team/blue"),
    ];
    let applied = api.apply("", &stream(&all))?;
    assert_eq!(
        actions(&applied)?,
        [
            "unchanged Network red-team/red -",
            "create Network azure-team/azure -",
            "create Peering blue-team/to-green active",
            "create Peering green-team/to-blue active",
            "create Peering red-team/to-blue pending",
        ]
    );
    assert_eq!(
        (&applied["applied"], &applied["confirmBy"]),
        (&json!(true), &Value::Null)
    );
    all[2]["spec"]["export"] = json!([]);
    let applied = api.apply("", &stream(&all[2..]))?;
    assert_eq!(
        actions(&applied)?[0],
        "update Peering blue-team/to-green active"
    );
    assert_eq!(
        actions(&applied)?[1],
        "unchanged Peering green-team/to-blue active"
    );
    Ok(())
}

#[test]
fn of_documents_one_of_which_is_refused_none_is_applied() -> Result<()> {
    let bare = Bare::with_networks("all or nothing")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let everything = || -> Result<Vec<Value>> {
        let mut all = api.list("/v1/networks")?;
        all.extend(api.list("/v1/peerings")?);
        Ok(all)
    };
    let before = everything()?;
    let good = network("azure-team/azure", "p4", &["10.4.0.0/16"]).to_string();
    for (bad, status, code) in [
        (
            consent("blue-team/twice", "blue", "green-team/green").to_string(),
            409,
            "pair-exists",
        ),
        (
            consent("blue-team/own", "blue", "blue-team/blue").to_string(),
            422,
            "invalid-document",
        ),
        (
            "apiVersion: peerd/v1\nkind: Network\n".to_owned(),
            422,
            "invalid-document",
        ),
        ("a: [".to_owned(), 422, "invalid-document"),
        (good.clone(), 422, "invalid-document"),
    ] {
        for documents in [format!("{good}\n---\n{bad}"), format!("{bad}\n---\n{good}")] {
            let answer = post(&api, "", &documents)?;
            answer
                .refused(status, code)
                .with_context(|| documents.clone())?;
            assert_eq!(everything()?, before, "{documents}");
        }
    }
    Ok(())
}

#[test]
fn prune_deletes_what_the_namespaces_of_the_documents_hold_beyond_them() -> Result<()> {
    let bare = Bare::with_networks("prune")?;
    bare.peer("blue", "green")?;
    bare.peer("green", "red")?;
    let api = bare.daemon.api();
    let kept = [
        network("green-team/green", "p2", &["10.2.0.0/16"]),
        consent("green-team/to-red", "green", "red-team/red"),
    ];
    let dry = api.apply("?prune=true&dryRun=true", &stream(&kept))?;
    let done = api.apply("?prune=true", &stream(&kept))?;
    assert_eq!(actions(&done)?, actions(&dry)?);
    assert_eq!(
        actions(&done)?,
        [
            "unchanged Network green-team/green -",
            "unchanged Peering green-team/to-red active",
            "delete Peering green-team/to-blue deleted",
        ]
    );
    bare.wait_state("green-team/to-blue", "deleted")?;
    bare.wait_state("blue-team/to-green", "pending")?;
    bare.wait_state("red-team/to-green", "active")?;
    let networks = api.list("/v1/networks")?;
    let names: Vec<_> = networks.iter().map(name).collect();
    assert_eq!(
        names,
        ["blue-team/blue", "green-team/green", "red-team/red"]
    );
    // Without it what is not named stays.
    api.apply("", &kept[0].to_string())?;
    bare.wait_state("green-team/to-red", "active").map(drop)
}

#[test]
fn documents_come_as_a_yaml_stream_or_as_json() -> Result<()> {
    let bare = Bare::with_networks("formats")?;
    let api = bare.daemon.api();
    let ask = consent("blue-team/to-green", "blue", "green-team/green");
    for (kind, body) in [
        ("application/json", ask.to_string()),
        ("application/yaml", format!("# a table\n---\n{ask}\n---\n")),
        ("text/yaml; charset=utf-8", ask.to_string()),
        ("application/x-yaml", ask.to_string()),
    ] {
        let answer = api.send(&Ask::new("POST", "/v1/apply").body(kind, &body))?;
        let applied = answer.expect(200).context(kind)?;
        assert_eq!(
            applied["changes"].as_array().map(Vec::len),
            Some(1),
            "{kind}"
        );
    }
    let unknown = format!("apiVersion: v1\nkind: Pod\nmetadata: {{ name: a }}\n---\n{ask}");
    let applied = api.apply("", &unknown)?;
    assert!(
        applied["warnings"][0]
            .as_str()
            .is_some_and(|text| text.contains("Pod")),
        "{applied}"
    );
    Ok(())
}

#[test]
fn a_thousand_peerings_are_applied_at_once() -> Result<()> {
    let bare = Bare::with_networks("many")?;
    let api = bare.daemon.api();
    let asks: Vec<_> = (0..1000)
        .map(|number| {
            consent(
                &format!("blue-team/ask-{number}"),
                "blue",
                &format!("azure-team/n{number}"),
            )
        })
        .collect();
    let applied = api.apply("", &stream(&asks))?;
    assert_eq!(applied["changes"].as_array().map(Vec::len), Some(1000));
    assert_eq!(api.list("/v1/peerings?state=pending")?.len(), 1000);
    Ok(())
}
