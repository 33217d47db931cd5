//! Lists: filters, order, pages.

use anyhow::Result;
use peer_tests::{
    Api, Bare,
    documents::{consent, name, stream},
};
use serde_json::{Value, json};

fn names(api: &Api, target: &str) -> Result<Vec<String>> {
    Ok(api.list(target)?.iter().map(name).collect())
}

/// Three networks, an active pair, a request, and a disabled consent, labelled.
fn start(tag: &str) -> Result<Bare> {
    let bare = Bare::with_networks(tag)?;
    bare.peer("blue", "green")?;
    let mut labelled = consent("red-team/ask", "red", "green-team/green");
    labelled["metadata"]["labels"] = json!({ "env": "prod", "tier": "one" });
    let mut paused = consent("blue-team/paused", "blue", "red-team/red");
    paused["metadata"]["labels"] = json!({ "env": "test" });
    paused["spec"]["adminState"] = json!("down");
    bare.daemon.api().apply("", &stream(&[labelled, paused]))?;
    Ok(bare)
}

#[test]
fn filters_leave_what_fits_all_of_them() -> Result<()> {
    let bare = start("filters")?;
    let api = bare.daemon.api();
    let uid = api.get("/v1/peerings/red-team/ask")?["metadata"]["uid"].clone();
    let uid = uid.as_str().unwrap_or_default();
    let (paused, blues, greens, ask) = (
        "blue-team/paused",
        "blue-team/to-green",
        "green-team/to-blue",
        "red-team/ask",
    );
    let cases: [(&str, &[&str]); 19] = [
        ("", &[paused, blues, greens, ask]),
        ("?namespace=blue-team", &[paused, blues]),
        ("?namespace=green-team", &[greens, ask]),
        ("?namespace=nobodys", &[]),
        ("?labels=env=prod", &[ask]),
        ("?labels=env", &[paused, ask]),
        ("?labels=env,tier=one", &[ask]),
        ("?labels=env=prod,tier=two", &[]),
        ("?state=active", &[blues, greens]),
        ("?state=pending", &[ask]),
        ("?state=disabled&namespace=blue-team", &[paused]),
        ("?network=green-team/green", &[blues, greens, ask]),
        ("?network=red-team/red", &[paused, ask]),
        ("?network=red-team/re", &[]),
        (
            "?peering=blue-team/blue--green-team/green",
            &[blues, greens],
        ),
        ("?peering=green-team/green--blue-team/blue", &[]),
        ("?incoming=true", &[ask]),
        ("?incoming=true&namespace=green-team", &[ask]),
        ("?incoming=false", &[paused, blues, greens, ask]),
    ];
    for (query, expected) in cases {
        assert_eq!(
            names(&api, &format!("/v1/peerings{query}"))?,
            expected,
            "{query}"
        );
    }
    assert_eq!(names(&api, &format!("/v1/peerings?uid={uid}"))?, [ask]);
    let networks = names(&api, "/v1/networks?namespace=red-team")?;
    assert_eq!(networks, ["red-team/red"]);
    // Percent-encoded it is the same.
    assert_eq!(names(&api, "/v1/peerings?labels=env%3Dprod%2Ctier")?, [ask]);
    Ok(())
}

#[test]
fn pages_put_together_are_the_list() -> Result<()> {
    let bare = start("pages")?;
    let api = bare.daemon.api();
    let whole = names(&api, "/v1/peerings")?;
    for limit in 1..=5 {
        let (mut found, mut after) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("/v1/peerings?limit={limit}{after}"))?;
            let items = page["items"].as_array().cloned().unwrap_or_default();
            assert!(items.len() <= limit, "{page}");
            found.extend(items.iter().map(name));
            match &page["next"] {
                Value::String(next) => after = format!("&after={next}"),
                _ => break,
            }
            assert_eq!(items.len(), limit, "only the last may be short");
        }
        assert_eq!(found, whole, "{limit} at a time");
    }
    // What is deleted meanwhile moves nothing.
    let page = api.get("/v1/peerings?limit=1&state=active")?;
    assert_eq!(page["next"], "blue-team/to-green");
    api.call("DELETE", "/v1/peerings/blue-team/to-green")?
        .expect(200)?;
    assert_eq!(
        names(&api, "/v1/peerings?after=blue-team/to-green")?,
        ["green-team/to-blue", "red-team/ask"]
    );
    let networks = api.get("/v1/networks?limit=2")?;
    assert_eq!(networks["next"], "green-team/green");
    Ok(())
}

#[test]
fn lists_are_in_the_order_of_namespaces_and_names() -> Result<()> {
    let bare = Bare::start("order", 1)?;
    let api = bare.daemon.api();
    // In the order of their labels as text `a-b/a` would come before `a/b`.
    for id in ["a/b", "a-b/a", "a/a", "b/a", "a/a-a"] {
        let network = peer_tests::documents::network(id, "p1", &["10.1.0.0/16"]);
        api.put("POST", "/v1/networks", &network)?.expect(201)?;
    }
    let order = ["a/a", "a/a-a", "a/b", "a-b/a", "b/a"];
    assert_eq!(names(&api, "/v1/networks")?, order);
    for (index, after) in order.iter().enumerate() {
        let rest = names(&api, &format!("/v1/networks?after={after}"))?;
        assert_eq!(rest, order[index + 1..], "after {after}");
    }
    Ok(())
}

#[test]
fn the_description_names_every_request() -> Result<()> {
    let bare = Bare::start("description", 0)?;
    let description = bare.daemon.api().get("/openapi.json")?;
    for (path, methods) in [
        ("/v1/networks", "get post"),
        ("/v1/peerings", "get post"),
        ("/v1/networks/{namespace}/{name}", "get put patch delete"),
        ("/v1/peerings/{namespace}/{name}", "get put patch delete"),
        ("/v1/peerings/{namespace}/{name}/accept", "post"),
        ("/v1/peerings/{namespace}/{name}/reject", "post"),
        ("/v1/peerings/{namespace}/{name}/enable", "post"),
        ("/v1/peerings/{namespace}/{name}/disable", "post"),
        ("/v1/apply", "post"),
        ("/v1/confirm", "post"),
        ("/v1/undo", "post"),
        ("/v1/watch", "get"),
        ("/v1/routes", "get"),
        ("/v1/ports", "get"),
        ("/v1/neighbours", "get"),
        ("/v1/drops", "get"),
        ("/v1/status", "get"),
        ("/metrics", "get"),
    ] {
        for method in methods.split(' ') {
            let described = &description["paths"][path][method];
            assert!(described.is_object(), "{method} {path}");
        }
    }
    Ok(())
}
