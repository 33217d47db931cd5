//! Counters and states as OpenMetrics.
//!
//! Owns the metric names, which are a contract. Pure: numbers in, text out.

mod counters;
mod metrics;

pub use counters::{Counters, DropCounts};
pub use metrics::{CONTENT_TYPE, render};
