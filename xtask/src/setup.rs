//! Installs what building and testing need, each piece only where it is missing.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use peer_tests::tools::{self, Tools, cache};

use crate::{
    debian::{self, Needed, Suite, on_path},
    run::output,
};

/// Must be the version in rust-toolchain.toml: core is built from its sources.
const RUST: &str = "1.95.0";
/// The LLVM major of rustc 1.95; bpf-linker reads the bitcode rustc writes.
const LLVM: &str = "22";
const BPF_LINKER: &str = "0.13.0";

const PACKAGES: &[Needed] = &[
    (
        "iproute2",
        "ip",
        "network namespaces and veths for demo and tests",
    ),
    ("iputils-ping", "ping", "traffic in demo and tests"),
    ("iputils-tracepath", "tracepath", "path MTUs in tests"),
    ("traceroute", "traceroute", "hops in demo and tests"),
    ("iperf3", "iperf3", "TCP throughput in demo and tests"),
    (
        "ethtool",
        "ethtool",
        "offload settings and counters in tests",
    ),
    ("nftables", "nft", "firewall rules in tests"),
    (
        "util-linux",
        "nsenter",
        "running programs inside a namespace",
    ),
];

pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    let mut installed = debian::install_missing(PACKAGES)?;
    installed |= rust_src()?;
    installed |= bpf_linker()?;
    installed |= from_pypi(&tools::SCHEMATHESIS)?;
    installed |= from_pypi(&tools::CLIENTS)?;
    if installed {
        println!("setup: done in {:.0?}", started.elapsed());
    }
    Ok(())
}

/// Library sources of exactly our compiler, to build core for the BPF target.
fn rust_src() -> Result<bool> {
    let sysroot = PathBuf::from(output(Command::new("rustc").args(["--print", "sysroot"]))?.trim());
    let wanted = sysroot.join("lib/rustlib/src/rust");
    let sources = wanted.join("library/core/src/lib.rs");
    if sources.exists() {
        return Ok(false);
    }
    println!("setup: installing rust-src {RUST}: core is compiled for the BPF target");
    let by_rustup = output(Command::new("rustup").args(["component", "add", "rust-src"]));
    if !sources.exists() {
        let reason =
            by_rustup.map_or_else(|error| format!("{error:#}"), |_| "no sources came".into());
        println!("setup: rustup could not ({})", first_line(&reason));
        rust_src_from_debian(&wanted)
            .context("rust-src is to be had neither from rustup nor from Debian")?;
    }
    if !sources.exists() {
        bail!(
            "rust-src was installed, but {} has no library sources",
            wanted.display()
        );
    }
    Ok(true)
}

/// Debian backports the same version's sources. They are linked into the toolchain.
fn rust_src_from_debian(wanted: &Path) -> Result<()> {
    println!("setup: taking Debian's rust-src {RUST} (trixie-backports) instead");
    let unpacked = cache()?.join(format!("rust-src-{RUST}"));
    Suite::open("trixie-backports")?.unpack("rust-src", Some(RUST), &unpacked)?;
    if let Some(parent) = wanted.parent() {
        fs::create_dir_all(parent)?;
    }
    // A dangling link of an earlier checkout may stand here.
    if wanted.is_symlink() {
        fs::remove_file(wanted)?;
    }
    symlink(unpacked.join(format!("usr/src/rustc-{RUST}")), wanted)
        .with_context(|| format!("cannot link the sources to {}", wanted.display()))
}

fn bpf_linker() -> Result<bool> {
    if on_path("bpf-linker") && linker_works() {
        return Ok(false);
    }
    let prefix = format!("/usr/lib/llvm-{LLVM}");
    if !Path::new(&prefix).join("include/llvm-c/Core.h").exists() {
        println!(
            "setup: installing LLVM {LLVM} (Debian): bpf-linker is built against rustc's LLVM"
        );
        let packages = [format!("llvm-{LLVM}-dev"), format!("libpolly-{LLVM}-dev")];
        debian::install(packages.iter().map(String::as_str))?;
    }
    println!("setup: building bpf-linker {BPF_LINKER}: links the BPF programs (about a minute)");
    output(
        Command::new("cargo")
            .args([
                "install",
                "bpf-linker",
                "--version",
                BPF_LINKER,
                "--locked",
                "--force",
            ])
            .args(["--no-default-features", "--features"])
            .arg(format!("llvm-{LLVM}"))
            .env("LLVM_PREFIX", &prefix),
    )?;
    Ok(true)
}

/// Into a virtual environment of their own.
fn from_pypi(tools: &Tools) -> Result<bool> {
    if tools.are_installed()? {
        return Ok(false);
    }
    let packages = tools.packages.iter();
    let packages: Vec<_> = packages
        .map(|(name, version)| format!("{name}=={version}"))
        .collect();
    println!(
        "setup: installing {} (PyPI): {}",
        packages.join(", "),
        tools.purpose
    );
    let place = tools.folder()?;
    let make = || {
        output(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&place),
        )
    };
    if make().is_err() {
        // Debian's Python comes without what makes one that has pip.
        debian::install(["python3-venv"].into_iter())?;
        make()?;
    }
    output(
        Command::new(place.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .args(packages),
    )?;
    Ok(true)
}

/// Whether the bpf-linker on PATH starts and reads our rustc's bitcode. Its
/// version line names the LLVM it was built with, where it names one at all.
fn linker_works() -> bool {
    let Ok(version) = output(Command::new("bpf-linker").arg("--version")) else {
        return false;
    };
    match version.split("LLVM ").nth(1) {
        Some(llvm) => llvm.starts_with(LLVM),
        None => true,
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
