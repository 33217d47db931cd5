//! The ABI between the BPF programs and userspace, defined once.
//!
//! Owns map values, their limits, the drop reasons and the checksum arithmetic.
//! Values are padding-free (checked by `bytemuck::Pod`); addresses and MACs are
//! in network byte order, everything else in host byte order. Must not know
//! how either side uses them.

#![cfg_attr(not(test), no_std)]

pub mod checksum;
mod counters;
mod drop_reason;
mod flow;
mod group;
pub mod limits;
mod policy;
mod port;
mod registry;
mod route;
mod subinterface;
pub mod trie;

pub use counters::{Drops, Errors, Traffic};
pub use drop_reason::DropReason;
pub use flow::{Flow, FlowKey, SEEN_EVERY, lifetime};
pub use group::{FLOWS_END, Group, Hop, MAX_HOPS};
pub use policy::{MAX_RULES, Policy, Rule, Rules, Words, family, kind, words};
pub use port::{Port, UNMANAGED_DROP, UNMANAGED_PASS, UNMANAGED_REJECT, port_flags};
pub use registry::{NetworkRecord, PeeringRecord};
pub use route::{Route, flags, verdict};
pub use subinterface::Subinterface;

/// Version of everything in this crate that a pinned map holds. Maps of another
/// version are not reused but made anew; raise it whenever a layout or a meaning
/// changes.
pub const ABI_VERSION: u32 = 4;
