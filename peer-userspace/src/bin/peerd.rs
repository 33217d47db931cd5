//! The daemon's command line.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};
use peer_userspace::{
    daemon::{self, Config, Options},
    kernel,
};
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

#[derive(Parser)]
#[command(
    name = "peerd",
    version,
    about = "Turns this host into the router between peered networks"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Keep the kernel in step with the tables
    Run(Run),
    /// Take everything of ours out of the kernel; traffic stops
    Detach {
        /// Where it is pinned
        #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/peerd")]
        bpffs: PathBuf,
    },
}

#[derive(clap::Args)]
struct Run {
    /// A table, or a directory of *.yaml, *.yml and *.json; may be given again
    #[arg(
        long = "table",
        value_name = "FILE|DIR",
        default_value = "/etc/peerd/tables"
    )]
    tables: Vec<PathBuf>,
    /// Where what the API accepted is kept, and the last good version of each table
    #[arg(long, value_name = "DIR", default_value = "/var/lib/peerd")]
    state_dir: PathBuf,
    /// The API's unix socket
    #[arg(long, value_name = "PATH", default_value = "/run/peerd/peerd.sock")]
    socket: PathBuf,
    /// Where the API is served on TCP, to those with a token or a key; nowhere by default
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Who may do what; by default /etc/peerd/peerd.yaml if it is there
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where /metrics is served
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:9477")]
    metrics: SocketAddr,
    /// Where programs, links and maps are pinned
    #[arg(long, value_name = "DIR", default_value = "/sys/fs/bpf/peerd")]
    bpffs: PathBuf,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // RUST_LOG=peer_ebpf=debug has the BPF programs tell of every packet.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(false)
        .init();
    let done = match cli.command {
        Command::Run(run) => run_daemon(run),
        Command::Detach { bpffs } => detach(&bpffs),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peerd: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run_daemon(run: Run) -> anyhow::Result<()> {
    let options = Options {
        tables: run.tables,
        state_dir: run.state_dir,
        socket: run.socket,
        listen: run.listen,
        config: Config::read(run.config.as_deref(), Path::new("/etc/peerd/peerd.yaml"))?,
        metrics: run.metrics,
        bpffs: run.bpffs,
        // Otherwise the verifier prunes the programs' log statements.
        log_packets: tracing::enabled!(target: "peer_ebpf", tracing::Level::DEBUG),
    };
    runtime()?.block_on(daemon::run(options))
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
}

fn detach(bpffs: &Path) -> anyhow::Result<()> {
    kernel::check_privileges()?;
    if runtime()?.block_on(kernel::detach(bpffs))? {
        println!("nothing of peerd's is left in the kernel");
    } else {
        println!("there is nothing of peerd's below {}", bpffs.display());
    }
    Ok(())
}
