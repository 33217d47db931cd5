//! Tables of a report, before anybody says how they look. Pure.

use comfy_table::{ContentArrangement, Table, presets};

use super::figures::{figure, ratio};
use crate::{
    result::{Row, Section, Target},
    stats::{self, Spread},
};

/// From how many samples on a percentile is told besides the median.
const MANY: usize = 100;

/// Head of the column of ratios.
const GAIN: &str = "times as good as the first";

/// Lines of cells below a head.
#[derive(Debug)]
pub(super) struct Cells {
    head: Vec<String>,
    lines: Vec<Vec<String>>,
}

impl Cells {
    /// As Markdown has it, which a terminal shows well enough.
    pub(super) fn drawn(&self) -> String {
        let mut table = Table::new();
        table
            .load_style(presets::ASCII_MARKDOWN)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(&self.head);
        let escaped = |cell: &String| cell.replace('|', "\\|").replace('\n', " ");
        for line in &self.lines {
            table.add_row(line.iter().map(escaped));
        }
        table.trim_fmt()
    }
}

/// A section's arms. Columns that no arm fills are left out.
pub(super) fn arms(section: &Section) -> Cells {
    let first = section.rows.first();
    let head = [
        "arm".to_owned(),
        "median".to_owned(),
        "p99".to_owned(),
        "spread (MAD; min–max)".to_owned(),
        "rate".to_owned(),
        GAIN.to_owned(),
    ];
    let lines = section.rows.iter().enumerate().map(|(place, row)| {
        let first = first.filter(|first| place > 0 && are_comparable(first, row));
        arm(row, first)
    });
    without_empty_columns(head.into(), lines.collect())
}

fn are_comparable(one: &Row, other: &Row) -> bool {
    one.void.is_none() && other.void.is_none() && one.unit == other.unit
}

fn arm(row: &Row, first: Option<&Row>) -> Vec<String> {
    let median = stats::median(&row.samples).filter(|_| row.void.is_none());
    let Some(median) = median else {
        let reason = row.void.as_deref().unwrap_or("not measured");
        let mut line = vec![String::new(); 6];
        (line[0], line[1]) = (row.arm.clone(), "void".to_owned());
        line[3] = reason.to_owned();
        return line;
    };
    let percentile = stats::percentile(&row.samples, 99.0);
    let percentile = percentile.filter(|_| row.samples.len() >= MANY);
    let rate = (row.unit == "ns/packet").then(|| format!("{} Mpps", figure(1e3 / median)));
    let gain = first.and_then(|first| Spread::of(&row.gain_over(first)));
    vec![
        row.arm.clone(),
        format!("{} {}", figure(median), row.unit),
        percentile.map(figure).unwrap_or_default(),
        Spread::of(&row.samples)
            .filter(|_| row.samples.len() > 1)
            .map(spread)
            .unwrap_or_default(),
        rate.unwrap_or_default(),
        gain.map(gained).unwrap_or_default(),
    ]
}

fn spread(spread: Spread) -> String {
    let Spread {
        deviation,
        least,
        most,
        ..
    } = spread;
    format!("±{}; {}–{}", figure(deviation), figure(least), figure(most))
}

fn gained(gain: Spread) -> String {
    let Spread {
        median,
        least,
        most,
        ..
    } = gain;
    format!("{} ({}–{})", ratio(median), ratio(least), ratio(most))
}

fn without_empty_columns(head: Vec<String>, lines: Vec<Vec<String>>) -> Cells {
    let filled: Vec<_> = (0..head.len())
        .map(|column| lines.iter().any(|line| !line[column].is_empty()))
        .collect();
    let kept = |line: Vec<String>| -> Vec<String> {
        let cells = line.into_iter().zip(&filled);
        cells
            .filter(|(_, filled)| **filled)
            .map(|(cell, _)| cell)
            .collect()
    };
    Cells {
        lines: lines.into_iter().map(kept).collect(),
        head: kept(head),
    }
}

/// All figures to reach; `None` where there are none.
pub(super) fn targets(sections: &[Section]) -> Option<Cells> {
    let lines: Vec<_> = sections
        .iter()
        .flat_map(|section| section.targets.iter().map(|target| line(section, target)))
        .collect();
    let head = ["claim", "wanted", "measured", "reached", "section"].map(str::to_owned);
    (!lines.is_empty()).then(|| Cells {
        head: head.into(),
        lines,
    })
}

fn line(section: &Section, target: &Target) -> Vec<String> {
    // Ratios and figures without a unit are told to the digits their bounds have.
    let told = |number| match &*target.unit {
        "" | "ratio" | "times" => ratio(number),
        unit => format!("{} {unit}", figure(number)),
    };
    let bound = if target.at_least { "≥" } else { "≤" };
    vec![
        target.claim.clone(),
        format!("{bound} {}", told(target.wanted)),
        if target.measured.is_nan() {
            "not measured".to_owned()
        } else {
            told(target.measured)
        },
        if target.is_reached() { "yes" } else { "no" }.to_owned(),
        section.id.clone(),
    ]
}
