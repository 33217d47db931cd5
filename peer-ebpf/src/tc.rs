//! The tcx entry, on every port: the whole path where offloads must survive, and
//! whatever XDP passed up.

use aya_ebpf::{
    EbpfContext as _,
    bindings::{TC_ACT_SHOT, TC_ACT_UNSPEC, bpf_redir_neigh, bpf_redir_neigh__bindgen_ty_1},
    helpers::generated::{
        bpf_csum_update, bpf_redirect, bpf_redirect_neigh, bpf_skb_change_head, bpf_skb_load_bytes,
        bpf_skb_vlan_pop,
    },
    macros::classifier,
    programs::TcContext,
};
use aya_log_ebpf::debug;
use peer_common::{Route, flags};

use crate::{
    count,
    packet::{self, ETHERNET, Packet},
    parse,
    pipeline::{self, Destination, Dropped, Forward, Outcome},
    port, rewrite,
};

const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;

/// Ethernet, IPv6 and the first bytes of TCP, UDP or neighbour discovery: all
/// that any stage reads in place.
const HEADERS: u32 = ETHERNET as u32 + 40 + 24;

impl Packet for TcContext {
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
        // SAFETY: the kernel hands a valid context to the program.
        unsafe { (*self.skb.skb).ifindex }
    }

    #[inline(always)]
    fn frame_len(&self) -> u32 {
        self.len()
    }

    #[inline(always)]
    fn gso_size(&self) -> u32 {
        // SAFETY: as above.
        unsafe { (*self.skb.skb).gso_size }
    }

    #[inline(always)]
    fn gso_segments(&self) -> u32 {
        // SAFETY: as above.
        unsafe { (*self.skb.skb).gso_segs }
    }

    #[inline(always)]
    fn has_tag(&self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.skb.skb).vlan_present != 0 }
    }

    #[inline(always)]
    fn load(&self, offset: u32, into: &mut [u8]) -> bool {
        let (bytes, length) = (into.as_mut_ptr().cast(), into.len() as u32);
        // SAFETY: the helper checks the offset and writes no more than `into` holds.
        unsafe { bpf_skb_load_bytes(self.skb.skb.cast(), offset, bytes, length) == 0 }
    }
}

#[classifier]
fn peer_tc(ctx: TcContext) -> i32 {
    let linear = (ctx.data_end() - ctx.data()) as u32;
    if linear < HEADERS && linear < ctx.len() {
        // Some drivers leave all headers in fragments. What cannot be pulled is
        // seen as cut short and dropped as malformed.
        let _ = ctx.pull_data(HEADERS.min(ctx.len()));
    }
    // A priority tag (VID 0) makes no VLAN (IEEE 802.1Q section 6.9): the kernel
    // delivers such a frame as untagged, so it is judged as untagged.
    if is_priority_tagged(&ctx) && pop_tag(&ctx).is_none() {
        return TC_ACT_SHOT;
    }
    if has_lost_ethernet(&ctx) {
        // Judged by XDP already; only what is to be forwarded needs the header.
        if !is_for_host(&ctx) {
            return TC_ACT_UNSPEC;
        }
        if restore_ethernet(&ctx).is_none() {
            return TC_ACT_SHOT;
        }
    }
    match pipeline::decide(&ctx) {
        Outcome::Stack => TC_ACT_UNSPEC,
        Outcome::Drop(dropped) => drop(&ctx, &dropped),
        Outcome::Forward(forward) => send(&ctx, &forward),
    }
}

#[inline(always)]
fn is_priority_tagged(ctx: &TcContext) -> bool {
    // SAFETY: the kernel hands a valid context to the program.
    let (present, tci) = unsafe { ((*ctx.skb.skb).vlan_present, (*ctx.skb.skb).vlan_tci) };
    present != 0 && tci & 0x0fff == 0
}

#[inline(always)]
fn pop_tag(ctx: &TcContext) -> Option<()> {
    // SAFETY: the helper checks its argument.
    let popped = unsafe { bpf_skb_vlan_pop(ctx.skb.skb) };
    (popped == 0).then_some(())
}

/// Whether the data begins with the IP header. Seen on 6.18 behind generic XDP:
/// where the kernel copies a packet to give XDP headroom, the copy's `mac_len` is
/// zero, and tcx programs are shown the packet from there.
#[inline(always)]
fn has_lost_ethernet(ctx: &TcContext) -> bool {
    // SAFETY: the kernel hands a valid context to the program.
    let protocol = u16::from_be(unsafe { (*ctx.skb.skb).protocol } as u16);
    let version = match protocol {
        parse::IPV4 => 4,
        parse::IPV6 => 6,
        _ => return false,
    };
    let start: Option<[u8; ETHERNET]> = packet::bytes(ctx, 0);
    start.is_some_and(|start| {
        u16::from_be_bytes([start[12], start[13]]) != protocol && start[0] >> 4 == version
    })
}

