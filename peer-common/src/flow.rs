//! Flows: who has spoken to whom over a peering with rules.

use bytemuck::{Pod, Zeroable};

use crate::policy::Words;

/// Key of the maps in `FLOWS`, the same for both directions of a flow.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
pub struct FlowKey {
    /// The address in the network with the smaller label.
    pub smaller: Words,
    /// The address in the other.
    pub larger: Words,
    /// The port at the smaller's, or what stands for one.
    pub smaller_port: u16,
    /// The port at the larger's.
    pub larger_port: u16,
    /// Family and protocol; see [`kind`](crate::kind).
    pub kind: u16,
    /// 0 for a flow. For the fragments of one packet 1, plus 1 when they go from the
    /// larger's to the smaller's: the ports are then the identification's halves.
    pub fragments: u16,
}

/// Value of the maps in `FLOWS`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct Flow {
    /// When a packet of it was last seen, in nanoseconds of `CLOCK_MONOTONIC`, give or
    /// take [`SEEN_EVERY`].
    pub seen: u64,
    /// [`Policy::generation`](crate::Policy::generation) it was permitted under.
    pub generation: u64,
    /// The counter of the direction that opened it, and so of the policy that counts.
    pub opener: u32,
    /// Zero.
    pub reserved: u32,
}

const SECOND: u64 = 1_000_000_000;

/// A flow's `seen` is written no more often than this.
pub const SEEN_EVERY: u64 = SECOND;

/// How long a flow outlives its last packet, by its key.
#[inline(always)]
pub const fn lifetime(key: &FlowKey) -> u64 {
    if key.fragments != 0 {
        // As long as hosts wait for the rest, and Linux does.
        return 30 * SECOND;
    }
    match key.kind as u8 {
        // RFC 5382 REQ-5, RFC 4787 REQ-5, RFC 5508 REQ-2.
        6 => 7440 * SECOND,
        17 => 300 * SECOND,
        _ => 60 * SECOND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{family, kind};

    #[test]
    fn a_flow_lasts_as_long_as_its_protocol_is_given() {
        let lasts = |protocol, fragments| {
            let key = FlowKey {
                kind: kind(family::V6, protocol),
                fragments,
                ..FlowKey::zeroed()
            };
            lifetime(&key) / SECOND
        };
        assert_eq!(
            [6, 17, 58, 47].map(|one| lasts(one, 0)),
            [7440, 300, 60, 60]
        );
        assert_eq!([6, 17, 58].map(|one| lasts(one, 1)), [30, 30, 30]);
    }
}
