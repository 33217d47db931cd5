//! Programs on ports: pinned links, one or two a port.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use aya::{
    Ebpf,
    programs::{
        LinkOrder, ProgramError, SchedClassifier, TcAttachType, XdpMode,
        links::{FdLink, PinnedLink},
        tc::{SchedClassifierLink, TcAttachOptions},
        xdp::XdpLink,
    },
};

use super::{KernelError, bpffs, error::chain, object, syscall};
use crate::compile::{Hook, Xdp};

/// What is attached where, as the pins say.
#[derive(Debug, Default)]
pub(super) struct Attachments {
    dir: PathBuf,
    ports: BTreeMap<u32, Attached>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Attached {
    tc: bool,
    xdp: Option<Xdp>,
}

impl Attachments {
    /// What is pinned in `dir`.
    pub(super) fn pinned(dir: &Path) -> Result<Self, KernelError> {
        let mut ports: BTreeMap<u32, Attached> = BTreeMap::new();
        for name in bpffs::names(dir)? {
            let Some((kind, index)) = name
                .strip_prefix("link_")
                .and_then(|rest| rest.rsplit_once('_'))
            else {
                continue;
            };
            let Ok(index) = index.parse() else {
                continue;
            };
            let port = ports.entry(index).or_default();
            match kind {
                "tc" => port.tc = true,
                "xdp" => port.xdp = Some(Xdp::Native),
                "xdpgeneric" => port.xdp = Some(Xdp::Generic),
                _ => {}
            }
        }
        let mut attachments = Self {
            dir: dir.to_owned(),
            ports,
        };
        attachments.forget_dead()?;
        Ok(attachments)
    }

    /// Let go of ports whose links are dead or gone: their interface went away, even
    /// if another has its ifindex now, or somebody removed a pin. Returns whether
    /// there were any.
    pub(super) fn forget_dead(&mut self) -> Result<bool, KernelError> {
        let mut any = false;
        for (index, port) in self.ports.clone() {
            let tc = !port.tc || is_alive(&self.path("tc", index), index);
            let xdp = port
                .xdp
                .is_none_or(|mode| is_alive(&self.path(xdp_kind(mode), index), index));
            if !tc || !xdp {
                self.detach(index)?;
                any = true;
            }
        }
        Ok(any)
    }

    /// The ports that carry programs of ours.
    pub(super) fn ports(&self) -> Vec<u32> {
        self.ports.keys().copied().collect()
    }

    /// Whether this port carries an XDP program of ours.
    pub(super) fn carries_xdp(&self, index: u32) -> bool {
        self.ports
            .get(&index)
            .is_some_and(|port| port.xdp.is_some())
    }

    /// Give a port the programs `hook` wants, all or none. `name` is the
    /// interface's, for the sentence that says why not.
    pub(super) fn attach(
        &mut self,
        object: &mut Ebpf,
        index: u32,
        name: &str,
        hook: &Hook,
    ) -> Result<(), String> {
        let now = self.ports.get(&index).copied().unwrap_or_default();
        let changed = self.bring(object, index, name, hook, now);
        if changed.is_err() {
            self.detach(index).map_err(|error| error.to_string())?;
        }
        changed
    }

    fn bring(
        &mut self,
        object: &mut Ebpf,
        index: u32,
        name: &str,
        hook: &Hook,
        now: Attached,
    ) -> Result<(), String> {
        let failed = |error: KernelError| format!("interface {name}: {error}");
        if now.xdp != hook.xdp {
            if let Some(old) = now.xdp {
                bpffs::remove(&self.path(xdp_kind(old), index)).map_err(failed)?;
                self.ports.entry(index).or_default().xdp = None;
            }
            if let Some(new) = hook.xdp {
                self.attach_xdp(object, index, name, new)?;
                self.ports.entry(index).or_default().xdp = Some(new);
            }
        }
        if !now.tc {
            self.attach_tc(object, index, name)?;
            self.ports.entry(index).or_default().tc = true;
        }
        Ok(())
    }

    fn attach_xdp(
        &self,
        object: &mut Ebpf,
        index: u32,
        name: &str,
        mode: Xdp,
    ) -> Result<(), String> {
        let program = object::xdp(object).map_err(|error| error.to_string())?;
        let aya_mode = match mode {
            Xdp::Native => XdpMode::Driver,
            Xdp::Generic => XdpMode::Skb,
        };
        let link = program
            .attach_to_if_index(index, aya_mode)
            .and_then(|id| program.take_link(id))
            .map_err(|error| xdp_refusal(name, mode, &error))?;
        // Where links cannot be had aya attaches by netlink, which cannot be pinned
        // and would vanish with the daemon; dropping it detaches.
        let link = FdLink::try_from(link)
            .map_err(|_| format!("interface {name}: its XDP link cannot be pinned"))?;
        self.pin(link, xdp_kind(mode), index)
            .map_err(|error| format!("interface {name}: {error}"))
    }

