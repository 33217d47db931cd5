//! What a virtual machine starts from: a kernel of Debian's, unpacked and never
//! installed, and a first file system that leads to the host's.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::tools::cache;

use crate::{
    debian::Suite,
    run::{exec, output},
};

/// A kernel to try, by the suite that has it.
pub(super) struct Line {
    /// What it is called here.
    pub(super) name: &'static str,
    suite: &'static str,
}

/// The oldest kernel we promise, and the newest that Debian 12 has.
pub(super) const LINES: [Line; 2] = [
    Line {
        name: "6.1",
        suite: "bookworm",
    },
    Line {
        name: "backports",
        suite: "bookworm-backports",
    },
];

/// An unpacked kernel package.
pub(super) struct Kernel {
    folder: PathBuf,
    /// As `uname -r` says it.
    pub(super) release: String,
}

impl Kernel {
    /// From the cache, else from Debian.
    pub(super) fn get(line: &Line) -> Result<Self> {
        let folder = cache()?.join("vm").join(line.name);
        if !folder.exists() {
            let suite = Suite::open(line.suite)?;
            let package = suite.newest("linux-image-amd64")?;
            println!("vm: fetching {package} (Debian, {})", line.suite);
            suite.unpack(&package, None, &folder)?;
        }
        let mut releases = fs::read_dir(folder.join("lib/modules"))?;
        let release = releases.next().context("a kernel without modules")??;
        let release = release.file_name().to_string_lossy().into_owned();
        let kernel = Self { folder, release };
        let depmod = [
            "depmod",
            "-b",
            &kernel.folder.to_string_lossy(),
            &kernel.release,
        ];
        exec(Command::new(busybox()?).args(depmod))?;
        Ok(kernel)
    }

    /// The kernel itself.
    pub(super) fn image(&self) -> PathBuf {
        self.folder.join(format!("boot/vmlinuz-{}", self.release))
    }

    /// Write the first file system into a folder; `tests` is the script it ends in.
    pub(super) fn first_files(&self, tests: &str, at: &Path) -> Result<PathBuf> {
        let root = at.join("first");
        for folder in [
            "bin",
            "proc",
            "sys",
            "dev",
            "host",
            "layer",
            "root",
            "lib/modules",
        ] {
            fs::create_dir_all(root.join(folder))?;
        }
        fs::copy(busybox()?, root.join("bin/busybox"))?;
        let package = self.folder.to_string_lossy();
        let init = include_str!("init.sh").replace("$PACKAGE", &package);
        fs::write(root.join("init"), init)?;
        output(Command::new("chmod").arg("+x").arg(root.join("init")))?;
        fs::write(root.join("tests.sh"), tests)?;
        self.copy_modules(&["virtio_pci", "9pnet_virtio", "9p", "overlay"], &root)?;

        let archive = at.join("first.cpio");
        let mut find = Command::new("find")
            .arg(".")
            .current_dir(&root)
            .stdout(Stdio::piped())
            .spawn()?;
        let names = find.stdout.take().context("find without output")?;
        let mut cpio = Command::new(busybox()?);
        cpio.args(["cpio", "-o", "-H", "newc"]);
        cpio.current_dir(&root)
            .stdin(names)
            .stdout(File::create(&archive)?)
            .stderr(Stdio::null());
        exec(&mut cpio)?;
        ensure!(find.wait()?.success(), "find failed in {}", root.display());
        Ok(archive)
    }

    /// Copy modules and what they need, as depmod found it.
    fn copy_modules(&self, wanted: &[&str], root: &Path) -> Result<()> {
        let modules = Path::new("lib/modules").join(&self.release);
        let from = self.folder.join(&modules);
        let to = root.join(&modules);
        fs::create_dir_all(&to)?;
        fs::copy(from.join("modules.dep"), to.join("modules.dep"))?;
        let needs = fs::read_to_string(from.join("modules.dep"))?;
        for module in wanted {
            let is_it = |line: &&str| {
                let path = line.split(':').next().unwrap_or_default();
                let name = path.rsplit('/').next().unwrap_or_default();
                name.split('.').next() == Some(*module)
            };
            // Built into some kernels.
            let Some(line) = needs.lines().find(is_it) else {
                continue;
            };
            for file in line.replace(':', "").split_whitespace() {
                let copy = to.join(file);
                fs::create_dir_all(copy.parent().unwrap_or(&to))?;
                fs::copy(from.join(file), copy)?;
            }
        }
        Ok(())
    }
}

/// Debian's busybox without shared libraries, unpacked: as a package it would drive
/// out the other one.
fn busybox() -> Result<PathBuf> {
    let folder = cache()?.join("vm/busybox");
    if !folder.exists() {
        println!("vm: fetching busybox-static (Debian)");
        Suite::open("bookworm")?.unpack("busybox-static", None, &folder)?;
    }
    Ok(folder.join("bin/busybox"))
}
