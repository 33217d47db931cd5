//! Answers in the kernel's place: ARP, neighbour solicitations and echo requests for an
//! address that other interfaces of the host carry too.
//!
//! The kernel would look such an address and the way back up in tables that all networks
//! share, and answer one network's host into another. So the question itself becomes the
//! answer, and goes back by the port and to the MAC it came from. Only tcx answers; XDP
//! hands questions up. What may be asked is `local.rs`'s to say.
//!
//! Functions are not inlined here: the program's own stack has no room for them.

use aya_ebpf::{
    EbpfContext as _,
    bindings::TC_ACT_SHOT,
    helpers::generated::{bpf_csum_update, bpf_l4_csum_replace, bpf_skb_change_tail},
    programs::TcContext,
};
use peer_common::{Port, checksum};

use crate::{
    local::Question,
    packet::{ETHERNET, at},
    vlan,
};

/// What hosts start with (RFC 1700 and its successors; Linux's default).
const HOPS: u8 = 64;
/// Of neighbour discovery (RFC 4861 section 7.1).
const ND_HOPS: u8 = 255;

/// Turn the question into its answer and send it back, or drop it if it cannot be.
#[inline(always)]
pub(crate) fn send(ctx: &TcContext, port: &Port, question: Question) -> i32 {
    let own = &port.mac;
    let done = match question {
        Question::Arp => arp(ctx, own),
        Question::Neighbour => neighbour(ctx, own),
        Question::Echo4 => echo4(ctx, own),
        Question::Echo6 => echo6(ctx, own),
    };
    if done.is_none() {
        return TC_ACT_SHOT;
    }
    vlan::emit(ctx, port.place)
}

/// Make it as long as this, all linear, and of no known sum: what a device summed
/// (CHECKSUM_COMPLETE) the kernel forgets when a packet grows.
#[inline(always)]
fn resize(ctx: &TcContext, length: u32) -> Option<()> {
    // SAFETY: the helper checks its arguments.
    let failed = unsafe {
        bpf_skb_change_tail(ctx.skb.skb, ctx.len() + 1, 0) != 0
            || bpf_skb_change_tail(ctx.skb.skb, length, 0) != 0
    };
    (!failed).then_some(())
}

/// Back to the MAC it came from.
#[inline(always)]
fn back(ctx: &TcContext, own: &[u8; 6]) -> Option<()> {
    let ethernet = at::<[[u8; 6]; 2]>(ctx, 0)?;
    // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
    unsafe { *ethernet = [(*ethernet)[1], *own] };
    Some(())
}

/// ARP for IPv4 over Ethernet (RFC 826), from the operation on.
#[repr(C)]
struct Arp {
    operation: [u8; 2],
    sender_mac: [u8; 6],
    sender: [u8; 4],
    target_mac: [u8; 6],
    target: [u8; 4],
}

#[inline(never)]
fn arp(ctx: &TcContext, own: &[u8; 6]) -> Option<()> {
    const REPLY: [u8; 2] = [0, 2];
    resize(ctx, ctx.len())?;
    back(ctx, own)?;
    let arp = at::<Arp>(ctx, ETHERNET + 6)?;
    // SAFETY: `at` checked the bounds, and a struct of byte arrays has no alignment.
    let arp = unsafe { &mut *arp };
    *arp = Arp {
        operation: REPLY,
        sender_mac: *own,
        sender: arp.target,
        target_mac: arp.sender_mac,
        target: arp.sender,
    };
    Some(())
}

/// The IPv6 header and a neighbour advertisement (RFC 4861 section 4.4) with the
/// target's link-layer address. A solicitation has source, destination and target at the
/// same places.
#[repr(C)]
struct Advertisement {
    /// Version, traffic class, flow label; payload length, next header, hop limit.
    fixed: [u8; 8],
    source: [u8; 16],
    destination: [u8; 16],
    /// Type, code, checksum, flags.
    message: [u8; 8],
    target: [u8; 16],
    option: [u8; 8],
}

