//! Which programs are on which interface: ports, trunks and stand-ins.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use aya::{
    Ebpf,
    programs::{ProgramError, XdpMode, links::FdLink, xdp::XdpLink},
};

use super::{
    KernelError, bpffs,
    error::chain,
    links, object,
    tcx::{Kind, Tcx},
};
use crate::compile::{Hook, Xdp};

/// What is attached where, as pins and filters say.
#[derive(Debug)]
pub(super) struct Attachments {
    dir: PathBuf,
    tcx: Tcx,
    ports: BTreeMap<u32, Attached>,
}

#[derive(Clone, Debug, Default)]
struct Attached {
    tcx: BTreeSet<Kind>,
    xdp: Option<Xdp>,
}

impl Attachments {
    /// What is there of the daemon whose pins are in `dir`.
    pub(super) fn found(dir: &Path) -> Result<Self, KernelError> {
        let tcx = Tcx::of(dir);
        let mut ports: BTreeMap<u32, Attached> = BTreeMap::new();
        for kind in Kind::ALL {
            for index in tcx.found(kind)? {
                ports.entry(index).or_default().tcx.insert(kind);
            }
        }
        for mode in [Xdp::Native, Xdp::Generic] {
            for index in links::pinned(dir, xdp_kind(mode))? {
                ports.entry(index).or_default().xdp = Some(mode);
            }
        }
        let mut attachments = Self {
            dir: dir.to_owned(),
            tcx,
            ports,
        };
        attachments.forget_dead()?;
        Ok(attachments)
    }

    /// Let go of interfaces whose programs are gone: the interface went away, even if
    /// another has its ifindex now, or somebody removed a pin or filter. Returns whether
    /// there were any.
    pub(super) fn forget_dead(&mut self) -> Result<bool, KernelError> {
        let mut any = false;
        for (index, port) in self.ports.clone() {
            let mut alive = port
                .xdp
                .is_none_or(|mode| links::is_alive(&self.dir, xdp_kind(mode), index));
            for kind in port.tcx {
                alive &= self.tcx.is_alive(kind, index)?;
            }
            if !alive {
                self.detach(index)?;
                any = true;
            }
        }
        Ok(any)
    }

    /// The interfaces that carry programs of ours.
    pub(super) fn ports(&self) -> Vec<u32> {
        self.ports.keys().copied().collect()
    }

    /// Whether this interface carries an XDP program of ours.
    pub(super) fn carries_xdp(&self, index: u32) -> bool {
        self.ports
            .get(&index)
            .is_some_and(|port| port.xdp.is_some())
    }

    /// Give a port or trunk the programs `hook` wants, all or none. `name` is the
    /// interface's, for the sentence that says why not.
    pub(super) fn attach(
        &mut self,
        object: &mut Ebpf,
        index: u32,
        name: &str,
        hook: &Hook,
    ) -> Result<(), String> {
        let changed = self
            .bring_xdp(object, index, name, hook.xdp)
            // The guard before what says which packets may pass it.
            .and_then(|()| self.bring(object, Kind::Guard, index, name))
            .and_then(|()| self.bring(object, Kind::Tc, index, name));
        self.or_detached(changed, index)
    }

    /// Give a stand-in its program. `name` as above.
    pub(super) fn attach_stand_in(
        &mut self,
        object: &mut Ebpf,
        index: u32,
        name: &str,
    ) -> Result<(), String> {
        let changed = self.bring(object, Kind::Tag, index, name);
        self.or_detached(changed, index)
    }

    fn or_detached(&mut self, changed: Result<(), String>, index: u32) -> Result<(), String> {
        if changed.is_err() {
            self.detach(index).map_err(|error| error.to_string())?;
        }
        changed
    }

    fn bring(
        &mut self,
        object: &mut Ebpf,
        kind: Kind,
        index: u32,
        name: &str,
    ) -> Result<(), String> {
        let port = self.ports.entry(index).or_default();
        if !port.tcx.contains(&kind) {
            self.tcx.attach(object, kind, index, name)?;
            port.tcx.insert(kind);
        }
        Ok(())
    }

    fn bring_xdp(
        &mut self,
        object: &mut Ebpf,
        index: u32,
        name: &str,
        wanted: Option<Xdp>,
    ) -> Result<(), String> {
        let port = self.ports.entry(index).or_default();
        if port.xdp == wanted {
            return Ok(());
        }
        if let Some(old) = port.xdp.take() {
            bpffs::remove(&links::path(&self.dir, xdp_kind(old), index))
                .map_err(|error| format!("interface {name}: {error}"))?;
        }
        if let Some(new) = wanted {
            attach_xdp(&self.dir, object, index, name, new)?;
            port.xdp = Some(new);
        }
        Ok(())
    }

    /// Take all programs of ours off an interface.
    pub(super) fn detach(&mut self, index: u32) -> Result<(), KernelError> {
        for mode in [Xdp::Native, Xdp::Generic] {
            bpffs::remove(&links::path(&self.dir, xdp_kind(mode), index))?;
        }
        for kind in Kind::ALL {
            self.tcx.detach(kind, index)?;
        }
        self.ports.remove(&index);
        Ok(())
    }

    /// Put the programs just loaded in the place of those an earlier daemon left,
    /// without a gap. What is on no interface any more is dropped.
    pub(super) fn replace_programs(&mut self, object: &mut Ebpf) -> Result<(), KernelError> {
        for (index, attached) in self.ports.clone() {
            let mut alive = true;
            for kind in attached.tcx {
                alive &= self.tcx.replace(object, kind, index)?;
            }
            if let Some(mode) = attached.xdp {
                let link = links::open(&self.dir, xdp_kind(mode), index)?;
                let link = XdpLink::try_from(link)
                    .map_err(|error| KernelError::refused("a pinned XDP link", error))?;
                let program = object::xdp(object)?;
                let replaced = program
                    .attach_to_link(link)
                    .and_then(|id| program.take_link(id).map(drop));
                alive &= links::updated(replaced)?;
            }
            if !alive {
                self.detach(index)?;
            }
        }
        Ok(())
    }
}

fn attach_xdp(
    dir: &Path,
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
    links::pin(dir, link, xdp_kind(mode), index)
        .map_err(|error| format!("interface {name}: {error}"))
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
