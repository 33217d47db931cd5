//! What callers are shown that is not one object: lists, watches, what the kernel
//! holds. Each must be exactly root's, less what is not for the caller.

use anyhow::{Context as _, Result};
use peer_tests::{Answer, Api, Ask, Bare, documents};
use serde_json::Value;

use super::{
    callers::Caller,
    expected::{self, Right},
    world::{Kind, OWNERS, Object, Stage},
};

/// A row as the caller is told it. Where a route leads in another owner's network is
/// that owner's: of it there are the prefixes that it exports (/16 each, 10.N.0.0), and
/// nothing of its hosts, its subnets and the router's addresses there.
fn told(mut row: Value, caller: &Caller) -> Option<Value> {
    let Some(to) = row["to"].as_str().map(str::to_owned) else {
        return Some(row);
    };
    let prefix = |network: &str| match network {
        "blue-team/blue" => "10.1.",
        "green-team/green" => "10.2.",
        "red-team/red" => "10.3.",
        _ => "10.9.",
    };
    let others = ["blue-team/blue", "green-team/green", "red-team/red"]
        .into_iter()
        .filter(|network| row["network"] != **network)
        .find(|network| to.starts_with(prefix(network)));
    let namespace = others.and_then(|network| network.split('/').next());
    if namespace.is_none_or(|namespace| caller.sees(namespace)) {
        return Some(row);
    }
    if !to.ends_with("/16") {
        return None;
    }
    for key in ["port", "nextHop", "mac", "hops"] {
        row[key] = Value::Null;
    }
    Some(row)
}

/// A request, the statuses that are right, and the status and body that came. Of a
/// body that shows too much or too little the status is made 0.
type View = (String, Right, (u16, String));

/// Of rows without an owner, or with too many of them: shown too much.
const SHOWS_OTHERWISE: u16 = 0;

pub(super) fn of(caller: &Caller, bare: &Bare, objects: &[Object]) -> Result<Vec<View>> {
    let (api, root) = (caller.api(&bare.daemon)?, bare.daemon.api());
    let mut views = Vec::new();
    let mut look = |target: &str, right: Right, is_right: &dyn Fn(&Answer) -> Result<bool>| {
        let answer = api.send(&Ask::new("GET", target))?;
        let right: Right = if caller.is_known() { right } else { &[401] };
        let fits = answer.status != 200 || is_right(&answer).context(target.to_owned())?;
        let status = if fits { answer.status } else { SHOWS_OTHERWISE };
        views.push((format!("GET {target}"), right, (status, answer.body)));
        Ok::<_, anyhow::Error>(())
    };
    let scopes = OWNERS.map(Some).into_iter().chain([None]);
    for namespace in scopes {
        let query = namespace.map_or(String::new(), |namespace| format!("?namespace={namespace}"));
        for (kind, list) in [(Kind::Network, "networks"), (Kind::Peering, "peerings")] {
            let wanted = listed(caller, objects, kind, namespace);
            look(&format!("/v1/{list}{query}"), &[200], &|answer| {
                Ok(names(items(answer)?.iter()) == wanted)
            })?;
        }
        for rows in ["routes", "ports", "neighbours", "drops"] {
            let target = format!("/v1/{rows}{query}");
            let all = root.list(&format!("/v1/{rows}"))?;
            let wanted = all.iter().filter(|row| {
                let owner = owner(row);
                let scope = namespace.is_none_or(|namespace| owner == namespace);
                scope && caller.sees(&owner)
            });
            let wanted: Vec<Value> = wanted
                .map(uncounted)
                .filter_map(|row| told(row, caller))
                .collect();
            look(&target, &[200], &|answer| {
                let rows: Vec<Value> = items(answer)?.iter().map(uncounted).collect();
                Ok(rows == wanted)
            })?;
        }
    }
    look("/v1/status", &[200], &|answer| {
        let status = answer.json()?;
        let mine = |object: &&Object| {
            object.kind == Kind::Network
                && object.stage != Stage::Absent
                && caller.sees(object.namespace())
        };
        let whole = ["generation", "lastApply", "routes", "files"];
        let shown = whole.iter().filter(|key| !status[**key].is_null());
        Ok(status["networks"] == objects.iter().filter(mine).count()
            && shown.count() == if caller.sees_all() { whole.len() } else { 0 })
    })?;
    let metrics: Right = if caller.sees_all() { &[200] } else { &[403] };
    look("/metrics", metrics, &|answer| {
        Ok(answer.body.contains("red-team"))
    })?;
    look("/openapi.json", &[200], &|answer| {
        Ok(answer.json()?["openapi"].is_string())
    })?;
    look("/v1/nothing", &[404], &|_| Ok(false))?;
    if caller.is_known() {
        for (kind, query) in [(Kind::Network, "networks"), (Kind::Peering, "peerings")] {
            let wanted = listed(caller, objects, kind, None);
            let seen = watched(&api, query)?;
            let status = if seen == wanted { 200 } else { SHOWS_OTHERWISE };
            views.push((format!("watch {query}"), &[200], (status, seen.join(" "))));
        }
    }
    Ok(views)
}

/// Names of what is to be listed, in order. With a namespace requests are only
/// those made to its networks.
fn listed(caller: &Caller, objects: &[Object], kind: Kind, namespace: Option<&str>) -> Vec<String> {
    let fits = |object: &&Object| {
        let is_own = caller.sees(object.namespace());
        let in_scope = namespace.is_none_or(|namespace| {
            let asked = object.stage == Stage::Asked && object.peer() == namespace;
            namespace == object.namespace() && is_own || asked && caller.sees(namespace)
        });
        object.kind == kind && in_scope && expected::is_listed(caller, object)
    };
    let mut names: Vec<_> = objects.iter().filter(fits).map(Object::id).collect();
    names.sort();
    names
}

fn watched(api: &Api, kind: &str) -> Result<Vec<String>> {
    let mut watch = api.watch(&format!("?kind={kind}"))?;
    Ok(names(watch.begin()?.iter()))
}

fn names<'a>(objects: impl Iterator<Item = &'a Value>) -> Vec<String> {
    objects.map(documents::name).collect()
}

fn items(answer: &Answer) -> Result<Vec<Value>> {
    let list = answer.json()?;
    let items = list["items"].as_array();
    Ok(items.context("a list without items")?.clone())
}

/// The owner of the network a row is about.
fn owner(row: &Value) -> String {
    match &row["network"] {
        Value::String(label) => label.split('/').next().unwrap_or_default().to_owned(),
        network => network["namespace"].as_str().unwrap_or_default().to_owned(),
    }
}

fn uncounted(row: &Value) -> Value {
    let mut row = row.clone();
    if let Some(row) = row.as_object_mut() {
        row.remove("packets");
    }
    row
}
