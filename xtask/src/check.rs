//! `cargo xtask check`: what must hold before a change is looked at.

use anyhow::Result;

use crate::{
    run::{cargo, exec},
    setup,
};

pub(crate) fn run() -> Result<()> {
    setup::run()?;
    println!("check: formatting");
    exec(cargo().args(["fmt", "--all", "--", "--check"]))?;
    println!("check: lints");
    exec(cargo().args([
        "clippy",
        "--quiet",
        "--all-targets",
        "--locked",
        "--",
        "-Dwarnings",
    ]))?;
    println!("check: lints of the BPF programs");
    exec(
        cargo()
            .args([
                "clippy",
                "--quiet",
                "--package",
                "peer-ebpf",
                "--package",
                "bench-ebpf",
                "--locked",
                "--release",
            ])
            .args([
                "--target",
                "bpfel-unknown-none",
                "-Zbuild-std=core",
                "--",
                "-Dwarnings",
            ])
            // As peer-userspace's build script does: a nightly flag for the pinned
            // stable compiler.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", "--cfg=bpf_target_arch=\"x86_64\""),
    )?;
    println!("check: documentation");
    exec(
        cargo()
            .args([
                "doc",
                "--quiet",
                "--no-deps",
                "--document-private-items",
                "--locked",
            ])
            .env("RUSTDOCFLAGS", "-Dwarnings"),
    )
}
