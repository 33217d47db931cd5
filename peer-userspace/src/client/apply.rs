//! `peerctl apply`, `diff`, `confirm` and `undo`: tables into peerd, and back.

use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::{
    Client, Exit, Failure,
    documents::{Documents, Files},
    duration,
    failure::note,
    http::{Body, report_warnings, sentences},
    kinds,
    output::Output,
    table::{Column, cell, table},
    url::Url,
    write::note_dry_run,
};

/// Arguments of `apply`.
#[derive(Clone, Debug, clap::Args)]
pub struct Apply {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    prune: Prune,
    /// Take it back after this time unless `peerctl confirm` comes before, like 60s
    #[arg(long, value_name = "TIME", value_parser = whole_seconds)]
    confirm_timeout: Option<u64>,
    /// Check and answer, but change nothing
    #[arg(long, conflicts_with = "confirm_timeout")]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
}

/// Arguments of `diff`.
#[derive(Clone, Debug, clap::Args)]
pub struct Diff {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    prune: Prune,
    #[command(flatten)]
    output: Output,
}

/// Arguments of `confirm` and `undo`.
#[derive(Clone, Debug, clap::Args)]
pub struct LastApply {
    #[command(flatten)]
    output: Output,
}

/// `--prune`.
#[derive(Clone, Debug, clap::Args)]
struct Prune {
    /// Delete what was applied before and is not in the files, in the namespaces they name
    #[arg(long)]
    prune: bool,
}

fn whole_seconds(text: &str) -> Result<u64, String> {
    let time = duration(text)?;
    if time.subsec_nanos() == 0 && time >= Duration::from_secs(1) {
        Ok(time.as_secs())
    } else {
        Err("use whole seconds, at least one".to_owned())
    }
}

impl Apply {
    /// Apply the files, all or nothing.
    ///
    /// # Errors
    /// If a file cannot be read, or peerd refuses.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let url = Url::of(&["apply"])
            .with_flag("dryRun", self.dry_run)
            .with_some("confirmTimeout", self.confirm_timeout);
        let answer = post(client, url, &self.files, &self.prune).await?;
        self.output.output.show(&answer, text)?;
        if let Some(by) = answer["confirmBy"].as_str() {
            note(&format!(
                "taken back at {by} unless `peerctl confirm` comes before"
            ));
        }
        if let Some(hint) = hint(&answer) {
            note(&hint);
        }
        if self.dry_run {
            note_dry_run();
        }
        Ok(Exit::Done)
    }
}

impl Diff {
    /// Say what applying the files would change.
    ///
    /// # Errors
    /// If a file cannot be read, or peerd refuses.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let url = Url::of(&["apply"]).with("dryRun", true);
        let answer = post(client, url, &self.files, &self.prune).await?;
        self.output.output.show(&answer, text)?;
        Ok(if differs(&answer) {
            Exit::Differs
        } else {
            Exit::Done
        })
    }
}

impl LastApply {
    /// Keep the last apply.
    ///
    /// # Errors
    /// If there is none that waits for it.
    pub async fn confirm(&self, client: &Client) -> Result<Exit, Failure> {
        self.post(client, "confirm", "confirmed").await
    }

    /// Take the last apply back.
    ///
    /// # Errors
    /// If there is none, or what it changed was changed since.
    pub async fn undo(&self, client: &Client) -> Result<Exit, Failure> {
        self.post(client, "undo", "undone").await
    }

    async fn post(&self, client: &Client, verb: &str, done: &str) -> Result<Exit, Failure> {
        let answer = client.send(Method::POST, &Url::of(&[verb]), None).await?;
        report_warnings(&answer);
        let people = |answer: &Value| match answer["changes"].as_array() {
            Some(_) => text(answer),
            None => done.to_owned(),
        };
        self.output.output.show(&answer, people)?;
        Ok(Exit::Done)
    }
}

async fn post(client: &Client, url: Url, files: &Files, prune: &Prune) -> Result<Value, Failure> {
    let mut documents = Documents::read(files)?;
    let url = url.with_flag("prune", prune.prune);
    let body = Body::yaml(std::mem::take(&mut documents.text));
    match client.send(Method::POST, &url, Some(body)).await {
        Ok(answer) if answer["changes"].is_array() => {
            for warning in sentences(&answer["warnings"]) {
                note(&format!("{} (warning)", documents.place(&warning)));
            }
            Ok(answer)
        }
        Ok(_) => Err(client.foreign("its answer to POST /v1/apply lists no changes")),
        Err(Failure::Refused { detail, errors }) => Err(Failure::Refused {
            detail,
            errors: errors.iter().map(|error| documents.place(error)).collect(),
        }),
        Err(failure) => Err(failure),
    }
}

