//! The tcx entry, on every port: the whole path where offloads must survive, and
//! whatever XDP passed up.

use aya_ebpf::{
    EbpfContext as _,
    bindings::{
        __sk_buff, TC_ACT_SHOT, TC_ACT_UNSPEC, bpf_redir_neigh, bpf_redir_neigh__bindgen_ty_1,
    },
    helpers::generated::{
        bpf_csum_update, bpf_redirect_neigh, bpf_skb_change_head, bpf_skb_change_tail,
        bpf_skb_load_bytes, bpf_skb_load_bytes_relative, bpf_skb_store_bytes,
    },
    macros::classifier,
    programs::TcContext,
};
use aya_log_ebpf::debug;
use peer_common::{DropReason, Route, flags};

use crate::{
    answer,
    count::{self, Sending},
    desk::Page,
    guard, icmp,
    packet::{self, ETHERNET, Packet},
    parse,
    pipeline::{self, Destination, Dropped, Forward, Outcome},
    rewrite, tuple,
    vlan::{self, Arrival},
};

const AF_INET: u32 = 2;
const AF_INET6: u32 = 10;

/// Ethernet, IPv6 and the first bytes of TCP, UDP or neighbour discovery: all
/// that any stage reads in place.
const HEADERS: u32 = ETHERNET as u32 + 40 + 24;

impl Packet for TcContext {
    const IN_HASTE: bool = false;

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
        vlan::ingress(self)
    }

    #[inline(always)]
    fn frame_len(&self) -> u32 {
        self.len()
    }

    #[inline(always)]
    fn gso_size(&self) -> u32 {
        // SAFETY: the kernel hands a valid context to the program.
        unsafe { (*self.skb.skb).gso_size }
    }

    #[inline(always)]
    fn gso_segments(&self) -> u32 {
        // SAFETY: as above.
        unsafe { (*self.skb.skb).gso_segs }
    }

    #[inline(always)]
    fn load(&self, offset: u32, into: &mut [u8]) -> bool {
        let (bytes, length) = (into.as_mut_ptr().cast(), into.len() as u32);
        // SAFETY: the helper checks the offset and writes no more than `into` holds.
        unsafe { bpf_skb_load_bytes(self.skb.skb.cast(), offset, bytes, length) == 0 }
    }

    #[inline(always)]
    fn cut(&self, length: u32) -> bool {
        // SAFETY: the helper checks its arguments.
        unsafe { bpf_skb_change_tail(self.skb.skb, length, 0) == 0 }
    }

    #[inline(always)]
    fn read(&self, page: Page, v6: bool, at: u32, end: u32) -> bool {
        // SAFETY: the context is the one the kernel handed to the program.
        unsafe { peer_read_tc(self.skb.skb, page as u32, v6, at, end) }
    }
}

/// [`Packet::read`], global.
///
/// # Safety
/// `ctx` is the context of the running program.
#[unsafe(no_mangle)]
#[inline(never)]
unsafe extern "C" fn peer_read_tc(
    ctx: *mut __sk_buff,
    page: u32,
    v6: bool,
    at: u32,
    end: u32,
) -> bool {
    tuple::read(&TcContext::new(ctx), page, v6, at, end)
}

#[classifier]
fn peer_tc(ctx: TcContext) -> i32 {
    guard::let_none_pass(&ctx);
    match vlan::arrive(&ctx) {
        Arrival::AtPort => {}
        Arrival::Unknown => return TC_ACT_UNSPEC,
        Arrival::Broken => return TC_ACT_SHOT,
    }
    let linear = (ctx.data_end() - ctx.data()) as u32;
    if linear < HEADERS && linear < ctx.len() {
        // Some drivers leave all headers in fragments. What cannot be pulled is
        // seen as cut short and dropped as malformed.
        let _ = ctx.pull_data(HEADERS.min(ctx.len()));
    }
    // No generic XDP of ours is where tags are. Without its header a frame cannot be
    // handed to the stand-in, and must not be seen by the trunk.
    if has_lost_ethernet(&ctx) && (vlan::has_stand_in(&ctx) || restore_ethernet(&ctx).is_none()) {
        return TC_ACT_SHOT;
    }
    match pipeline::decide(&ctx) {
        Outcome::Stack => vlan::to_stack(&ctx),
        Outcome::Drop(dropped) => drop(&ctx, &dropped),
        Outcome::Answer(question, port) => answer::send(&ctx, port, question),
        Outcome::Forward(forward) => send(&ctx, &forward),
    }
}

