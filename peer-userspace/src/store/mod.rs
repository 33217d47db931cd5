//! Where declarations come from, and what must be remembered.
//!
//! Owns the table files: reading and watching them, and the last good copy of
//! each; and the database of what the API accepted and what was observed. Must not
//! judge what is declared beyond what `dialect` says.

mod clock;
mod content;
mod database;
mod disk;
mod error;
mod last_good;
mod objects;
mod rows;
mod tables;
mod watch;

pub use clock::Clock;
pub use database::Store;
pub use error::StoreError;
pub use objects::{Applied, Declaration, Files, Key, Object, Stored};
pub use tables::{FileReport, TableFiles};
pub use watch::{FileChange, watch};
