//! What a report says of what was measured.

use super::{super::machine::Run, markdown, summary, svg, table};
use crate::result::{Chart, Row, Section, Series, Target};

fn row(arm: &str, samples: &[f64]) -> Row {
    Row {
        arm: arm.to_owned(),
        unit: "ns/packet".to_owned(),
        less_is_better: true,
        samples: samples.to_vec(),
        void: None,
    }
}

fn section(rows: Vec<Row>) -> Section {
    Section {
        id: "xdp".to_owned(),
        title: "XDP".to_owned(),
        method: "By counting.".to_owned(),
        rows,
        charts: Vec::new(),
        targets: Vec::new(),
    }
}

fn target(measured: f64) -> Target {
    Target {
        claim: "XDP is quick".to_owned(),
        wanted: 0.95,
        at_least: true,
        measured,
        unit: String::new(),
    }
}

fn chart(is_x_logarithmic: bool, points: &[(f64, f64)]) -> Chart {
    let series = ["trie", "table"].map(|name| Series {
        name: name.to_owned(),
        points: points.to_vec(),
    });
    Chart {
        id: "growth".to_owned(),
        title: "Cost by routes".to_owned(),
        x_label: "routes".to_owned(),
        y_label: "ns/packet".to_owned(),
        is_x_logarithmic,
        series: series.into(),
    }
}

#[test]
fn a_ratio_is_the_median_of_the_rounds_ratios_and_not_of_their_medians() {
    let rows = vec![
        row("bare", &[400.0, 500.0, 600.0]),
        row("ours", &[800.0, 500.0, 1200.0]),
    ];
    let drawn = table::arms(&section(rows)).drawn();
    // The ratio of the medians would be 500/800 = 0.625.
    assert!(drawn.contains("0.500 (0.500–1.000)"), "{drawn}");
    assert!(drawn.contains("1.25 Mpps"), "{drawn}");
    assert!(drawn.contains("±300; 500–1,200"), "{drawn}");
}

#[test]
fn a_void_arm_shows_its_reason_and_no_number() {
    let mut void = row("ours", &[123.0]);
    void.void = Some("only 3 of 4 were delivered".to_owned());
    let drawn = table::arms(&section(vec![row("bare", &[400.0]), void])).drawn();
    assert!(drawn.contains("only 3 of 4 were delivered"), "{drawn}");
    assert!(!drawn.contains("123"), "{drawn}");
}

#[test]
fn nothing_is_compared_with_a_void_arm_or_another_unit() {
    let mut void = row("bare", &[400.0]);
    void.void = Some("gone".to_owned());
    let mut rate = row("rate", &[5.0]);
    rate.unit = "Gbit/s".to_owned();
    for first in [void, rate] {
        let drawn = table::arms(&section(vec![first, row("ours", &[800.0])])).drawn();
        assert!(!drawn.contains("times as good"), "{drawn}");
    }
}

#[test]
fn a_percentile_is_told_only_of_many_samples() {
    let many: Vec<f64> = (1..=200).map(f64::from).collect();
    let drawn = |samples: &[f64]| table::arms(&section(vec![row("ours", samples)])).drawn();
    assert!(drawn(&many).contains("p99") && drawn(&many).contains("198"));
    assert!(!drawn(&many[..50]).contains("p99"));
}

#[test]
fn figures_to_reach_are_told_as_reached_missed_or_not_measured() {
    let mut section = section(Vec::new());
    section.targets = vec![target(0.96), target(0.94), target(f64::NAN)];
    let drawn = table::targets(&[section]).unwrap().drawn();
    let reached: Vec<_> = drawn
        .lines()
        .skip(2)
        .map(|line| line.contains("| yes"))
        .collect();
    assert_eq!(reached, [true, false, false], "{drawn}");
    assert!(
        drawn.contains("≥ 0.950") && drawn.contains("not measured"),
        "{drawn}"
    );
}

#[test]
fn a_report_tells_machine_figures_and_every_section() {
    let mut section = section(vec![row("bare", &[400.0])]);
    section.targets = vec![target(1.0)];
    section.charts = vec![chart(true, &[(1.0, 1.0)])];
    let machine = Run::begin().unwrap().describe().unwrap();
    let report = markdown::report(&machine, std::slice::from_ref(&section));
    for part in [
        &*machine.kernel,
        "XDP is quick",
        "By counting.",
        "| bare",
        "![Cost by routes](xdp-growth.svg)",
    ] {
        assert!(report.contains(part), "{part} is missing in\n{report}");
    }
    assert!(summary(&[section]).contains("XDP is quick"));
}

#[test]
fn a_picture_names_its_axes_and_curves_on_either_scale() {
    for is_x_logarithmic in [false, true] {
        let points = [(1.0, 450.0), (1000.0, 470.0), (100_000.0, 600.0)];
        let drawn = svg::draw(&chart(is_x_logarithmic, &points)).unwrap();
        for text in [
            "Cost by routes",
            "routes",
            "ns/packet",
            "trie",
            "table",
            "100k",
        ] {
            assert!(drawn.contains(text), "{text} is missing in\n{drawn}");
        }
    }
}

#[test]
fn a_picture_may_have_one_point_and_not_none() {
    assert!(svg::draw(&chart(true, &[(1.0, 0.0)])).is_ok());
    assert!(svg::draw(&chart(true, &[(f64::NAN, 1.0)])).is_err());
}
