//! The sink at the far end: counts what comes, and what of it is wrong.
//!
//! The same for every way to forward, so that what it costs is the same for all: it looks at
//! everything even where the first thing is wrong, as in all that a bare redirect sends.

use aya_ebpf::{
    bindings::xdp_action::XDP_DROP, btf_maps::PerCpuArray, macros::btf_map, macros::xdp,
    programs::XdpContext,
};
use bench_ebpf::Counted;

use crate::packet::{ETHERNET, IPV4, IPV6, UDP, folded, words};

/// TTL and protocol of a packet that one router forwarded, as they lie in memory.
const FORWARDED_V4: u16 = u16::from_ne_bytes([63, UDP]);
/// Next header and hop limit of one, likewise.
const FORWARDED_V6: u16 = u16::from_ne_bytes([UDP, 63]);

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
    let differing = match ethernet[6] {
        IPV4 => {
            let header = words::<10>(ctx, ETHERNET)?;
            if header[4].to_ne_bytes()[1] != UDP {
                return None;
            }
            let sum = header.iter().map(|word| u32::from(*word)).sum();
            (header[4] ^ FORWARDED_V4) | (folded(sum) ^ 0xffff)
        }
        IPV6 => {
            let [word] = words::<1>(ctx, ETHERNET + 6)?;
            if word.to_ne_bytes()[0] != UDP {
                return None;
            }
            word ^ FORWARDED_V6
        }
        _ => return None,
    };
    Some(differing | differing_macs(ctx, &ethernet) == 0)
}

/// What differs from the MACs of the two ends of this very link: `02:be:PORT:00:02` for
/// the sink's and `02:be:PORT:00:01` for the router's, where PORT is the ifindex here.
#[inline(always)]
fn differing_macs(ctx: &XdpContext, ethernet: &[u16; 7]) -> u16 {
    let start = 0x02be_u16.to_be();
    let port = (ctx.ingress_ifindex() as u16).to_be();
    let (there, here) = (1_u16.to_be(), 2_u16.to_be());
    let expected = [start, port, here, start, port, there];
    let both = ethernet.iter().zip(expected);
    both.fold(0, |all, (word, expected)| all | (word ^ expected))
}
