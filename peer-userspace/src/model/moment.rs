//! Points in time.

use serde::{Deserialize, Serialize};

/// A point in time, on two clocks: people read the one, the other measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds of Unix time, which may jump.
    pub wall: u64,
    /// Milliseconds the host has been on since peerd first ran on it: goes on over
    /// restarts, never back, and stands still while the host is off.
    pub host: u64,
}

impl Moment {
    /// Milliseconds of host time since `earlier`.
    pub fn since(self, earlier: Self) -> u64 {
        self.host.saturating_sub(earlier.host)
    }
}
