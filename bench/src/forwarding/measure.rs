//! Rounds: every line of a scenario once, then all again in another order, so that what
//! else the machine does falls on all alike.

use std::time::Duration;

use anyhow::Result;
use bench_ebpf::BURST;
use peer_tests::interrupt;

use super::{
    arm::Arm,
    forwarder::Forwarder,
    plan::Packets,
    programs::{Delivery, Programs},
};
use crate::result::Row;

/// How often a turn is taken at most: where the machine has other things to do, the
/// kernel leaves a full ring to later, and what does not fit is lost.
const TRIES: usize = 3;

/// One row of a table: packets over a way to forward.
pub(super) struct Line<'a> {
    pub(super) arm: Arm,
    pub(super) name: String,
    pub(super) packets: Packets,
    /// Or why there is none.
    pub(super) forwarder: Result<&'a Forwarder, String>,
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effort {
    /// Times that everything is set up anew: it matters to a packet which pages of memory
    /// a table got, more than a few percent where the table is large.
    pub(super) builds: usize,
    /// In each of which every line gets a turn, of each build.
    pub(super) rounds: usize,
    /// Of a turn.
    pub(super) duration: Duration,
    pub(super) cpu: usize,
}

/// A line with what was measured so far.
struct Measured<'a> {
    line: &'a Line<'a>,
    /// To send in each round.
    count: u32,
    row: Row,
}

/// Nanoseconds a packet in each round of a build, a row for each line.
pub(super) fn measure(
    lines: &[Line<'_>],
    effort: Effort,
    programs: &mut Programs,
) -> Result<Vec<Row>> {
    let mut all: Vec<_> = lines.iter().map(Measured::new).collect();
    for measured in &mut all {
        measured.warm_up(effort, programs)?;
    }
    for round in 0..effort.rounds {
        for place in order(all.len(), round) {
            all[place].take_turn(effort, programs)?;
        }
    }
    Ok(all.into_iter().map(|measured| measured.row).collect())
}

/// An order of so many lines, another one every time: turned on, and backwards every
/// other time, so that nobody always follows the same one.
fn order(count: usize, time: usize) -> Vec<usize> {
    let mut order: Vec<_> = (0..count).collect();
    order.rotate_left(time / 2 % count.max(1));
    if time % 2 == 1 {
        order.reverse();
    }
    order
}

impl<'a> Measured<'a> {
    fn new(line: &'a Line<'a>) -> Self {
        Self {
            line,
            count: 0,
            row: Row {
                arm: line.name.clone(),
                unit: "ns/packet".into(),
                less_is_better: true,
                samples: Vec::new(),
                void: line.forwarder.as_ref().err().cloned(),
            },
        }
    }

    /// See how fast it is, after every destination has been met.
    fn warm_up(&mut self, effort: Effort, programs: &mut Programs) -> Result<()> {
        const FEW: u32 = 64_000;
        let destinations = self.line.packets.destinations.unwrap_or(FEW);
        let every = destinations.saturating_mul(self.line.packets.networks * 8);
        self.count = every.clamp(FEW, 16 * FEW);
        self.send(effort, programs)?;
        if let Some(delivery) = self.send(effort, programs)? {
            let packets = effort.duration.as_nanos() / delivery.each.as_nanos().max(1);
            self.count = (packets as u32 / BURST).max(1) * BURST;
        }
        Ok(())
    }

    fn take_turn(&mut self, effort: Effort, programs: &mut Programs) -> Result<()> {
        if let Some(delivery) = self.send(effort, programs)? {
            self.row.samples.push(delivery.each.as_nanos() as f64);
        }
        Ok(())
    }

    /// Send packets, and see all of them arrive as they should; a line that does not
    /// deliver is void from there on.
    fn send(&mut self, effort: Effort, programs: &mut Programs) -> Result<Option<Delivery>> {
        let Ok(forwarder) = &self.line.forwarder else {
            return Ok(None);
        };
        if self.row.void.is_some() {
            return Ok(None);
        }
        let packets = &self.line.packets;
        let (plan, frame) = (packets.plan(), packets.frame());
        for _ in 0..TRIES {
            interrupt::check()?;
            let inlet = forwarder.rig.inlet();
            let delivery = programs.send(&inlet, &plan, &frame, self.count, effort.cpu)?;
            let Some(refusal) = refusal(self.line.arm, &delivery) else {
                self.row.void = None;
                return Ok(Some(delivery));
            };
            let excuse = forwarder.excuse().unwrap_or_default();
            self.row.void = Some([refusal, excuse].join(" ").trim().to_owned());
        }
        Ok(None)
    }
}

/// Why a run does not count, if it does not.
fn refusal(arm: Arm, delivery: &Delivery) -> Option<String> {
    let Delivery { sent, counted, .. } = delivery;
    if counted.frames != *sent {
        return Some(format!("of {sent} packets {} arrived", counted.frames));
    }
    if arm.is_router() && counted.wrong > 0 {
        let wrong = counted.wrong;
        return Some(format!(
            "of {sent} packets {wrong} had a wrong TTL, checksum or MAC"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_has_every_line_and_each_begins_as_often() {
        let mut first = [0; 3];
        for time in 0..6 {
            let mut order = order(3, time);
            first[order[0]] += 1;
            order.sort_unstable();
            assert_eq!(order, [0, 1, 2]);
        }
        assert_eq!(first, [2, 2, 2]);
        assert!(order(0, 5).is_empty());
    }
}
