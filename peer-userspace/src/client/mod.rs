//! peerctl: asks the daemon and shows the answer.
//!
//! Owns arguments' meaning and the look of output: data on stdout, the rest on
//! stderr, exit codes as documented in [`Exit`].

mod check;
mod get;
mod http;
mod output;
mod status;

use std::process::ExitCode;

pub use check::check;
pub use get::{Selection, get};
pub use output::Format;
pub use status::status;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or valid.
    Done = 0,
    /// Refused, invalid or not found.
    Failed = 1,
    /// The arguments make no sense (sysexits.h EX_USAGE).
    Usage = 64,
    /// The daemon does not answer (sysexits.h EX_UNAVAILABLE).
    Unavailable = 69,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// What went wrong, for the user.
#[derive(Debug)]
pub struct Failure {
    /// How to end.
    pub exit: Exit,
    /// One sentence.
    pub text: String,
}

impl Failure {
    fn failed(text: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            text: text.into(),
        }
    }
}
