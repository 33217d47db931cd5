//! How many ICMP errors a port sends: a rate, a burst, and what became of those it
//! owed (RFC 1812 section 4.3.2.8, RFC 4443 section 2.4 f).

use aya_ebpf::helpers::generated::bpf_ktime_get_ns;
use peer_common::limits::{ICMP_ERRORS_BURST, ICMP_ERRORS_PER_SECOND};

use crate::{
    maps::{BUCKETS, ERRORS},
    packet::Packet,
    port,
};

const NS_PER_SECOND: u64 = 1_000_000_000;
const INTERVAL: u64 = NS_PER_SECOND / ICMP_ERRORS_PER_SECOND;
const TOLERANCE: u64 = (ICMP_ERRORS_BURST - 1) * INTERVAL;

/// When the next error would be due if they were sent at an even pace, in
/// nanoseconds since boot. Those ahead of it by more than the burst are limited.
pub(crate) type Bucket = u64;

/// Whether the port a packet came in by may send an error now; counts the one it may
/// not.
#[inline(always)]
pub(crate) fn are_due(packet: &impl Packet) -> bool {
    let Some(port) = port::at(packet.ingress()) else {
        return false;
    };
    let due = BUCKETS
        .get(port.slot)
        .is_some_and(|due| *due <= now() + TOLERANCE);
    if !due && let Some(errors) = ERRORS.get_ptr_mut(port.slot) {
        // SAFETY: the element is this CPU's own.
        unsafe { (*errors).limited += 1 };
    }
    due
}

/// Take leave to send an error by the port with this slot, if there is any left.
#[inline(always)]
pub(crate) fn take(slot: u32) -> bool {
    let (Some(bucket), Some(errors)) = (BUCKETS.get_ptr_mut(slot), ERRORS.get_ptr_mut(slot)) else {
        return false;
    };
    let now = now();
    // SAFETY: `errors` is this CPU's own. All CPUs share the bucket, aligned words that
    // are read and written whole: two that read it at once send one error too many.
    unsafe {
        let due = bucket.read_volatile();
        if due > now + TOLERANCE {
            (*errors).limited += 1;
            return false;
        }
        bucket.write_volatile(due.max(now) + INTERVAL);
    }
    true
}

/// An error was sent by the port with this slot.
#[inline(always)]
pub(crate) fn sent(slot: u32) {
    if let Some(errors) = ERRORS.get_ptr_mut(slot) {
        // SAFETY: as above.
        unsafe { (*errors).sent += 1 };
    }
}

#[inline(always)]
fn now() -> u64 {
    // SAFETY: the helper takes nothing.
    unsafe { bpf_ktime_get_ns() }
}
