//! The generator: makes packets of the frames it is given, and sends them back out.
//!
//! Run by `BPF_PROG_TEST_RUN` with live frames. The kernel uses its pages again, with
//! what routers made of them, so every header is written anew. One CPU alone runs it.

use aya_ebpf::{
    bindings::xdp_action::{XDP_ABORTED, XDP_TX},
    btf_maps::Array,
    helpers::generated::{bpf_ktime_get_ns, bpf_xdp_adjust_tail},
    macros::{btf_map, xdp},
    programs::XdpContext,
};
use bench_ebpf::{BURST, FIRST_PORT, LENGTHS, Plan, Progress};

use crate::packet::{ETHERNET, at, folded};

#[btf_map]
static PLAN: Array<Plan, 1> = Array::new();

#[btf_map]
static PROGRESS: Array<Progress, 1> = Array::new();

/// Bytes of all headers.
const V4_HEADERS: usize = ETHERNET + 20 + 8;
const V6_HEADERS: usize = ETHERNET + 40 + 8;

/// Looks at the clock while a burst is not due; each takes some 20 ns.
const MAX_LOOKS: u32 = 16_384;

/// What differs from packet to packet.
struct Packet {
    position: u32,
    port: u16,
    /// Bytes after the Ethernet header, where the plan's header does not say them.
    length: Option<u16>,
}

#[xdp]
fn bench_generator(ctx: XdpContext) -> u32 {
    make(&ctx).map_or(XDP_ABORTED, |()| XDP_TX)
}

#[inline(always)]
fn make(ctx: &XdpContext) -> Option<()> {
    let plan = PLAN.get(0)?;
    let progress = PROGRESS.get_ptr_mut(0)?;
    // SAFETY: nobody else looks at the element while the generator runs.
    let progress = unsafe { &mut *progress };
    if progress.sent.is_multiple_of(u64::from(BURST)) {
        begin_burst(progress, plan.gap);
    }
    let (random, network) = next(progress, plan);
    let destination = share((random >> 32) as u32, plan.destinations);
    let length = if plan.uncut == 0 {
        None
    } else {
        Some(cut(ctx, plan, random)?)
    };
    let packet = Packet {
        position: plan.first + network * plan.span + destination * plan.step,
        port: FIRST_PORT + share((random >> 8) as u32, plan.flows) as u16,
        length,
    };
    if plan.v6 == 0 {
        write_v4(ctx, plan, &packet)
    } else {
        write_v6(ctx, plan, &packet)
    }
}

/// Note the time, after waiting for it if bursts are to be paced.
#[inline(always)]
fn begin_burst(progress: &mut Progress, gap: u64) {
    if gap != 0 {
        wait(progress, gap);
    }
    // SAFETY: the helper has no arguments.
    progress.latest = unsafe { bpf_ktime_get_ns() };
    if progress.began == 0 {
        progress.began = progress.latest;
    }
}

/// Wait until the next burst is due. One that is late is not made up for, since two at
/// once would be another load.
#[inline(always)]
fn wait(progress: &mut Progress, gap: u64) {
    for _ in 0..MAX_LOOKS {
        // SAFETY: the helper has no arguments.
        let now = unsafe { bpf_ktime_get_ns() };
        if now >= progress.due {
            progress.due = now + gap;
            return;
        }
    }
    progress.due += gap;
}

/// The next pseudo-random number, whose upper bits are the better ones, and the network
/// whose turn it is.
#[inline(always)]
fn next(progress: &mut Progress, plan: &Plan) -> (u64, u32) {
    // Knuth's MMIX.
    let random = progress.random.wrapping_mul(6_364_136_223_846_793_005);
    progress.random = random.wrapping_add(1_442_695_040_888_963_407);
    let network = progress.network;
    progress.sent += 1;
    if progress.sent.is_multiple_of(u64::from(BURST)) {
        let next = network + 1;
        let is_last = next >= u64::from(plan.networks);
        progress.network = if is_last { 0 } else { next };
    }
    (progress.random, network as u32)
}

