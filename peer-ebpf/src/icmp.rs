//! ICMP errors, made of the packets they are about: cut to what is quoted, new headers
//! put in front, and sent back out of the port they came in by. tcx only.
//!
//! Whether a packet deserves one is `notice.rs`'s to say, how many there are
//! `errors.rs`'s.

use core::{hint::black_box, ptr};

use aya_ebpf::{
    bindings::{BPF_F_INVALIDATE_HASH, BPF_F_RECOMPUTE_CSUM, bpf_adj_room_mode::BPF_ADJ_ROOM_MAC},
    helpers::generated::{
        bpf_csum_diff, bpf_skb_adjust_room, bpf_skb_change_tail, bpf_skb_load_bytes,
        bpf_skb_store_bytes,
    },
    programs::TcContext,
};
use peer_common::Subinterface;

use crate::{
    desk::desk,
    errors,
    maps::MESSAGE,
    notice::{Notice, What},
    packet::{self, ETHERNET, Packet},
    parse, port,
    tuple::role,
    vlan,
};

/// The packet being made. Its IP header ends where the ICMP header begins, at [`ICMP`];
/// the quoted packet begins at [`QUOTE`]. Behind it is room for offsets that are bounded
/// by a mask.
pub(crate) type Message = [u8; 2048];

const ICMP: usize = 40;
const QUOTE: usize = ICMP + 8;

const HEADER4: usize = 20;
const HEADER6: usize = 40;

/// IP bytes quoted at most: the whole is at most 576 bytes (RFC 1812 section 4.3.2.3), or
/// 1280 (RFC 4443 section 2.4 c).
const LONGEST4: u32 = 576 - 28;
const LONGEST6: u32 = 1280 - 48;

const HOP_LIMIT: u8 = 64;

/// Answer the packet. Returns the program's verdict; `None` if the packet is not answered
/// after all and must go.
#[inline(always)]
pub(crate) fn tell(ctx: &TcContext, notice: Notice) -> Option<i32> {
    let port = port::at(ctx.ingress())?;
    let speaker = match notice.what {
        What::TimeExceededBeyond => port::at(notice.detail).unwrap_or(port),
        _ => port,
    };
    let v4 = packet::word(ctx, 12)? == parse::IPV4;
    let bytes = if v4 {
        parse::ipv4(ctx)?.bytes
    } else {
        parse::ipv6(ctx)?.bytes
    };
    let sender: [u8; 6] = packet::bytes(ctx, 6)?;
    // SAFETY: the element is this CPU's own, and tcx programs run in softirq context,
    // which does not nest on one CPU.
    let message = unsafe { &mut *MESSAGE.get_ptr_mut(0)? };
    if !errors::take(port.slot) {
        return None;
    }
    let quote = bytes.min(if v4 { LONGEST4 } else { LONGEST6 });
    copy(ctx, message, quote)?;
    let sum = sum_of_quote(ctx, message, v4, bytes, quote)?;
    let answer = if v4 {
        let from = own(speaker.address4, port.address4);
        write4(message, notice, from, quote, sum);
        send::<HEADER4>(ctx, message, quote, [sender, port.mac], port.place)
    } else {
        let from = own(speaker.address6, port.address6);
        write6(message, notice, from, quote, sum);
        send::<HEADER6>(ctx, message, quote, [sender, port.mac], port.place)
    }?;
    errors::sent(port.slot);
    Some(answer)
}

/// The speaker's address, or this port's where it has none.
#[inline(always)]
fn own<const N: usize>(speaker: [u8; N], port: [u8; N]) -> [u8; N] {
    if speaker == [0; N] { port } else { speaker }
}

