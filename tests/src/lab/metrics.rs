//! What `/metrics` says, as numbers to be asked for by name and labels.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};

/// One reading of the daemon's OpenMetrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The text as it came.
    pub text: String,
    samples: Vec<Sample>,
}

#[derive(Clone, Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

impl Metrics {
    /// Read the exposition text.
    pub fn parse(text: String) -> Result<Self> {
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        let samples = lines
            .map(|line| Sample::parse(line).with_context(|| format!("not a metric: {line}")))
            .collect::<Result<_>>()?;
        Ok(Self { text, samples })
    }

    /// The values of a metric whose labels include these, summed; `None` where there is none.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let fits = |sample: &&Sample| {
            let has =
                |&(key, value): &(&str, &str)| sample.labels.get(key).is_some_and(|is| is == value);
            sample.name == name && labels.iter().all(has)
        };
        self.samples
            .iter()
            .filter(fits)
            .map(|sample| sample.value)
            .reduce(|sum, value| sum + value)
    }

    /// As [`Metrics::value`] for a counter, which begins at 0.
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.value(name, labels).unwrap_or_default() as u64
    }
}

impl Sample {
    /// `name{key="value",…} number`, perhaps with a timestamp behind.
    fn parse(line: &str) -> Option<Self> {
        let end = line.find(['{', ' '])?;
        let (name, mut rest) = line.split_at(end);
        let mut labels = BTreeMap::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside;
            while !rest.starts_with('}') {
                let (key, quoted) = rest.split_once("=\"")?;
                let (value, after) = unquote(quoted)?;
                labels.insert(key.to_owned(), value);
                rest = after.strip_prefix(',').unwrap_or(after);
            }
            rest = &rest[1..];
        }
        let value = rest.split_whitespace().next()?.parse().ok()?;
        Some(Self {
            name: name.to_owned(),
            labels,
            value,
        })
    }
}

/// The text up to the closing quote, and what follows it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    loop {
        match characters.next()? {
            (at, '"') => return Some((value, &quoted[at + 1..])),
            (_, '\\') => value.push(match characters.next()?.1 {
                'n' => '\n',
                literal => literal,
            }),
            (_, literal) => value.push(literal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_name_and_labels() {
        let text = "# TYPE drops counter\n\
                    drops_total{network=\"a/b\",reason=\"x\"} 3\n\
                    drops_total{network=\"a/b\",reason=\"say \\\"y\\\", \\\\\"} 4 1700000000.5\n\
                    up 1\n# EOF\n";
        let metrics = Metrics::parse(text.to_owned()).unwrap();
        assert_eq!(metrics.count("drops_total", &[("network", "a/b")]), 7);
        assert_eq!(
            metrics.count("drops_total", &[("reason", "say \"y\", \\")]),
            4
        );
        assert_eq!(metrics.value("up", &[]), Some(1.0));
        assert_eq!(metrics.value("down", &[]), None);
        assert!(Metrics::parse("<html>".to_owned()).is_err());
    }
}
