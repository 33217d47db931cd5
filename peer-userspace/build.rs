//! Builds the BPF object with core from source.

use aya_build::{Package, Toolchain};

/// As in rust-toolchain.toml.
const TOOLCHAIN: &str = "1.95.0";

fn main() -> anyhow::Result<()> {
    let package = Package { name: "peer-ebpf", root_dir: "../peer-ebpf", ..Package::default() };
    println!("cargo:rerun-if-changed=../peer-common/src");
    // -Z build-std is a nightly flag; RUSTC_BOOTSTRAP lets the pinned stable
    // compiler take it. Set here alone: other build scripts probe for it. Quiet,
    // because every line of the inner build would come out as a warning of ours.
    // SAFETY: build scripts are single-threaded until they start threads.
    #[expect(unsafe_code, reason = "the environment of the cargo that builds the object")]
    unsafe {
        std::env::set_var("RUSTC_BOOTSTRAP", "1");
        std::env::set_var("CARGO_TERM_QUIET", "true");
    }
    aya_build::build_ebpf([package], Toolchain::Custom(TOOLCHAIN))
}
