//! peerctl: asks the daemon and shows the answer.
//!
//! Owns arguments' meaning and the look of output: data on stdout, the rest on
//! stderr, exit codes as documented in [`Exit`]. One file a command, or a few of a
//! kind; what they share is in the others. Must not decide anything about networks
//! or peerings: that is peerd's.

mod apply;
mod check;
mod columns;
mod consent;
mod convert;
mod documents;
mod failure;
mod filters;
mod get;
mod http;
mod jsonpath;
mod kinds;
mod list;
mod monitor;
mod names;
mod or_none;
mod output;
mod request;
mod resolve;
mod rule;
mod server;
mod status;
mod table;
mod tables;
#[cfg(test)]
mod tests;
mod url;
mod verbs;
mod wait;
mod watch;
mod write;

use std::time::Duration;

pub use apply::{Apply, Diff, LastApply};
pub use check::Check;
pub use convert::Convert;
pub use failure::{Exit, Failure};
pub use get::Get;
pub use http::Client;
pub use monitor::Monitor;
pub use output::print;
pub use request::Request;
pub use server::ServerArgs;
pub use status::Status;
pub use verbs::{Accept, Delete, Reject, Switch};
pub use wait::Wait;

/// A time as people write it, like `90s` or `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| error.to_string())
}
