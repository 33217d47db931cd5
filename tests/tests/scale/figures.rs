//! Durations and what is told of them.

use std::{fmt, time::Duration};

/// Durations of one thing measured many times.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<Duration>);

impl Figures {
    pub(super) fn add(&mut self, duration: Duration) {
        self.0.push(duration);
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The nearest-rank percentile.
    fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [median, high, most] =
            [50, 99, 100].map(|percent| self.percentile(percent).as_secs_f64() * 1e3);
        write!(f, "p50 {median:.2} ms, p99 {high:.2} ms, max {most:.2} ms")
    }
}

#[test]
fn percentiles_are_of_the_nearest_rank() {
    let mut figures = Figures::default();
    (1..=200)
        .rev()
        .for_each(|ms| figures.add(Duration::from_millis(ms)));
    let found = [50, 99, 100].map(|percent| figures.percentile(percent).as_millis());
    assert_eq!(found, [100, 198, 200]);
}