#[inline(never)]
fn neighbour(ctx: &TcContext, own: &[u8; 6]) -> Option<()> {
    const ALL_NODES: [u8; 16] = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    const ALL_NODES_MAC: [u8; 6] = [0x33, 0x33, 0, 0, 0, 1];
    const ROUTER_OVERRIDE: u8 = 0x80 | 0x20;
    const SOLICITED: u8 = 0x40;
    const LENGTH: u8 = 32;
    resize(ctx, (ETHERNET + size_of::<Advertisement>()) as u32)?;
    back(ctx, own)?;
    let advertisement = at::<Advertisement>(ctx, ETHERNET)?;
    // SAFETY: `at` checked the bounds, and a struct of byte arrays has no alignment.
    let advertisement = unsafe { &mut *advertisement };
    advertisement.destination = advertisement.source;
    advertisement.source = advertisement.target;
    let mut flags = ROUTER_OVERRIDE | SOLICITED;
    if advertisement.destination == [0; 16] {
        // Who only wants to take the address has none to be answered at (section 7.2.4).
        flags = ROUTER_OVERRIDE;
        advertisement.destination = ALL_NODES;
        let to = at::<[u8; 6]>(ctx, 0)?;
        // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
        unsafe { *to = ALL_NODES_MAC };
    }
    let [a, b, c, d, e, f] = *own;
    advertisement.fixed = [0x60, 0, 0, 0, 0, LENGTH, 58, ND_HOPS];
    advertisement.message = [136, 0, 0, 0, flags, 0, 0, 0];
    advertisement.option = [2, 1, a, b, c, d, e, f];
    // The pseudo-header (RFC 8200 section 8.1), then the message.
    let sum = checksum::add(0, &advertisement.source);
    let sum = checksum::add(sum, &advertisement.destination);
    let sum = checksum::add(sum, &[0, LENGTH, 0, 58]);
    let sum = checksum::add(sum, &advertisement.message);
    let sum = checksum::add(sum, &advertisement.target);
    let sum = checksum::add(sum, &advertisement.option);
    [advertisement.message[2], advertisement.message[3]] = checksum::of(sum).to_be_bytes();
    Some(())
}

#[inline(never)]
fn echo4(ctx: &TcContext, own: &[u8; 6]) -> Option<()> {
    const TTL: usize = ETHERNET + 8;
    retype(ctx, ETHERNET + 20, 0x0800, 0x0000)?;
    back(ctx, own)?;
    swap::<4>(ctx, ETHERNET + 12)?;
    let (ttl, sum) = (at::<[u8; 2]>(ctx, TTL)?, at::<[u8; 2]>(ctx, TTL + 2)?);
    // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
    unsafe {
        let old = *ttl;
        (*ttl)[0] = HOPS;
        let (old, new) = (u16::from_be_bytes(old), u16::from_be_bytes(*ttl));
        *sum = checksum::after_change(u16::from_be_bytes(*sum), old, new).to_be_bytes();
    }
    Some(())
}

#[inline(never)]
fn echo6(ctx: &TcContext, own: &[u8; 6]) -> Option<()> {
    retype(ctx, ETHERNET + 40, 0x8000, 0x8100)?;
    back(ctx, own)?;
    swap::<16>(ctx, ETHERNET + 8)?;
    let word = at::<[u8; 2]>(ctx, ETHERNET + 6)?;
    // SAFETY: as above.
    let (old, new) = unsafe {
        let old = *word;
        (*word)[1] = HOPS;
        (u16::from_ne_bytes(old), u16::from_ne_bytes(*word))
    };
    // No checksum in the packet covers the hop limit; a device's sum of all of it does.
    // SAFETY: the helper changes only the packet's own checksum field.
    unsafe { bpf_csum_update(ctx.as_ptr().cast(), u32::from(new) + u32::from(!old)) };
    Some(())
}

/// Write type and code of an ICMP message, and have its checksum follow as far as it is
/// there yet and not left to a device.
#[inline(always)]
fn retype(ctx: &TcContext, icmp: usize, old: u16, new: u16) -> Option<()> {
    let (from, to) = (u64::from(old.to_be()), u64::from(new.to_be()));
    // SAFETY: the helper checks its arguments.
    let failed = unsafe { bpf_l4_csum_replace(ctx.skb.skb, icmp as u32 + 2, from, to, 2) } != 0;
    if failed {
        return None;
    }
    let word = at::<[u8; 2]>(ctx, icmp)?;
    // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
    unsafe { *word = new.to_be_bytes() };
    Some(())
}

/// Source and destination change places, which no sum notices.
#[inline(always)]
fn swap<const N: usize>(ctx: &TcContext, source: usize) -> Option<()> {
    let source = at::<[[u8; N]; 2]>(ctx, source)?;
    // SAFETY: as above.
    unsafe { *source = [(*source)[1], (*source)[0]] };
    Some(())
}
