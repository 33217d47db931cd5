//! To whoever does not see a namespace, what is in it and what is not look the same.

use anyhow::Result;
use peer_tests::{Answer, Ask, SOON, User, documents::consent, wait_until};
use serde_json::{Value, json};

use super::{
    callers,
    expected::Verb,
    world::{self, Kind, Object, Stage},
};

#[test]
fn a_strangers_objects_and_those_that_are_not_there_are_answered_alike() -> Result<()> {
    let bare = world::start("strangers' objects")?;
    let mut compared = 0;
    for caller in callers::users()
        .iter()
        .filter(|caller| !caller.sees("red-team"))
    {
        let api = caller.api(&bare.daemon)?;
        for object in world::objects() {
            if object.stage == Stage::Absent || caller.sees(object.namespace()) {
                continue;
            }
            // What asks or asked for a network of the caller's is no stranger's.
            if object.kind == Kind::Peering && caller.sees(object.peer()) {
                continue;
            }
            for verb in Verb::ALL {
                let there = api.send(&ask(verb, &object))?;
                let absent = api.send(&ask(verb, &unknown(&object)))?;
                assert_eq!(
                    plain(&there, &object),
                    plain(&absent, &unknown(&object)),
                    "{}: {verb:?} {}",
                    caller.name,
                    object.id()
                );
                compared += 1;
            }
        }
    }
    eprintln!("{compared} pairs of answers are alike");
    Ok(())
}

/// The same object by a name of the same length that nobody has.
fn unknown(object: &Object) -> Object {
    let mut other = object.clone();
    let name = &mut other.document["metadata"]["name"];
    let length = name.as_str().unwrap_or_default().len();
    *name = json!("x".repeat(length));
    other
}

fn ask(verb: Verb, object: &Object) -> Ask {
    let (list, path) = (object.list(), object.path());
    match verb {
        Verb::Get => Ask::new("GET", &path),
        Verb::Post => Ask::new("POST", list).json(&object.document),
        Verb::Put => Ask::new("PUT", &path).json(&object.document),
        Verb::Patch => Ask::new("PATCH", &path).json(&json!({ "spec": {} })),
        Verb::Delete => Ask::new("DELETE", &path),
        // Of networks, paths that do not exist.
        _ => Ask::new(
            "POST",
            &format!("{path}/{}", format!("{verb:?}").to_lowercase()),
        ),
    }
}

/// An answer without its time and the object's name.
fn plain(answer: &Answer, object: &Object) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date");
    let body = answer.body.replace(&object.id(), "NAMESPACE/NAME");
    (answer.status, headers.cloned().collect(), body)
}

#[test]
fn a_request_to_a_strangers_network_looks_the_same_whether_it_is_there() -> Result<()> {
    let bare = world::start("strangers' networks")?;
    let root = bare.daemon.api();
    // The stranger's network may be in the way, elsewhere or closed to everybody.
    let edit =
        json!({ "spec": { "zone": "elsewhere", "prefixes": ["10.3.0.0/16", "10.1.0.0/17"] } });
    root.put("PATCH", "/v1/networks/red-team/red", &edit)?
        .expect(200)?;
    let blue = bare.daemon.api_as(&User::new(60_013));
    let shown = |id: &str, to: &str| -> Result<Value> {
        let made = blue.put("POST", "/v1/peerings", &consent(id, "blue", to))?;
        made.expect(201)?;
        // The daemon has looked at it again by then.
        root.put(
            "PATCH",
            "/v1/networks/green-team/spare",
            &json!({ "metadata": { "labels": { "k": id.replace('/', ".") } } }),
        )?;
        wait_until("it is listed", SOON, || {
            let mut object = blue.get(&format!("/v1/peerings/{id}"))?;
            object["metadata"]["uid"] = Value::Null;
            for time in ["since", "expiresAt", "requestedAt"] {
                object["status"][time] = Value::Null;
            }
            let text = object.to_string();
            Ok(serde_json::from_str(
                &text
                    .replace(id, "ID")
                    .replace(to, "PEER")
                    .replace("\"red\"", "\"xxx\""),
            )?)
        })
    };
    let there = shown("blue-team/ask-one", "red-team/red")?;
    let absent = shown("blue-team/ask-two", "red-team/xxx")?;
    let unnamed = |mut object: Value| {
        object["metadata"]["name"] = Value::Null;
        object
    };
    assert_eq!(unnamed(there.clone()), unnamed(absent));
    assert_eq!(there["status"]["state"], "pending");
    Ok(())
}

#[test]
fn a_refused_apply_does_not_tell_what_a_stranger_has() -> Result<()> {
    let bare = world::start("strangers' applies")?;
    let blue = bare.daemon.api_as(&User::new(60_013));
    for object in world::objects() {
        if object.namespace() != "red-team" || object.stage == Stage::Absent {
            continue;
        }
        for query in ["", "?dryRun=true", "?prune=true"] {
            let answers = [object.clone(), unknown(&object)].map(|object| {
                let ask = Ask::new("POST", &format!("/v1/apply{query}"));
                let answer = blue.send(&ask.yaml(&object.document.to_string()));
                answer.map(|answer| plain(&answer, &object))
            });
            let [there, absent] = answers;
            assert_eq!(there?, absent?, "{query} {}", object.id());
        }
    }
    Ok(())
}

#[test]
fn lists_of_a_stranger_are_empty_whatever_is_asked() -> Result<()> {
    let bare = world::start("strangers' lists")?;
    let blue = bare.daemon.api_as(&User::new(60_013));
    let root = bare.daemon.api();
    for object in world::objects() {
        if object.namespace() != "red-team" || object.stage == Stage::Absent {
            continue;
        }
        let seen = root.get(&object.path())?;
        let uid = seen["metadata"]["uid"].as_str().unwrap_or_default();
        let mut filters = vec![format!("uid={uid}"), "namespace=red-team".to_owned()];
        if object.kind == Kind::Peering {
            let label = seen["status"]["peering"].as_str().unwrap_or_default();
            filters.push(format!("peering={label}"));
            filters.push("network=red-team/red".to_owned());
        }
        for filter in filters {
            let found = blue.list(&format!("{}?{filter}", object.list()))?;
            assert!(found.is_empty(), "{filter}: {found:?}");
        }
    }
    Ok(())
}
