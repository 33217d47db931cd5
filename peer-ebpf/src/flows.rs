//! The flows of one peering: found, kept alive, recorded. Which packets may make
//! one is `policy.rs`'s to decide.

use aya_ebpf::helpers::generated::bpf_ktime_get_coarse_ns;
use peer_common::{Flow, FlowKey, Policy, SEEN_EVERY, lifetime};

use crate::{
    maps::{FLOWS, FlowMap, POLICIES},
    tuple::Tuple,
};

/// The flows of the peering that `counter` belongs to, at this moment.
#[derive(Clone, Copy)]
pub(crate) struct Flows {
    map: &'static FlowMap,
    now: u64,
}

/// What may be opened in the direction that `counter` counts.
#[inline(always)]
pub(crate) fn policy(counter: u32) -> Option<&'static Policy> {
    POLICIES.get_value(counter, &0)
}

impl Flows {
    #[inline(always)]
    pub(crate) fn of(counter: u32) -> Option<Self> {
        Some(Self {
            map: FLOWS.get(counter / 2)?,
            // SAFETY: the helper takes nothing. Its milliseconds are exact enough.
            now: unsafe { bpf_ktime_get_coarse_ns() },
        })
    }

    /// A flow that is not too old.
    #[inline(always)]
    pub(crate) fn fresh(self, key: &FlowKey) -> Option<&'static mut Flow> {
        let flow = self.map.get_ptr_mut(key)?;
        // SAFETY: the element stays mapped until the program ends. Another packet may
        // meanwhile change it, or put another flow of this peering in its place: at
        // worst one packet meets that flow's fate.
        let flow = unsafe { &mut *flow };
        // Another CPU's clock may be a little ahead.
        (self.now.saturating_sub(flow.seen) < lifetime(key)).then_some(flow)
    }

    /// Whether a flow is fresh and permitted by the rules there are now.
    #[inline(always)]
    pub(crate) fn has_current(self, key: &FlowKey) -> bool {
        let Some(flow) = self.fresh(key) else {
            return false;
        };
        policy(flow.opener).is_some_and(|policy| policy.generation == flow.generation)
    }

    /// A packet of this flow went by.
    #[inline(always)]
    pub(crate) fn touch(self, flow: &mut Flow) {
        // Written seldom, since every write takes the line from the other CPUs.
        if self.now.saturating_sub(flow.seen) >= SEEN_EVERY {
            flow.seen = self.now;
        }
    }

    /// Replaced as a whole, so that no packet sees half of it.
    #[inline(always)]
    pub(crate) fn record(self, key: &FlowKey, opener: u32, generation: u64) {
        let flow = Flow {
            seen: self.now,
            generation,
            opener,
            reserved: 0,
        };
        // A flow that cannot be recorded gets no replies; its next packet tries again.
        let _ = self.map.insert(key, flow, 0);
    }
}

/// Write down the key of the flow that a packet counted by `counter` belongs to.
#[inline(always)]
pub(crate) fn write_key(key: &mut FlowKey, tuple: &Tuple, counter: u32) {
    let ports = (tuple.source_port, tuple.destination_port);
    write(key, tuple, counter, ports, (tuple.kind, 0));
}

/// Write down the key of the other fragments of its packet.
#[inline(always)]
pub(crate) fn write_fragments_key(key: &mut FlowKey, tuple: &Tuple, counter: u32) {
    let id = tuple.identification;
    let direction = 1 + (counter & 1) as u16;
    let halves = ((id >> 16) as u16, id as u16);
    write(
        key,
        tuple,
        counter,
        halves,
        (tuple.fragments_kind, direction),
    );
}

#[inline(always)]
fn write(
    key: &mut FlowKey,
    tuple: &Tuple,
    counter: u32,
    (source_port, destination_port): (u16, u16),
    (kind, fragments): (u16, u16),
) {
    key.kind = kind;
    key.fragments = fragments;
    if counter & 1 == 0 {
        key.smaller = tuple.source;
        key.larger = tuple.destination;
        key.smaller_port = source_port;
        key.larger_port = destination_port;
    } else {
        key.smaller = tuple.destination;
        key.larger = tuple.source;
        key.smaller_port = destination_port;
        key.larger_port = source_port;
    }
}
