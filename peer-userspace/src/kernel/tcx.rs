//! One classifier on one interface: a pinned tcx link, or a filter where the kernel has no
//! tcx. Which interface carries which is `attach.rs`'s to say.

use std::{
    io,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
};

use aya::{
    Ebpf,
    programs::{
        LinkOrder, SchedClassifier, TcAttachType,
        links::FdLink,
        tc::{SchedClassifierLink, TcAttachOptions},
    },
};

use super::{
    KernelError, bpffs,
    clsact::{Clsact, Filter},
    error::chain,
    links, object,
};

/// Our classifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The packet path, on ports and trunks.
    Tc,
    /// What keeps the side door shut, on ports.
    Guard,
    /// What puts tags on, on stand-ins.
    Tag,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Tc, Self::Guard, Self::Tag];

    /// What pins and filters are named after.
    const fn name(self) -> &'static str {
        match self {
            Self::Tc => "tc",
            Self::Guard => "guard",
            Self::Tag => "tag",
        }
    }

    const fn program(self) -> &'static str {
        match self {
            Self::Tc => object::TC,
            Self::Guard => object::GUARD,
            Self::Tag => object::TAG,
        }
    }

    const fn side(self) -> TcAttachType {
        match self {
            Self::Tc => TcAttachType::Ingress,
            Self::Guard | Self::Tag => TcAttachType::Egress,
        }
    }

    const fn filter(self, index: u32) -> Filter {
        Filter {
            index,
            kind: self.name(),
            side: self.side(),
        }
    }
}

/// Attaches classifiers for the daemon whose pins are in a directory.
#[derive(Debug)]
pub(super) struct Tcx {
    dir: PathBuf,
    clsact: Option<Clsact>,
}

impl Tcx {
    pub(super) fn of(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            clsact: Clsact::if_needed(dir),
        }
    }

    /// What of a kind there is, by ifindex; of links that may be dead.
    pub(super) fn found(&self, kind: Kind) -> Result<Vec<u32>, KernelError> {
        match &self.clsact {
            None => links::pinned(&self.dir, kind.name()),
            Some(clsact) => {
                let carrying = clsact.interfaces(kind.name(), kind.side());
                Ok(carrying.map_err(refused)?.into_iter().collect())
            }
        }
    }

    /// Whether what was attached still is.
    pub(super) fn is_alive(&self, kind: Kind, index: u32) -> Result<bool, KernelError> {
        match &self.clsact {
            None => Ok(links::is_alive(&self.dir, kind.name(), index)),
            Some(clsact) => clsact.has(kind.filter(index)).map_err(refused),
        }
    }

    /// Attach a program. `name` is the interface's, for the sentence that says why not.
    pub(super) fn attach(
        &self,
        object: &mut Ebpf,
        kind: Kind,
        index: u32,
        name: &str,
    ) -> Result<(), String> {
        let program = object::tc(object, kind.program()).map_err(|error| error.to_string())?;
        if let Some(clsact) = &self.clsact {
            return put(clsact, kind, program, index).map_err(|error| {
                format!("interface {name}: cannot attach the clsact filter: {error}")
            });
        }
        // What another's program accepts, those behind it do not see.
        let options = TcAttachOptions::TcxOrder(LinkOrder::first());
        let link = program
            .attach_with_options(name, kind.side(), options)
            .and_then(|id| program.take_link(id))
            .map_err(|error| {
                let (program, why) = (kind.program(), chain(&error));
                format!("interface {name}: cannot attach the tcx program {program}: {why}")
            })?;
        let link = FdLink::try_from(link)
            .map_err(|_| format!("interface {name}: its tcx link cannot be pinned"))?;
        links::pin(&self.dir, link, kind.name(), index)
            .map_err(|error| format!("interface {name}: {error}"))
    }

    /// Put the program just loaded in the place of an earlier daemon's, without a gap.
    /// Returns whether the interface is still there.
    pub(super) fn replace(
        &self,
        object: &mut Ebpf,
        kind: Kind,
        index: u32,
    ) -> Result<bool, KernelError> {
        let program = object::tc(object, kind.program())?;
        if let Some(clsact) = &self.clsact {
            return match put(clsact, kind, program, index) {
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => Ok(false),
                done => done.map(|()| true).map_err(refused),
            };
        }
        let link = links::open(&self.dir, kind.name(), index)?;
        let link = SchedClassifierLink::try_from(link)
            .map_err(|error| KernelError::refused("a pinned tcx link", error))?;
        let replaced = program
            .attach_to_link(link)
            .and_then(|id| program.take_link(id).map(drop));
        links::updated(replaced)
    }

    /// Take a program off, if it is there.
    pub(super) fn detach(&self, kind: Kind, index: u32) -> Result<(), KernelError> {
        match &self.clsact {
            None => bpffs::remove(&links::path(&self.dir, kind.name(), index)),
            Some(clsact) => clsact.remove(kind.filter(index)).map_err(refused),
        }
    }

    /// Take all filters off every interface; links go with their pins. Returns whether there
    /// was one.
    pub(super) fn detach_filters(&self) -> Result<bool, KernelError> {
        let mut any = false;
        if self.clsact.is_some() {
            for kind in Kind::ALL {
                for index in self.found(kind)? {
                    self.detach(kind, index)?;
                    any = true;
                }
            }
        }
        Ok(any)
    }
}

fn put(clsact: &Clsact, kind: Kind, program: &SchedClassifier, index: u32) -> io::Result<()> {
    let fd = program.fd().map_err(io::Error::other)?;
    clsact.put(kind.filter(index), fd.as_fd())
}

fn refused(error: io::Error) -> KernelError {
    KernelError::netlink("clsact filters", error)
}
