//! The kernel's packet generator, below `/proc/net/pktgen`. Must not know what a trial is for.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use peer_tests::interrupt;

use super::language::{Sent, Task, is_in_use, sent};

/// That of this thread's network namespace.
const FOLDER: &str = "/proc/thread-self/net/pktgen";
/// Between the order to start and the first packet: the kernel waits a moment in between.
const STARTS_WITHIN: Duration = Duration::from_millis(125);
/// For a trial that ends by its number of packets.
const LIMIT: Duration = Duration::from_secs(600);

/// pktgen, ours until dropped: then it is as empty as it was found.
pub(super) struct Pktgen {
    // Not to be made but by `take`.
    _private: (),
}

impl Pktgen {
    /// Take it, unless somebody else uses it.
    pub(super) fn take() -> Result<Self> {
        let files = fs::read_dir(FOLDER).map_err(|_| {
            anyhow::anyhow!(
                "the kernel's packet generator is not loaded: run `modprobe pktgen` as root, with \
                 the package of your kernel's modules installed"
            )
        })?;
        for file in files {
            let path = file?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let is_thread = name.starts_with("kpktgend_");
            ensure!(
                !is_thread || !is_in_use(&read(&path)?),
                "somebody else uses the kernel's packet generator: {} has interfaces, which \
                 `echo reset > /proc/net/pktgen/pgctrl` removes",
                path.display()
            );
        }
        Ok(Self { _private: () })
    }

    /// Have every thread do its task for `time`, or to its end.
    pub(super) fn run(&self, tasks: &[Task], time: Option<Duration>) -> Result<Vec<Sent>> {
        for task in tasks {
            let thread = format!("kpktgend_{}", task.thread);
            write(&thread, "rem_device_all")?;
            write(&thread, &format!("add_device {}", task.device))?;
            for command in &task.commands {
                write(&task.device, command)?;
            }
        }
        let stop_at = Instant::now() + time.map_or(LIMIT, |time| time + STARTS_WITHIN);
        // Starting returns when all is sent.
        let started = thread::scope(|scope| {
            let sending = scope.spawn(|| write("pgctrl", "start"));
            while !sending.is_finished() {
                if Instant::now() > stop_at || interrupt::check().is_err() {
                    // Again, where it was too early for threads that only begin.
                    write("pgctrl", "stop")?;
                }
                thread::sleep(Duration::from_millis(5));
            }
            sending.join().unwrap_or_else(|_| bail!("pktgen panicked"))
        });
        interrupt::check()?;
        started?;
        let results = tasks.iter().map(|task| {
            let told = read(&Path::new(FOLDER).join(&task.device))?;
            sent(&told).with_context(|| format!("{} sent nothing", task.device))
        });
        results.collect()
    }
}

impl Drop for Pktgen {
    fn drop(&mut self) {
        for command in ["stop", "reset"] {
            if let Err(error) = write("pgctrl", command) {
                eprintln!("{error:#}");
            }
        }
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(file: &str, command: &str) -> Result<()> {
    let path: PathBuf = Path::new(FOLDER).join(file);
    fs::write(&path, format!("{command}\n"))
        .with_context(|| format!("pktgen refuses `{command}` for {file}"))
}
