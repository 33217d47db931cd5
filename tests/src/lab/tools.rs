//! Programs from PyPI that tests ask the daemon with: which ones, and where they are.
//!
//! `cargo xtask setup` installs them; nothing here does.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

/// Packages that share a virtual environment.
#[derive(Clone, Copy, Debug)]
pub struct Tools {
    /// Names and versions on PyPI.
    pub packages: &'static [(&'static str, &'static str)],
    /// What tests do with them.
    pub purpose: &'static str,
}

/// Holds the API against its own description.
pub const SCHEMATHESIS: Tools = Tools {
    packages: &[("schemathesis", "4.32.5")],
    purpose: "fuzzes the API in tests",
};

/// The clients that the users of other systems have.
pub const CLIENTS: Tools = Tools {
    packages: &[
        ("upcloud-api", "2.9.0"),
        ("osc-sdk-python", "0.42.0"),
        ("osc-sdk", "1.11.0"),
    ],
    purpose: "UpCloud's and Outscale's own clients, for tests",
};

impl Tools {
    /// Their virtual environment. Other versions have another one.
    pub fn folder(&self) -> Result<PathBuf> {
        let names = self.packages.iter();
        let names: Vec<_> = names
            .map(|(name, version)| format!("{name}-{version}"))
            .collect();
        Ok(cache()?.join(names.join("+")))
    }

    /// Whether all of them are there. What pip did not finish is not.
    pub fn are_installed(&self) -> Result<bool> {
        // lib/pythonX.Y/site-packages
        let Ok(pythons) = fs::read_dir(self.folder()?.join("lib")) else {
            return Ok(false);
        };
        let mut places = pythons
            .flatten()
            .map(|python| python.path().join("site-packages"));
        let records = |place: &Path| {
            self.packages.iter().all(|(name, version)| {
                let record = format!("{}-{version}.dist-info/RECORD", name.replace('-', "_"));
                place.join(record).exists()
            })
        };
        Ok(places.any(|place| records(&place)))
    }

    /// A program of theirs, or the `python` that can import them.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let program = self.folder()?.join("bin").join(name);
        ensure!(
            self.are_installed()? && program.exists(),
            "`cargo xtask setup` installs {}",
            program.display()
        );
        Ok(program)
    }
}

/// Where what set-up fetches is kept: shared by all checkouts of this user.
pub fn cache() -> Result<PathBuf> {
    let base = env::var_os("XDG_CACHE_HOME").map_or_else(
        || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")),
        |cache| Some(cache.into()),
    );
    Ok(base
        .context("neither HOME nor XDG_CACHE_HOME is set")?
        .join("peerd-setup"))
}
