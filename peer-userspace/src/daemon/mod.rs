//! The running daemon: one loop that looks at the tables and the host, computes
//! what the kernel should hold, and applies the difference.
//!
//! Owns the order of those steps and the snapshot others read. The steps' content
//! is `lifecycle`'s, `compile`'s and `kernel`'s.

mod access;
mod config;
mod listen;
mod plan;
mod ready;
mod reconcile;
mod run;
mod snapshot;

pub use access::{Access, Role, SecretKey, Who};
pub use config::Config;
pub use plan::{Declared, Given, Plan, needs, plan, resolve_ports};
pub use run::{Options, run};
pub use snapshot::{LastApply, Shared, Snapshot};
