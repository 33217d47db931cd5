//! The benchmark's own BPF programs: what makes packets, what counts them, and ways
//! to forward that peerd is compared with. One file each.

#![no_std]
#![no_main]
#![expect(
    unsafe_code,
    reason = "packet access and BPF helpers have no safe form"
)]

mod bare;
mod fib;
mod generator;
mod packet;
mod sink;

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[cfg(not(test))]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
