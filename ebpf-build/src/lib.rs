//! Builds a package of BPF programs, with core from source, for the build script of the
//! package that loads them: all programs of this workspace for the same processor.
//!
//! Not by aya-build, which has no way to say for which one.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

/// Linux 5.1 and later: 32-bit arithmetic and jumps.
const FLAGS: [&str; 5] = [
    "-Ctarget-cpu=v3",
    // Words of packets and maps may lie anywhere where peerd runs: they are read and written
    // at once, and not byte by byte.
    "-Ctarget-feature=+allows-misaligned-mem-access",
    "--cfg=bpf_target_arch=\"x86_64\"",
    // With --btf: types of maps, and lines of source for the verifier to name.
    "-Cdebuginfo=2",
    "-Clink-arg=--btf",
];

const TARGET: &str = "bpfel-unknown-none";

/// Build `package`, which lies beside the caller's and depends on what lies beside it in
/// `others`; its object is then `OUT_DIR/PACKAGE`.
///
/// # Errors
/// If it does not build.
pub fn build(package: &str, others: &[&str]) -> Result<()> {
    for folder in others.iter().chain([&package]) {
        println!("cargo:rerun-if-changed=../{folder}");
    }
    let folder = PathBuf::from(env::var_os("OUT_DIR").context("cargo names no OUT_DIR")?);
    let target = folder.join("target");
    let cargo = env::var_os("CARGO").context("cargo does not say where it is")?;
    let status = Command::new(cargo)
        .args(["build", "--package", package, "--bins", "--release"])
        .args(["--target", TARGET, "-Zbuild-std=core", "--target-dir"])
        .arg(&target)
        // -Z is for nightly compilers; this lets the pinned stable one take it. Set here
        // alone: other build scripts probe for it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"))
        // Every line it prints would come out as a warning of ours.
        .env("CARGO_TERM_QUIET", "true")
        // Ours is what cargo would have us build with, be it clippy's.
        .env_remove("RUSTC")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "{package} does not build ({status})");
    let object = target.join(Path::new(TARGET).join("release").join(package));
    fs::copy(&object, folder.join(package))
        .with_context(|| format!("cannot copy {}", object.display()))?;
    Ok(())
}
