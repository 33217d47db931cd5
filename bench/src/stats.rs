//! Numbers from samples. Pure.

/// The median; `None` of nothing.
pub(crate) fn median(samples: &[f64]) -> Option<f64> {
    let sorted = sorted(samples);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// The nearest-rank percentile, of `percent` from 0 to 100; `None` of nothing.
pub(crate) fn percentile(samples: &[f64], percent: f64) -> Option<f64> {
    let sorted = sorted(samples);
    let rank = (sorted.len() as f64 * percent / 100.0).ceil().max(1.0);
    sorted.get(rank as usize - 1).copied()
}

/// How samples lie around their median.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    /// The median absolute deviation from the median.
    pub(crate) deviation: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(samples: &[f64]) -> Option<Self> {
        let median = median(samples)?;
        let away: Vec<_> = samples.iter().map(|it| (it - median).abs()).collect();
        Some(Self {
            median,
            deviation: self::median(&away)?,
            least: samples.iter().copied().reduce(f64::min)?,
            most: samples.iter().copied().reduce(f64::max)?,
        })
    }
}

/// `over[n] / under[n]` of every round both have; what is no number is left out.
pub(crate) fn ratios(over: &[f64], under: &[f64]) -> Vec<f64> {
    let pairs = over.iter().zip(under);
    pairs
        .map(|(over, under)| over / under)
        .filter(|it| it.is_finite())
        .collect()
}

fn sorted(samples: &[f64]) -> Vec<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_no_samples_nothing_is_said() {
        assert_eq!(median(&[]), None);
        assert_eq!(percentile(&[], 50.0), None);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn the_median_lies_between_the_two_middle_samples_of_an_even_number() {
        assert_eq!(median(&[9.0, 1.0, 4.0]), Some(4.0));
        assert_eq!(median(&[9.0, 1.0, 4.0, 6.0]), Some(5.0));
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let samples: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        let found = [0.0, 50.0, 99.0, 100.0].map(|percent| percentile(&samples, percent));
        assert_eq!(found, [1.0, 100.0, 198.0, 200.0].map(Some));
    }

    #[test]
    fn one_far_sample_moves_neither_the_median_nor_the_deviation() {
        let calm = Spread::of(&[9.0, 10.0, 11.0, 12.0, 13.0]).unwrap();
        let hit = Spread::of(&[9.0, 10.0, 11.0, 12.0, 1e6]).unwrap();
        assert_eq!(
            (calm.median, calm.deviation, calm.least, calm.most),
            (11.0, 1.0, 9.0, 13.0)
        );
        assert_eq!((hit.median, hit.deviation, hit.most), (11.0, 1.0, 1e6));
    }

    #[test]
    fn rounds_are_compared_only_with_the_same_round_of_the_other() {
        assert_eq!(ratios(&[2.0, 9.0, 5.0], &[1.0, 3.0]), [2.0, 3.0]);
        assert_eq!(ratios(&[1.0, 4.0], &[0.0, 2.0]), [2.0]);
    }
}
