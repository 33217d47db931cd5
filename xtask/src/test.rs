//! `cargo xtask test`: every test, with root only where tests need it.

use std::{env, ffi::OsString, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    run::{cargo, exec, is_root, output},
    setup,
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Passed to every test program, such as a part of a test's name
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::run()?;
    // The end-to-end tests run the programs themselves, which building them
    // alone would not bring about.
    exec(cargo().arg("build"))?;
    let mut test = cargo();
    // peer-ebpf is built for the BPF target only, by peer-userspace; its tests
    // are peer-userspace's, which run it in the kernel. So with bench-ebpf.
    test.args(["test", "--workspace", "--no-fail-fast"]);
    test.args(["--exclude", "peer-ebpf", "--exclude", "bench-ebpf"]);
    // The same random worlds every time, so that a change is judged by what it
    // changes; another seed, or more PROPTEST_CASES, goes looking for more.
    if env::var_os("PROPTEST_RNG_SEED").is_none() {
        test.env("PROPTEST_RNG_SEED", "1");
    }
    if !is_root()? {
        // Cargo and rustc stay the user's, so that target/ does too.
        println!("test: the tests load BPF programs and make namespaces, so they run through sudo");
        test.env(runner_variable()?, "sudo -E");
    }
    exec(test.arg("--").args(&options.arguments))
}

/// The variable that names the program cargo starts tests with.
fn runner_variable() -> Result<String> {
    let described = output(Command::new("rustc").arg("-vV"))?;
    let host = described
        .lines()
        .find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc -vV names no host")?;
    Ok(format!(
        "CARGO_TARGET_{}_RUNNER",
        host.to_uppercase().replace('-', "_")
    ))
}
