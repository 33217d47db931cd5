//! Labels and what lists can be asked for.

use anyhow::Result;
use peer_tests::Bare;
use serde_json::{Value, json};

use super::client::{list, modify, network, request};

fn uuids(found: &[Value]) -> Vec<&str> {
    found
        .iter()
        .filter_map(|one| one["uuid"].as_str())
        .collect()
}

#[test]
fn lists_are_filtered_by_labels_and_uuids() -> Result<()> {
    let bare = Bare::with_networks("upcloud filters")?;
    let api = bare.daemon.api();
    let [blue, green, red] = ["blue", "green", "red"].map(|name| format!("{name}-team/{name}"));
    let one = request(&api, &blue, &green)?;
    let two = request(&api, &blue, &red)?;
    let label = |key: &str, value: &str| json!({ "key": key, "value": value });
    let env = |value| label("env", value);
    modify(
        &api,
        &one,
        json!({ "labels": [env("prod"), label("v2", "")] }),
    )?;
    modify(
        &api,
        &two,
        json!({ "labels": [env("a=b c"), label("v2", "x")] }),
    )?;
    let (one, two) = (one.as_str(), two.as_str());
    let both = vec![one, two];
    let (blue, green, red) = (
        network(&api, &blue)?,
        network(&api, &green)?,
        network(&api, &red)?,
    );
    for (query, expected) in [
        (String::new(), both.clone()),
        ("?label=env".to_owned(), both.clone()),
        ("?label=env%3Dprod".to_owned(), vec![one]),
        ("?label=env=prod".to_owned(), vec![one]),
        ("?label=env%3Da%3Db+c".to_owned(), vec![two]),
        ("?label=ENV%3Dprod".to_owned(), vec![one]),
        ("?label=env%3DPROD".to_owned(), vec![]),
        ("?label=env&label=v2%3Dx".to_owned(), vec![two]),
        ("?label=env%3Dprod&label=v2%3Dx".to_owned(), vec![]),
        ("?label=v2%3D".to_owned(), vec![one]),
        ("?label=absent".to_owned(), vec![]),
        (format!("?uuid={two}"), vec![two]),
        (format!("?network_uuid_local={blue}"), both.clone()),
        (format!("?network_uuid_local={red}"), vec![]),
        (format!("?network_uuid_peer={red}"), vec![two]),
        (
            format!("?network_uuid_peer={}&label=v2", green.to_uppercase()),
            vec![one],
        ),
        ("?limit=1".to_owned(), both),
    ] {
        let found = list(&api, &query)?;
        let mut found = uuids(&found);
        found.sort_by_key(|uuid| *uuid != one);
        assert_eq!(found, expected, "{query}");
    }
    Ok(())
}

#[test]
fn labels_are_the_consents_own() -> Result<()> {
    let bare = Bare::with_networks("upcloud labels")?;
    let api = bare.daemon.api();
    let uuid = request(&api, "blue-team/blue", "green-team/green")?;
    modify(
        &api,
        &uuid,
        json!({ "labels": [{ "key": "env", "value": "prod" }] }),
    )?;
    let native = api.list("/v1/peerings?labels=env%3Dprod")?;
    assert_eq!(native.len(), 1);
    assert_eq!(native[0]["metadata"]["uid"], json!(uuid));
    let name = native[0]["metadata"]["name"].as_str().unwrap_or_default();
    // What is said natively is seen here, also what UpCloud's users could not say.
    let labels = json!({ "metadata": { "labels": { "a.b/c": "d", "env": null } } });
    api.put("PATCH", &format!("/v1/peerings/blue-team/{name}"), &labels)?
        .expect(200)?;
    let found = list(&api, "?label=a.b%2Fc%3Dd")?;
    assert_eq!(
        found[0]["labels"],
        json!([{ "key": "a.b/c", "value": "d" }])
    );
    // To say all there is again changes nothing.
    let same = modify(&api, &uuid, json!({ "labels": [], "name": "a peering" }))?;
    assert_eq!(same["labels"], json!([]));
    Ok(())
}
