//! Creating, reading, replacing, changing and deleting one object.

use anyhow::Result;
use peer_tests::{
    Ask, Bare,
    documents::{consent, network},
};
use serde_json::{Value, json};

const GREEN: &str = "/v1/networks/green-team/green";
const TO_GREEN: &str = "/v1/peerings/blue-team/to-green";

#[test]
fn an_object_is_made_read_replaced_changed_and_deleted() -> Result<()> {
    let bare = Bare::start("one object", 2)?;
    let api = bare.daemon.api();
    let mut green = network("green-team/green", "p2", &["10.2.0.0/16"]);
    green["metadata"]["labels"] = json!({ "env": "test", "tier": "one" });
    let made = api.put("POST", "/v1/networks", &green)?.expect(201)?;
    let found = api.get(GREEN)?;
    for key in ["apiVersion", "kind"] {
        assert_eq!(made[key], green[key]);
    }
    for key in ["labels", "namespace", "name", "uid", "generation"] {
        assert_eq!(made["metadata"][key], found["metadata"][key], "{key}");
    }
    assert_eq!(found["metadata"]["generation"], 1);
    assert!(
        found["metadata"]["uid"]
            .as_str()
            .is_some_and(|uid| uid.len() == 36)
    );
    assert_eq!(found["spec"]["prefixes"], json!(["10.2.0.0/16"]));

    green["spec"]["prefixes"] = json!(["10.2.0.0/16", "fd00:2::/48"]);
    let put = api.put("PUT", GREEN, &green)?.expect(200)?;
    assert_eq!(put["metadata"]["generation"], 2);
    assert_eq!(
        put["metadata"]["uid"], made["metadata"]["uid"],
        "it is the same object"
    );

    let patch = json!({
        "metadata": { "labels": { "tier": null, "new": "yes" } },
        "spec": { "prefixes": ["10.2.0.0/17"], "unmanaged": "drop" },
    });
    let patched = api.put("PATCH", GREEN, &patch)?.expect(200)?;
    assert_eq!(
        patched["metadata"]["labels"],
        json!({ "env": "test", "new": "yes" })
    );
    assert_eq!(patched["spec"]["prefixes"], json!(["10.2.0.0/17"]));
    assert_eq!(patched["spec"]["unmanaged"], "drop");
    assert_eq!(
        patched["spec"]["ports"][0]["interface"], "p2",
        "the rest is kept"
    );
    let back = api.put("PATCH", GREEN, &json!({ "spec": { "unmanaged": null } }))?;
    assert_ne!(
        back.expect(200)?["spec"]["unmanaged"],
        "drop",
        "null removes a field"
    );

    let gone = api.call("DELETE", GREEN)?.expect(200)?;
    assert_eq!(gone["metadata"]["uid"], made["metadata"]["uid"]);
    api.call("GET", GREEN)?.refused(404, "not-found")?;
    api.call("DELETE", GREEN)?.refused(404, "not-found")?;
    let again = api.put("POST", "/v1/networks", &green)?.expect(201)?;
    assert_ne!(
        again["metadata"]["uid"], made["metadata"]["uid"],
        "it is another object"
    );
    Ok(())
}

#[test]
fn a_deleted_peering_is_listed_as_deleted_and_the_peers_returns_to_pending() -> Result<()> {
    let bare = Bare::with_networks("deleting")?;
    bare.peer("blue", "green")?;
    let api = bare.daemon.api();
    let first = api.call("DELETE", TO_GREEN)?.expect(200)?;
    assert_eq!(first["status"]["state"], "deleted");
    bare.wait_state("green-team/to-blue", "pending")?;
    let listed = bare.wait_state("blue-team/to-green", "deleted")?;
    assert_eq!(listed["metadata"]["uid"], first["metadata"]["uid"]);
    let second = api.call("DELETE", TO_GREEN)?.expect(200)?;
    assert_eq!(second["metadata"], first["metadata"], "the same again");
    // The name is free.
    let anew = consent("blue-team/to-green", "blue", "green-team/green");
    let anew = api.put("POST", "/v1/peerings", &anew)?.expect(201)?;
    assert_ne!(anew["metadata"]["uid"], first["metadata"]["uid"]);
    bare.wait_state("blue-team/to-green", "active").map(drop)
}

