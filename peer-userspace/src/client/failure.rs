//! How a command ends: its exit code, and what went wrong for the user.
//!
//! Must not know any command.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use thiserror::Error;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or valid.
    Done = 0,
    /// Refused, invalid, not found or not in time.
    Failed = 1,
    /// `diff` found differences.
    Differs = 2,
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

/// What went wrong; displayed as one sentence.
#[derive(Debug, Error)]
pub enum Failure {
    /// Nothing can be done, or nothing is there to do it to.
    #[error("{0}")]
    Failed(String),
    /// The arguments or the environment make no sense.
    #[error("{0}")]
    Usage(String),
    /// peerd refused.
    #[error("{detail}")]
    Refused {
        /// What peerd says.
        detail: String,
        /// Each error of the documents, with its place.
        errors: Vec<String>,
    },
    /// Nobody is there.
    #[error("peerd does not answer on {server}: {why}")]
    Unavailable {
        /// Where it was looked for.
        server: String,
        /// What happened instead.
        why: String,
    },
    /// Somebody else is there.
    #[error("what answers on {server} is another program or another version of peerd: {why}")]
    Foreign {
        /// Where it answered.
        server: String,
        /// What is wrong with its answer.
        why: String,
    },
    /// Who read the output has enough: `peerctl get … | head` is no error.
    #[error("the output was closed")]
    ClosedPipe,
}

impl Failure {
    /// How to end.
    pub fn exit(&self) -> Exit {
        match self {
            Self::ClosedPipe => Exit::Done,
            Self::Failed(_) | Self::Refused { .. } => Exit::Failed,
            Self::Usage(_) => Exit::Usage,
            Self::Unavailable { .. } | Self::Foreign { .. } => Exit::Unavailable,
        }
    }

    /// Tell the user, on stderr.
    pub fn report(&self) {
        match self {
            Self::ClosedPipe => return,
            Self::Refused { errors, .. } => errors.iter().for_each(|error| note(error)),
            _ => {}
        }
        note(&format!("peerctl: {self}"));
    }
}

/// A line on stderr.
pub(super) fn note(line: &str) {
    // Nobody is left to tell that stderr is closed.
    let _ = writeln!(io::stderr(), "{line}");
}
