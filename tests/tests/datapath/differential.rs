//! Thousands of random packets through tables of all kinds: the programs against
//! the model.

use std::collections::BTreeMap;

use peer_userspace::compile::ForwardingTable;

use super::{
    counters::Count,
    model::{self, Flows},
    outcome::{Arrival, Hook, Outcome, hex},
    random::{self, Random},
    rig::{Rig, can_inject, with_rig},
    world,
};

const ROUNDS: u64 = 40;
const PACKETS: u64 = 500;

#[test]
fn twenty_thousand_random_packets_fare_as_the_model_says() {
    with_rig(|rig| {
        let mut tally = Tally::default();
        let mut flows = Flows::default();
        for round in 0..ROUNDS {
            let mut random = Random(round);
            // The hand-written table first, then what became of it.
            let table = if round < 8 {
                world::table()
            } else {
                random::table(&mut random)
            };
            rig.apply(&table);
            rig.datapath.reread().unwrap();
            assert_eq!(*rig.datapath.content(), table, "what the maps hold");
            flows.follow(&table);
            for _ in 0..PACKETS {
                let arrival = random::arrival(&mut random, &table);
                for hook in [Hook::Xdp, Hook::Tc] {
                    if can_inject(hook, &arrival) {
                        tally.compare(rig, &table, &mut flows, hook, &arrival);
                    }
                }
            }
        }
        tally.conclude();
    });
}

/// What happened how often, and the first example of each way to be wrong.
#[derive(Default)]
struct Tally {
    seen: BTreeMap<String, u32>,
    wrong: BTreeMap<String, (u32, String)>,
}

impl Tally {
    fn compare(
        &mut self,
        rig: &mut Rig,
        table: &ForwardingTable,
        flows: &mut Flows,
        hook: Hook,
        arrival: &Arrival,
    ) {
        let expected = model::outcome(table, flows, hook, arrival);
        let got = rig.run(hook, arrival);
        *self
            .seen
            .entry(format!("{hook:?} {}", kind(&expected)))
            .or_default() += 1;
        if got == expected {
            return;
        }
        let kind = format!("{hook:?} {} instead of {}", kind(&got), kind(&expected));
        let example = || {
            format!(
                "at {} {:?}\n  in  {} bytes: {}\n  got {got:?}\n  not {expected:?}",
                arrival.ingress,
                arrival.gso,
                arrival.frame.len(),
                hex(&arrival.frame),
            )
        };
        self.wrong.entry(kind).or_insert_with(|| (0, example())).0 += 1;
    }

    fn conclude(self) {
        let runs: u32 = self.seen.values().sum();
        eprintln!("{runs} runs: {:#?}", self.seen);
        let wrong: Vec<String> = self
            .wrong
            .iter()
            .map(|(kind, (times, example))| format!("{times} times {kind}, as {example}"))
            .collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
        assert!(self.seen.len() > 20, "too little variety: {:?}", self.seen);
    }
}

/// An outcome in a word or two.
fn kind(outcome: &Outcome) -> String {
    let reasons = outcome.counted.keys().filter_map(|count| match count {
        Count::OfNetwork(_, reason) => Some(reason.name()),
        _ => None,
    });
    format!("{:?} {}", outcome.verdict, reasons.collect::<String>())
        .trim()
        .to_owned()
}
