//! `peerctl check`: what is wrong with a table, without a daemon.

use std::path::Path;

use super::{
    Exit, Failure,
    documents::{self, Files},
    failure::note,
    output::print,
};
use crate::dialect;

/// Arguments of `check`.
#[derive(Clone, Debug, clap::Args)]
pub struct Check {
    #[command(flatten)]
    files: Files,
}

impl Check {
    /// Report every error of every file as `FILE:LINE:COLUMN: sentence`.
    ///
    /// # Errors
    /// If any file is refused.
    pub fn run(&self) -> Result<Exit, Failure> {
        let mut refused = 0;
        for file in &self.files.files {
            if !check_one(file)? {
                refused += 1;
            }
        }
        match refused {
            0 => Ok(Exit::Done),
            1 => Err(Failure::Failed("the table is not valid".to_owned())),
            _ => Err(Failure::Failed(format!("{refused} tables are not valid"))),
        }
    }
}

fn check_one(file: &Path) -> Result<bool, Failure> {
    let name = documents::name(file);
    let text = match documents::text(file) {
        Ok(text) => text,
        Err(error) => {
            note(&format!("{name}: cannot be read: {error}"));
            return Ok(false);
        }
    };
    match dialect::parse(&text) {
        Ok(declared) => {
            for warning in &declared.warnings {
                note(&format!("{name}:{warning} (warning)"));
            }
            let (networks, consents) = (declared.networks.len(), declared.consents.len());
            print(&format!(
                "{name}: valid; networks: {networks}, peerings: {consents}"
            ))?;
            Ok(true)
        }
        Err(errors) => {
            for error in errors {
                note(&format!("{name}:{error}"));
            }
            Ok(false)
        }
    }
}
