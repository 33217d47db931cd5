//! Counting: the only place that writes to counters.

use core::hint::black_box;

use aya_ebpf::btf_maps::PerCpuArray;
use peer_common::Drops;

use crate::{
    maps::{FORWARDED, NETWORK_DROPS, PEERING_DROPS},
    pipeline::{Dropped, Forward},
};

/// One packet sent on.
#[inline(always)]
pub(crate) fn forwarded(forward: &Forward) {
    if let Some(traffic) = FORWARDED.get_ptr_mut(forward.route.counter) {
        // SAFETY: the element is this CPU's own, and both hooks run in softirq
        // context, which does not nest on one CPU.
        unsafe {
            (*traffic).packets += u64::from(forward.wire.packets);
            (*traffic).bytes += u64::from(forward.wire.bytes);
        }
    }
}

/// One packet dropped.
#[inline(always)]
pub(crate) fn dropped(dropped: &Dropped) {
    add(&NETWORK_DROPS, dropped.network, dropped);
    if dropped.counter != 0 {
        add(&PEERING_DROPS, dropped.counter, dropped);
    }
}

#[inline(always)]
fn add<const SLOTS: usize>(map: &PerCpuArray<Drops, SLOTS>, index: u32, dropped: &Dropped) {
    if let Some(drops) = map.get_ptr_mut(index) {
        // The compiler knows that the enum ends before 16 and would drop the mask;
        // the verifier does not know, and asks for it.
        let index = black_box(dropped.reason as usize) & 15;
        // SAFETY: as in `forwarded`; the array has 16 elements.
        unsafe {
            let packets = (*drops).packets.as_mut_ptr().add(index);
            *packets += u64::from(dropped.packets);
        }
    }
}
