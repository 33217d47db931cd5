//! Tags: which port a tagged frame came in by, and sending frames out of a port,
//! tagged or not. The only file that takes tags off and puts them on.
//!
//! A port with a tag is known by the ifindex of its stand-in, a device that keeps
//! its neighbours and addresses. Frames never cross that device's own wire: what
//! comes in tagged is judged on the trunk and handed to it only for the stack, and
//! what the kernel sends out of it [`peer_tag`] puts on the trunk.

use aya_ebpf::{
    bindings::{TC_ACT_SHOT, TC_ACT_UNSPEC},
    helpers::generated::{bpf_redirect, bpf_skb_vlan_pop, bpf_skb_vlan_push},
    macros::classifier,
    programs::TcContext,
};
use peer_common::Subinterface;

use crate::{count, guard, maps::TAGS, port};

/// IEEE 802.1Q: the customer's tag.
const C_TAG: u16 = 0x8100;
/// IEEE 802.1ad: the provider's, outside of the customer's.
const S_TAG: u16 = 0x88a8;

/// The bits of a tag that name a VLAN. The others are its priority (PCP and DEI).
const VID: u16 = 0x0fff;

/// Where a frame came in.
pub(crate) enum Arrival {
    /// By the port that [`ingress`] names, and bears no tag now.
    AtPort,
    /// With tags that are no port's: left as it is, it is the kernel's to judge.
    Unknown,
    /// Its tags could not be taken off.
    Broken,
}

/// Find the port that a frame came in by, and take off the tags that led to it.
///
/// A function of its own, as [`tag_with`] is, for the sake of the caller's stack: both
/// are done when the stages that need it begin, or begin when those are done.
#[inline(never)]
pub(crate) fn arrive(ctx: &TcContext) -> Arrival {
    let skb = ctx.skb.skb;
    // SAFETY: the kernel hands a valid context to the program.
    let index = unsafe { (*skb).ifindex };
    came_in_by(ctx, index, 0);
    let Some(first) = tag(ctx) else {
        return Arrival::AtPort;
    };
    // A priority tag makes no VLAN (IEEE 802.1Q section 6.9): the kernel delivers
    // such a frame as untagged, so it is judged as untagged.
    if first.tci & VID == 0 {
        if !pop(ctx) {
            return Arrival::Broken;
        }
        came_in_by(ctx, index, priorities(first.tci, first.tci));
        // What stands behind it is no port's, or an untagged port would be a way
        // into every tagged one.
        return match tag(ctx) {
            None => Arrival::AtPort,
            Some(_) => Arrival::Unknown,
        };
    }
    let Some((place, priorities)) = first.place(ctx, index) else {
        return Arrival::Unknown;
    };
    // SAFETY: elements of a hash map are replaced under RCU, and a program runs
    // inside one read-side section; the element stays as it is until its end.
    let Some(stand_in) = (unsafe { TAGS.get(place) }) else {
        return Arrival::Unknown;
    };
    if !pop(ctx) || (place.outer != 0 && place.vlan != 0 && !pop(ctx)) {
        return Arrival::Broken;
    }
    came_in_by(ctx, *stand_in, priorities);
    Arrival::AtPort
}

/// The tag that the kernel keeps beside a frame: always the outermost.
struct Tag {
    protocol: u16,
    tci: u16,
}

#[inline(always)]
fn tag(ctx: &TcContext) -> Option<Tag> {
    let skb = ctx.skb.skb;
    // SAFETY: the kernel hands a valid context to the program.
    let (present, protocol, tci) =
        unsafe { ((*skb).vlan_present, (*skb).vlan_proto, (*skb).vlan_tci) };
    (present != 0).then_some(Tag {
        protocol: u16::from_be(protocol as u16),
        tci: tci as u16,
    })
}

impl Tag {
    /// Where a frame with this tag came in, and the priorities it bears. `None` if
    /// there are tags that no port can have.
    #[inline(always)]
    fn place(&self, ctx: &TcContext, trunk: u32) -> Option<(Subinterface, u16)> {
        // Ethertype and what follows: with a second tag, that tag, and the ethertype
        // behind it. Not the packet's protocol field, which differs with where the
        // first tag was taken off.
        let [a, b, c, d, e, f] = ctx.load::<[u8; 6]>(12).ok()?;
        let id = self.tci & VID;
        let second = u16::from_be_bytes([c, d]);
        let (outer, vlan, second) = match (self.protocol, u16::from_be_bytes([a, b])) {
            (S_TAG, C_TAG) => match u16::from_be_bytes([e, f]) {
                // The kernel would show a third as the first.
                C_TAG | S_TAG => return None,
                // As above, a priority tag inside is no way into what has none.
                _ if second & VID == 0 => return None,
                _ => (id, second & VID, second),
            },
            (_, C_TAG | S_TAG) => return None,
            (S_TAG, _) => (id, 0, self.tci),
            (C_TAG, _) => (0, id, self.tci),
            _ => return None,
        };
        let place = Subinterface { trunk, outer, vlan };
        Some((place, priorities(self.tci, second)))
    }
}

