//! From what is declared and what the host looks like to what the kernel should
//! hold, and from one such table to the next.
//!
//! Owns the forwarding table and everything that decides its content. Pure and
//! deterministic: the same inputs give the same table, whatever came before.

mod actions;
mod before;
mod contested;
mod diff;
mod entries;
mod groups;
mod hook;
mod hops;
mod host_routes;
mod ids;
mod local;
mod named;
mod paths;
pub mod policy;
mod ports;
pub mod prefix;
mod recompile;
mod routes;
mod sources;
mod table;

pub use diff::{Change, diff};
pub use hook::{Hook, Xdp};
pub use ids::Ids;
pub use named::NextHop;
pub use policy::Policy;
pub use ports::{Needs, PortView, Ports};
pub use recompile::{Compiled, Inputs, compile, recompile};
pub use sources::Sources;
pub use table::{Elsewhere, Fib, ForwardingTable, Routes};
