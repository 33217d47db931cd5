//! Counting: the only place that writes to counters.

use core::hint::black_box;

use aya_ebpf::btf_maps::PerCpuArray;
use peer_common::{Drops, Traffic};

use crate::{
    maps::{FORWARDED, NETWORK_DROPS, PEERING_DROPS},
    pipeline::{Dropped, Forward},
};

/// A packet about to be sent on, and its counter. Both are looked up before the helper that
/// sends: a CPU that guesses no returns, as the kernel has it where returns may be spied on,
/// begins nothing behind a call before it has come back.
pub(crate) struct Sending {
    traffic: *mut Traffic,
    then: Traffic,
}

impl Sending {
    /// What is to be counted once the packet is sent.
    #[inline(always)]
    pub(crate) fn of(forward: &Forward) -> Option<Self> {
        let traffic = FORWARDED.get_ptr_mut(forward.route.counter)?;
        // SAFETY: the element is this CPU's own, and both hooks run in softirq
        // context, which does not nest on one CPU.
        let Traffic { packets, bytes } = unsafe { *traffic };
        let then = Traffic {
            packets: packets + u64::from(forward.wire.packets),
            bytes: bytes + u64::from(forward.wire.bytes),
        };
        Some(Self { traffic, then })
    }

    /// It was sent.
    #[inline(always)]
    pub(crate) fn count(self) {
        // SAFETY: as above; no program ran since.
        unsafe { *self.traffic = self.then };
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
