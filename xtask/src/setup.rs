//! Installs what building and testing need, each piece only where it is missing.
//!
//! Must not touch the system's package sources, nor name any package host: what
//! comes from Debian comes from the mirror this machine already uses.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

use crate::run::{as_root, output};

/// Must be the version in rust-toolchain.toml: core is built from its sources.
const RUST: &str = "1.95.0";
/// The LLVM major of rustc 1.95; bpf-linker reads the bitcode rustc writes.
const LLVM: &str = "22";
const BPF_LINKER: &str = "0.13.0";
/// From PyPI; tests hold the API against its own description with it.
const SCHEMATHESIS: &str = "4.32.5";

/// Debian packages, the program or file that shows one is there, and its use.
const PACKAGES: &[(&str, &str, &str)] = &[
    (
        "iproute2",
        "ip",
        "network namespaces and veths for demo and tests",
    ),
    ("iputils-ping", "ping", "traffic in demo and tests"),
    ("iperf3", "iperf3", "TCP throughput in demo and tests"),
    (
        "ethtool",
        "ethtool",
        "offload settings and counters in tests",
    ),
    (
        "util-linux",
        "nsenter",
        "running programs inside a namespace",
    ),
];

pub(crate) fn run() -> Result<()> {
    let started = Instant::now();
    let mut installed = debian_packages()?;
    installed |= rust_src()?;
    installed |= bpf_linker()?;
    installed |= schemathesis()?;
    if installed {
        println!("setup: done in {:.0?}", started.elapsed());
    }
    Ok(())
}

fn debian_packages() -> Result<bool> {
    let missing: Vec<_> = PACKAGES
        .iter()
        .filter(|(_, file, _)| !on_path(file))
        .collect();
    if missing.is_empty() {
        return Ok(false);
    }
    for (package, _, why) in &missing {
        println!("setup: installing {package} (Debian): {why}");
    }
    apt_install(missing.iter().map(|(package, ..)| *package))?;
    Ok(true)
}

fn apt_install<'a>(packages: impl Iterator<Item = &'a str>) -> Result<()> {
    if !on_path("apt-get") {
        bail!(
            "this set-up installs from Debian and found no apt-get; install {} yourself and run it again",
            packages.collect::<Vec<_>>().join(", ")
        );
    }
    output(as_root("apt-get")?.args(["-q", "update"]))?;
    output(
        as_root("env")?
            .args([
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "-q",
                "install",
                "--yes",
            ])
            .arg("--no-install-recommends")
            .args(packages),
    )?;
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

/// Debian backports the same version's sources. They are unpacked into the
/// user's cache, which outlives a checkout, and linked into the toolchain; the
/// system's package sources and lists stay as they are.
fn rust_src_from_debian(wanted: &Path) -> Result<()> {
    println!("setup: taking Debian's rust-src {RUST} (trixie-backports) instead");
    let cache = cache()?.join("rust-src");
    let lists = cache.join("lists");
    fs::create_dir_all(lists.join("partial"))?;
    let sources = cache.join("sources.list");
    fs::write(
        &sources,
        format!("deb {} trixie-backports main\n", mirror()?),
    )?;
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.current_dir(&cache)
            .arg("-q")
            .arg(format!("-oDir::Etc::sourcelist={}", sources.display()))
            .arg("-oDir::Etc::sourceparts=/dev/null")
            .arg(format!("-oDir::State::lists={}", lists.display()))
            // _apt may not read a checkout in a home directory
            .arg("-oAPT::Sandbox::User=root");
        apt
    };
    output(apt().arg("update"))?;
    output(apt().arg("download").arg(format!("rust-src={RUST}*")))?;
    let package = fs::read_dir(&cache)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .context("apt-get download left no package")?;
    let unpacked = cache.join("unpacked");
    output(Command::new("dpkg").arg("-x").arg(&package).arg(&unpacked))?;
    fs::remove_file(&package)?;
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

/// Where what set-up unpacks is kept: shared by all checkouts of this user.
fn cache() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")),
        |cache| Some(cache.into()),
    );
    Ok(base
        .context("neither HOME nor XDG_CACHE_HOME is set")?
        .join("peerd-setup"))
}

/// The Debian mirror this machine's own package sources name.
fn mirror() -> Result<String> {
    let printed = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)|$(ORIGIN)|$(CODENAME)",
    ]))?;
    printed
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('|');
            let (uri, origin, codename) = (fields.next()?, fields.next()?, fields.next()?);
            (origin == "Debian" && !codename.contains("security")).then(|| uri.to_owned())
        })
        .next()
        .context("apt-get knows no Debian mirror on this machine; run apt-get update")
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
        apt_install(packages.iter().map(String::as_str))?;
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

/// Into a virtual environment of its own, where tests look for it
/// (tests/tests/e2e_openapi.rs).
fn schemathesis() -> Result<bool> {
    let place = cache()?.join(format!("schemathesis-{SCHEMATHESIS}"));
    if place.join("bin/schemathesis").exists() {
        return Ok(false);
    }
    println!("setup: installing schemathesis {SCHEMATHESIS} (PyPI): fuzzes the API in tests");
    let made = output(Command::new("python3").args(["-m", "venv"]).arg(&place));
    if made.is_err() {
        // Debian's Python comes without what makes one that has pip.
        apt_install(["python3-venv"].into_iter())?;
        output(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&place),
        )?;
    }
    output(
        Command::new(place.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check"])
            .arg(format!("schemathesis=={SCHEMATHESIS}")),
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

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Debian keeps ip and ethtool in sbin, which is not on a user's PATH.
    folders.extend(["/usr/sbin".into(), "/sbin".into()]);
    folders.iter().any(|folder| folder.join(program).is_file())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
