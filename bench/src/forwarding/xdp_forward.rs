//! xdp-forward of xdp-tools, running on a rig's router.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use peer_tests::{
    Namespace,
    process::{self, SHORT},
};

use super::rig::Rig;

/// Attached until dropped.
pub(super) struct XdpForward {
    program: PathBuf,
    router: Namespace,
    interfaces: Vec<String>,
}

impl XdpForward {
    /// Between the ports that have traffic: it takes 32 interfaces, and no more.
    pub(super) fn load(program: &Path, rig: &Rig) -> Result<Self> {
        let ports = 0..=rig.shape.counted;
        // Dropped, and so unloaded, also where it is loaded half.
        let loaded = Self {
            program: program.into(),
            router: rig.router().clone(),
            interfaces: ports.map(|port| format!("p{port}")).collect(),
        };
        loaded
            .run(&["load", "--fwd-mode", "fib", "--fib-mode", "direct"])
            .context("xdp-forward cannot be had")?;
        Ok(loaded)
    }

    fn run(&self, words: &[&str]) -> Result<()> {
        let mut command = self.router.command(&self.program);
        command.args(words).args(&self.interfaces);
        // libxdp keeps what it attached below /sys/fs/bpf.
        command.env("LIBXDP_BPFFS_AUTOMOUNT", "1");
        process::run(&mut command, SHORT)?.ok().map(drop)
    }
}

impl Drop for XdpForward {
    fn drop(&mut self) {
        // What is not attached cannot be unloaded, which is no error here.
        let _ = self.run(&["unload"]);
    }
}