    fn attach_tc(&self, object: &mut Ebpf, index: u32, name: &str) -> Result<(), String> {
        let program = object::tc(object).map_err(|error| error.to_string())?;
        let options = TcAttachOptions::TcxOrder(LinkOrder::first());
        let link = program
            .attach_with_options(name, TcAttachType::Ingress, options)
            .and_then(|id| program.take_link(id))
            .map_err(|error| {
                format!(
                    "interface {name}: cannot attach the tcx program: {}",
                    chain(&error)
                )
            })?;
        let link = FdLink::try_from(link)
            .map_err(|_| format!("interface {name}: its tcx link cannot be pinned"))?;
        self.pin(link, "tc", index)
            .map_err(|error| format!("interface {name}: {error}"))
    }

    fn pin(&self, link: FdLink, kind: &str, index: u32) -> Result<(), KernelError> {
        let path = self.path(kind, index);
        // A pin outlives its interface; the ifindex may have come again.
        bpffs::remove(&path)?;
        link.pin(&path)
            .map_err(|error| KernelError::refused("pinning a link", error))?;
        Ok(())
    }

    /// Take all programs of ours off a port.
    pub(super) fn detach(&mut self, index: u32) -> Result<(), KernelError> {
        for kind in ["xdp", "xdpgeneric", "tc"] {
            bpffs::remove(&self.path(kind, index))?;
        }
        self.ports.remove(&index);
        Ok(())
    }

    /// Put the programs just loaded in the place of those an earlier daemon left,
    /// without a gap. Links whose interface is gone are dropped.
    pub(super) fn replace_programs(&mut self, object: &mut Ebpf) -> Result<(), KernelError> {
        for index in self.ports() {
            let attached = self.ports.get(&index).copied().unwrap_or_default();
            let mut alive = true;
            if attached.tc {
                let link = self.open(&self.path("tc", index))?;
                let link = SchedClassifierLink::try_from(link)
                    .map_err(|error| KernelError::refused("a pinned tcx link", error))?;
                alive &= updated(replace_tc(object::tc(object)?, link))?;
            }
            if let Some(mode) = attached.xdp {
                let link = self.open(&self.path(xdp_kind(mode), index))?;
                let link = XdpLink::try_from(link)
                    .map_err(|error| KernelError::refused("a pinned XDP link", error))?;
                let program = object::xdp(object)?;
                let replaced = program
                    .attach_to_link(link)
                    .and_then(|id| program.take_link(id).map(drop));
                alive &= updated(replaced)?;
            }
            if !alive {
                self.detach(index)?;
            }
        }
        Ok(())
    }

    fn open(&self, path: &Path) -> Result<FdLink, KernelError> {
        PinnedLink::from_pin(path)
            .map(FdLink::from)
            .map_err(|error| KernelError::refused("opening a pinned link", error))
    }

    fn path(&self, kind: &str, index: u32) -> PathBuf {
        self.dir.join(format!("link_{kind}_{index}"))
    }
}

/// Whether a pinned link is attached to the interface it is named after.
fn is_alive(pin: &Path, index: u32) -> bool {
    syscall::link_interface(pin).is_ok_and(|attached| attached == index)
}

fn replace_tc(
    program: &mut SchedClassifier,
    link: SchedClassifierLink,
) -> Result<(), ProgramError> {
    program
        .attach_to_link(link)
        .and_then(|id| program.take_link(id).map(drop))
}

/// Whether the link was updated; `false` if its interface is gone (ENOLINK).
fn updated(replaced: Result<(), ProgramError>) -> Result<bool, KernelError> {
    match replaced {
        Ok(()) => Ok(true),
        Err(ProgramError::SyscallError(error))
            if error.io_error.raw_os_error() == Some(libc::ENOLINK) =>
        {
            Ok(false)
        }
        Err(error) => Err(KernelError::refused("replacing a program", error)),
    }
}

const fn xdp_kind(mode: Xdp) -> &'static str {
    match mode {
        Xdp::Native => "xdp",
        Xdp::Generic => "xdpgeneric",
    }
}

fn xdp_refusal(name: &str, mode: Xdp, error: &ProgramError) -> String {
    let errno = match error {
        ProgramError::SyscallError(error) => error.io_error.raw_os_error(),
        _ => None,
    };
    match (errno, mode) {
        (Some(libc::EBUSY | libc::EEXIST), _) => format!(
            "interface {name} already carries an XDP program that is not peerd's; \
             detach it or use mode: tc"
        ),
        (Some(libc::EOPNOTSUPP), Xdp::Native) => format!(
            "the driver of interface {name} has no native XDP; use mode: xdp-generic, tc or auto"
        ),
        _ => format!(
            "interface {name}: cannot attach the XDP program: {}",
            chain(error)
        ),
    }
}
