//! Which consent is meant by a `PEERING`.
//!
//! Owns the choice between the consents of one peering. Must not change any.

use serde_json::Value;

use super::{
    Client, Failure,
    list::list,
    names::{Namespace, PeeringRef, state_of},
    url::Url,
};
use crate::{lifecycle::State, model::ObjectRef};

/// What the consent is to be for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Another's request, to be answered.
    Request,
    /// One's own consent.
    Own,
}

/// The name of the consent meant.
pub(super) async fn consent(
    client: &Client,
    peering: &PeeringRef,
    namespace: &Namespace,
    role: Role,
) -> Result<ObjectRef, Failure> {
    match peering {
        PeeringRef::Consent(named) => Ok(named.within(namespace)),
        _ => id(client, &object(client, peering, namespace, role).await?),
    }
}

/// The consent meant, as it is now.
pub(super) async fn object(
    client: &Client,
    peering: &PeeringRef,
    namespace: &Namespace,
    role: Role,
) -> Result<Value, Failure> {
    match peering {
        PeeringRef::Consent(named) => {
            let ObjectRef { namespace, name } = named.within(namespace);
            let url = Url::of(&["peerings", namespace.as_str(), name.as_str()]);
            client.get(&url).await
        }
        PeeringRef::Uid(uid) => {
            let all = of_peering(client, peering, namespace).await?;
            let found = all
                .into_iter()
                .find(|item| item["metadata"]["uid"] == **uid);
            found.ok_or_else(|| Failure::Failed(format!("there is no peering with uid {uid}")))
        }
        PeeringRef::Label(label) => {
            let all = of_peering(client, peering, namespace).await?;
            choose(label, all, role)
        }
    }
}

/// All consents of the peering meant that the caller may see.
pub(super) async fn of_peering(
    client: &Client,
    peering: &PeeringRef,
    namespace: &Namespace,
) -> Result<Vec<Value>, Failure> {
    let url = Url::of(&["peerings"]).with_some("namespace", namespace.namespace.as_ref());
    let (url, field, wanted) = match peering {
        PeeringRef::Consent(_) => return Ok(Vec::new()),
        PeeringRef::Uid(uid) => (url.with("uid", uid), "/metadata/uid", uid),
        PeeringRef::Label(label) => (url.with("peering", label), "/status/peering", label),
    };
    let answer = list(client, url).await?;
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    // A peerd that does not know the filter answers with everything.
    let is_meant = |item: &Value| item.pointer(field).is_some_and(|found| *found == **wanted);
    Ok(items.into_iter().filter(is_meant).collect())
}

/// The namespace and name of an object of peerd's.
pub(super) fn id(client: &Client, object: &Value) -> Result<ObjectRef, Failure> {
    let part = |key| object["metadata"][key].as_str()?.parse().ok();
    match (part("namespace"), part("name")) {
        (Some(namespace), Some(name)) => Ok(ObjectRef { namespace, name }),
        _ => Err(client.foreign("an object of its answer has no name")),
    }
}

/// What to call an object in a line: NAMESPACE/NAME, or NAME of what is in no namespace.
pub(super) fn label(client: &Client, object: &Value) -> Result<String, Failure> {
    let metadata = &object["metadata"];
    match (metadata["namespace"].as_str(), metadata["name"].as_str()) {
        (None, Some(name)) => Ok(name.to_owned()),
        _ => id(client, object).map(|id| id.to_string()),
    }
}

/// The one consent among a peering's that a verb can apply to.
fn choose(label: &str, consents: Vec<Value>, role: Role) -> Result<Value, Failure> {
    let told: Vec<String> = consents.iter().map(tell).collect();
    let candidates = match role {
        // Who may see both sides sees the request as it stands with its owner.
        Role::Request => prefer(
            consents
                .into_iter()
                .filter(|consent| state_of(consent) == Some(State::Pending))
                .collect(),
            is_incoming,
        ),
        Role::Own => prefer(
            consents
                .into_iter()
                .filter(|consent| !is_incoming(consent))
                .collect(),
            |consent| state_of(consent) != Some(State::Deleted),
        ),
    };
    let none = match role {
        Role::Request => "no pending request",
        Role::Own => "no consent of yours",
    };
    match (<[Value; 1]>::try_from(candidates), told.as_slice()) {
        (Ok([consent]), _) => Ok(consent),
        (Err(_), []) => Err(Failure::Failed(format!("there is no peering {label}"))),
        (Err(few), told) => {
            let told = told.join(", ");
            Err(Failure::Failed(if few.is_empty() {
                format!("{label} has {none}; there is {told}")
            } else {
                format!("{label} does not say which is meant; name one of {told}")
            }))
        }
    }
}

/// Those that are preferred, or all where none is.
fn prefer(all: Vec<Value>, preferred: impl Fn(&Value) -> bool) -> Vec<Value> {
    let (best, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(preferred);
    if best.is_empty() { rest } else { best }
}

fn is_incoming(consent: &Value) -> bool {
    consent["status"]["incoming"] == true
}

fn tell(consent: &Value) -> String {
    let text = |pointer| {
        let value = consent.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_default()
    };
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let incoming = if is_incoming(consent) {
        ", incoming"
    } else {
        ""
    };
    format!("{namespace}/{name} ({}{incoming})", text("/status/state"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn consent(name: &str, state: &str, incoming: bool) -> Value {
        json!({
            "metadata": { "namespace": "a", "name": name },
            "status": { "state": state, "incoming": incoming },
        })
    }

    fn chosen(consents: &[Value], role: Role) -> Result<String, String> {
        match choose("L", consents.to_vec(), role) {
            Ok(found) => Ok(found["metadata"]["name"].as_str().unwrap().to_owned()),
            Err(failure) => Err(failure.to_string()),
        }
    }

    #[test]
    fn a_label_means_the_request_to_who_answers_and_the_own_consent_to_its_owner() {
        let both = [
            consent("mine", "pending", false),
            consent("theirs", "pending", true),
        ];
        assert_eq!(chosen(&both, Role::Request).unwrap(), "theirs");
        assert_eq!(chosen(&both, Role::Own).unwrap(), "mine");
    }

    #[test]
    fn who_sees_both_sides_answers_the_side_that_is_pending() {
        let seen = [
            consent("asks", "pending", false),
            consent("old", "deleted", false),
        ];
        assert_eq!(chosen(&seen, Role::Request).unwrap(), "asks");
        assert_eq!(chosen(&seen, Role::Own).unwrap(), "asks");
        let gone = [consent("old", "deleted", false)];
        assert_eq!(chosen(&gone, Role::Own).unwrap(), "old");
    }

    #[test]
    fn what_is_not_clear_is_said() {
        let both = [
            consent("one", "active", false),
            consent("two", "active", false),
        ];
        assert_eq!(
            chosen(&both, Role::Own).unwrap_err(),
            "L does not say which is meant; name one of a/one (active), a/two (active)"
        );
        assert_eq!(
            chosen(&both[..1], Role::Request).unwrap_err(),
            "L has no pending request; there is a/one (active)"
        );
        assert_eq!(chosen(&[], Role::Own).unwrap_err(), "there is no peering L");
    }
}
