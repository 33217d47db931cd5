//! Where declarations come from.
//!
//! Owns the table files: reading and watching them, and the last good copy of
//! each. Must not judge what they declare beyond what `dialect` says.

mod last_good;
mod tables;
mod watch;

pub use tables::{FileReport, TableFiles};
pub use watch::{FileChange, watch};
