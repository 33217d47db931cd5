//! The side door: on egress of every port, what the kernel itself would carry from
//! one network to another is dropped.
//!
//! Owns our bit of the packet's mark, which the tcx entry gives to what the tables let
//! pass and takes off everything else; the other bits are other people's. What XDP
//! forwards meets no egress program and needs no mark. Knows no table: a packet
//! between two networks is either ours or it is dropped.

use aya_ebpf::{
    Global,
    bindings::{TC_ACT_SHOT, TC_ACT_UNSPEC},
    macros::classifier,
    programs::TcContext,
};
use aya_log_ebpf::debug;
use peer_common::DropReason;

use crate::{count, pipeline::Dropped, port};

/// The bit, as userspace has it in `peerd.yaml`.
///
/// In a section by name: LLVM takes any other constant nought of four bytes, a map's key
/// for one, for this very object, and userspace would write over it too.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".rodata")]
static MARK: Global<u32> = Global::new(0);

#[classifier]
fn peer_guard(ctx: TcContext) -> i32 {
    match side_door(&ctx) {
        None => TC_ACT_UNSPEC,
        Some(dropped) => {
            debug!(&ctx, "guard: network {} is kept in", dropped.network);
            count::dropped(&dropped);
            TC_ACT_SHOT
        }
    }
}

/// The drop of a packet that would leave by this port to a network other than that
/// whose port it came in by, though no table of ours let it pass.
#[inline(always)]
pub(crate) fn side_door(ctx: &TcContext) -> Option<Dropped> {
    // SAFETY: the kernel hands a valid context to the program.
    let (mark, ingress, egress) = unsafe {
        let skb = ctx.skb.skb;
        ((*skb).mark, (*skb).ingress_ifindex, (*skb).ifindex)
    };
    if mark & MARK.load() != 0 {
        return None;
    }
    // 0 is the host's own traffic; what came in elsewhere is no network's.
    let (from, to) = (port::at(ingress)?, port::at(egress)?);
    if from.network == to.network {
        return None;
    }
    // As on the wire: the kernel may have merged many into one.
    // SAFETY: as above.
    let segments = unsafe { (*ctx.skb.skb).gso_segs };
    Some(Dropped {
        packets: segments.max(1),
        ..Dropped::by_network(DropReason::SideDoor, from.network)
    })
}

/// The tables let this packet pass.
#[inline(always)]
pub(crate) fn let_pass(ctx: &TcContext) {
    // SAFETY: the kernel hands a valid context to the program, which may write the mark.
    unsafe { (*ctx.skb.skb).mark |= MARK.load() };
}

/// No packet brings our bit along: a veth hands its sender's mark on, and so may a
/// program before ours.
#[inline(always)]
pub(crate) fn let_none_pass(ctx: &TcContext) {
    // SAFETY: as above.
    unsafe {
        let skb = ctx.skb.skb;
        if (*skb).mark & MARK.load() != 0 {
            (*skb).mark &= !MARK.load();
        }
    }
}
