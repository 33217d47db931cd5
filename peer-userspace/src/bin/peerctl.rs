//! The client's command line.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum, error::ErrorKind};
use peer_userspace::client::{self, Exit, Failure, Format, Selection};

#[derive(Parser)]
#[command(
    name = "peerctl",
    version,
    about = "Asks peerd",
    after_help = "Exit codes: 0 done, 1 refused or not found, 64 wrong usage, 69 peerd does not answer"
)]
struct Cli {
    /// The daemon's unix socket
    #[arg(
        long,
        global = true,
        env = "PEERD_SOCKET",
        value_name = "PATH",
        default_value = "/run/peerd/peerd.sock"
    )]
    socket: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List objects, or show one
    Get(Get),
    /// Say what is wrong with a table, without a daemon
    Check {
        /// The table; may be given again
        #[arg(short, long = "file", value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Say how the daemon is
    Status {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Format,
    },
}

#[derive(clap::Args)]
struct Get {
    /// What to list
    #[arg(value_enum)]
    kind: Kind,
    /// One object, as NAME or NAMESPACE/NAME
    name: Option<String>,
    /// The namespace
    #[arg(short, long, default_value = "default")]
    namespace: String,
    /// All namespaces
    #[arg(short = 'A', long, conflicts_with = "namespace")]
    all_namespaces: bool,
    /// Only objects with these labels, KEY=VALUE separated by commas
    #[arg(short, long)]
    labels: Option<String>,
    /// Only peerings in this state
    #[arg(long)]
    state: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Networks,
    Peerings,
    Routes,
    Ports,
    Neighbours,
    Drops,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done about a closed terminal.
            let _ = error.print();
            return match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
                _ => Exit::Usage,
            }
            .into();
        }
    };
    match run(cli) {
        Ok(()) => Exit::Done.into(),
        Err(Failure { exit, text }) => {
            eprintln!("peerctl: {text}");
            exit.into()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure {
            exit: Exit::Failed,
            text: error.to_string(),
        })?;
    match cli.command {
        Command::Check { files } => client::check(&files),
        Command::Status { output } => runtime.block_on(client::status(&cli.socket, output)),
        Command::Get(get) => {
            let kind = get.kind.to_possible_value();
            let selection = Selection {
                kind: kind
                    .map(|kind| kind.get_name().to_owned())
                    .unwrap_or_default(),
                name: get.name,
                namespace: (!get.all_namespaces).then_some(get.namespace),
                labels: get.labels,
                state: get.state,
            };
            runtime.block_on(client::get(&cli.socket, &selection, get.output))
        }
    }
}
