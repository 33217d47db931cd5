//! A router between real interfaces, measured by the kernel's own packet generator.
//!
//! Owns the trials and what becomes of their numbers. Must not set anything up but pktgen
//! itself: the router and both interfaces are the user's.

mod counter;
mod kernel;
mod language;
mod options;
mod search;

use anyhow::{Context as _, Result};

use crate::result::{Chart, Row, Section, Series};
use counter::Counter;
use kernel::Pktgen;
pub(crate) use options::Options;
use search::{Trial, lossless};

/// Every rate asked for, and the search.
pub(crate) fn run(options: &crate::Options) -> Result<Vec<Section>> {
    let rounds = if options.quick { 3 } else { 10 };
    let options = &options.pktgen;
    options.check()?;
    let bench = Bench::new(options)?;
    let mut rates: Vec<_> = options
        .rates
        .iter()
        .map(|it| it.packets(options.size))
        .collect();
    if rates.is_empty() {
        rates.push(0.0);
    }
    let mut trials = vec![Vec::new(); rates.len()];
    let mut found = Vec::new();
    for round in 0..rounds {
        println!("pktgen: round {} of {rounds}", round + 1);
        for (rate, trials) in rates.iter().zip(&mut trials) {
            trials.push(bench.trial(*rate)?);
        }
        if options.search {
            let best = lossless(|rate| bench.trial(rate))?;
            let rate = best.map_or(0.0, |trial| trial.sent);
            println!("pktgen: {rate:.0} packets/s without loss");
            found.push(rate);
        }
    }
    let steps: Vec<_> = rates.into_iter().zip(trials).collect();
    let mut sections: Vec<_> = steps.iter().map(|step| bench.step(step)).collect();
    if options.search {
        sections.push(bench.section(
            "pktgen-lossless",
            "The greatest rate without loss",
            vec![row("sent and received", "packets/s", found)],
        ));
    }
    if let Some(first) = sections.first_mut().filter(|_| steps.len() > 1) {
        first.charts.push(chart(&steps));
    }
    Ok(sections)
}

struct Bench<'a> {
    options: &'a Options,
    pktgen: Pktgen,
    counter: Option<Counter>,
}

impl<'a> Bench<'a> {
    fn new(options: &'a Options) -> Result<Self> {
        let by_hand = options.rx_by_hand.then_some(Counter::ByHand);
        let counter = options.rx.clone().map(Counter::Interface).or(by_hand);
        Ok(Self {
            options,
            pktgen: Pktgen::take()?,
            counter,
        })
    }

    /// Send at a rate, in packets a second of all threads; 0 is as fast as it goes. What is
    /// not counted has come.
    fn trial(&self, rate: f64) -> Result<Trial> {
        let counter = self.counter.as_ref();
        let before = counter.map(Counter::read).transpose()?.unwrap_or(0);
        let tasks = language::tasks(self.options, rate);
        let time = match self.options.count {
            Some(_) => None,
            None => Some(self.options.time()),
        };
        let sent = self.pktgen.run(&tasks, time)?;
        let packets = sent.iter().map(|it| it.packets).sum();
        let seconds = sent.iter().map(|it| it.seconds).fold(0.0, f64::max);
        anyhow::ensure!(
            packets > 0 && seconds > 0.0,
            "pktgen sent nothing: {sent:?}"
        );
        let received = match counter {
            None => packets,
            Some(counter) => counter
                .settled(before, packets)?
                .checked_sub(before)
                .context("the counter of received packets went down")?,
        };
        let errors: u64 = sent.iter().map(|it| it.errors).sum();
        println!(
            "pktgen: {:.0} packets/s; sent {packets}, came {received}, lost {}, not taken by the \
             driver {errors}",
            packets as f64 / seconds,
            packets.saturating_sub(received),
        );
        Ok(Trial {
            sent: packets as f64 / seconds,
            received: received as f64 / seconds,
            is_lossless: received >= packets,
        })
    }

    fn step(&self, (rate, trials): &(f64, Vec<Trial>)) -> Section {
        let of = |what: fn(&Trial) -> f64| trials.iter().map(what).collect::<Vec<_>>();
        let mut rows = vec![row("sent", "packets/s", of(|trial| trial.sent))];
        if self.counter.is_some() {
            rows.push(row("received", "packets/s", of(|trial| trial.received)));
            let lost = of(|trial| (1.0 - trial.received / trial.sent).max(0.0) * 100.0);
            rows.push(Row {
                less_is_better: true,
                ..row("lost", "%", lost)
            });
        }
        let (id, title) = match rate {
            0.0 => ("max".to_owned(), "As fast as pktgen sends".to_owned()),
            rate => (format!("{rate:.0}"), format!("At {rate:.0} packets/s")),
        };
        self.section(&format!("pktgen-{id}"), &title, rows)
    }

    fn section(&self, id: &str, title: &str, rows: Vec<Row>) -> Section {
        let options = self.options;
        let length = match options.count {
            Some(count) => format!("{count} packets of each thread"),
            None => format!("{:?}", options.time()),
        };
        let counted = match &self.counter {
            Some(Counter::Interface(name)) => format!("counted as received by {name}"),
            Some(Counter::ByHand) => "counted at the far end".to_owned(),
            None => "not counted".to_owned(),
        };
        Section {
            id: id.to_owned(),
            title: title.to_owned(),
            method: format!(
                "pktgen sends frames of {} bytes by {}, {} threads, {length} a trial; {counted}. \
                 Lossless is what loses no packet of a trial.",
                options.size, options.interface, options.threads
            ),
            rows,
            charts: Vec::new(),
            targets: Vec::new(),
        }
    }
}

fn row(arm: &str, unit: &str, samples: Vec<f64>) -> Row {
    Row {
        arm: arm.to_owned(),
        unit: unit.to_owned(),
        less_is_better: false,
        samples,
        void: None,
    }
}

/// What came of what was sent.
fn chart(steps: &[(f64, Vec<Trial>)]) -> Chart {
    let points = |height: fn(&Trial) -> f64| {
        let mut points: Vec<_> = steps
            .iter()
            .flat_map(|(_, trials)| trials)
            .map(|trial| (trial.sent, height(trial)))
            .collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    };
    let series = |name: &str, points| Series {
        name: name.to_owned(),
        points,
    };
    Chart {
        id: "received".to_owned(),
        title: "What comes of what is sent".to_owned(),
        x_label: "sent, packets/s".to_owned(),
        y_label: "packets/s".to_owned(),
        is_x_logarithmic: false,
        series: vec![
            series("received", points(|trial| trial.received)),
            series("sent", points(|trial| trial.sent)),
        ],
    }
}
