//! A lab: a router's namespace, and hosts' namespaces cabled to it.

use std::{
    cell::Cell,
    fs,
    path::PathBuf,
    process,
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context as _, Result, ensure};

use super::{
    cleanup,
    host::{ETH0, Host},
    namespace::Namespace,
};

/// Of the router's first port, far from any host's. Where the two ends of a veth
/// bear the same index, the kernel takes them for one ordinary device and tells
/// of its carrier up to a second late (`linkwatch_urgent_event`).
const FIRST_INDEX: u32 = 100;

/// Namespaces, files and pins under one id; dropping it removes all of them.
#[derive(Debug)]
pub struct Lab {
    /// The host peerd runs on. Its kernel forwards nothing by itself.
    pub router: Namespace,
    id: String,
    hosts: Cell<u8>,
    next_index: Cell<u32>,
    kept: Cell<bool>,
}

impl Lab {
    /// An empty router. `tag` says whose lab it is, should building it fail.
    pub fn new(tag: &str) -> Result<Self> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        static SWEPT: Once = Once::new();
        SWEPT.call_once(cleanup::sweep);
        let id = format!(
            "{}-{}",
            process::id(),
            COUNTER.fetch_add(1, Ordering::Relaxed)
        );
        let router = Namespace {
            name: cleanup::namespace(&id, "router"),
        };
        // Exists before anything is made, so that a failure half-way removes it.
        let lab = Self {
            router,
            id,
            hosts: Cell::new(0),
            next_index: Cell::new(FIRST_INDEX),
            kept: Cell::new(false),
        };
        lab.set_up()
            .with_context(|| format!("cannot build a lab for {tag}"))?;
        Ok(lab)
    }

    fn set_up(&self) -> Result<()> {
        let folder = self.folder();
        fs::create_dir(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        self.namespace("router")
            .context("network namespaces need root: use `cargo xtask test`")?;
        self.route_in_kernel(false)
    }

    /// Let the router's kernel forward by itself, or not, which is the beginning.
    pub fn route_in_kernel(&self, on: bool) -> Result<()> {
        let value = if on { "1" } else { "0" };
        for key in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
            self.router.set_sysctl(key, value)?;
            ensure!(
                self.router.sysctl(key)? == value,
                "{key} did not become {value}"
            );
        }
        Ok(())
    }

    /// What all names of this lab contain.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where its files live: table, socket, state and log of the daemon.
    pub fn folder(&self) -> PathBuf {
        cleanup::folder(&self.id)
    }

    /// Where its daemon pins.
    pub fn bpffs(&self) -> PathBuf {
        cleanup::bpffs(&self.id)
    }

    /// A further namespace, cabled to nothing.
    pub fn namespace(&self, name: &str) -> Result<Namespace> {
        // The very first one mounts /run/netns, which two at once might do twice.
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        Namespace::create(&cleanup::namespace(&self.id, name))
    }

    /// A host cabled to the router's port `veth-NAME`.
    pub fn host(&self, name: &str) -> Result<Host> {
        let host = self.unplugged_host(name)?;
        self.plug(&host)?;
        Ok(host)
    }

    /// A host whose cable is still to be plugged in; the router has no port for it.
    pub fn unplugged_host(&self, name: &str) -> Result<Host> {
        self.hosts.set(self.hosts.get() + 1);
        Ok(Host::new(name, self.hosts.get(), self.namespace(name)?))
    }

    /// Cable a host to the router: `eth0` there, `veth-NAME` here, addresses on
    /// both, and the host's default routes.
    pub fn plug(&self, host: &Host) -> Result<()> {
        let Host {
            port,
            gateway4,
            gateway6,
            ns,
            ..
        } = host;
        let index = self.free_index();
        self.router.ip(&format!(
            "link add {port} index {index} type veth peer name {ETH0} netns {}\n\
             addr add {gateway4}/24 dev {port}\n\
             addr add {gateway6}/64 dev {port} nodad\n\
             link set {port} up",
            ns.name
        ))?;
        host.configure()?;
        self.router.wait_link_up(port)?;
        ns.wait_link_up(ETH0)
    }

    /// An ifindex for the next cable.
    pub(crate) fn free_index(&self) -> u32 {
        self.next_index.replace(self.next_index.get() + 1)
    }

    /// Pull a host's cable and take its interfaces out, as if they never were.
    pub fn unplug(&self, host: &Host) -> Result<()> {
        self.router.ip(&format!("link del {}", host.port))
    }

    /// Leave everything up when dropped; [`cleanup::remove_kept`] takes it down.
    pub fn keep(&self) -> Result<()> {
        cleanup::keep(&self.id).context("cannot mark the lab as kept")?;
        self.kept.set(true);
        Ok(())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if !self.kept.get() {
            cleanup::remove(&self.id);
        }
    }
}
