//! What was measured. Data, and what it says of itself.

use serde::Serialize;

use crate::stats;

/// One comparison or sweep.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Section {
    /// A word for `--only` and for file names, such as `xdp-64x1000-512`.
    pub(crate) id: String,
    pub(crate) title: String,
    /// How it was measured, in a sentence or two.
    pub(crate) method: String,
    /// One table; arms that were measured in the same rounds.
    pub(crate) rows: Vec<Row>,
    pub(crate) charts: Vec<Chart>,
    /// Figures that are to be reached, and what came out.
    pub(crate) targets: Vec<Target>,
}

/// One arm.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) arm: String,
    /// Such as `ns/packet` or `Gbit/s`.
    pub(crate) unit: String,
    /// Whether less is better.
    pub(crate) less_is_better: bool,
    /// One a round, in the order of the rounds.
    pub(crate) samples: Vec<f64>,
    /// Why the arm does not count, or could not be run.
    pub(crate) void: Option<String>,
}

/// Curves over one variable.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Chart {
    /// A word for the file's name.
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    pub(crate) is_x_logarithmic: bool,
    pub(crate) series: Vec<Series>,
}

/// One curve.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A figure to reach.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Target {
    pub(crate) claim: String,
    pub(crate) wanted: f64,
    /// Whether `measured` is to be no less than `wanted`; else no more.
    pub(crate) at_least: bool,
    pub(crate) measured: f64,
    pub(crate) unit: String,
}

impl Row {
    /// How many times as good as another arm this one was, a number for each round both
    /// have: above 1 is better, whichever way the unit counts.
    pub(crate) fn gain_over(&self, other: &Self) -> Vec<f64> {
        if self.less_is_better {
            stats::ratios(&other.samples, &self.samples)
        } else {
            stats::ratios(&self.samples, &other.samples)
        }
    }
}

impl Target {
    /// Whether the figure is reached. What was not measured (no number) is not.
    pub(crate) fn is_reached(&self) -> bool {
        if self.at_least {
            self.measured >= self.wanted
        } else {
            self.measured <= self.wanted
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(less_is_better: bool, samples: &[f64]) -> Row {
        Row {
            arm: "arm".to_owned(),
            unit: "unit".to_owned(),
            less_is_better,
            samples: samples.to_vec(),
            void: None,
        }
    }

    #[test]
    fn a_gain_above_one_is_better_whichever_way_the_unit_counts() {
        let (slow, fast) = (row(true, &[500.0]), row(true, &[250.0]));
        assert_eq!(fast.gain_over(&slow), [2.0]);
        let (slow, fast) = (row(false, &[5.0]), row(false, &[10.0]));
        assert_eq!(fast.gain_over(&slow), [2.0]);
    }

    #[test]
    fn a_figure_that_was_not_measured_is_not_reached() {
        let target = |at_least, measured| Target {
            claim: "claim".to_owned(),
            wanted: 1.0,
            at_least,
            measured,
            unit: String::new(),
        };
        assert!(target(true, 1.0).is_reached() && target(false, 1.0).is_reached());
        assert!(!target(true, 0.9).is_reached() && !target(false, 1.1).is_reached());
        assert!(!target(true, f64::NAN).is_reached() && !target(false, f64::NAN).is_reached());
    }
}
