//! Host time: how long the host has been on since peerd first ran on it.

use std::{
    fs,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::model::Moment;

/// Boot time goes on while the host sleeps and does not jump with the wall clock;
/// what earlier boots added is stored.
#[derive(Clone, Debug)]
pub struct Clock {
    boot_id: String,
    /// Host time when boot time was nought, as far as this boot tells.
    offset: i128,
}

/// One reading, to go on from after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reading {
    boot_id: String,
    boot: u64,
    host: u64,
}

impl Clock {
    /// The clock that goes on from `last`. What passed since then counts as far as the
    /// host was on: since the reading in the same boot, since boot in another.
    pub(super) fn from(last: Option<&Reading>) -> Self {
        // Without /proc every start looks like the same boot: time never runs too fast.
        let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let boot_id = boot_id.trim().to_owned();
        let boot = boot_time();
        let host = match last {
            None => 0,
            Some(last) if last.boot_id == boot_id => last.host + boot.saturating_sub(last.boot),
            Some(last) => last.host + boot,
        };
        Self {
            boot_id,
            offset: i128::from(host) - i128::from(boot),
        }
    }

    /// The time.
    pub fn now(&self) -> Moment {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Moment {
            wall: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            host: self.host_at(boot_time()),
        }
    }

    /// What to keep for the next start.
    pub(super) fn reading(&self) -> Reading {
        let boot = boot_time();
        Reading {
            boot_id: self.boot_id.clone(),
            boot,
            host: self.host_at(boot),
        }
    }

    fn host_at(&self, boot: u64) -> u64 {
        u64::try_from(self.offset + i128::from(boot)).unwrap_or(0)
    }
}

/// Milliseconds of `CLOCK_BOOTTIME`.
fn boot_time() -> u64 {
    let time = clock_gettime(ClockId::Boottime);
    let milliseconds = i128::from(time.tv_sec) * 1000 + i128::from(time.tv_nsec) / 1_000_000;
    u64::try_from(milliseconds).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_over_a_restart_and_stands_still_over_a_boot() {
        let first = Clock::from(None);
        let reading = Reading {
            host: 5_000,
            ..first.reading()
        };
        let same_boot = Clock::from(Some(&reading)).now().host;
        assert!((5_000..6_000).contains(&same_boot), "{same_boot}");
        let other_boot = Reading {
            boot_id: "another".into(),
            ..reading
        };
        let since_boot = Clock::from(Some(&other_boot)).now().host;
        let on = boot_time();
        assert!(since_boot.abs_diff(5_000 + on) < 1_000, "{since_boot}");
    }
}
