//! `peerctl status`: is all well, and if not, what is not.

use serde_json::Value;

use super::{Client, Exit, Failure, output::Output, url::Url};

/// Arguments of `status`.
#[derive(Clone, Debug, clap::Args)]
pub struct Status {
    #[command(flatten)]
    output: Output,
}

impl Status {
    /// Print how the daemon is.
    ///
    /// # Errors
    /// If it does not answer, or not to this caller.
    pub async fn run(&self, client: &Client) -> Result<Exit, Failure> {
        let status = client.get(&Url::of(&["status"])).await?;
        if !status["version"].is_string() {
            return Err(client.foreign("its answer to GET /v1/status has no version"));
        }
        self.output.output.show(&status, text)?;
        Ok(Exit::Done)
    }
}

fn text(status: &Value) -> String {
    let mut lines = vec![format!(
        "peerd {}",
        status["version"].as_str().unwrap_or_default()
    )];
    let apply = &status["lastApply"];
    let at = apply["at"].as_str().unwrap_or("never");
    lines.push(match apply["error"].as_str() {
        Some(error) => format!("kernel:   NOT as it should be since {at}: {error}"),
        None => format!(
            "kernel:   as it should be; last change {at}, generation {}",
            status["generation"]
        ),
    });
    let ports = &status["ports"];
    lines.push(format!("networks: {}", status["networks"]));
    lines.push(format!(
        "ports:    {} up, {} failed",
        ports["up"], ports["failed"]
    ));
    lines.push(format!("routes:   {}", status["routes"]));
    let states: Vec<String> = status["peerings"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(state, count)| format!("{count} {state}"))
        .collect();
    let states = if states.is_empty() {
        "none".to_owned()
    } else {
        states.join(", ")
    };
    lines.push(format!("peerings: {states}"));
    for report in status["files"].as_array().into_iter().flatten() {
        let file = report["file"].as_str().unwrap_or_default();
        let errors = report["errors"].as_array().map_or(0, Vec::len);
        let verdict = match (errors, report["objects"].as_u64()) {
            (0, _) => "in force",
            (_, Some(0)) => "REFUSED, nothing of it in force",
            _ => "REFUSED, last good version in force",
        };
        lines.push(format!("table:    {file}: {verdict}"));
        for finding in ["errors", "warnings"]
            .iter()
            .flat_map(|kind| report[kind].as_array())
            .flatten()
        {
            lines.push(format!(
                "          {}",
                finding.as_str().unwrap_or_default()
            ));
        }
    }
    lines.join("\n")
}
