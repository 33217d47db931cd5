//! The daemon in surroundings of its own: other mounts, another clock.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Programs, SOON, Scene, wait_until};

/// Have the scene's daemon run by `prefix`, words that end with running the words
/// behind them in the same process.
pub(super) fn run_by(scene: &mut Scene, peerd: &Path, prefix: &str) -> Result<()> {
    let plain = Programs {
        peerd: peerd.to_owned(),
        ..scene.daemon.programs.clone()
    };
    scene.daemon.programs = plain.by(&scene.lab.folder(), prefix)?;
    Ok(())
}

/// Take what is left of a disk, by a file there.
pub(super) fn stuff(path: &Path) -> Result<()> {
    let mut file = fs::File::options().create(true).append(true).open(path)?;
    for size in [65_536, 4_096] {
        while file.write_all(&vec![0; size]).is_ok() {}
    }
    Ok(())
}

/// A mount namespace that ends with this, or with the lab: whoever keeps it open runs
/// in the lab's router.
#[derive(Debug)]
pub(super) struct Mounts {
    keeper: Child,
}

impl Mounts {
    /// Run `lines` of shell in a new one.
    pub(super) fn new(scene: &Scene, lines: &str) -> Result<Self> {
        let done = scene.lab.folder().join("mounted");
        let _ = fs::remove_file(&done);
        let script = format!("set -e\n{lines}\n: > {}\nexec sleep 900", done.display());
        let mut command = scene.lab.router.command("unshare");
        let command = command.args(["--mount", "--propagation", "private", "sh", "-c"]);
        let keeper = command.arg(&script).stdin(Stdio::null()).spawn()?;
        let mounts = Self { keeper };
        wait_until("everything is mounted", SOON, || {
            ensure!(done.exists(), "{script} did not end well");
            Ok(())
        })?;
        Ok(mounts)
    }

    /// Words that run the words behind them in there.
    pub(super) fn prefix(&self) -> String {
        format!("nsenter --mount=/proc/{}/ns/mnt --", self.keeper.id())
    }

    /// A file in there, as seen from outside.
    pub(super) fn inside(&self, path: &Path) -> Result<PathBuf> {
        let path = path.strip_prefix("/").context("a relative path")?;
        Ok(Path::new("/proc")
            .join(self.keeper.id().to_string())
            .join("root")
            .join(path))
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}
