//! The greatest rate without loss, by halving. Pure: whoever calls it makes the trials.

use anyhow::Result;

/// Share of the rate within which it is found, as in CSIT's search.
const WIDTH: f64 = 0.005;
/// More would be finer than any width.
const MOST_TRIALS: usize = 24;

/// What a rate came to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trial {
    /// Packets a second that were really sent.
    pub(super) sent: f64,
    /// Packets a second that came.
    pub(super) received: f64,
    pub(super) is_lossless: bool,
}

/// The fastest lossless trial: of all rates up to as fast as it goes (asked for as 0), which
/// is tried first. `None` where even the slowest lost packets.
pub(super) fn lossless(mut trial: impl FnMut(f64) -> Result<Trial>) -> Result<Option<Trial>> {
    let fastest = trial(0.0)?;
    if fastest.is_lossless {
        return Ok(Some(fastest));
    }
    let (mut best, mut low, mut high) = (None, 0.0, fastest.sent);
    // What gets through when more is sent is near what gets through without loss.
    let mut rate = fastest.received.min(high * (1.0 - WIDTH));
    for _ in 0..MOST_TRIALS {
        if rate < 1.0 || high - low <= high * WIDTH {
            break;
        }
        let tried = trial(rate)?;
        if tried.is_lossless {
            (best, low) = (Some(tried), rate);
        } else {
            high = rate;
        }
        rate = f64::midpoint(low, high);
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A router that carries so many packets a second, and its generator.
    fn search(carries: f64, generates: f64) -> (Option<f64>, usize) {
        let mut trials = 0;
        let found = lossless(|rate| {
            trials += 1;
            let sent = if rate > 0.0 { rate } else { generates };
            Ok(Trial {
                sent,
                received: sent.min(carries),
                is_lossless: sent <= carries,
            })
        });
        (found.unwrap().map(|trial| trial.sent), trials)
    }

    #[test]
    fn the_rate_found_is_carried_and_half_a_percent_more_is_not() {
        for carries in [90.0, 12_345.0, 1e6, 1.499e6] {
            let (found, trials) = search(carries, 1.5e6);
            let found = found.unwrap();
            assert!(found <= carries && carries < found * 1.006, "{found}");
            assert!(trials <= MOST_TRIALS + 1);
        }
    }

    #[test]
    fn a_generator_slower_than_the_router_needs_one_trial() {
        assert_eq!(search(1e6, 0.5e6), (Some(0.5e6), 1));
    }

    #[test]
    fn a_router_that_carries_nothing_has_no_rate() {
        assert_eq!(search(0.0, 1e6).0, None);
    }

    #[test]
    fn no_trial_follows_one_that_failed() {
        let mut trials = 0;
        let found = lossless(|_| {
            trials += 1;
            anyhow::bail!("the generator is gone")
        });
        assert!(found.is_err() && trials == 1);
    }
}
