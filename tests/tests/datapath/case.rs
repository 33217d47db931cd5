//! A case: one packet, and everything each entry should do with it.

use peer_common::DropReason;

use super::{
    answer::Told,
    outcome::{Arrival, Hook, Outcome, hex},
    packet::Packet,
    rig::{Rig, can_inject, with_rig},
    world::Port,
};

/// One packet and what should become of it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) description: String,
    pub(crate) arrival: Arrival,
    /// Whom drops are counted for.
    network: u32,
    /// What each hook should do; `None` where the case is not for that hook.
    xdp: Option<Outcome>,
    tc: Option<Outcome>,
}

/// Begin a case; it says nothing of the outcome yet.
pub(crate) fn case(
    description: impl Into<String>,
    ingress: &Port,
    frame: impl Into<Vec<u8>>,
) -> Case {
    Case {
        description: description.into(),
        arrival: Arrival::new(ingress.index, frame.into()),
        network: ingress.network,
        xdp: None,
        tc: None,
    }
}

impl Case {
    /// What XDP and what tc should do with an arrival, as far as a test run takes it.
    pub(crate) fn new(
        description: String,
        ingress: &Port,
        arrival: Arrival,
        xdp: Outcome,
        tc: Outcome,
    ) -> Self {
        let begun = Self {
            arrival,
            ..case(description, ingress, [])
        };
        begun.fares(xdp, tc)
    }

    /// It is left alone and counted nowhere.
    pub(crate) fn goes_up(self) -> Self {
        let outcome = Outcome::up(&self.arrival.frame);
        self.both(outcome)
    }

    /// It is dropped, and that concerns its network only.
    pub(crate) fn dropped(self, reason: DropReason) -> Self {
        self.dropped_for(0, reason)
    }

    /// It is dropped, and that concerns a peering too.
    pub(crate) fn dropped_for(self, counter: u32, reason: DropReason) -> Self {
        let frame = &self.arrival.frame;
        let outcome = Outcome::dropped(frame, reason, self.network, counter, 1);
        self.both(outcome)
    }

    /// The same, and its sender is told: XDP leaves that to tc.
    pub(crate) fn and_told(self, told: &Told) -> Self {
        let slot = self.arrival.slot();
        let up = Outcome::up(&self.arrival.frame);
        let answer = told.about(&self.arrival.frame);
        Self {
            xdp: self.xdp.map(|_| up),
            tc: self.tc.map(|dropped| dropped.told(slot, answer.clone())),
            ..self
        }
    }

    /// Its port has told so much that its sender is not told.
    pub(crate) fn but_limited(mut self) -> Self {
        let slot = self.arrival.slot();
        self.arrival.limited = true;
        Self {
            xdp: self.xdp.map(|dropped| dropped.untold(slot)),
            tc: self.tc.map(|dropped| dropped.untold(slot)),
            ..self
        }
    }

    /// XDP leaves it to tc, which sends `answer` back.
    pub(crate) fn answered(self, answer: impl Into<Vec<u8>>) -> Self {
        let up = Outcome::up(&self.arrival.frame);
        self.fares(up, Outcome::answered(&answer.into()))
    }

    /// It is sent on as `out`.
    pub(crate) fn sent(self, counter: u32, out: &Packet) -> Self {
        let outcome = Outcome::sent(&out.bytes(), counter, 1, out.ip_bytes().into());
        self.both(outcome)
    }

    fn both(self, outcome: Outcome) -> Self {
        self.fares(outcome.clone(), outcome)
    }

    fn fares(self, xdp: Outcome, tc: Outcome) -> Self {
        let takes = |hook| can_inject(hook, &self.arrival);
        let is_tried = takes(Hook::Xdp) || takes(Hook::Tc);
        assert!(is_tried, "{}: no hook gets to see it", self.description);
        Self {
            xdp: takes(Hook::Xdp).then_some(xdp),
            tc: takes(Hook::Tc).then_some(tc),
            ..self
        }
    }

    /// What went otherwise than it should by this hook.
    pub(crate) fn failure(&self, hook: Hook, rig: &mut Rig) -> Option<String> {
        let expected = match hook {
            Hook::Xdp => self.xdp.as_ref()?,
            Hook::Tc => self.tc.as_ref()?,
        };
        let outcome = rig.run(hook, &self.arrival);
        (outcome != *expected).then(|| {
            format!(
                "{hook:?}: {}\n  in  {} bytes: {}\n  got {outcome:?}\n  not {expected:?}",
                self.description,
                self.arrival.frame.len(),
                hex(&self.arrival.frame),
            )
        })
    }

    /// The same, hook by hook.
    pub(crate) fn failures(&self, rig: &mut Rig) -> Vec<String> {
        let hooks = [Hook::Xdp, Hook::Tc];
        assert!(
            self.xdp.is_some() || self.tc.is_some(),
            "{}: nothing to see",
            self.description
        );
        hooks
            .into_iter()
            .filter_map(|hook| self.failure(hook, rig))
            .collect()
    }
}

/// Every case through every hook it is for; tells of all that fail.
pub(crate) fn check(cases: &[Case]) {
    with_rig(|rig| {
        let failures: Vec<String> = cases.iter().flat_map(|case| case.failures(rig)).collect();
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    });
}
