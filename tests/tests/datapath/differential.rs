//! Random packets through tables of all kinds: the programs against the model.
//!
//! `PEERD_DIFFERENTIAL_PACKETS` says how many each entry gets, and
//! `PEERD_DIFFERENTIAL_SEED` which.

use std::{env, str::FromStr};

use peer_userspace::compile::ForwardingTable;

use super::{
    counters::Counted,
    model::{self, Flows},
    outcome::{Arrival, Hook, Outcome},
    random::{self, Random},
    rig::{Rig, can_inject, with_rig},
    tally::Tally,
    world,
};

const PACKETS: u64 = 20_000;
/// Rounds that there are at least, and packets of a round at most: they may open
/// no more flows than a peering has room for.
const ROUNDS: u64 = 40;
const LONGEST: u64 = 10_000;

#[test]
fn random_packets_fare_as_the_model_says() {
    let packets = number("PEERD_DIFFERENTIAL_PACKETS").unwrap_or(PACKETS);
    let mut seed = number("PEERD_DIFFERENTIAL_SEED").unwrap_or(0);
    let length = (packets / ROUNDS).clamp(1, LONGEST);
    with_rig(|rig| {
        let mut tally = Tally::default();
        while tally.least() < packets && tally.is_worth_going_on() {
            Round { seed, length }.play(rig, &mut tally);
            seed += 1;
        }
        tally.conclude();
    });
}

fn number<T: FromStr>(variable: &str) -> Option<T> {
    let text = env::var(variable).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} is no number: {text}")))
}

/// A table, and the packets that cross it, all of one seed.
struct Round {
    seed: u64,
    length: u64,
}

impl Round {
    /// Looking at counters costs more than a packet's run, so that is done at the end.
    /// If they are not as they should be, all is played again, with a look at each.
    fn play(&self, rig: &mut Rig, tally: &mut Tally) {
        let before = rig.counters.near();
        let mut expected = Counted::new();
        self.each(rig, |rig, hook, arrival, outcome| {
            let (verdict, frame) = rig.verdict(hook, arrival);
            for (count, number) in &outcome.counted {
                *expected.entry(*count).or_default() += number;
            }
            // What it counted is seen later.
            let counted = if verdict == outcome.verdict {
                outcome.counted.clone()
            } else {
                Counted::new()
            };
            let got = Outcome {
                verdict,
                frame,
                counted,
            };
            tally.compare(hook, arrival, &got, outcome);
        });
        let counted = rig.counters.near().since(&before);
        rig.enter(&counted);
        if counted != expected {
            let before = tally.mismatches();
            self.each(rig, |rig, hook, arrival, outcome| {
                let got = rig.run(hook, arrival);
                tally.compare(hook, arrival, &got, outcome);
            });
            assert!(
                tally.mismatches() > before,
                "round {} counted {counted:?} and not {expected:?}, but not twice",
                self.seed,
            );
        }
    }

    /// Every packet by every entry that takes it, with what should become of it.
    fn each(&self, rig: &mut Rig, mut what: impl FnMut(&mut Rig, Hook, &Arrival, &Outcome)) {
        let mut random = Random(self.seed << 32);
        // The hand-written table now and then, else what became of it.
        let table = if self.seed.is_multiple_of(5) {
            world::table()
        } else {
            random::table(&mut random)
        };
        hold(rig, &table);
        let mut flows = Flows::default();
        flows.follow(&table);
        for _ in 0..self.length {
            let arrival = random::arrival(&mut random, &table);
            for hook in [Hook::Xdp, Hook::Tc] {
                if can_inject(hook, &arrival) {
                    let expected = model::outcome(&table, &mut flows, hook, &arrival);
                    what(rig, hook, &arrival, &expected);
                }
            }
        }
    }
}

/// Have the maps hold this table and no flow.
fn hold(rig: &mut Rig, table: &ForwardingTable) {
    let mut unruled = table.clone();
    unruled.policies.clear();
    rig.apply(&unruled);
    rig.apply(table);
    rig.datapath.reread().unwrap();
    let held = rig.datapath.content();
    assert_eq!(held.ports, table.ports);
    assert_eq!(held.sources, table.sources);
    assert_eq!(held.fibs, table.fibs);
    assert_eq!(held.elsewhere, table.elsewhere);
    assert_eq!(*held, *table, "what the maps hold");
}
