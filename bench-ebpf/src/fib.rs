//! What peerd would be had it no table of its own: a router that asks the kernel's,
//! by `bpf_fib_lookup`.

use core::mem::zeroed;

use aya_ebpf::{
    bindings::{
        BPF_FIB_LKUP_RET_SUCCESS, BPF_FIB_LOOKUP_DIRECT, bpf_fib_lookup as Question,
        xdp_action::{XDP_DROP, XDP_PASS},
    },
    btf_maps::DevMap,
    helpers::generated::bpf_fib_lookup,
    macros::{btf_map, xdp},
    programs::XdpContext,
};
use bench_ebpf::MAX_PORTS;

use crate::packet::{ETHERNET, IPV4, IPV6, at, folded, words};

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// The router's ports, by ifindex.
#[btf_map]
static FIB_DEVICES: DevMap<MAX_PORTS> = DevMap::new();

#[xdp]
fn bench_fib(ctx: XdpContext) -> u32 {
    forward(&ctx).unwrap_or(XDP_PASS)
}

#[inline(always)]
fn forward(ctx: &XdpContext) -> Option<u32> {
    let [kind] = words::<1>(ctx, 12)?;
    // SAFETY: all-zero is a valid question.
    let mut question: Question = unsafe { zeroed() };
    question.ifindex = ctx.ingress_ifindex() as u32;
    match kind {
        IPV4 => ask_v4(ctx, &mut question)?,
        IPV6 => ask_v6(ctx, &mut question)?,
        _ => return None,
    }
    // SAFETY: pointer and length describe `question`.
    let answer = unsafe {
        bpf_fib_lookup(
            ctx.ctx.cast(),
            &raw mut question,
            size_of::<Question>() as i32,
            BPF_FIB_LOOKUP_DIRECT,
        )
    };
    if answer != i64::from(BPF_FIB_LKUP_RET_SUCCESS) {
        return None;
    }
    age(ctx, kind == IPV4)?;
    let macs = at::<[[u8; 6]; 2]>(ctx, 0)?;
    // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
    unsafe { *macs = [question.dmac, question.smac] };
    FIB_DEVICES
        .redirect(question.ifindex, u64::from(XDP_DROP))
        .ok()
}

#[inline(always)]
fn ask_v4(ctx: &XdpContext, question: &mut Question) -> Option<()> {
    let header = words::<10>(ctx, ETHERNET)?;
    let [ttl, protocol] = header[4].to_ne_bytes();
    let [version, tos] = header[0].to_ne_bytes();
    if version != 0x45 || ttl <= 1 {
        return None;
    }
    question.family = AF_INET;
    question.l4_protocol = protocol;
    question.__bindgen_anon_1.tot_len = u16::from_be(header[1]);
    question.__bindgen_anon_2.tos = tos;
    question.__bindgen_anon_3.ipv4_src = double(header[6], header[7]);
    question.__bindgen_anon_4.ipv4_dst = double(header[8], header[9]);
    Some(())
}

#[inline(always)]
fn ask_v6(ctx: &XdpContext, question: &mut Question) -> Option<()> {
    let header = words::<20>(ctx, ETHERNET)?;
    let [next, hop_limit] = header[3].to_ne_bytes();
    if hop_limit <= 1 {
        return None;
    }
    let address =
        |at: usize| [0, 2, 4, 6].map(|word| double(header[at + word], header[at + word + 1]));
    question.family = AF_INET6;
    question.l4_protocol = next;
    question.__bindgen_anon_1.tot_len = u16::from_be(header[2]) + 40;
    question.__bindgen_anon_3.ipv6_src = address(4);
    question.__bindgen_anon_4.ipv6_dst = address(12);
    Some(())
}

/// Two words as they lie in memory, as one.
#[inline(always)]
fn double(first: u16, second: u16) -> u32 {
    u32::from_be((u32::from(u16::from_be(first)) << 16) | u32::from(u16::from_be(second)))
}

/// One hop less to live; the checksum of IPv4 follows (RFC 1624).
#[inline(always)]
fn age(ctx: &XdpContext, is_v4: bool) -> Option<()> {
    // SAFETY: `at` checked the bounds, and frames begin at an even address.
    unsafe {
        if is_v4 {
            let ttl = at::<u8>(ctx, ETHERNET + 8)?;
            let sum = at::<u16>(ctx, ETHERNET + 10)?;
            *ttl -= 1;
            // What the word of the TTL lost, the complement of the sum gains.
            *sum = folded(u32::from(u16::from_be(*sum)) + 0x100).to_be();
        } else {
            *at::<u8>(ctx, ETHERNET + 7)? -= 1;
        }
    }
    Some(())
}
