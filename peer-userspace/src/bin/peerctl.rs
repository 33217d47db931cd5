//! The client's command line.

use std::process::ExitCode;

use clap::{ColorChoice, CommandFactory as _, Parser, Subcommand, error::ErrorKind};
use clap_complete::Shell;
use peer_userspace::client::{
    Accept, Apply, Check, Client, Convert, Delete, Diff, Exit, Failure, Get, LastApply, Monitor,
    Reject, Request, ServerArgs, Status, Switch, Wait, print,
};

const EXIT_CODES: &str = "\
Exit codes:
   0  done
   1  refused, invalid, not found, or not in time
   2  diff: something differs
  64  wrong usage
  69  peerd does not answer";

#[derive(Parser)]
#[command(
    name = "peerctl",
    version,
    about = "Asks peerd",
    after_help = EXIT_CODES,
    color = ColorChoice::Never
)]
struct Cli {
    #[command(flatten)]
    server: ServerArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what is wrong with a table, without a daemon
    Check(Check),
    /// Print what other systems' documents declare in peerd's own form, without a daemon
    Convert(Convert),
    /// Say what applying a table would change, and exit with 2 if anything would
    Diff(Diff),
    /// Apply a table, all or nothing
    Apply(Apply),
    /// Keep the last apply, which waits for it
    Confirm(LastApply),
    /// Take the last apply back
    Undo(LastApply),
    /// List objects, or show one
    Get(Get),
    /// Ask another network to peer; the request is named to-PEER
    Request(Request),
    /// Consent to another's request
    Accept(Accept),
    /// Refuse another's request
    Reject(Reject),
    /// Let a peering carry traffic again
    Enable(Switch),
    /// Stop a peering's traffic, and keep the consent
    Disable(Switch),
    /// Withdraw a consent, or delete another object
    Delete(Delete),
    /// Wait until a peering is in a state, and exit with 1 if it is not in time or never can be
    Wait(Wait),
    /// Tell what happens, as it happens
    Monitor(Monitor),
    /// Say how the daemon is
    Status(Status),
    /// Print what makes a shell complete this command
    Completions {
        /// The shell
        shell: Shell,
    },
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
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let ended = match runtime {
        Ok(runtime) => runtime.block_on(run(&cli)),
        Err(error) => Err(Failure::Failed(error.to_string())),
    };
    let exit = ended.unwrap_or_else(|failure| {
        failure.report();
        failure.exit()
    });
    exit.into()
}

async fn run(cli: &Cli) -> Result<Exit, Failure> {
    // Not for all: `check`, `convert` and `completions` need none, nor sense in its arguments.
    let client = || Client::new(&cli.server);
    match &cli.command {
        Command::Check(check) => check.run(),
        Command::Convert(convert) => convert.run(),
        Command::Completions { shell } => completions(*shell),
        Command::Diff(diff) => diff.run(&client()?).await,
        Command::Apply(apply) => apply.run(&client()?).await,
        Command::Confirm(last) => last.confirm(&client()?).await,
        Command::Undo(last) => last.undo(&client()?).await,
        Command::Get(get) => get.run(&client()?).await,
        Command::Request(request) => request.run(&client()?).await,
        Command::Accept(accept) => accept.run(&client()?).await,
        Command::Reject(reject) => reject.run(&client()?).await,
        Command::Enable(switch) => switch.enable(&client()?).await,
        Command::Disable(switch) => switch.disable(&client()?).await,
        Command::Delete(delete) => delete.run(&client()?).await,
        Command::Wait(wait) => wait.run(&client()?).await,
        Command::Monitor(monitor) => monitor.run(&client()?).await,
        Command::Status(status) => status.run(&client()?).await,
    }
}

fn completions(shell: Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "peerctl", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