/// A number below `count`, each as likely as any other.
#[inline(always)]
fn share(random: u32, count: u32) -> u32 {
    ((u64::from(random) * u64::from(count)) >> 32) as u32
}

/// Give the frame one of the lengths; returns what is behind the Ethernet header.
#[inline(always)]
fn cut(ctx: &XdpContext, plan: &Plan, random: u64) -> Option<u16> {
    let turn = share((random >> 16) as u32, LENGTHS);
    let length = *plan.lengths.get(turn as usize)?;
    let delta = length as i32 - plan.uncut as i32;
    // SAFETY: the helper checks its arguments.
    if unsafe { bpf_xdp_adjust_tail(ctx.ctx, delta) } != 0 {
        return None;
    }
    Some(length as u16 - ETHERNET as u16)
}

#[inline(always)]
fn write_v4(ctx: &XdpContext, plan: &Plan, packet: &Packet) -> Option<()> {
    let frame = at::<[u16; V4_HEADERS / 2]>(ctx, 0)?;
    let address = plan.base + packet.position;
    let mut sum = plan.sum + (address >> 16) + (address & 0xffff);
    // SAFETY: `at` checked the bounds, and live frames begin at a multiple of 8 bytes.
    unsafe {
        copy::<{ V4_HEADERS / 2 }>(plan, frame);
        if let Some(length) = packet.length {
            put(frame, 16, length);
            put(frame, 38, length - 20);
            sum += u32::from(length);
        }
        put(frame, 24, !folded(sum));
        put(frame, 30, (address >> 16) as u16);
        put(frame, 32, address as u16);
        put(frame, 34, packet.port);
    }
    Some(())
}

#[inline(always)]
fn write_v6(ctx: &XdpContext, plan: &Plan, packet: &Packet) -> Option<()> {
    let frame = at::<[u16; V6_HEADERS / 2]>(ctx, 0)?;
    let (prefix, host) = (packet.position >> 8, packet.position & 0xff);
    let mut sum = plan.sum + (prefix >> 16) + (prefix & 0xffff) + host + u32::from(packet.port);
    // SAFETY: as above.
    unsafe {
        copy::<{ V6_HEADERS / 2 }>(plan, frame);
        if let Some(length) = packet.length {
            let payload = length - 40;
            put(frame, 18, payload);
            put(frame, 58, payload);
            // In UDP's header, and in the one it pretends to be behind.
            sum += 2 * u32::from(payload);
        }
        put(frame, 42, (prefix >> 16) as u16);
        put(frame, 44, prefix as u16);
        put(frame, 52, host as u16);
        put(frame, 54, packet.port);
        put(frame, 60, !folded(sum));
    }
    Some(())
}

/// Write the first `N` words of the header, in words as wide as there are.
///
/// # Safety
/// The frame has room for them, and begins at a multiple of 8 bytes.
#[inline(always)]
unsafe fn copy<const N: usize>(plan: &Plan, frame: *mut [u16; N]) {
    let (from, to) = (plan.header.as_ptr(), frame.cast::<u64>());
    // SAFETY: the caller says so, and no frame's headers are longer than the plan's.
    unsafe {
        let mut word = 0;
        while word < N / 4 {
            *to.add(word) = *from.add(word);
            word += 1;
        }
        let mut rest = N / 4 * 4;
        while rest < N {
            *to.cast::<u16>().add(rest) = *from.cast::<u16>().add(rest);
            rest += 1;
        }
    }
}

/// Write a word in network byte order at an even offset.
///
/// # Safety
/// The offset is inside.
#[inline(always)]
unsafe fn put<const N: usize>(frame: *mut [u16; N], offset: usize, word: u16) {
    // SAFETY: the caller says so.
    unsafe { *frame.cast::<u16>().add(offset / 2) = word.to_be() };
}
