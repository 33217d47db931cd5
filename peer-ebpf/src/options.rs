//! Stage: options and extension headers that a router must not honour. All others
//! are carried on untouched.

use core::hint::black_box;

use peer_common::DropReason;

use crate::{
    desk::{Page, desk},
    packet::{ETHERNET, Packet},
    parse::Ip,
    tuple::{self, role},
};

/// The reason not to carry this packet on, if its headers give one.
#[inline(always)]
pub(crate) fn refused<const N: usize>(packet: &impl Packet, ip: &Ip<N>) -> Option<DropReason> {
    if N == 1 {
        match ip.header {
            FIXED => None,
            header => options(packet, header),
        }
    } else if tuple::is_extension(ip.protocol) {
        extensions(packet, ip.bytes)
    } else {
        None
    }
}

/// Bytes of an IPv4 header without options.
const FIXED: usize = 20;

const FINE: u32 = 0;
const SOURCE_ROUTED: u32 = 1;

/// RFC 7126 sections 4.3 and 4.4: packets with a loose or strict source route are
/// dropped.
#[inline(always)]
fn options(packet: &impl Packet, header: usize) -> Option<DropReason> {
    let buffer = &mut desk()?.packet.header;
    // Two comparisons, and of this very number: from a difference to another, or to
    // nought, the verifier of 6.1 concludes nothing.
    let length = black_box(header - FIXED);
    if length < 4 {
        return None;
    }
    let length = black_box(length);
    if length > buffer.len() || !packet.load((ETHERNET + FIXED) as u32, &mut buffer[..length]) {
        return Some(DropReason::Malformed);
    }
    match peer_options(buffer, length as u32) {
        FINE => None,
        SOURCE_ROUTED => Some(DropReason::SourceRoute),
        _ => Some(DropReason::Malformed),
    }
}

/// What there is among these bytes of options (RFC 791 section 3.1).
///
/// Global, so that the verifier walks them once and not once for every way that
/// leads here; the pointer may be null in its eyes.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn peer_options(options: *const [u8; 40], length: u32) -> u32 {
    const END: u8 = 0;
    const NO_OPERATION: u8 = 1;
    const LOOSE_SOURCE_ROUTE: u8 = 131;
    const STRICT_SOURCE_ROUTE: u8 = 137;
    const MALFORMED: u32 = 2;
    // SAFETY: it was a reference, and nothing is written to it.
    let Some(options) = (unsafe { options.as_ref() }) else {
        return MALFORMED;
    };
    let mut at = 0;
    for _ in 0..options.len() {
        // The verifier forgets what it knew of the offset, and is told anew.
        let here = black_box(at);
        if here >= length || here >= options.len() as u32 {
            return FINE;
        }
        match options[here as usize] {
            END => return FINE,
            NO_OPERATION => at = here + 1,
            LOOSE_SOURCE_ROUTE | STRICT_SOURCE_ROUTE => return SOURCE_ROUTED,
            _ => {
                let next = here + 1;
                if next >= length || next >= options.len() as u32 {
                    return MALFORMED;
                }
                let size = u32::from(options[next as usize]);
                if size < 2 || here + size > length {
                    return MALFORMED;
                }
                at = here + size;
            }
        }
    }
    FINE
}

/// RFC 5095: routing headers of type 0 that still name routers. A chain that has no
/// end in sight hides what it likes.
#[inline(always)]
fn extensions(packet: &impl Packet, bytes: u32) -> Option<DropReason> {
    let end = ETHERNET as u32 + bytes;
    if !packet.read(Page::Packet, true, ETHERNET as u32, end) {
        return Some(DropReason::Malformed);
    }
    let tuple = &desk()?.packet.tuple;
    // What was found stands before what was not looked for.
    if tuple.is(role::SOURCE_ROUTED) {
        return Some(DropReason::SourceRoute);
    }
    tuple.is(role::ENDLESS).then_some(DropReason::Malformed)
}
