//! Waiting for what comes about by itself, and never forever.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use super::interrupt;

/// How long what comes about by itself may take. It costs time only where it does not
/// come: long enough for a small machine with much else to do.
pub const SOON: Duration = Duration::from_secs(20);

/// Try until it succeeds; after `limit`, an error that carries the last failure.
pub fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut attempt: impl FnMut() -> Result<T>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        interrupt::check()?;
        match attempt() {
            Ok(done) => return Ok(done),
            Err(error) if Instant::now() > deadline => {
                return Err(error)
                    .with_context(|| format!("waited {limit:?} in vain until {what}"));
            }
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}
