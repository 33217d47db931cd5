//! One named network namespace, and work done inside it.

use std::{
    fs::{self, File},
    io, panic,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{
    process::{self, SHORT},
    sys::{self, ForeignXdp, Hook},
    wait::{SOON, wait_until},
};

/// A network namespace under `/run/netns`. Whoever holds one does not own it:
/// the [`super::topology::Lab`] that made it takes it down.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Its name, unique on this machine.
    pub name: String,
}

impl Namespace {
    /// Make it, with loopback up and addresses usable the moment they are set:
    /// duplicate address detection would cost every test two seconds.
    pub(crate) fn create(name: &str) -> Result<Self> {
        process::run(Command::new("ip").args(["netns", "add", name]), SHORT)?.ok()?;
        let namespace = Self {
            name: name.to_owned(),
        };
        namespace.set_sysctl("net/ipv6/conf/default/accept_dad", "0")?;
        namespace.ip("link set lo up")?;
        Ok(namespace)
    }

    /// The file that stands for it.
    pub fn path(&self) -> PathBuf {
        Path::new("/run/netns").join(&self.name)
    }

    /// A command that will run inside.
    ///
    /// Through nsenter: `ip netns exec` would hide bpffs behind a fresh /sys.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command
            .arg(format!("--net={}", self.path().display()))
            .arg("--")
            .arg(program);
        command
    }

    /// Run a command line inside; failing is an error. Returns what it printed.
    pub fn run(&self, line: &str) -> Result<String> {
        let mut words = line.split_whitespace();
        let program = words.next().context("an empty command line")?;
        process::run(self.command(program).args(words), SHORT)?.ok()
    }

    /// Run lines of `ip`, such as `link set eth0 up`, in one go.
    pub fn ip(&self, lines: &str) -> Result<()> {
        let mut ip = Command::new("ip");
        ip.args(["-netns", &self.name, "-batch", "-"]);
        let done = process::run_with_input(&mut ip, &format!("{lines}\n"), SHORT)?;
        ensure!(done.success(), "{done}\nwhile running\n{lines}");
        Ok(())
    }

    /// Run a closure in a thread inside. Sockets opened there stay there,
    /// wherever they are used afterwards.
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        let namespace = File::open(self.path())
            .with_context(|| format!("there is no namespace {}", self.name))?;
        thread::scope(|scope| {
            let inside = scope.spawn(|| sys::enter_namespace(&namespace).map(|()| work()));
            inside
                .join()
                .unwrap_or_else(|payload| panic::resume_unwind(payload))
        })
        .with_context(|| format!("cannot enter namespace {}", self.name))
    }

    /// Set a sysctl, such as `net/ipv4/ip_forward`.
    pub fn set_sysctl(&self, key: &str, value: &str) -> Result<()> {
        self.enter(|| fs::write(Path::new("/proc/sys").join(key), value))?
            .with_context(|| format!("cannot set {key} to {value} in {}", self.name))
    }

    /// Read a sysctl.
    pub fn sysctl(&self, key: &str) -> Result<String> {
        let value = self
            .enter(|| fs::read_to_string(Path::new("/proc/sys").join(key)))?
            .with_context(|| format!("cannot read {key} in {}", self.name))?;
        Ok(value.trim().to_owned())
    }

    /// Wait until an interface has its link-local address, without which the
    /// kernel cannot ask for IPv6 neighbours.
    pub(crate) fn wait_link_up(&self, interface: &str) -> Result<()> {
        let line = format!("ip -6 addr show dev {interface} scope link -tentative");
        let what = format!("{interface} of {} is up", self.name);
        wait_until(&what, SOON, || {
            ensure!(
                self.run(&line)?.contains("fe80:"),
                "it has no link-local address"
            );
            Ok(())
        })
    }

    /// Hardware address of an interface.
    pub fn mac(&self, interface: &str) -> Result<[u8; 6]> {
        let text = self.run(&format!("ip -json link show dev {interface}"))?;
        let links: Value = serde_json::from_str(&text)?;
        let address = links[0]["address"]
            .as_str()
            .context("a link without address")?;
        let mut mac = [0; 6];
        for (byte, digits) in mac.iter_mut().zip(address.split(':')) {
            *byte = u8::from_str_radix(digits, 16)?;
        }
        Ok(mac)
    }

    /// How many BPF programs sit at a hook of an interface.
    pub fn programs_at(&self, interface: &str, hook: Hook) -> Result<u32> {
        if hook == Hook::Xdp {
            let shown = self.run(&format!("ip -details link show dev {interface}"))?;
            return Ok(shown
                .lines()
                .filter(|line| line.contains("prog/xdp"))
                .count() as u32);
        }
        match self.enter(|| sys::attached_programs(interface, hook))? {
            // There is no tcx before Linux 6.6, and peerd makes do with clsact.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                let side = if hook == Hook::TcxIngress {
                    "ingress"
                } else {
                    "egress"
                };
                let shown = self.run(&format!("tc filter show dev {interface} {side}"))?;
                Ok(shown.matches(" direct-action ").count() as u32)
            }
            counted => counted
                .with_context(|| format!("cannot ask for programs at {hook:?} of {interface}")),
        }
    }

    /// Put somebody else's XDP program on an interface.
    pub fn foreign_xdp(&self, interface: &str) -> Result<ForeignXdp> {
        self.enter(|| ForeignXdp::attach(interface))?
            .with_context(|| format!("cannot attach an XDP program to {interface}"))
    }
}
