//! `cargo xtask bench`: builds peerd and the benchmark for speed, and runs it as root.

use std::ffi::OsString;

use anyhow::Result;

use crate::{
    run::{as_root, cargo, exec, root},
    setup, xdp_tools,
};

#[derive(clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// Passed on
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    setup::run()?;
    println!("bench: building peerd and the benchmark");
    build()?;
    let xdp_forward = match xdp_tools::forward() {
        Ok(program) => vec!["--xdp-forward".into(), program.into_os_string()],
        Err(error) => {
            println!("bench: cannot compare with xdp-forward: {error:#}");
            Vec::new()
        }
    };
    // Building as root would leave files behind that the user cannot remove.
    let program = root().join("target/release/peer-bench");
    exec(
        as_root(program)?
            .current_dir(root())
            .args(xdp_forward)
            .args(&options.arguments),
    )
}

/// Build what is measured, and what measures it, for speed.
pub(crate) fn build() -> Result<()> {
    let packages = ["--package", "peer-userspace", "--package", "peer-bench"];
    exec(
        cargo()
            .args(["build", "--release", "--locked"])
            .args(packages),
    )
}
