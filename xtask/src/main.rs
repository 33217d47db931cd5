//! `cargo xtask`: everything a contributor or a curious user runs.
//!
//! Owns the order of set-up, build and run; it must not know how peerd works.

mod bench;
mod check;
mod debian;
mod demo;
mod run;
mod setup;
mod test;
mod vm;
mod xdp_tools;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Set up, try, test and check peerd",
    disable_help_subcommand = true
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what building and testing need; does nothing that is done
    Setup,
    /// Show two networks peering, on network namespaces of its own
    Demo(demo::Options),
    /// Run every test; arguments after -- go to the test programs
    Test(test::Options),
    /// Run the tests that need most of the kernel on the oldest one we name, and others
    Vm(vm::Options),
    /// Measure peerd against its alternatives; `bench --help` has the options
    Bench(bench::Options),
    /// Formatting, lints with warnings as errors, and documentation
    Check,
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Setup => setup::run(),
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Vm(options) => vm::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Check => check::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
