//! The XDP entry: the fast path of ports whose driver runs XDP.
//!
//! What it cannot finish goes up to the tcx program on the same port: a next hop
//! only the kernel can resolve, an egress device that takes no XDP frames.

use aya_ebpf::{
    bindings::xdp_action::{XDP_ABORTED, XDP_DROP, XDP_PASS},
    helpers::generated::{bpf_xdp_get_buff_len, bpf_xdp_load_bytes},
    macros::xdp,
    programs::XdpContext,
};
use aya_log_ebpf::debug;
use peer_common::{DropReason, flags};

use crate::{
    count,
    maps::DEVICES,
    packet::Packet,
    pipeline::{self, Dropped, Forward, Outcome},
    rewrite,
};

impl Packet for XdpContext {
    #[inline(always)]
    fn data(&self) -> usize {
        Self::data(self)
    }

    #[inline(always)]
    fn data_end(&self) -> usize {
        Self::data_end(self)
    }

    #[inline(always)]
    fn ingress(&self) -> u32 {
        self.ingress_ifindex() as u32
    }

    #[inline(always)]
    fn frame_len(&self) -> u32 {
        // SAFETY: the helper only reads the context it is given.
        unsafe { bpf_xdp_get_buff_len(self.ctx) as u32 }
    }

    #[inline(always)]
    fn gso_size(&self) -> u32 {
        0
    }

    #[inline(always)]
    fn gso_segments(&self) -> u32 {
        0
    }

    #[inline(always)]
    fn has_tag(&self) -> bool {
        false
    }

    #[inline(always)]
    fn load(&self, offset: u32, into: &mut [u8]) -> bool {
        let (bytes, length) = (into.as_mut_ptr().cast(), into.len() as u32);
        // SAFETY: the helper checks the offset and writes no more than `into` holds.
        unsafe { bpf_xdp_load_bytes(self.ctx, offset, bytes, length) == 0 }
    }
}

#[xdp(frags)]
fn peer_xdp(ctx: XdpContext) -> u32 {
    match pipeline::decide(&ctx) {
        Outcome::Stack => XDP_PASS,
        Outcome::Drop(dropped) => drop(&ctx, &dropped),
        Outcome::Forward(forward) => send(&ctx, &forward),
    }
}

#[inline(always)]
fn send(ctx: &XdpContext, forward: &Forward) -> u32 {
    let route = forward.route;
    if !route.has(flags::RESOLVED | flags::XDP_EGRESS) {
        return XDP_PASS;
    }
    if rewrite::macs(ctx, route).is_none() || rewrite::hop_limit(ctx, forward.destination).is_none()
    {
        return XDP_ABORTED;
    }
    match DEVICES.redirect(route.device, u64::from(XDP_DROP)) {
        Ok(redirect) => {
            debug!(ctx, "xdp: port {} to port {}", ctx.ingress(), route.port);
            count::forwarded(forward);
            redirect
        }
        Err(_) => drop(
            ctx,
            &Dropped {
                reason: DropReason::RedirectFailed,
                network: forward.network,
                counter: route.counter,
                packets: forward.wire.packets,
            },
        ),
    }
}

#[inline(always)]
fn drop(ctx: &XdpContext, dropped: &Dropped) -> u32 {
    debug!(
        ctx,
        "xdp: port {} drops for {}",
        ctx.ingress(),
        dropped.reason.name()
    );
    count::dropped(dropped);
    XDP_DROP
}
