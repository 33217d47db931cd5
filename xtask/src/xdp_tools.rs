//! xdp-forward of Debian 13's xdp-tools, run beside this machine's own libraries.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use peer_tests::tools::cache;

use crate::{
    debian::{self, Suite},
    run::output,
};

const SUITE: &str = "trixie";
/// The program's package, and all its libraries, each of which gets a folder.
const PACKAGES: [&str; 7] = [
    "xdp-tools",
    "libxdp1",
    "libbpf1",
    "libelf1t64",
    "zlib1g",
    "libzstd1",
    "libc6",
];

/// The program: this machine's own, from the cache, or else from Debian.
pub(crate) fn forward() -> Result<PathBuf> {
    if debian::on_path("xdp-forward") {
        return Ok("xdp-forward".into());
    }
    let folder = cache()?.join("xdp-tools");
    let program = folder.join("xdp-forward");
    if !program.exists() {
        println!("bench: fetching xdp-tools (Debian, {SUITE})");
        let suite = Suite::open(SUITE)?;
        for package in PACKAGES {
            suite.unpack(package, None, &folder.join(package))?;
        }
        // Last of all, so that what is there is whole.
        let draft = folder.join("draft");
        fs::write(&draft, script(&folder)?)?;
        output(Command::new("chmod").arg("+x").arg(&draft))?;
        fs::rename(draft, &program)?;
    }
    Ok(program)
}

/// Runs the program with the loader and the libraries it was built for.
fn script(folder: &Path) -> Result<String> {
    let loader = ["libc6/usr/lib64", "libc6/usr/lib"]
        .iter()
        .find_map(|place| file_in(&folder.join(place), |name| name.starts_with("ld-linux-")))
        .context("Debian's libc6 has no loader")?;
    let libraries = PACKAGES
        .iter()
        .filter_map(|package| {
            let place = folder.join(package).join("usr/lib");
            file_in(&place, |name| name.ends_with("-linux-gnu"))
        })
        .collect::<Vec<_>>();
    let dispatcher = libraries.iter().map(|place| place.join("bpf"));
    let dispatcher = dispatcher
        .into_iter()
        .find(|place| place.is_dir())
        .context("Debian's libxdp1 has no dispatcher")?;
    let libraries: Vec<_> = libraries
        .iter()
        .map(|place| place.to_string_lossy())
        .collect();
    Ok(format!(
        "#!/bin/sh\nexport LIBXDP_OBJECT_PATH='{}'\nexec '{}' --library-path '{}' '{}' \"$@\"\n",
        dispatcher.display(),
        loader.display(),
        libraries.join(":"),
        folder.join("xdp-tools/usr/sbin/xdp-forward").display()
    ))
}

/// The first file or folder in a folder whose name fits.
fn file_in(folder: &Path, fits: impl Fn(&str) -> bool) -> Option<PathBuf> {
    let mut found = fs::read_dir(folder).ok()?.flatten();
    let entry = found.find(|entry| entry.file_name().to_str().is_some_and(&fits))?;
    Some(entry.path())
}
