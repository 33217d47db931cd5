//! Running peerctl and judging how it ended.

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Daemon, Output};
use serde_json::Value;

/// Done, with nothing wrong to tell. Returns what it printed.
pub(super) fn done(daemon: &Daemon, line: &str) -> Result<String> {
    ended(&run(daemon, line)?, 0).map(|output| output.stdout)
}

/// Refused; what is printed on stdout is empty. Returns what it says.
pub(super) fn refused(daemon: &Daemon, line: &str, code: i32) -> Result<String> {
    let output = ended(&run(daemon, line)?, code)?;
    ensure!(output.stdout.is_empty(), "data of what failed: {output}");
    Ok(output.stderr)
}

/// What it prints with `-o json`.
pub(super) fn json(daemon: &Daemon, line: &str) -> Result<Value> {
    let text = done(daemon, &format!("{line} -o json"))?;
    serde_json::from_str(&text).with_context(|| text.clone())
}

/// State of a consent.
pub(super) fn state(daemon: &Daemon, id: &str) -> Result<String> {
    let consent = json(daemon, &format!("get peerings {id}"))?;
    Ok(consent["status"]["state"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

/// Run a command line, whose words have no spaces.
pub(super) fn run(daemon: &Daemon, line: &str) -> Result<Output> {
    let words: Vec<&str> = line.split_whitespace().collect();
    daemon.peerctl(&words)
}

pub(super) fn ended(output: &Output, code: i32) -> Result<Output> {
    ensure!(output.code == Some(code), "not {code}: {output}");
    ensure!(!output.said().contains('\u{1b}'), "colours: {output}");
    Ok(output.clone())
}
