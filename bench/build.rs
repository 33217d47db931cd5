//! Builds the benchmark's own BPF programs with core from source.

use aya_build::{Package, Toolchain};

/// As in rust-toolchain.toml.
const TOOLCHAIN: &str = "1.95.0";

fn main() -> anyhow::Result<()> {
    let package = Package {
        name: "bench-ebpf",
        root_dir: "../bench-ebpf",
        ..Package::default()
    };
    // -Z build-std is a nightly flag; RUSTC_BOOTSTRAP lets the pinned stable
    // compiler take it. Set here alone: other build scripts probe for it.
    set_env("RUSTC_BOOTSTRAP", "1");
    set_env("CARGO_TERM_QUIET", "true");
    aya_build::build_ebpf([package], Toolchain::Custom(TOOLCHAIN))
}

#[expect(unsafe_code, reason = "the inner cargo inherits our environment")]
fn set_env(key: &str, value: &str) {
    // SAFETY: this process has one thread.
    unsafe { std::env::set_var(key, value) };
}
