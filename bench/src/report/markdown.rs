//! `report.md`. Pure.

use std::collections::BTreeMap;

use super::{figures::figure, picture_name, table};
use crate::{machine::Machine, result::Section};

/// The whole report.
pub(super) fn report(machine: &Machine, sections: &[Section]) -> String {
    let mut parts = vec![
        "# Benchmark of peerd".to_owned(),
        "Arms of one table were measured in the same rounds, one after another in each. A \
         ratio is the median of the rounds' own ratios, with the least and the greatest; above 1 \
         is better than the first arm. MAD is the median absolute deviation from the median. An \
         arm that did not deliver what was sent is void. `report.json` has every sample."
            .to_owned(),
        "## Machine".to_owned(),
        described(machine),
    ];
    if let Some(targets) = table::targets(sections) {
        parts.extend(["## Figures to reach".to_owned(), targets.drawn()]);
    }
    parts.extend(sections.iter().map(section));
    parts.join("\n\n") + "\n"
}

fn described(machine: &Machine) -> String {
    let told = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let listed = |map: &BTreeMap<String, String>| {
        let items: Vec<_> = map
            .iter()
            .map(|(key, value)| format!("{key}: {value}"))
            .collect();
        if items.is_empty() {
            "none".to_owned()
        } else {
            items.join("; ")
        }
    };
    let facts = [
        (
            "date",
            format!("{}, took {} s", machine.date, machine.seconds),
        ),
        ("commit", told(&machine.commit)),
        ("kernel", machine.kernel.clone()),
        ("preemption", machine.preemption.clone()),
        ("BPF JIT", told(&machine.bpf_jit)),
        (
            "CPU",
            format!("{}, {} logical cores", machine.cpu, machine.cores),
        ),
        ("virtualisation", told(&machine.virtualisation)),
        ("memory", format!("{} MiB", figure(machine.memory as f64))),
        ("mitigations", listed(&machine.mitigations)),
        ("drivers of its own interfaces", listed(&machine.drivers)),
        (
            "steal during the run",
            format!("{} %", figure(machine.steal)),
        ),
    ];
    facts
        .map(|(name, fact)| format!("- **{name}**: {fact}"))
        .join("\n")
}

fn section(section: &Section) -> String {
    let mut parts = vec![
        format!("## {}", section.title),
        format!("`{}`: {}", section.id, section.method),
    ];
    if !section.rows.is_empty() {
        parts.push(table::arms(section).drawn());
    }
    let pictures = section.charts.iter();
    parts.extend(
        pictures.map(|chart| format!("![{}]({})", chart.title, picture_name(section, chart))),
    );
    parts.join("\n\n")
}