/// The priority bits of two tags in one word: the outer's first.
#[inline(always)]
const fn priorities(outer: u16, inner: u16) -> u16 {
    (outer & !VID) | (inner & !VID) >> 4
}

/// Note in the packet itself which port it came in by, for the stages to come; and
/// its priorities where they outlive a redirect and the wait for a neighbour.
#[inline(always)]
fn came_in_by(ctx: &TcContext, port: u32, priorities: u16) {
    let skb = ctx.skb.skb;
    // SAFETY: the kernel hands a valid context to the program, which may write these.
    unsafe {
        (*skb).cb[0] = port;
        (*skb).tc_index = u32::from(priorities);
    }
}

/// ifindex of the port that a frame came in by, once it has arrived.
#[inline(always)]
pub(crate) fn ingress(ctx: &TcContext) -> u32 {
    // SAFETY: the kernel hands a valid context to the program.
    unsafe { (*ctx.skb.skb).cb[0] }
}

/// Whether the port that a frame came in by has a stand-in.
#[inline(always)]
pub(crate) fn has_stand_in(ctx: &TcContext) -> bool {
    // SAFETY: the kernel hands a valid context to the program.
    ingress(ctx) != unsafe { (*ctx.skb.skb).ifindex }
}

/// Let the host's stack see a frame, as come in by its port.
#[inline(always)]
pub(crate) fn to_stack(ctx: &TcContext) -> i32 {
    const BPF_F_INGRESS: u64 = 1;
    if !has_stand_in(ctx) {
        return TC_ACT_UNSPEC;
    }
    // SAFETY: plain values.
    unsafe { bpf_redirect(ingress(ctx), BPF_F_INGRESS) as i32 }
}

/// Send a finished frame that bears no tag out of a port. `TC_ACT_SHOT` if the
/// port's tags cannot be put on.
#[inline(always)]
pub(crate) fn emit(ctx: &TcContext, port: Subinterface) -> i32 {
    // Also what is sent back by the port it came in by: a trunk, or the device below a
    // VLAN device of the kernel's, may be another network's port, with a guard.
    guard::let_pass(ctx);
    if port.is_tagged() && !tag_with(ctx, port.outer, port.vlan) {
        return TC_ACT_SHOT;
    }
    // SAFETY: plain values.
    unsafe { bpf_redirect(port.trunk, 0) as i32 }
}

/// Put tags on a frame, with the priorities it came in with.
#[inline(never)]
fn tag_with(ctx: &TcContext, outer: u16, vlan: u16) -> bool {
    let skb = ctx.skb.skb;
    // SAFETY: the kernel hands a valid context to the program.
    let priorities = unsafe { (*skb).tc_index } as u16;
    let push = |protocol: u16, tci: u16| {
        // SAFETY: the helper checks its arguments.
        unsafe { bpf_skb_vlan_push(skb, protocol.to_be(), tci) == 0 }
    };
    (vlan == 0 || push(C_TAG, vlan | (priorities << 4 & !VID)))
        && (outer == 0 || push(S_TAG, outer | (priorities & !VID)))
}

#[inline(always)]
fn pop(ctx: &TcContext) -> bool {
    // SAFETY: the helper checks its argument.
    unsafe { bpf_skb_vlan_pop(ctx.skb.skb) == 0 }
}

/// The tcx egress program of stand-ins: what the kernel sends out of one leaves by
/// the trunk, with the port's tags. That is the host's own traffic, its questions
/// for neighbours, and packets that waited for the answer.
#[classifier]
fn peer_tag(ctx: TcContext) -> i32 {
    // SAFETY: the kernel hands a valid context to the program.
    let index = unsafe { (*ctx.skb.skb).ifindex };
    if let Some(dropped) = guard::side_door(&ctx) {
        count::dropped(&dropped);
        return TC_ACT_SHOT;
    }
    match port::at(index) {
        Some(port) => emit(&ctx, port.place),
        None => TC_ACT_SHOT,
    }
}
