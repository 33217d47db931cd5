//! One peering accepted and withdrawn again and again.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use peer_tests::{SOON, StoreClient, wait_until};

use super::{figures::Figures, stream::Stream};

/// What a round looks at after each answer: datagrams sent then must pass, or not.
const LOOK: Duration = Duration::from_millis(20);

/// How long a datagram under way may take.
const UNDER_WAY: Duration = Duration::from_millis(20);

/// What the rounds came to.
#[derive(Debug, Default)]
pub(super) struct Rounds {
    /// From sending the accept to its whole answer.
    accepted: Figures,
    /// From the answer to the first datagram that came in after it.
    passed: Figures,
    /// From sending the accept to the first datagram that came in.
    open: Figures,
    /// From sending the deletion to its whole answer.
    withdrawn: Figures,
    /// Sent within [`LOOK`] after the answer to an accept, and lost of those.
    after_accept: (usize, usize),
    /// Sent within [`LOOK`] after the answer to a deletion, and passed of those.
    after_delete: (usize, usize),
}

/// Let green accept blue's request and withdraw again, `count` times.
pub(super) fn run(api: &StoreClient, stream: &Stream, count: usize) -> Result<Rounds> {
    let mut rounds = Rounds::default();
    for _ in 0..count {
        let asked = Instant::now();
        let answer = api.send("POST", "/v1/peerings/blue-team/to-green/accept", "")?;
        let answered = Instant::now();
        ensure!(answer.status == 201, "accept answers {answer:?}");
        let first = wait_until("a datagram passes", SOON, || {
            let first = stream.first_after(answered);
            first.ok_or_else(|| anyhow::anyhow!("none did"))
        })?;
        thread::sleep((LOOK + UNDER_WAY).saturating_sub(answered.elapsed()));
        let (sent, came) = stream.between(answered, answered + LOOK);
        rounds.after_accept.0 += sent;
        rounds.after_accept.1 += sent - came;
        rounds.accepted.add(answered - asked);
        rounds.passed.add(first - answered);
        if let Some(open) = stream.first_after(asked) {
            rounds.open.add(open - asked);
        }

        let asked = Instant::now();
        let answer = api.send("DELETE", "/v1/peerings/green-team/to-blue", "")?;
        let answered = Instant::now();
        ensure!(answer.status == 200, "delete answers {answer:?}");
        thread::sleep(LOOK + UNDER_WAY);
        let (sent, came) = stream.between(answered, answered + LOOK);
        rounds.after_delete.0 += sent;
        rounds.after_delete.1 += came;
        rounds.withdrawn.add(answered - asked);
    }
    Ok(rounds)
}

impl Rounds {
    pub(super) fn print(&self, what: &str) {
        let Self {
            after_accept,
            after_delete,
            ..
        } = self;
        println!("{what}, {} rounds:", self.accepted.count());
        println!("  accept sent -> answered            {}", self.accepted);
        println!("  answered -> next datagram in       {}", self.passed);
        println!("  accept sent -> first datagram in   {}", self.open);
        println!("  delete sent -> answered            {}", self.withdrawn);
        println!(
            "  of {} datagrams sent within {LOOK:?} after an accept's answer {} were lost; of {} after a deletion's {} passed",
            after_accept.0, after_accept.1, after_delete.0, after_delete.1
        );
    }
}
