//! peerd's packet path: an XDP and a tcx program built from the same stages
//! over the same maps.
//!
//! `xdp.rs` and `tc.rs` are the entries; `pipeline.rs` is the order of the
//! stages, one file each: parse, port, local, route, source, options, policy, next_hop,
//! limits; the entry then rewrites, counts and redirects as its hook can. Stages decide and
//! change nothing, but for the flows that policy records; only `rewrite.rs` writes to
//! a packet that is sent on, `icmp.rs` and `answer.rs` the answer to one that is not; only
//! `count.rs`, `errors.rs` and `flows.rs` write to a map. `guard.rs` is a program of its own, for
//! what leaves by a port without having passed the others.

#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]
#![expect(
    unsafe_code,
    reason = "packet access and BPF helpers have no safe form"
)]

mod answer;
mod count;
mod desk;
mod errors;
mod flows;
mod guard;
mod icmp;
mod limits;
mod local;
mod maps;
mod next_hop;
mod notice;
mod options;
mod packet;
mod parse;
mod pipeline;
mod policy;
mod port;
mod rewrite;
mod route;
mod source;
mod tc;
mod trie;
mod tuple;
mod turned_away;
mod vlan;
mod xdp;

/// The kernel lets only GPL-compatible programs call some of the helpers used.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
