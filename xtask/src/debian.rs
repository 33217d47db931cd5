//! What comes from Debian: packages installed on this machine, and packages that are
//! only unpacked into the user's cache, which outlives a checkout.
//!
//! Must not touch the system's package sources, nor name any package host: all comes
//! from the mirror this machine already uses.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use peer_tests::tools::cache;

use crate::run::{as_root, output};

/// A package, the program that shows it is there, and its use.
pub(crate) type Needed = (&'static str, &'static str, &'static str);

/// Install what is missing. Returns whether anything was.
pub(crate) fn install_missing(packages: &[Needed]) -> Result<bool> {
    let missing: Vec<_> = packages
        .iter()
        .filter(|(_, program, _)| !on_path(program))
        .collect();
    if missing.is_empty() {
        return Ok(false);
    }
    for (package, _, why) in &missing {
        println!("setup: installing {package} (Debian): {why}");
    }
    install(missing.iter().map(|(package, ..)| *package))?;
    Ok(true)
}

/// Install packages on this machine.
pub(crate) fn install<'a>(packages: impl Iterator<Item = &'a str>) -> Result<()> {
    if !on_path("apt-get") {
        bail!(
            "this set-up installs from Debian and found no apt-get; install {} yourself and run it again",
            packages.collect::<Vec<_>>().join(", ")
        );
    }
    output(as_root("apt-get")?.args(["-q", "update"]))?;
    output(
        as_root("env")?
            .args([
                "DEBIAN_FRONTEND=noninteractive",
                "apt-get",
                "-q",
                "install",
                "--yes",
            ])
            .arg("--no-install-recommends")
            .args(packages),
    )?;
    Ok(())
}

/// Whether a program is there.
pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Debian keeps ip and ethtool in sbin, which is not on a user's PATH.
    folders.extend(["/usr/sbin".into(), "/sbin".into()]);
    folders.iter().any(|folder| folder.join(program).is_file())
}

/// One suite of Debian, whatever this machine runs.
pub(crate) struct Suite {
    folder: PathBuf,
}

impl Suite {
    /// Fetch the suite's list of packages.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let folder = cache()?.join("debian").join(name);
        fs::create_dir_all(folder.join("lists/partial"))?;
        let line = format!("deb {} {name} main\n", mirror()?);
        fs::write(folder.join("sources.list"), line)?;
        let suite = Self { folder };
        output(suite.apt("apt-get").arg("update"))
            .with_context(|| format!("cannot read Debian's {name}"))?;
        Ok(suite)
    }

    /// The package that a package standing for its newest version stands for.
    pub(crate) fn newest(&self, package: &str) -> Result<String> {
        let printed = output(self.apt("apt-cache").args(["depends", package]))?;
        let depends = printed
            .lines()
            .find_map(|line| line.trim().strip_prefix("Depends: "));
        let depends = depends.with_context(|| format!("Debian has no {package}"))?;
        Ok(depends.to_owned())
    }

    /// Unpack a package, of this version or the newest, into a folder of the cache.
    pub(crate) fn unpack(&self, package: &str, version: Option<&str>, to: &Path) -> Result<()> {
        let wanted = version.map_or_else(|| package.into(), |of| format!("{package}={of}*"));
        let fetched = self.folder.join(package);
        let unpacked = fetched.join("unpacked");
        // A run that was interrupted may have left half of it.
        remove(&fetched)?;
        fs::create_dir_all(&fetched)?;
        output(
            self.apt("apt-get")
                .current_dir(&fetched)
                .args(["download", &wanted]),
        )?;
        let file = fs::read_dir(&fetched)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .context("apt-get download left no package")?;
        output(Command::new("dpkg").arg("-x").arg(&file).arg(&unpacked))?;
        remove(to)?;
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(&unpacked, to)?;
        remove(&fetched)
    }

    /// apt over this suite alone.
    fn apt(&self, program: &str) -> Command {
        let option = |name: &str, file: &str| {
            let path = self.folder.join(file);
            format!("-oDir::{name}={}", path.display())
        };
        let mut apt = Command::new(program);
        apt.arg("-q")
            .arg(option("Etc::sourcelist", "sources.list"))
            .arg("-oDir::Etc::sourceparts=/dev/null")
            .arg(option("State::lists", "lists"))
            .arg(option("Cache", ""))
            // _apt may not read a checkout in a home directory
            .arg("-oAPT::Sandbox::User=root");
        apt
    }
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

/// The Debian mirror this machine's own package sources name.
fn mirror() -> Result<String> {
    let printed = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)|$(ORIGIN)|$(CODENAME)",
    ]))?;
    printed
        .lines()
        .filter_map(|line| {
            let mut fields = line.split('|');
            let (uri, origin, codename) = (fields.next()?, fields.next()?, fields.next()?);
            (origin == "Debian" && !codename.contains("security")).then(|| uri.to_owned())
        })
        .next()
        .context("apt-get knows no Debian mirror on this machine; run apt-get update")
}
