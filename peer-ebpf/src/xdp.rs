//! The XDP entry: the fast path of ports whose driver runs XDP.
//!
//! What it cannot finish goes up to the tcx program on the same port: a next hop
//! only the kernel can resolve, an egress device that takes no XDP frames.

use aya_ebpf::{
    bindings::{
        xdp_action::{XDP_ABORTED, XDP_DROP, XDP_PASS},
        xdp_md,
    },
    helpers::generated::{bpf_xdp_adjust_tail, bpf_xdp_get_buff_len, bpf_xdp_load_bytes},
    macros::xdp,
    programs::XdpContext,
};
use aya_log_ebpf::debug;
use peer_common::{DropReason, flags};

use crate::{
    count::{self, Sending},
    desk::Page,
    errors,
    maps::DEVICES,
    packet::Packet,
    pipeline::{self, Dropped, Forward, Outcome},
    rewrite, tuple,
};

impl Packet for XdpContext {
    const IN_HASTE: bool = true;

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
    fn load(&self, offset: u32, into: &mut [u8]) -> bool {
        let (bytes, length) = (into.as_mut_ptr().cast(), into.len() as u32);
        // SAFETY: the helper checks the offset and writes no more than `into` holds.
        unsafe { bpf_xdp_load_bytes(self.ctx, offset, bytes, length) == 0 }
    }

    #[inline(always)]
    fn cut(&self, length: u32) -> bool {
        let delta = length as i32 - self.frame_len() as i32;
        // SAFETY: the helper checks its arguments.
        unsafe { bpf_xdp_adjust_tail(self.ctx, delta) == 0 }
    }

    #[inline(always)]
    fn read(&self, page: Page, v6: bool, at: u32, end: u32) -> bool {
        // SAFETY: the context is the one the kernel handed to the program.
        unsafe { peer_read_xdp(self.ctx, page as u32, v6, at, end) }
    }
}

/// [`Packet::read`], global.
///
/// # Safety
/// `ctx` is the context of the running program.
#[unsafe(no_mangle)]
#[inline(never)]
unsafe extern "C" fn peer_read_xdp(
    ctx: *mut xdp_md,
    page: u32,
    v6: bool,
    at: u32,
    end: u32,
) -> bool {
    tuple::read(&XdpContext::new(ctx), page, v6, at, end)
}

#[xdp(frags)]
fn peer_xdp(ctx: XdpContext) -> u32 {
    match pipeline::decide(&ctx) {
        // Questions are answered by tcx.
        Outcome::Stack | Outcome::Answer(..) => XDP_PASS,
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
    if rewrite::trailer(ctx, forward.wire).is_none() {
        return drop(ctx, &Dropped::of(forward, DropReason::Malformed));
    }
    if rewrite::macs(ctx, route).is_none()
        || rewrite::hop_limit(ctx, forward.destination, route.hops()).is_none()
    {
        return XDP_ABORTED;
    }
    let Some(sending) = Sending::of(forward) else {
        return XDP_ABORTED;
    };
    match DEVICES.redirect(route.device, u64::from(XDP_DROP)) {
        Ok(redirect) => {
            debug!(ctx, "xdp: port {} to port {}", ctx.ingress(), route.port);
            sending.count();
            redirect
        }
        Err(_) => drop(ctx, &Dropped::of(forward, DropReason::RedirectFailed)),
    }
}

#[inline(always)]
fn drop(ctx: &XdpContext, dropped: &Dropped) -> u32 {
    // Only tcx can make a packet longer in front, and it counts this one.
    if dropped.notice.is_due() && errors::are_due(ctx) {
        return XDP_PASS;
    }
    debug!(
        ctx,
        "xdp: port {} drops for {}",
        ctx.ingress(),
        dropped.reason.name()
    );
    count::dropped(dropped);
    XDP_DROP
}