/// Whether the kernel saw that the frame was sent to the device's own MAC.
#[inline(always)]
fn is_for_host(ctx: &TcContext) -> bool {
    const PACKET_HOST: u32 = 0;
    // SAFETY: the kernel hands a valid context to the program.
    unsafe { (*ctx.skb.skb).pkt_type == PACKET_HOST }
}

/// Put an Ethernet header to the port in front of the data.
#[inline(always)]
fn restore_ethernet(ctx: &TcContext) -> Option<()> {
    // SAFETY: the kernel hands a valid context to the program.
    let protocol = unsafe { (*ctx.skb.skb).protocol } as u16;
    let mac = port::ingress(ctx)?.mac;
    // SAFETY: the helper checks its arguments.
    if unsafe { bpf_skb_change_head(ctx.skb.skb, ETHERNET as u32, 0) } != 0 {
        return None;
    }
    let header = packet::at::<([u8; 6], [u8; 6], [u8; 2])>(ctx, 0)?;
    // SAFETY: `at` checked the bounds, and byte arrays have no alignment.
    unsafe { *header = (mac, [0; 6], protocol.to_ne_bytes()) };
    Some(())
}

#[inline(always)]
fn send(ctx: &TcContext, forward: &Forward) -> i32 {
    let route = forward.route;
    let resolved = route.has(flags::RESOLVED);
    if resolved && rewrite::macs(ctx, route).is_none() {
        return TC_ACT_SHOT;
    }
    if rewrite::hop_limit(ctx, forward.destination).is_none() {
        return TC_ACT_SHOT;
    }
    if let Destination::V6(_) = forward.destination {
        keep_checksum(ctx);
    }
    debug!(ctx, "tc: port {} to port {}", ctx.ingress(), route.port);
    count::forwarded(forward);
    if resolved {
        // SAFETY: plain values.
        unsafe { bpf_redirect(route.port, 0) as i32 }
    } else {
        resolve(route, forward.destination)
    }
}

/// Let the kernel find the next hop's MAC; it queues the packet meanwhile.
#[inline(always)]
fn resolve(route: &Route, destination: Destination) -> i32 {
    let gateway = route.has(flags::GATEWAY);
    let mut next_hop = match destination {
        Destination::V4(address) => {
            let g = route.gateway;
            let address = if gateway {
                [g[0], g[1], g[2], g[3]]
            } else {
                address
            };
            bpf_redir_neigh {
                nh_family: AF_INET,
                __bindgen_anon_1: bpf_redir_neigh__bindgen_ty_1 {
                    ipv6_nh: [u32::from_ne_bytes(address), 0, 0, 0],
                },
            }
        }
        Destination::V6(address) => bpf_redir_neigh {
            nh_family: AF_INET6,
            __bindgen_anon_1: bpf_redir_neigh__bindgen_ty_1 {
                ipv6_nh: words(if gateway { route.gateway } else { address }),
            },
        },
    };
    let size = size_of::<bpf_redir_neigh>() as i32;
    // SAFETY: `next_hop` outlives the call and `size` is its own.
    unsafe { bpf_redirect_neigh(route.port, &raw mut next_hop, size, 0) as i32 }
}

#[inline(always)]
fn words(a: [u8; 16]) -> [u32; 4] {
    [
        u32::from_ne_bytes([a[0], a[1], a[2], a[3]]),
        u32::from_ne_bytes([a[4], a[5], a[6], a[7]]),
        u32::from_ne_bytes([a[8], a[9], a[10], a[11]]),
        u32::from_ne_bytes([a[12], a[13], a[14], a[15]]),
    ]
}

/// Where the device summed the whole packet (CHECKSUM_COMPLETE), tell that sum of
/// the hop limit's change; IPv4 needs none, since its own checksum makes up for
/// the TTL. The change is one less in the low byte of a 16-bit word in network
/// byte order, that is one's-complement minus one.
#[inline(always)]
fn keep_checksum(ctx: &TcContext) {
    let minus_one = u32::from((!1u16).to_be());
    // SAFETY: the helper changes only the packet's own checksum field.
    unsafe { bpf_csum_update(ctx.as_ptr().cast(), minus_one) };
}

#[inline(always)]
fn drop(ctx: &TcContext, dropped: &Dropped) -> i32 {
    debug!(
        ctx,
        "tc: port {} drops for {}",
        ctx.ingress(),
        dropped.reason.name()
    );
    count::dropped(dropped);
    TC_ACT_SHOT
}
