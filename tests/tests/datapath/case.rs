//! A case: one packet, and everything each entry should do with it.

use peer_common::DropReason;

use super::{
    outcome::{Arrival, Gso, Hook, Outcome, hex},
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
    /// A GSO packet, which only tc ever sees.
    pub(crate) fn gso(mut self, size: u32, segments: u32) -> Self {
        self.arrival.gso = Gso { size, segments };
        self
    }

    /// Only so many bytes of the frame are linear, which a test run can have XDP see.
    pub(crate) fn linear(mut self, bytes: u32) -> Self {
        self.arrival.linear = Some(bytes);
        self
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
        self.all_dropped_for(counter, reason, 1)
    }

    /// As [`Case::dropped_for`], for as many packets as are on the wire.
    pub(crate) fn all_dropped_for(self, counter: u32, reason: DropReason, packets: u64) -> Self {
        let frame = &self.arrival.frame;
        let outcome = Outcome::dropped(frame, reason, self.network, counter, packets);
        self.both(outcome)
    }

    /// It is sent on as `out`.
    pub(crate) fn sent(self, counter: u32, out: &Packet) -> Self {
        let outcome = Outcome::sent(&out.bytes(), counter, 1, out.ip_bytes().into());
        self.both(outcome)
    }

    /// XDP leaves it to tc, which sends it on as `out`.
    pub(crate) fn sent_by_tc(self, counter: u32, out: &Packet) -> Self {
        let case = self.sent(counter, out);
        let up = Outcome::up(&case.arrival.frame);
        Self {
            xdp: case.xdp.as_ref().map(|_| up),
            ..case
        }
    }

    /// It is sent on as `out`, with this on the wire in all.
    pub(crate) fn all_sent(self, counter: u32, out: &Packet, packets: u64, bytes: u64) -> Self {
        let outcome = Outcome::sent(&out.bytes(), counter, packets, bytes);
        self.both(outcome)
    }

    /// XDP writes `out`, finds no device to send it by, and drops it; tc sends it.
    pub(crate) fn finds_no_device(self, counter: u32, out: &Packet) -> Self {
        let reason = DropReason::RedirectFailed;
        let failed = Outcome::dropped(&out.bytes(), reason, self.network, counter, 1);
        Self {
            xdp: Some(failed),
            ..self.sent(counter, out)
        }
    }

    fn both(self, outcome: Outcome) -> Self {
        let takes = |hook| can_inject(hook, &self.arrival).then(|| outcome.clone());
        Self {
            xdp: takes(Hook::Xdp),
            tc: takes(Hook::Tc),
            ..self
        }
    }

    fn expected(&self) -> impl Iterator<Item = (Hook, &Outcome)> {
        let hooks = [(Hook::Xdp, &self.xdp), (Hook::Tc, &self.tc)];
        hooks
            .into_iter()
            .filter_map(|(hook, outcome)| Some((hook, outcome.as_ref()?)))
    }

    /// What went otherwise than it should, hook by hook.
    pub(crate) fn failures(&self, rig: &mut Rig) -> Vec<String> {
        assert!(
            self.expected().next().is_some(),
            "{}: nothing to see",
            self.description
        );
        let mut failures = Vec::new();
        for (hook, expected) in self.expected() {
            let outcome = rig.run(hook, &self.arrival);
            if outcome != *expected {
                failures.push(format!(
                    "{hook:?}: {}\n  in  {} bytes: {}\n  got {outcome:?}\n  not {expected:?}",
                    self.description,
                    self.arrival.frame.len(),
                    hex(&self.arrival.frame),
                ));
            }
        }
        failures
    }
}

/// Every case through every hook it is for; tells of all that fail.
pub(crate) fn check(cases: &[Case]) {
    with_rig(|rig| {
        let failures: Vec<String> = cases.iter().flat_map(|case| case.failures(rig)).collect();
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    });
}
