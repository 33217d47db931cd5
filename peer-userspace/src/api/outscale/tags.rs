//! Tags, which are labels: a NetPeering's are those of the caller's own consent.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Call,
    errors::Error,
    filters::{Known, Query, Type},
    ids::Resource,
    net_peerings::{all, find},
    nets,
    params::Params,
};
use crate::{
    api::{
        caller::Caller,
        change::{authorize, refuse_files, refuse_made},
    },
    daemon::Snapshot,
    model::Kind,
    store::{Declaration, Stored},
};

const FILTERS: [Known; 4] = [
    ("ResourceIds", Type::Texts, "ResourceId"),
    ("ResourceTypes", Type::Texts, "ResourceType"),
    ("Keys", Type::Texts, "Key"),
    ("Values", Type::Texts, "Value"),
];

/// Characters of a key or a value.
const LONGEST: usize = 255;

type Labels = BTreeMap<String, String>;

/// Labels as `Tags`.
pub(super) fn list(labels: &Labels) -> Value {
    let tags = labels.iter();
    tags.map(|(key, value)| json!({ "Key": key, "Value": value }))
        .collect()
}

/// `ReadTags`.
pub(super) fn read(call: &Call, mut params: Params) -> Result<Value, Error> {
    let query = Query::read(&mut params, &[&FILTERS])?;
    params.finish()?;
    let snapshot = call.shared.snapshot();
    let peerings = all(&snapshot, &call.caller).filter_map(|peering| {
        let own = peering.own_consent()?;
        Some((peering.id(), "vpc-peering-connection", &own.labels))
    });
    let nets = nets::seen(&snapshot, &call.caller)
        .map(|net| (Resource::Net.id(net.uid), "vpc", &net.network.labels));
    let tags = peerings.chain(nets).flat_map(|(id, kind, labels)| {
        labels.iter().map(move |(key, value)| {
            let tag = json!({
                "ResourceId": id, "ResourceType": kind, "Key": key, "Value": value,
            });
            (format!("{id}/{key}"), tag)
        })
    });
    Ok(query.answer("Tags", tags))
}

/// `CreateTags`.
pub(super) async fn create(call: &Call, params: Params) -> Result<Value, Error> {
    change(call, params, true, |labels, key, value| {
        labels.insert(key, value.unwrap_or_default());
    })
    .await
}

/// `DeleteTags`: with a value, only a tag that has it.
pub(super) async fn delete(call: &Call, params: Params) -> Result<Value, Error> {
    change(call, params, false, |labels, key, value| {
        if value.is_none_or(|value| labels.get(&key) == Some(&value)) {
            labels.remove(&key);
        }
    })
    .await
}

async fn change(
    call: &Call,
    mut params: Params,
    checked: bool,
    change: fn(&mut Labels, String, Option<String>),
) -> Result<Value, Error> {
    let resources = some(&params.texts("ResourceIds")?, "ResourceIds")?;
    let tags = params.objects("Tags")?;
    params.finish()?;
    let mut read = Vec::new();
    for mut tag in tags.into_iter().flatten() {
        let (key, value) = (tag.text("Key")?, tag.text("Value")?);
        tag.finish()?;
        read.push(checked_tag(key.unwrap_or_default(), value, checked)?);
    }
    if read.is_empty() {
        return Err(Error::missing_parameter("Tags names no tag"));
    }
    call.write(move |caller, snapshot, stored| {
        for id in &resources {
            relabel(caller, snapshot, stored, id, |labels| {
                for (key, value) in &read {
                    change(labels, key.clone(), value.clone());
                }
            })?;
        }
        Ok(())
    })
    .await?;
    Ok(json!({}))
}

fn some(given: &Option<Vec<String>>, name: &str) -> Result<Vec<String>, Error> {
    let given = given.clone().filter(|given| !given.is_empty());
    given.ok_or_else(|| Error::missing_parameter(format!("{name} is missing")))
}

type Tag = (String, Option<String>);

/// What may be a tag. What is none cannot be there to be deleted.
fn checked_tag(key: String, value: Option<String>, checked: bool) -> Result<Tag, Error> {
    let length = |text: &str| text.chars().count();
    let is_odd = |text: &str| text.contains(char::is_control) || length(text) > LONGEST;
    if checked && (key.is_empty() || is_odd(&key)) {
        return Err(Error::invalid_tag_key(format!(
            "a tag's Key has 1 to {LONGEST} characters, none of them a control character"
        )));
    }
    if checked && value.as_deref().is_some_and(is_odd) {
        return Err(Error::invalid_tag_value(format!(
            "a tag's Value has at most {LONGEST} characters, none of them a control character"
        )));
    }
    Ok((key, value))
}

/// Change the labels of the caller's own consent to a NetPeering.
fn relabel(
    caller: &Caller,
    snapshot: &Snapshot,
    stored: &mut Stored,
    id: &str,
    change: impl FnOnce(&mut Labels),
) -> Result<(), Error> {
    match Resource::of(id) {
        Some((Resource::NetPeering, _)) => {}
        Some(_) => {
            return Err(Error::not_supported(format!(
                "`{id}` cannot be tagged here: the tags of a Net are the labels of its Network, \
                 which whoever declares it sets; only Net peerings can be tagged"
            )));
        }
        None => {
            let text = format!("`{id}` does not exist: peerd can tag Net peerings (pcx-…)");
            return Err(Error::no_resource(text));
        }
    }
    let peering = find(snapshot, caller, id)?;
    let own = peering.own_consent();
    let own = own.ok_or_else(|| {
        Error::invalid_state(format!(
            "`{id}` is not accepted: its tags are the requester's until AcceptNetPeering"
        ))
    })?;
    let key = (Kind::Peering, own.id.clone());
    authorize(caller, &key)?;
    let Some(known) = stored.objects.get(&key) else {
        refuse_files(stored, &key)?;
        refuse_made(snapshot, &key)?;
        return Err(Error::invalid_state(format!("`{id}` was deleted")));
    };
    let mut declared = known.declared.clone();
    if let Declaration::Peering(consent) = &mut declared {
        change(&mut consent.labels);
    }
    // What could not be read again would keep the daemon from starting.
    if Declaration::read(&declared.document().to_string()).is_none() {
        let text = "a tag has characters that cannot be stored";
        return Err(Error::invalid_tag_value(text));
    }
    stored.put(declared);
    Ok(())
}