/// Whether the data begins with the IP header. Seen on 6.18 behind generic XDP:
/// where the kernel copies a packet to give XDP headroom, the copy's `mac_len` is
/// zero, and tcx programs are shown the packet from there.
#[inline(always)]
fn has_lost_ethernet(ctx: &TcContext) -> bool {
    // SAFETY: the kernel hands a valid context to the program.
    let protocol = u16::from_be(unsafe { (*ctx.skb.skb).protocol } as u16);
    let start: Option<[u8; ETHERNET]> = packet::bytes(ctx, 0);
    start.is_some_and(|start| {
        let begins = match protocol {
            // Ethernet, IPv4: no frame is to such a MAC from such a one.
            parse::ARP => start[..6] == [0, 1, 8, 0, 6, 4],
            parse::IPV4 => start[0] >> 4 == 4,
            parse::IPV6 => start[0] >> 4 == 6,
            _ => false,
        };
        begins && u16::from_be_bytes([start[12], start[13]]) != protocol
    })
}

/// Put the Ethernet header back in front of the data: it is still where the frame
/// began.
#[inline(always)]
fn restore_ethernet(ctx: &TcContext) -> Option<()> {
    const FROM_MAC_HEADER: u32 = 0;
    let skb = ctx.skb.skb;
    let mut header = [0; ETHERNET];
    let into = header.as_mut_ptr().cast();
    // SAFETY: the helpers check their arguments, and read and write as many bytes as
    // `header` has.
    let restored = unsafe {
        bpf_skb_load_bytes_relative(skb.cast(), 0, into, ETHERNET as u32, FROM_MAC_HEADER) == 0
            && bpf_skb_change_head(skb, ETHERNET as u32, 0) == 0
            && bpf_skb_store_bytes(skb, 0, header.as_ptr().cast(), ETHERNET as u32, 0) == 0
    };
    restored.then_some(())
}

#[inline(always)]
fn send(ctx: &TcContext, forward: &Forward) -> i32 {
    let route = forward.route;
    let resolved = route.has(flags::RESOLVED);
    if rewrite::trailer(ctx, forward.wire).is_none() {
        return drop(ctx, &Dropped::of(forward, DropReason::Malformed));
    }
    if resolved && rewrite::macs(ctx, route).is_none() {
        return TC_ACT_SHOT;
    }
    if rewrite::hop_limit(ctx, forward.destination, route.hops()).is_none() {
        return TC_ACT_SHOT;
    }
    if let Destination::V6(_) = forward.destination {
        keep_checksum(ctx, route.hops());
    }
    debug!(ctx, "tc: port {} to port {}", ctx.ingress(), route.port);
    let Some(sending) = Sending::of(forward) else {
        return TC_ACT_SHOT;
    };
    let sent = if resolved {
        vlan::emit(ctx, route.egress)
    } else {
        guard::let_pass(ctx);
        resolve(route, forward.destination)
    };
    if sent == TC_ACT_SHOT {
        return drop(ctx, &Dropped::of(forward, DropReason::RedirectFailed));
    }
    sending.count();
    sent
}

/// Let the kernel find the next hop's MAC; it queues the packet meanwhile.
#[inline(always)]
fn resolve(route: &Route, destination: Destination) -> i32 {
    let gateway = route.has(flags::GATEWAY);
    let mut next_hop = match destination {
        // An IPv4 packet by an IPv6 neighbour (RFC 8950).
        Destination::V4(_) if route.has(flags::GATEWAY_V6) => bpf_redir_neigh {
            nh_family: AF_INET6,
            __bindgen_anon_1: bpf_redir_neigh__bindgen_ty_1 {
                ipv6_nh: words(route.gateway),
            },
        },
        Destination::V4(address) => {
            let address = if gateway {
                let g = route.gateway;
                u32::from_ne_bytes([g[0], g[1], g[2], g[3]])
            } else {
                ((address[0] >> 32) as u32).to_be()
            };
            bpf_redir_neigh {
                nh_family: AF_INET,
                __bindgen_anon_1: bpf_redir_neigh__bindgen_ty_1 {
                    ipv6_nh: [address, 0, 0, 0],
                },
            }
        }
        Destination::V6(address) => bpf_redir_neigh {
            nh_family: AF_INET6,
            __bindgen_anon_1: bpf_redir_neigh__bindgen_ty_1 {
                ipv6_nh: if gateway {
                    words(route.gateway)
                } else {
                    let [high, low] = address;
                    [high >> 32, high, low >> 32, low].map(|word| (word as u32).to_be())
                },
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
/// the TTL. The change is so much less in the low byte of a 16-bit word in network
/// byte order, that is one's-complement minus as much.
#[inline(always)]
fn keep_checksum(ctx: &TcContext, hops: u8) {
    let less = u32::from((!u16::from(hops)).to_be());
    // SAFETY: the helper changes only the packet's own checksum field.
    unsafe { bpf_csum_update(ctx.as_ptr().cast(), less) };
}

#[inline(never)]
fn drop(ctx: &TcContext, dropped: &Dropped) -> i32 {
    debug!(
        ctx,
        "tc: port {} drops for {}",
        ctx.ingress(),
        dropped.reason.name()
    );
    count::dropped(dropped);
    if !dropped.notice.is_due() {
        return TC_ACT_SHOT;
    }
    icmp::tell(ctx, dropped.notice).unwrap_or(TC_ACT_SHOT)
}