const ACTIONS: [&str; 4] = ["create", "update", "delete", "unchanged"];

/// Whether anything would change.
fn differs(answer: &Value) -> bool {
    changes(answer).next().is_some()
        || ROUTES
            .iter()
            .any(|what| answer["routes"][what].as_u64().unwrap_or_default() > 0)
}

const ROUTES: [&str; 3] = ["added", "removed", "changed"];

/// The changes that change something.
fn changes(answer: &Value) -> impl Iterator<Item = &Value> {
    let all = answer["changes"].as_array().into_iter().flatten();
    all.filter(|change| change["action"] != "unchanged")
}

/// Where to read why something does not work that was to.
fn hint(answer: &Value) -> Option<String> {
    let stuck = |change: &&Value| {
        ["failed", "conflict"]
            .iter()
            .any(|it| change["state"] == *it)
    };
    let change = changes(answer).find(stuck)?;
    let state = change["state"].as_str()?;
    Some(format!(
        "{} {} is {state}: `peerctl get peerings -A --state {state}` says why",
        cell(change, "/kind"),
        cell(change, "/name")
    ))
}

/// The namespace of an object that has one.
fn namespace(change: &Value) -> String {
    let kind = change["kind"].as_str().and_then(kinds::called);
    match kind {
        Some(kind) if !kind.is_namespaced() => String::new(),
        _ => cell(change, "/namespace"),
    }
}

/// The objects that change with the states they get, and a summary.
fn text(answer: &Value) -> String {
    let mut text = String::new();
    if changes(answer).next().is_some() {
        let columns = [
            Column::new("ACTION", "/action"),
            Column::new("KIND", "/kind"),
            Column::of("NAMESPACE", namespace),
            Column::new("NAME", "/name"),
            Column::new("STATE", "/state"),
        ];
        text = table(changes(answer), &columns);
        text.push('\n');
    }
    let all = answer["changes"].as_array();
    let objects = ACTIONS.map(|action| {
        let of_it = |change: &&Value| change["action"] == action;
        let count = all.into_iter().flatten().filter(of_it).count();
        format!("{count} {action}")
    });
    let routes = ROUTES.map(|what| {
        format!(
            "{} {what}",
            answer["routes"][what].as_u64().unwrap_or_default()
        )
    });
    text.push_str(&format!(
        "objects: {}\nroutes:  {}",
        objects.join(", "),
        routes.join(", ")
    ));
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(action: &str, added: u64) -> Value {
        json!({
            "changes": [{ "action": action, "kind": "Peering", "namespace": "a", "name": "b", "state": "active" }],
            "routes": { "added": added, "removed": 0, "changed": 0 },
        })
    }

    #[test]
    fn whoever_applies_what_fails_is_told_where_the_reason_is() {
        assert_eq!(hint(&answer("create", 1)), None);
        let mut failed = answer("create", 0);
        failed["changes"][0]["state"] = json!("failed");
        assert_eq!(
            hint(&failed).as_deref(),
            Some("Peering b is failed: `peerctl get peerings -A --state failed` says why")
        );
    }

    #[test]
    fn objects_and_routes_make_a_difference() {
        assert!(!differs(&answer("unchanged", 0)));
        assert!(differs(&answer("unchanged", 1)));
        assert!(differs(&answer("delete", 0)));
    }

    #[test]
    fn what_does_not_change_is_counted_and_not_listed() {
        assert_eq!(
            text(&answer("unchanged", 0)),
            "objects: 0 create, 0 update, 0 delete, 1 unchanged\nroutes:  0 added, 0 removed, 0 changed"
        );
        let created = text(&answer("create", 2));
        assert!(
            created.contains("create  Peering  a          b     active"),
            "{created}"
        );
    }

    #[test]
    fn a_confirm_timeout_is_whole_seconds() {
        assert_eq!(whole_seconds("2m"), Ok(120));
        for wrong in ["0s", "100ms", "1500ms", "60", ""] {
            assert!(whole_seconds(wrong).is_err(), "{wrong}");
        }
    }
}
