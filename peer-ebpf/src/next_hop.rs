//! Stage: which of several next hops a packet takes.
//!
//! By a hash over its flow, so that a flow keeps its way and its packets their order.
//! All fragments of a packet go together, the first one too: their hash leaves out
//! what only the first one has.

use core::hint::black_box;

use peer_common::{FLOWS_END, Group, MAX_HOPS, Route, verdict};

use crate::{
    desk::{Page, desk},
    maps::GROUPS,
    packet::{ETHERNET, Packet},
    tuple::{Tuple, role},
};

/// The way a packet of `bytes` IP bytes takes by `route`; `None` if there is none.
#[inline(always)]
pub(crate) fn of(
    packet: &impl Packet,
    v6: bool,
    bytes: u32,
    route: &'static Route,
) -> Option<&'static Route> {
    match route.group {
        0 => Some(route),
        group => of_several(packet, v6, bytes, group),
    }
}

/// Not inlined: what it has in hand finds no room on its caller's stack.
#[inline(never)]
fn of_several(packet: &impl Packet, v6: bool, bytes: u32, group: u32) -> Option<&'static Route> {
    let group = GROUPS.get(group)?;
    let flow = flow(packet, v6, ETHERNET as u32 + bytes)?;
    // The verifier follows no number out of a function it has verified by itself.
    let index = black_box(peer_hop(group, flow)) as usize & (MAX_HOPS - 1);
    let hop = &group.hops[index].route;
    (hop.verdict == verdict::FORWARD).then_some(hop)
}

/// The place of the hop for this flow.
///
/// Global, so that the verifier walks the hops once and not all that follows for each
/// of them; the pointer may be null in its eyes.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn peer_hop(group: *const Group, flow: u64) -> u32 {
    // SAFETY: it was a reference, and nothing is written to it.
    let Some(group) = (unsafe { group.as_ref() }) else {
        return 0;
    };
    let first = (flow >> 32) as u32 % FLOWS_END;
    let second = flow as u32 % FLOWS_END;
    let mut standing_in = 0;
    for (index, hop) in group.hops.iter().enumerate() {
        if first < hop.end {
            if hop.route.verdict == verdict::FORWARD {
                return index as u32;
            }
            break;
        }
    }
    for (index, hop) in group.hops.iter().enumerate() {
        if second < hop.spare_end {
            standing_in = index as u32;
            break;
        }
    }
    standing_in
}

/// The hash of the packet's flow.
#[inline(always)]
fn flow(packet: &impl Packet, v6: bool, end: u32) -> Option<u64> {
    if !packet.read(Page::Packet, v6, ETHERNET as u32, end) {
        return None;
    }
    Some(hash(&desk()?.packet.tuple))
}

#[inline(always)]
fn hash(tuple: &Tuple) -> u64 {
    let last = if tuple.is(role::FIRST | role::LATER) {
        u64::from(tuple.fragments_kind)
    } else {
        u64::from(tuple.source_port) << 32
            | u64::from(tuple.destination_port) << 16
            | u64::from(tuple.kind)
    };
    let [a, b] = tuple.source;
    let [c, d] = tuple.destination;
    let mut hash = 0;
    for word in [a, b, c, d, last] {
        hash = mixed(hash ^ word);
    }
    hash
}

/// The finalizer of MurmurHash3: every bit of `x` moves every bit of the result.
#[inline(always)]
fn mixed(mut x: u64) -> u64 {
    x = (x ^ x >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ x >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ x >> 33
}
