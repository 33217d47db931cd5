//! The least a forwarder can do: send every frame out of one port, unread. No router
//! can be faster, so it is what the others are measured by.

use aya_ebpf::{
    bindings::xdp_action::XDP_DROP,
    btf_maps::DevMap,
    macros::{btf_map, xdp},
    programs::XdpContext,
};

/// Element 0: where to.
#[btf_map]
static BARE_DEVICE: DevMap<1> = DevMap::new();

#[xdp]
fn bench_bare(_: XdpContext) -> u32 {
    BARE_DEVICE
        .redirect(0, u64::from(XDP_DROP))
        .unwrap_or(XDP_DROP)
}
