//! `cargo xtask demo`: two networks peering, shown on namespaces of its own.

mod play;
mod stage;

use std::{
    env,
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use peer_tests::{Namespace, Programs, Scene, interrupt, process, remove_kept, residue};

use crate::{
    run::{as_root, cargo, exec, is_root},
    setup,
};
use stage::Stage;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave the networks and the daemon up, and say what to try next
    #[arg(long)]
    keep: bool,
    /// Take down what --keep left up
    #[arg(long, conflicts_with = "keep")]
    clean: bool,
    /// Set-up and build are done: how the demo runs itself again as root
    #[arg(long, hide = true)]
    built: bool,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.built && !options.clean {
        setup::run()?;
        println!("demo: building peerd");
        // As the tests build it, so that whoever tries both waits once; the BPF
        // programs are optimised either way.
        exec(cargo().args(["build", "--package", "peer-userspace"]))?;
    }
    // From here on Ctrl-C ends the work, not us, so that clean-up happens.
    interrupt::catch();
    if !is_root()? {
        return run_as_root(options);
    }
    if options.clean {
        println!("demo: took down {} that had been left up", remove_kept());
        return Ok(());
    }
    show(options.keep)
}

fn show(keep: bool) -> Result<()> {
    let started = Instant::now();
    let mut stage = Stage::new();
    // Whatever happens from here on, dropping the scene cleans up.
    let mut scene = Scene::new("the demo", Programs::in_folder(&build_folder()?)?)?;
    let played = play::all(&mut scene, &mut stage);
    if interrupt::check().is_err() {
        bail!("interrupted; what was up is taken down again");
    }
    if let Err(error) = played {
        bail!("{error:#}\npeerd's log:\n{}", scene.daemon.log());
    }
    if keep {
        scene.keep()?;
        stage.end(&summary(&stage, started, "everything stays up"));
        say_what_to_try(&scene, &stage);
        return Ok(());
    }
    let id = scene.lab.id().to_owned();
    drop(scene);
    ensure!(residue(&id).is_empty(), "clean-up left {:?}", residue(&id));
    stage.end(&summary(&stage, started, "everything is cleaned up"));
    stage.say("`cargo xtask demo --keep` leaves it up for you to play with.");
    Ok(())
}

fn summary(stage: &Stage, started: Instant, rest: &str) -> String {
    let took = Duration::from_secs(started.elapsed().as_secs());
    format!("all {} checks passed in {took:?}; {rest}", stage.checks())
}

/// Only namespaces and BPF need root; building as root would leave files behind
/// that the user cannot remove.
fn run_as_root(options: &Options) -> Result<()> {
    println!("demo: network namespaces and BPF need root, so this part runs through sudo");
    let mut demo = as_root("env")?;
    for name in ["NO_COLOR", "TERM"] {
        if let Ok(value) = env::var(name) {
            demo.arg(format!("{name}={value}"));
        }
    }
    demo.arg(env::current_exe()?).args(["demo", "--built"]);
    for (option, given) in [("--keep", options.keep), ("--clean", options.clean)] {
        if given {
            demo.arg(option);
        }
    }
    exec(&mut demo)
}

/// Where cargo puts what it builds: where this program is too.
fn build_folder() -> Result<PathBuf> {
    let program = env::current_exe()?;
    let folder = program.parent().context("xtask is in no folder")?;
    Ok(folder.to_owned())
}

/// Commands that work when pasted.
fn say_what_to_try(scene: &Scene, stage: &Stage) {
    let Scene {
        blue,
        green,
        red,
        lab,
        daemon,
        ..
    } = scene;
    // Whoever came here through sudo needs it again.
    let sudo = env::var_os("SUDO_USER").map_or("", |_| "sudo ");
    let inside = |host: &Namespace| format!("{sudo}nsenter --net={}", host.path().display());
    let socket = daemon.socket.display();
    let peerctl = format!(
        "{sudo}{} --socket {socket}",
        daemon.programs.peerctl.display()
    );
    let mut lines = vec![
        format!(
            "# blue reaches green\n{} ping -c 3 {}",
            inside(&blue.ns),
            green.v4
        ),
        format!("# and red not\n{} ping -c 3 {}", inside(&blue.ns), red.v4),
        format!(
            "# who peers with whom, and what was dropped\n{peerctl} get peerings -A\n{peerctl} get drops -A"
        ),
        format!(
            "# edit the table: peerd acts on every change\n{sudo}${{EDITOR:-vi}} {}",
            daemon.table.display()
        ),
    ];
    if process::run(Command::new("curl").arg("--version"), process::SHORT).is_ok() {
        let address = daemon.metrics_address;
        let curl = format!("{} curl -s http://{address}/metrics", inside(&lab.router));
        lines.push(format!("# all numbers\n{curl}"));
    }
    lines.push("# take it down\ncargo xtask demo --clean".to_owned());
    stage.say("Try next:");
    stage.quote(&lines.join("\n"));
}
