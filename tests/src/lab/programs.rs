//! The programs under test.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

/// Where the programs under test are.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The daemon.
    pub peerd: PathBuf,
    /// Its client.
    pub peerctl: PathBuf,
}

impl Programs {
    /// In `PEERD_BIN_DIR`, else where cargo puts them when it builds this test.
    pub fn find() -> Result<Self> {
        if let Some(folder) = env::var_os("PEERD_BIN_DIR") {
            return Self::in_folder(Path::new(&folder));
        }
        let test = env::current_exe()?;
        let folder = test.ancestors().nth(2).context("a test in no folder")?;
        Self::in_folder(folder)
    }

    /// In a folder.
    pub fn in_folder(folder: &Path) -> Result<Self> {
        let programs = Self {
            peerd: folder.join("peerd"),
            peerctl: folder.join("peerctl"),
        };
        for program in [&programs.peerd, &programs.peerctl] {
            ensure!(
                program.is_file(),
                "there is no {}: run `cargo build` first",
                program.display()
            );
        }
        Ok(programs)
    }

    /// These, but with a daemon that is run by `prefix`: words that end with running the
    /// words behind them in the same process. `folder` keeps the script that does it.
    pub fn by(&self, folder: &Path, prefix: &str) -> Result<Self> {
        let script = folder.join("peerd-around");
        let draft = script.with_extension("draft");
        let peerd = self.peerd.display();
        fs::write(&draft, format!("#!/bin/sh\nexec {prefix} {peerd} \"$@\"\n"))?;
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o755))?;
        fs::rename(&draft, &script)?;
        Ok(Self {
            peerd: script,
            peerctl: self.peerctl.clone(),
        })
    }
}
