//! Why something could not be stored.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why something could not be stored. Nothing of it was.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// No space is left.
    #[error("the disk of {0} is full: nothing was changed")]
    Full(PathBuf),
    /// Another layout.
    #[error("{0} was written by another version of peerd")]
    Version(PathBuf),
    /// A row says nothing this version understands.
    #[error("{path} holds {key}, which this version cannot read")]
    Row {
        /// The file.
        path: PathBuf,
        /// The row.
        key: String,
    },
    /// Whoever was writing it broke off.
    #[error("what was to be stored was not: whoever wrote it broke off; nothing was changed")]
    Abandoned,
    /// Anything else.
    #[error("{path} cannot be used: {reason}; nothing was changed")]
    Failed {
        /// The file.
        path: PathBuf,
        /// What redb says.
        reason: String,
    },
}

impl StoreError {
    /// What redb says of the file at `path`.
    pub(super) fn of(path: &Path, error: impl Into<redb::Error>) -> Self {
        match error.into() {
            redb::Error::Io(error) if error.kind() == io::ErrorKind::StorageFull => {
                Self::Full(path.to_owned())
            }
            error => Self::Failed {
                path: path.to_owned(),
                reason: error.to_string(),
            },
        }
    }
}
