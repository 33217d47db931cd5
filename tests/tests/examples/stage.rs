//! `examples/stage.sh`, which makes its namespaces itself and takes them down.

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context as _, Result};
use peer_tests::{Programs, process};

/// How long an example may take, on a slow machine too.
const LIMIT: Duration = Duration::from_secs(180);

/// One reply is enough, however late.
pub(super) const PING: &str = "ping -n -c 1 -w 30";

/// Plays a script on the stage, inside `examples/`; returns what it printed. It ends with
/// the first command that fails.
pub(super) fn play(script: &str, environment: &[(&str, String)]) -> Result<String> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let programs = Programs::find()?;
    let folder = programs.peerd.parent().context("peerd is in no folder")?;
    let mut stage = Command::new("sh");
    stage
        .args(["stage.sh", "sh", "-ec", script])
        .current_dir(examples)
        .env("PEERD_BIN_DIR", folder)
        .envs(environment.iter().map(|(name, value)| (name, value)));
    process::run(&mut stage, LIMIT)?.ok()
}
