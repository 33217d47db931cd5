//! peerd's userspace: from declared tables to BPF maps, and counters back.
//!
//! Data flows one way: `dialect` reads documents into `model`, `lifecycle` says
//! which peerings carry traffic, `compile` turns them into a forwarding table
//! and differences, `kernel` applies those, tables by way of `trie`; `telemetry` and `api` show the
//! outcome. Everything but `kernel`, `store`, `api`, `client`, `daemon` and the
//! binaries is pure: no aya, tokio, files, clock or environment.

pub mod api;
pub mod client;
pub mod compile;
pub mod daemon;
pub mod dialect;
pub mod host;
pub mod kernel;
pub mod lifecycle;
pub mod model;
pub mod store;
pub mod telemetry;
pub mod trie;
