//! What happened how often to random packets, and the first example of each way in
//! which it was wrong.

use std::collections::BTreeMap;

use super::{
    counters::Count,
    outcome::{Arrival, Hook, Outcome, hex},
};

/// Ways to be wrong after which the rest is of no interest.
const ENOUGH: usize = 40;

#[derive(Default)]
pub(crate) struct Tally {
    runs: [u64; 2],
    seen: BTreeMap<String, u64>,
    wrong: BTreeMap<String, (u64, String)>,
}

impl Tally {
    /// Note what came of a packet, and what should have.
    pub(crate) fn compare(
        &mut self,
        hook: Hook,
        arrival: &Arrival,
        got: &Outcome,
        expected: &Outcome,
    ) {
        self.runs[hook as usize] += 1;
        let family = match arrival.frame.get(12..14) {
            Some([0x08, 0x00]) => "IPv4",
            Some([0x86, 0xdd]) => "IPv6",
            _ => "other",
        };
        let seen = format!("{hook:?} {family} {}", kind(expected));
        *self.seen.entry(seen).or_default() += 1;
        if got == expected {
            return;
        }
        let kind = format!(
            "{hook:?} {family} {} instead of {}",
            kind(got),
            kind(expected)
        );
        let example = || {
            format!(
                "at {} {:?} limited {}\n  in  {} bytes: {}\n  got {got:?}\n  not {expected:?}",
                arrival.ingress,
                arrival.gso,
                arrival.limited,
                arrival.frame.len(),
                hex(&arrival.frame),
            )
        };
        self.wrong.entry(kind).or_insert_with(|| (0, example())).0 += 1;
    }

    /// Packets that the less busy entry got.
    pub(crate) fn least(&self) -> u64 {
        self.runs[0].min(self.runs[1])
    }

    pub(crate) fn mismatches(&self) -> u64 {
        self.wrong.values().map(|(times, _)| times).sum()
    }

    pub(crate) fn is_worth_going_on(&self) -> bool {
        self.wrong.len() < ENOUGH
    }

    /// Tell, and fail if anything was wrong or if there was little to see.
    pub(crate) fn conclude(self) {
        let [xdp, tc] = self.runs;
        eprintln!(
            "{xdp} packets by XDP, {tc} by tc, {} mismatches: {:#?}",
            self.mismatches(),
            self.seen
        );
        let wrong: Vec<String> = self
            .wrong
            .iter()
            .map(|(kind, (times, example))| format!("{times} times {kind}, as {example}"))
            .collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
        assert!(self.seen.len() > 100, "too little variety: {:?}", self.seen);
    }
}

/// An outcome in a word or two.
fn kind(outcome: &Outcome) -> String {
    let mut text = format!("{:?}", outcome.verdict);
    for count in outcome.counted.keys() {
        match count {
            Count::OfNetwork(_, reason) => {
                text.push(' ');
                text.push_str(reason.name());
            }
            Count::ErrorsSent(_) => text.push_str(" told"),
            Count::ErrorsLimited(_) => text.push_str(" limited"),
            _ => {}
        }
    }
    text
}
