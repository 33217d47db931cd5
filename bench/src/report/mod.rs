//! Writes down what was measured: `report.json` with every sample, `report.md` to be read,
//! a picture of each chart, and a summary on the terminal. Must not measure.

mod figures;
mod markdown;
mod svg;
mod table;

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::{
    machine::Machine,
    result::{Chart, Section},
};

/// All there is, for programs.
#[derive(Serialize)]
struct Report<'a> {
    machine: &'a Machine,
    sections: &'a [Section],
}

/// Write everything into a folder, which is made, and print the summary.
pub(crate) fn write(machine: &Machine, sections: &[Section], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let keep = |name: &str, text: String| {
        let file = folder.join(name);
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    };
    let json = serde_json::to_string_pretty(&Report { machine, sections })?;
    keep("report.json", json + "\n")?;
    for section in sections {
        for chart in &section.charts {
            let picture =
                svg::draw(chart).with_context(|| format!("cannot draw the chart {}", chart.id))?;
            keep(&picture_name(section, chart), picture)?;
        }
    }
    keep("report.md", markdown::report(machine, sections))?;
    println!("{}", summary(sections));
    println!("report: {}", folder.join("report.md").display());
    Ok(())
}

fn picture_name(section: &Section, chart: &Chart) -> String {
    format!("{}-{}.svg", section.id, chart.id)
}

/// Every table and all figures to reach, for a terminal.
fn summary(sections: &[Section]) -> String {
    let tables = sections.iter().filter(|section| !section.rows.is_empty());
    let mut texts: Vec<_> = tables
        .map(|section| format!("\n{}\n{}", section.title, table::arms(section).drawn()))
        .collect();
    if let Some(targets) = table::targets(sections) {
        texts.push(format!("\nFigures to reach\n{}", targets.drawn()));
    }
    texts.join("\n")
}

#[cfg(test)]
mod tests;
