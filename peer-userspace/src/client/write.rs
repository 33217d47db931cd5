//! What all commands that change one object have in common: `--dry-run`, `-o`,
//! and the line that says what became of it.

use hyper::Method;
use serde_json::Value;

use super::{
    Client, Exit, Failure,
    documents::without_place,
    failure::note,
    http::{Body, report_warnings},
    output::Output,
    resolve,
    url::Url,
};

/// Arguments of every such command.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct WriteArgs {
    /// Check and answer, but change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: Output,
}

impl WriteArgs {
    /// Ask, and tell what became of the object.
    pub(super) async fn send(
        &self,
        client: &Client,
        method: Method,
        url: Url,
        body: Option<&Value>,
    ) -> Result<Exit, Failure> {
        let url = url.with_flag("dryRun", self.dry_run);
        let deleted = method == Method::DELETE;
        let answer = client
            .send(method, &url, body.map(Body::json))
            .await
            .map_err(of_arguments)?;
        report_warnings(&answer);
        let label = resolve::label(client, &answer)?;
        self.output.output.show(&answer, |object| {
            // Of a deleted peering something stays to be seen, of all else nothing does.
            let told = match object["kind"].as_str() {
                Some("Peering") => state(object),
                _ if deleted => ": deleted".to_owned(),
                _ => state(object),
            };
            format!("{label}{told}")
        })?;
        if self.dry_run {
            note_dry_run();
        }
        Ok(Exit::Done)
    }
}

/// Tell, on stderr, that what was shown has not come to be.
pub(super) fn note_dry_run() {
    note("dry run: nothing was changed");
}

/// The documents were made of arguments: lines and columns would say nothing.
fn of_arguments(failure: Failure) -> Failure {
    match failure {
        Failure::Refused { detail, errors } => Failure::Refused {
            detail,
            errors: errors.iter().map(|error| without_place(error)).collect(),
        },
        failure => failure,
    }
}

/// `: STATE (reason)`, of an object that has a state.
pub(super) fn state(object: &Value) -> String {
    let status = &object["status"];
    match (status["state"].as_str(), status["reason"].as_str()) {
        (None, _) => String::new(),
        (Some(state), None | Some("")) => format!(": {state}"),
        (Some(state), Some(reason)) => format!(": {state} ({reason})"),
    }
}