/// Copy what is quoted, with noughts behind it to the next whole word.
#[inline(always)]
fn copy(ctx: &TcContext, message: &mut Message, quote: u32) -> Option<()> {
    // Two comparisons, as in `options.rs`, for the verifier of 6.1.
    let quote = black_box(quote) & 2047;
    if quote < 4 {
        return None;
    }
    let quote = black_box(quote);
    if quote > LONGEST6 {
        return None;
    }
    // SAFETY: the helper checks the offset, and `quote` bytes fit behind `QUOTE`.
    let loaded = unsafe {
        let into = message.as_mut_ptr().add(QUOTE);
        bpf_skb_load_bytes(ctx.skb.skb.cast(), ETHERNET as u32, into.cast(), quote)
    };
    for behind in 0..3 {
        message[(QUOTE + behind + quote as usize) & 2047] = 0;
    }
    (loaded == 0).then_some(())
}

/// What the quote adds to the ICMP checksum.
///
/// The transport checksum of a packet from a host that leaves it to its device
/// (CHECKSUM_PARTIAL) is not there yet: its field holds the pseudo header's sum, and
/// some device further on fills it in, also in a quote. From then on the segment
/// with its checksum sums up to the complement of what the field holds now, so that is
/// what counts for it. A finished checksum happens to look like that once in 65,536
/// times; that error is lost.
#[inline(always)]
fn sum_of_quote(
    ctx: &TcContext,
    message: &Message,
    v4: bool,
    bytes: u32,
    quote: u32,
) -> Option<u64> {
    const TCP: u8 = 6;
    const UDP: u8 = 17;
    // `notice.rs` has just read this packet.
    let tuple = &desk()?.packet.tuple;
    let headers = tuple.transport - ETHERNET as u32;
    let protocol = tuple.kind as u8;
    let field = match protocol {
        TCP => headers + 16,
        UDP => headers + 6,
        _ => return Some(sum(message, QUOTE, quote)),
    };
    if tuple.is(role::FIRST) || field + 2 > quote {
        return Some(sum(message, QUOTE, quote));
    }
    let at = QUOTE + field as usize;
    let held = u16::from_ne_bytes([message[at & 2047], message[(at + 1) & 2047]]);
    let addresses = if v4 {
        sum(message, QUOTE + 12, 8)
    } else {
        sum(message, QUOTE + 8, 32)
    };
    let segment = bytes.wrapping_sub(headers).to_be();
    let pseudo = addresses + u64::from(segment) + u64::from(u16::from(protocol).to_be());
    if ctx.gso_size() == 0 && held != fold(pseudo) {
        return Some(sum(message, QUOTE, quote));
    }
    Some(sum(message, QUOTE, headers) + u64::from(!held))
}

/// The headers of the answer, IPv4.
#[inline(always)]
fn write4(message: &mut Message, notice: Notice, from: [u8; 4], quote: u32, sum_of_quote: u64) {
    let (kind, code, word) = match notice.what {
        // RFC 1191 section 4.
        What::TooBig => (3, 4, notice.detail.min(0xffff)),
        // RFC 1812 section 5.2.7.1.
        What::Prohibited => (3, 13, 0),
        What::NoRoute => (3, 0, 0),
        _ => (11, 0, 0),
    };
    const START: usize = ICMP - HEADER4;
    let total = (quote + 28) as u16;
    // RFC 1812 section 4.3.2.5: the packet's type of service, with the precedence of
    // internetwork control.
    let service = message[QUOTE + 1] & 0x1e | 0xc0;
    let [high, low] = total.to_be_bytes();
    // RFC 6864 section 4.1: what must not be fragmented needs no identification.
    message[START..START + 8].copy_from_slice(&[0x45, service, high, low, 0, 0, 0x40, 0]);
    message[START + 8..START + 12].copy_from_slice(&[HOP_LIMIT, 1, 0, 0]);
    message[START + 12..START + 16].copy_from_slice(&from);
    message.copy_within(QUOTE + 12..QUOTE + 16, START + 16);
    let checksum = !fold(sum(message, START, HEADER4 as u32));
    message[START + 10..START + 12].copy_from_slice(&checksum.to_ne_bytes());
    write_icmp(message, kind, code, word, sum_of_quote);
}

