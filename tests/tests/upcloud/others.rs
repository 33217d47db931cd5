//! Consents that were not made by UpCloud's API, seen and held through it.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{
    Api, Ask, Bare, SOON,
    documents::{consent, network as document, stream},
    wait_until,
};
use serde_json::{Value, json};

use super::client::{delete, get, list, modify, network, path, refused, request, wait_state};

fn only(api: &Api, own: &str) -> Result<(String, Value)> {
    let uuid = network(api, own)?;
    let mut found = list(api, &format!("?network_uuid_local={uuid}"))?;
    let one = found.pop().context("there is none")?;
    ensure!(found.is_empty(), "there are more: {found:?}");
    Ok((super::client::uuid(&one)?, one))
}

fn patch(api: &Api, uuid: &str, attributes: Value) -> Result<peer_tests::Answer> {
    api.put(
        "PATCH",
        &path(uuid),
        &json!({ "network_peering": attributes }),
    )
}

#[test]
fn what_a_table_file_declares_can_be_disabled_and_nothing_else() -> Result<()> {
    let mut bare = Bare::prepare("upcloud file", 2)?;
    let mut ask = consent("green-team/to-blue", "green", "blue-team/blue");
    ask["metadata"]["labels"] = json!({ "env": "prod" });
    bare.daemon.write_table(&stream(&[
        document("green-team/green", "p2", &["10.2.0.0/16"]),
        ask,
    ]))?;
    bare.daemon.start()?;
    let api = bare.daemon.api();
    // One network in a file, the other's in the API.
    let blue = document("blue-team/blue", "p1", &["10.1.0.0/16"]);
    api.put("POST", "/v1/networks", &blue)?.expect(201)?;
    let own = request(&api, "blue-team/blue", "green-team/green")?;
    wait_state(&api, &own, "active")?;
    let (uuid, shown) = only(&api, "green-team/green")?;
    assert_eq!(shown["name"], "to-blue");
    assert_eq!(shown["labels"], json!([{ "key": "env", "value": "prod" }]));
    let file = bare.daemon.table.display().to_string();
    for answer in [
        patch(&api, &uuid, json!({ "name": "another" }))?,
        patch(&api, &uuid, json!({ "labels": [] }))?,
        patch(
            &api,
            &uuid,
            json!({ "labels": [], "configured_status": "disabled" }),
        )?,
        api.call("DELETE", &path(&uuid))?,
    ] {
        let message = refused(&answer, 409, "DECLARED_IN_FILE")?;
        assert!(message.contains(&file), "{message}");
    }
    assert_eq!(get(&api, &uuid)?, shown);
    // To say what is so already is no change: Terraform does each time.
    let mut same = json!({ "name": shown["name"], "labels": shown["labels"] });
    same["configured_status"] = json!("disabled");
    let disabled = modify(&api, &uuid, same)?;
    assert_eq!(disabled["state"], "disabled");
    assert_eq!(disabled["configured_status"], "disabled");
    assert_eq!(get(&api, &own)?["state"], "peer-disabled");
    let refused_still = api.call("DELETE", &path(&uuid))?;
    refused(&refused_still, 409, "DECLARED_IN_FILE")?;
    let active = modify(&api, &uuid, json!({ "configured_status": "active" }))?;
    assert_eq!(active["state"], "active");
    Ok(())
}

#[test]
fn a_consent_that_a_file_disables_is_enabled_there_alone() -> Result<()> {
    let mut bare = Bare::prepare("upcloud file down", 2)?;
    let mut ask = consent("green-team/to-blue", "green", "blue-team/blue");
    ask["spec"]["adminState"] = json!("down");
    ask["spec"]["description"] = json!("down for now");
    bare.daemon.write_table(&stream(&[
        document("green-team/green", "p2", &["10.2.0.0/16"]),
        ask,
    ]))?;
    bare.daemon.start()?;
    let api = bare.daemon.api();
    let (uuid, shown) = only(&api, "green-team/green")?;
    assert_eq!(
        json!([shown["name"], shown["configured_status"], shown["state"]]),
        json!(["down for now", "disabled", "disabled"])
    );
    let answer = patch(&api, &uuid, json!({ "configured_status": "active" }))?;
    refused(&answer, 409, "DECLARED_IN_FILE").map(drop)
}

#[test]
fn a_native_consent_is_renamed_disabled_and_deleted_as_any_other() -> Result<()> {
    let bare = Bare::with_networks("upcloud native")?;
    let api = bare.daemon.api();
    bare.peer("blue", "green")?;
    let (uuid, shown) = only(&api, "blue-team/blue")?;
    assert_eq!(
        json!([shown["name"], shown["state"]]),
        json!(["to-green", "active"])
    );
    assert_eq!(
        shown["peer_network"]["uuid"],
        json!(network(&api, "green-team/green")?)
    );
    assert_eq!(
        modify(&api, &uuid, json!({ "name": "to Green" }))?["name"],
        "to Green"
    );
    let native = api.get("/v1/peerings/blue-team/to-green")?;
    assert_eq!(native["spec"]["description"], "to Green");
    assert_eq!(native["status"]["origin"], "native");
    assert_eq!(native["status"]["state"], "active");
    api.call("POST", "/v1/peerings/blue-team/to-green/disable")?
        .expect(200)?;
    assert_eq!(get(&api, &uuid)?["configured_status"], "disabled");
    delete(&api, &uuid)?;
    let deleted = api.get("/v1/peerings/blue-team/to-green")?;
    assert_eq!(deleted["status"]["state"], "deleted");
    assert_eq!(list(&api, "")?.len(), 1);
    Ok(())
}

const OEP8: &str = "\
apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { namespace: blue-team, name: ask }
spec:
  localNetworkRef: { name: blue }
  remoteNetworkRef: { name: green, namespace: green-team }
";

#[test]
fn what_a_document_of_another_systems_says_is_disabled_by_a_hold_that_lasts() -> Result<()> {
    let bare = Bare::with_networks("upcloud oep-8")?;
    let api = bare.daemon.api();
    api.apply("", OEP8)?;
    let answered = request(&api, "green-team/green", "blue-team/blue")?;
    wait_state(&api, &answered, "active")?;
    let (uuid, shown) = only(&api, "blue-team/blue")?;
    assert_eq!(shown["state"], "active");
    for answer in [
        patch(&api, &uuid, json!({ "name": "another" }))?,
        api.call("DELETE", &path(&uuid))?,
    ] {
        let message = refused(&answer, 409, "MADE_BY_DOCUMENT")?;
        assert!(message.contains("blue-team/ask"), "{message}");
    }
    let disabled = modify(&api, &uuid, json!({ "configured_status": "disabled" }))?;
    assert_eq!(disabled["state"], "disabled");
    assert_eq!(get(&api, &answered)?["state"], "peer-disabled");
    // Also when the daemon looks at everything again.
    api.send(&Ask::new("DELETE", "/v1/networks/red-team/red"))?
        .expect(200)?;
    bare.lab.router.ip("link del p3")?;
    wait_until("the daemon saw that p3 is gone", SOON, || {
        let ports = api.list("/v1/ports")?;
        ensure!(ports.len() == 2, "{ports:?}");
        Ok(())
    })?;
    assert_eq!(get(&api, &uuid)?["state"], "disabled");
    let active = modify(&api, &uuid, json!({ "configured_status": "active" }))?;
    assert_eq!(active["state"], "active");
    Ok(())
}
