//! The parts of the lab, from system calls up to the ready-made scene.

pub(crate) mod api;
pub(crate) mod bare;
pub(crate) mod cleanup;
pub(crate) mod client;
pub(crate) mod daemon;
pub mod documents;
pub mod frame;
pub(crate) mod host;
pub(crate) mod http;
pub mod interrupt;
pub(crate) mod metrics;
pub(crate) mod namespace;
pub(crate) mod ping;
pub mod process;
pub(crate) mod programs;
pub(crate) mod scene;
pub(crate) mod socket;
pub(crate) mod store_client;
pub(crate) mod sys;
pub(crate) mod table;
pub(crate) mod topology;
pub(crate) mod transfer;
pub(crate) mod user;
pub(crate) mod wait;
pub(crate) mod watch;
