//! Builds the BPF object with core from source.

use aya_build::{Package, Toolchain};

/// As in rust-toolchain.toml.
const TOOLCHAIN: &str = "1.95.0";

fn main() -> anyhow::Result<()> {
    let package = Package {
        name: "peer-ebpf",
        root_dir: "../peer-ebpf",
        ..Package::default()
    };
    println!("cargo:rerun-if-changed=../peer-common/src");
    // -Z build-std is a nightly flag; RUSTC_BOOTSTRAP lets the pinned stable
    // compiler take it. Set here alone: other build scripts probe for it.
    set_env("RUSTC_BOOTSTRAP", "1");
    // Every line the inner build prints would come out as a warning of ours.
    set_env("CARGO_TERM_QUIET", "true");
    aya_build::build_ebpf([package], Toolchain::Custom(TOOLCHAIN))
}

#[expect(unsafe_code, reason = "the inner cargo inherits our environment")]
fn set_env(key: &str, value: &str) {
    // SAFETY: this process has one thread.
    unsafe { std::env::set_var(key, value) };
}
