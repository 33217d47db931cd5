//! Placeholder while the tool is bootstrapped.
use anyhow::Result;
#[derive(clap::Args)]
pub(crate) struct Options {}
pub(crate) fn run() -> Result<()> { Ok(()) }
