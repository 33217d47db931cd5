//! The sink at the far end: counts what comes, and what of it is wrong.
//!
//! The same for every way to forward, so that what it costs is the same for all.

use aya_ebpf::{
    bindings::xdp_action::XDP_DROP, btf_maps::PerCpuArray, macros::btf_map, macros::xdp,
    programs::XdpContext,
};
use bench_ebpf::Counted;

use crate::packet::{ETHERNET, IPV4, IPV6, UDP, folded, words};

/// TTL and protocol of a packet that one router forwarded, as they lie in memory.
const FORWARDED: [u8; 2] = [63, UDP];

#[btf_map]
static COUNTED: PerCpuArray<Counted, 1> = PerCpuArray::new();

#[xdp]
fn bench_sink(ctx: XdpContext) -> u32 {
    if let Some(is_right) = judge(&ctx)
        && let Some(counted) = COUNTED.get_ptr_mut(0)
    {
        // SAFETY: the element is this CPU's own, and programs are not interrupted by
        // programs of their kind.
        unsafe {
            (*counted).frames += 1;
            (*counted).wrong += u64::from(!is_right);
        }
    }
    XDP_DROP
}

/// Whether a UDP packet is as a router sends it; `None` for anything else, such as the
/// neighbour discovery of the veths.
#[inline(always)]
fn judge(ctx: &XdpContext) -> Option<bool> {
    let ethernet = words::<7>(ctx, 0)?;
    match ethernet[6] {
        IPV4 => {
            let header = words::<10>(ctx, ETHERNET)?;
            if header[4].to_ne_bytes()[1] != UDP {
                return None;
            }
            let sum = header.iter().map(|word| u32::from(*word)).sum();
            let is_forwarded = header[4].to_ne_bytes() == FORWARDED;
            Some(is_forwarded && folded(sum) == 0xffff && are_expected(ctx, &ethernet))
        }
        IPV6 => {
            let [word] = words::<1>(ctx, ETHERNET + 6)?;
            let [next, hop_limit] = word.to_ne_bytes();
            if next != UDP {
                return None;
            }
            Some([hop_limit, next] == FORWARDED && are_expected(ctx, &ethernet))
        }
        _ => None,
    }
}

/// Whether the MACs are those of the two ends of this very link: `02:be:PORT:00:02` for
/// the sink's and `02:be:PORT:00:01` for the router's, where PORT is the ifindex here.
#[inline(always)]
fn are_expected(ctx: &XdpContext, ethernet: &[u16; 7]) -> bool {
    let start = 0x02be_u16.to_be();
    let port = (ctx.ingress_ifindex() as u16).to_be();
    let (there, here) = (1_u16.to_be(), 2_u16.to_be());
    let [a, b, c, d, e, f, _] = *ethernet;
    [a, b, c] == [start, port, here] && [d, e, f] == [start, port, there]
}
