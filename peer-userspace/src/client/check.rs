//! `peerctl check`: what is wrong with a table, without a daemon.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::dialect;

/// Report every error of every file as `FILE:LINE:COLUMN: sentence`.
///
/// # Errors
/// If any file is refused.
pub fn check(files: &[PathBuf]) -> Result<(), Failure> {
    let mut refused = 0;
    for file in files {
        if !check_one(file) {
            refused += 1;
        }
    }
    match refused {
        0 => Ok(()),
        1 => Err(Failure::failed("the table is not valid")),
        _ => Err(Failure::failed(format!("{refused} tables are not valid"))),
    }
}

fn check_one(file: &Path) -> bool {
    let name = file.display();
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => {
            eprintln!("{name}: cannot be read: {error}");
            return false;
        }
    };
    match dialect::parse(&text) {
        Ok(declared) => {
            for warning in &declared.warnings {
                eprintln!("{name}:{warning} (warning)");
            }
            let (networks, consents) = (declared.networks.len(), declared.consents.len());
            println!("{name}: valid; networks: {networks}, peerings: {consents}");
            true
        }
        Err(errors) => {
            for error in errors {
                eprintln!("{name}:{error}");
            }
            false
        }
    }
}
