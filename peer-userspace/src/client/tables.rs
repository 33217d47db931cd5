//! Files of documents, read without a daemon, for `check` and `convert`.

use super::{
    Failure,
    documents::{Documents, Files},
    failure::note,
};
use crate::dialect::{self, Declared};

/// Tables that are valid, each by itself and all together.
pub(super) struct Tables {
    /// The files, and their stream.
    pub(super) documents: Documents,
    /// What each file declares, by its name.
    pub(super) each: Vec<(String, Declared)>,
    /// What they declare as one stream, as `apply` takes them.
    pub(super) whole: Declared,
}

impl Tables {
    /// Read the files, and tell every error and warning as `FILE:LINE:COLUMN: sentence`.
    pub(super) fn read(files: &Files) -> Result<Self, Failure> {
        let documents = Documents::read(files)?;
        let mut each = Vec::new();
        let mut refused = 0;
        // Each by itself, so that an end in the middle of one hides nothing of the next.
        for (name, text) in documents.files() {
            match dialect::parse(text) {
                Ok(declared) => {
                    for warning in &declared.warnings {
                        note(&format!("{name}:{warning} (warning)"));
                    }
                    each.push((name.to_owned(), declared));
                }
                Err(errors) => {
                    refused += 1;
                    for error in errors {
                        note(&format!("{name}:{error}"));
                    }
                }
            }
        }
        let failed = |detail: String| Err(Failure::Failed(detail));
        match refused {
            0 => {}
            1 => return failed("the table is not valid".to_owned()),
            _ => return failed(format!("{refused} tables are not valid")),
        }
        let whole = dialect::parse(&documents.text).map_err(|errors| Failure::Refused {
            detail: "the tables are valid each by itself, but not together".to_owned(),
            errors: documents.places(&errors),
        })?;
        Ok(Self {
            documents,
            each,
            whole,
        })
    }
}
