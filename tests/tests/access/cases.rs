//! The requests that are made of the daemon.

use peer_tests::{Ask, documents};
use serde_json::json;

use super::{
    callers::Caller,
    expected::{self, Right, Verb},
    world::{Kind, Object},
};

/// A request and the statuses that are right.
pub(super) struct Case {
    pub(super) ask: Ask,
    pub(super) right: Right,
}

/// Everything a caller can ask of objects. What is to be refused is asked for in
/// earnest, what is to be granted as a dry run: afterwards nothing may be different.
pub(super) fn of(caller: &Caller, objects: &[Object]) -> Vec<Case> {
    let mut cases = Vec::new();
    for object in objects {
        for verb in Verb::ALL {
            let for_peerings = matches!(
                verb,
                Verb::Accept | Verb::Reject | Verb::Enable | Verb::Disable
            );
            if !for_peerings || object.kind == Kind::Peering {
                cases.push(single(caller, verb, object));
            }
        }
    }
    for object in objects {
        for prune in [false, true] {
            cases.push(apply(caller, &[object], prune));
        }
    }
    // All or nothing: what the caller may, with what it perhaps may not.
    for (one, other) in objects.iter().zip(objects.iter().rev()) {
        if one.path() != other.path() {
            cases.push(apply(caller, &[one, other], false));
        }
    }
    cases.extend(["confirm", "undo"].map(|verb| Case {
        ask: Ask::new("POST", &format!("/v1/{verb}")),
        right: right(caller, &[409]),
    }));
    cases
}

/// Whoever is not known is not served.
fn right(caller: &Caller, otherwise: Right) -> Right {
    if caller.is_known() { otherwise } else { &[401] }
}

fn query(right: Right) -> &'static str {
    if right[0] < 300 { "?dryRun=true" } else { "" }
}

fn single(caller: &Caller, verb: Verb, object: &Object) -> Case {
    let right = right(caller, expected::of(caller, verb, object));
    let query = query(right);
    let (list, path) = (object.list(), object.path());
    let labels = json!({ "seen": "true" });
    let ask = match verb {
        Verb::Get => Ask::new("GET", &path),
        Verb::Post => Ask::new("POST", &format!("{list}{query}")).json(&object.document),
        Verb::Put => {
            let mut document = object.document.clone();
            document["metadata"]["labels"] = labels;
            Ask::new("PUT", &format!("{path}{query}")).json(&document)
        }
        Verb::Patch => {
            let patch = json!({ "metadata": { "labels": labels } });
            Ask::new("PATCH", &format!("{path}{query}")).json(&patch)
        }
        Verb::Delete => Ask::new("DELETE", &format!("{path}{query}")),
        Verb::Accept | Verb::Reject | Verb::Enable | Verb::Disable => {
            let verb = format!("{verb:?}").to_lowercase();
            Ask::new("POST", &format!("{path}/{verb}{query}"))
        }
    };
    Case { ask, right }
}

fn apply(caller: &Caller, objects: &[&Object], prune: bool) -> Case {
    let right = right(caller, expected::of_apply(caller, objects, prune));
    let query = match (query(right), prune) {
        ("", true) => "?prune=true".to_owned(),
        (query, true) => format!("{query}&prune=true"),
        (query, false) => query.to_owned(),
    };
    let documents = documents::stream(objects.iter().map(|object| &object.document));
    Case {
        ask: Ask::new("POST", &format!("/v1/apply{query}")).yaml(&documents),
        right,
    }
}