#[test]
fn what_is_asked_for_again_is_there_and_is_not_made_twice() -> Result<()> {
    let bare = Bare::with_networks("repeats")?;
    let api = bare.daemon.api();
    let ask = consent("blue-team/to-green", "blue", "green-team/green");
    let answer = consent("green-team/to-blue", "green", "blue-team/blue");
    let made = api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    api.put("POST", "/v1/peerings", &answer)?.expect(201)?;
    bare.wait_state("blue-team/to-green", "active")?;
    let same = |found: &Value| {
        assert_eq!(found["metadata"], made["metadata"]);
        assert_eq!(found["status"]["state"], "active", "it is undisturbed");
    };
    same(&api.put("POST", "/v1/peerings", &ask)?.expect(200)?);
    same(&api.put("PUT", TO_GREEN, &ask)?.expect(200)?);
    same(
        &api.put("PATCH", TO_GREEN, &json!({ "spec": { "network": "blue" } }))?
            .expect(200)?,
    );
    same(
        &api.call("POST", &format!("{TO_GREEN}/enable"))?
            .expect(200)?,
    );
    // In another notation it is the same.
    let yaml = "apiVersion: peerd/v1\nkind: Peering\n\
                metadata: { name: to-green, namespace: blue-team }\n\
                spec:\n  peer: { network: green, namespace: green-team }\n  network: blue\n";
    same(
        &api.send(&Ask::new("POST", "/v1/peerings").yaml(yaml))?
            .expect(200)?,
    );
    let mut other = ask;
    other["spec"]["export"] = json!([]);
    let refused = api.put("POST", "/v1/peerings", &other)?;
    let detail = refused.refused(409, "already-exists")?;
    assert!(detail.contains("blue-team/to-green"), "{detail}");
    Ok(())
}

#[test]
fn a_put_makes_what_is_not_there() -> Result<()> {
    let bare = Bare::with_networks("put")?;
    let api = bare.daemon.api();
    let ask = consent("blue-team/to-green", "blue", "green-team/green");
    let made = api.put("PUT", TO_GREEN, &ask)?;
    made.expect(201)?;
    assert_eq!(made.tag()?, api.call("GET", TO_GREEN)?.tag()?);
    let elsewhere = api.put("PUT", "/v1/peerings/blue-team/other", &ask)?;
    let detail = elsewhere.refused(422, "invalid-document")?;
    assert!(detail.contains("blue-team/to-green"), "{detail}");
    let renamed = json!({ "metadata": { "name": "other" } });
    api.put("PATCH", TO_GREEN, &renamed)?
        .refused(422, "invalid-document")?;
    let absent = "/v1/peerings/blue-team/absent";
    api.put("PATCH", absent, &json!({}))?
        .refused(404, "not-found")?;
    api.call("DELETE", absent)?.refused(404, "not-found")?;
    Ok(())
}

#[test]
fn what_the_api_holds_survives_a_crash() -> Result<()> {
    let mut bare = Bare::with_networks("crash")?;
    bare.peer("blue", "green")?;
    let kept = |bare: &Bare| -> Result<Vec<Value>> {
        let api = bare.daemon.api();
        let mut all = api.list("/v1/networks")?;
        all.extend(api.list("/v1/peerings")?);
        let facts = all.iter().map(|object| {
            let status = &object["status"];
            json!([
                object["metadata"],
                object["spec"],
                status["state"],
                status["requestedAt"],
                status["activeSince"]
            ])
        });
        Ok(facts.collect())
    };
    let before = kept(&bare)?;
    bare.daemon.kill9()?;
    bare.daemon.start()?;
    bare.wait_state("blue-team/to-green", "active")?;
    bare.wait_state("green-team/to-blue", "active")?;
    assert_eq!(kept(&bare)?, before);
    Ok(())
}

#[test]
fn a_status_in_a_document_is_ignored() -> Result<()> {
    let bare = Bare::with_networks("status ignored")?;
    let api = bare.daemon.api();
    let mut ask = consent("blue-team/to-green", "blue", "green-team/green");
    ask["status"] = json!({ "state": "active", "incoming": true });
    let made = api.put("POST", "/v1/peerings", &ask)?.expect(201)?;
    assert_eq!(made["status"]["state"], "pending");
    // So what was read can be written back.
    let read = api.get(TO_GREEN)?;
    api.put("PUT", TO_GREEN, &read)?.expect(200)?;
    assert_eq!(api.get(TO_GREEN)?["metadata"], read["metadata"]);
    let network = api.get(GREEN)?;
    let put = api.put("PUT", GREEN, &network)?.expect(200)?;
    assert_eq!(put["metadata"], network["metadata"]);
    Ok(())
}