/// The headers of the answer, IPv6.
#[inline(always)]
fn write6(message: &mut Message, notice: Notice, from: [u8; 16], quote: u32, sum_of_quote: u64) {
    const ICMPV6: u8 = 58;
    let (kind, code, word) = match notice.what {
        What::TooBig => (2, 0, notice.detail),
        What::Prohibited => (1, 1, 0),
        What::NoRoute => (1, 0, 0),
        _ => (3, 0, 0),
    };
    let length = quote + 8;
    let [high, low] = (length as u16).to_be_bytes();
    message[..8].copy_from_slice(&[0x60, 0, 0, 0, high, low, ICMPV6, HOP_LIMIT]);
    message[8..24].copy_from_slice(&from);
    message.copy_within(QUOTE + 8..QUOTE + 24, 24);
    // RFC 8200 section 8.1.
    let protocol = u64::from(u32::from(ICMPV6).to_be());
    let pseudo = sum(message, 8, 32) + u64::from(length.to_be()) + protocol;
    write_icmp(message, kind, code, word, sum_of_quote + pseudo);
}

/// The ICMP header; `others` is the sum of all else that its checksum covers.
#[inline(always)]
fn write_icmp(message: &mut Message, kind: u8, code: u8, word: u32, others: u64) {
    let [a, b, c, d] = word.to_be_bytes();
    message[ICMP..QUOTE].copy_from_slice(&[kind, code, 0, 0, a, b, c, d]);
    let checksum = !fold(sum(message, ICMP, 8) + others);
    message[ICMP + 2..ICMP + 4].copy_from_slice(&checksum.to_ne_bytes());
}

/// The one's-complement sum of `length` bytes at `at`, not folded, as the bytes stand in
/// memory (RFC 1071 section 2 B). Behind them are noughts to the next whole word.
#[inline(always)]
fn sum(message: &Message, at: usize, length: u32) -> u64 {
    /// What the helper takes at once (before Linux 6.12).
    const MOST: u32 = 512;
    let mut total = 0u32;
    for piece in 0..3 {
        let start = piece * MOST;
        if length <= start {
            break;
        }
        let bytes = black_box((length - start).min(MOST) + 3) & 0x3fc;
        // SAFETY: `bytes` is at most `MOST`, and as many are behind the start of each of
        // the three pieces.
        let sum = unsafe {
            let piece = message.as_ptr().add(at + start as usize);
            let bytes = if bytes > MOST { MOST } else { bytes };
            bpf_csum_diff(ptr::null_mut(), 0, piece.cast_mut().cast(), bytes, total)
        };
        total = sum as u32;
    }
    u64::from(total)
}

/// The 16-bit one's-complement sum.
#[inline(always)]
fn fold(sum: u64) -> u16 {
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    sum as u16
}

/// Make the packet the answer, with `HEADER` bytes of IP header, and send it back.
#[inline(always)]
fn send<const HEADER: usize>(
    ctx: &TcContext,
    message: &Message,
    quote: u32,
    macs: [[u8; 6]; 2],
    place: Subinterface,
) -> Option<i32> {
    const STORE: u64 = (BPF_F_RECOMPUTE_CSUM | BPF_F_INVALIDATE_HASH) as u64;
    let skb = ctx.skb.skb;
    let headers = HEADER + 8;
    // SAFETY: the helpers check their arguments; the headers written are inside
    // `message`.
    let made = unsafe {
        let start = message.as_ptr().add(ICMP - HEADER);
        bpf_skb_change_tail(skb, ETHERNET as u32 + quote, 0) == 0
            && bpf_skb_adjust_room(skb, headers as i32, BPF_ADJ_ROOM_MAC, 0) == 0
            && bpf_skb_store_bytes(skb, ETHERNET as u32, start.cast(), headers as u32, STORE) == 0
            && bpf_skb_store_bytes(skb, 0, macs.as_ptr().cast(), 12, 0) == 0
    };
    made.then(|| vlan::emit(ctx, place))
}
