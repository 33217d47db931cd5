//! The benchmark: peerd against what a user would pick instead, in one interleaved run.
//!
//! Each part measures one thing and returns sections; `report/` writes them down. Must
//! not judge by a single number: every figure keeps its samples.

mod control;
mod firewall;
mod forwarding;
mod machine;
mod pktgen;
mod report;
mod result;
mod stats;
mod transport;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::Parser;
use peer_tests::interrupt;

use result::Section;

/// What to measure, and where to write it.
#[derive(Parser)]
#[command(
    name = "cargo xtask bench",
    about = "Measure peerd against its alternatives"
)]
pub(crate) struct Options {
    /// A first impression, in under two minutes
    #[arg(long)]
    quick: bool,
    /// Drive the kernel's own packet generator on real interfaces instead
    #[command(flatten)]
    pktgen: pktgen::Options,
    /// Only sections whose id contains this
    #[arg(long, value_name = "PART")]
    only: Option<String>,
    /// Folder for report.md, report.json and the curves
    #[arg(long, value_name = "FOLDER", default_value = "target/bench")]
    out: PathBuf,
    /// Folder of the programs to measure: peerd and peerctl, built with --release
    #[arg(
        long,
        value_name = "FOLDER",
        hide = true,
        default_value = "target/release"
    )]
    programs: PathBuf,
    /// The program of xdp-tools to compare with
    #[arg(
        long,
        value_name = "PROGRAM",
        hide = true,
        default_value = "xdp-forward"
    )]
    xdp_forward: PathBuf,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    // Ctrl-C ends the work, not us, so that what was set up is taken down.
    interrupt::catch();
    let run = machine::Run::begin()?;
    let mut sections: Vec<Section> = Vec::new();
    if options.pktgen.is_wanted() {
        sections.extend(pktgen::run(options)?);
    } else {
        sections.extend(forwarding::run(options)?);
        sections.extend(transport::run(options)?);
        sections.extend(control::run(options)?);
    }
    // Else what was cut short would be told as void.
    interrupt::check()?;
    report::write(&run.describe()?, &sections, &options.out)
}
