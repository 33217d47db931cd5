//! What can go wrong at the kernel edge, with the object it went wrong on.

use std::{io, path::PathBuf};

/// An error of the kernel edge.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// A capability is missing.
    #[error("peerd needs {missing}; run it as root or give it that capability")]
    Privileges {
        /// Names of the capabilities.
        missing: String,
    },
    /// The pin directory is not on bpffs.
    #[error(
        "{dir} is not on a BPF file system; mount one there or choose --bpffs below /sys/fs/bpf"
    )]
    NotBpffs {
        /// The directory.
        dir: PathBuf,
    },
    /// Another daemon holds the pin directory.
    #[error("another peerd uses {dir}; stop it first, or choose another --bpffs")]
    Locked {
        /// The directory.
        dir: PathBuf,
    },
    /// A file operation failed.
    #[error("cannot {what} {path}: {source}")]
    File {
        /// The operation.
        what: &'static str,
        /// Its object.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The BPF object or one of its programs was refused.
    #[error("the kernel refused {what}: {reason}")]
    Refused {
        /// Program or object.
        what: String,
        /// The kernel's or the verifier's words.
        reason: String,
    },
    /// A map operation failed.
    #[error("map {map}: {reason}")]
    Map {
        /// Its name.
        map: String,
        /// Why.
        reason: String,
    },
    /// More prefixes than the memory of the tables has room for.
    #[error(
        "the memory of the forwarding tables is full; raise tableMemory in peerd.yaml and restart peerd, \
         which loses no packet"
    )]
    TablesFull,
    /// A netlink request failed.
    #[error("cannot read {what} from the kernel: {reason}")]
    Netlink {
        /// What was asked for.
        what: &'static str,
        /// Why.
        reason: String,
    },
}

impl KernelError {
    pub(super) fn map(map: &str, error: impl std::error::Error) -> Self {
        Self::Map {
            map: map.to_owned(),
            reason: chain(&error),
        }
    }

    pub(super) fn refused(what: impl Into<String>, error: impl std::error::Error) -> Self {
        Self::Refused {
            what: what.into(),
            reason: chain(&error),
        }
    }

    pub(super) fn file(what: &'static str, path: &std::path::Path, source: io::Error) -> Self {
        Self::File {
            what,
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn netlink(what: &'static str, error: impl std::fmt::Display) -> Self {
        Self::Netlink {
            what,
            reason: error.to_string(),
        }
    }
}

/// An error with its causes on one line: the kernel's answer is the last of them.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let further = error.to_string();
        if !text.contains(&further) {
            text = format!("{text}: {further}");
        }
        cause = error.source();
    }
    text
}
