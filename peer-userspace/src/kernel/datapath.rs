//! Everything of ours in the kernel, behind one handle.

use std::{collections::BTreeSet, fs::File, path::Path};

use aya::Ebpf;
use aya_log::EbpfLogger;

use super::{
    KernelError,
    attach::Attachments,
    bpffs,
    counters::CounterMaps,
    fibs::Fibs,
    groups::Groups,
    maps::FlatMaps,
    object::{self, Globals},
    policies::Policies,
    registry::Registry,
    sources::Sources,
};
use crate::{
    compile::{Change, ForwardingTable, Hook, Ids},
    telemetry::Counters,
};

/// The loaded programs, their maps and their attachments.
pub struct Datapath {
    object: Ebpf,
    flat: FlatMaps,
    fibs: Fibs,
    groups: Groups,
    sources: Sources,
    policies: Policies,
    counters: CounterMaps,
    registry: Registry,
    attachments: Attachments,
    /// Programs of an earlier daemon still run on the attachments.
    outdated: bool,
    /// What the maps hold, as far as is known.
    content: ForwardingTable,
    _lock: File,
}

impl Datapath {
    /// Take over what is pinned in `dir`, or begin there.
    ///
    /// # Errors
    /// If the directory cannot be had or the kernel refuses the object. Attached
    /// programs go on as they are.
    pub fn open(dir: &Path, globals: &Globals) -> Result<Self, KernelError> {
        bpffs::prepare(dir)?;
        let lock = bpffs::lock(dir)?;
        let (mut object, _) = object::load(dir, globals)?;
        let registry = Registry::open(dir)?;
        let attachments = Attachments::found(dir)?;
        let mut datapath = Self {
            flat: FlatMaps::of(&mut object)?,
            fibs: Fibs::of(&mut object, dir)?,
            groups: Groups::of(&mut object)?,
            sources: Sources::of(&mut object)?,
            policies: Policies::of(&mut object, dir)?,
            counters: CounterMaps::of(&mut object)?,
            outdated: !attachments.ports().is_empty(),
            object,
            registry,
            attachments,
            content: ForwardingTable::default(),
            _lock: lock,
        };
        datapath.reread()?;
        Ok(datapath)
    }

    /// The log of the programs, if they were asked for one.
    pub fn logger(&mut self) -> Option<EbpfLogger<&'static dyn log::Log>> {
        EbpfLogger::init(&mut self.object).ok()
    }

    /// What the maps hold.
    pub fn content(&self) -> &ForwardingTable {
        &self.content
    }

    /// The ids in use.
    pub fn registered(&self) -> Ids {
        let mut ids = self.registry.known().clone();
        let devices = self.content.devices.iter();
        ids.devices = devices.map(|(slot, index)| (*index, *slot)).collect();
        ids.groups.clone_from(&self.content.groups);
        ids
    }

    /// Record ids; new ones start with empty counters.
    ///
    /// # Errors
    /// If a map operation fails.
    pub fn register(&mut self, wanted: &Ids) -> Result<(), KernelError> {
        // Emptied first: after a crash in between nobody inherits anything.
        let (networks, peerings) = self.registry.fresh(wanted);
        self.counters.reset(&networks, &peerings)?;
        self.registry.store(wanted)
    }

    /// Look again at what the maps hold: at start, and after a failed apply.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn reread(&mut self) -> Result<(), KernelError> {
        self.content = ForwardingTable {
            ports: self.flat.ports()?,
            tags: self.flat.tags()?,
            devices: self.flat.devices(),
            sources: self.sources.content()?,
            groups: self.groups.content()?,
            fibs: self.fibs.content()?,
            policies: self.policies.content()?,
            elsewhere: self.flat.elsewhere()?,
        };
        Ok(())
    }

    /// Carry out changes in their order.
    ///
    /// # Errors
    /// With the first change the kernel refused; all others are carried out.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), KernelError> {
        let mut failed = None;
        for change in changes {
            match self.carry_out(change) {
                Ok(()) => self.content.apply(change),
                // One network's trouble must not keep another's consent alive.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn carry_out(&mut self, change: &Change) -> Result<(), KernelError> {
        match change {
            Change::PutDevice(slot, index) => {
                self.counters.reset_port(*slot)?;
                self.flat.put_device(*slot, *index)
            }
            Change::PutPolicies(policies) => self.policies.put(policies),
            Change::RemovePolicies(counters) => self.policies.remove(counters),
            Change::AddFibs(fibs) => self.fibs.add(fibs),
            Change::PutRoute(id, at, route) => self.fibs.put(*id, *at, route),
            Change::PutElsewhere(at, reason) => self.flat.put_elsewhere(*at, *reason),
            Change::RemoveElsewhere(at) => self.flat.remove_elsewhere(*at),
            Change::RemoveRoute(id, at) => self.fibs.remove_route(*id, *at),
            Change::PutPort(index, port) => self.flat.put_port(*index, port),
            Change::PutTags(place, index) => self.flat.put_tags(*place, *index),
            Change::RemoveTags(place) => self.flat.remove_tags(*place),
            Change::RemovePort(index) => self.flat.remove_port(*index),
            Change::PutSource(index, at, may) => self.sources.put(*index, *at, *may),
            Change::RemoveSource(index, at) => self.sources.remove(*index, *at),
            Change::PutGroup(id, group) => self.groups.put(*id, group),
            Change::RemoveGroup(id) => self.groups.remove(*id),
            Change::RemoveFibs(ids) => self.fibs.remove(ids),
            // A slot is emptied by the kernel when its interface goes, and one that
            // is not is overwritten by its next user; aya cannot empty it.
            Change::RemoveDevice(_) => Ok(()),
        }
    }

    /// Give a port its programs. A port that is not in the maps yet passes
    /// everything to the stack.
    ///
    /// # Errors
    /// The sentence for the user; nothing stays attached then.
    pub fn attach(&mut self, index: u32, name: &str, hook: &Hook) -> Result<(), String> {
        self.attachments.attach(&mut self.object, index, name, hook)
    }

    /// Give a stand-in its program. Until the stand-in is in the maps as a port, it
    /// sends nothing.
    ///
    /// # Errors
    /// The sentence for the user; nothing stays attached then.
    pub fn attach_stand_in(&mut self, index: u32, name: &str) -> Result<(), String> {
        self.attachments
            .attach_stand_in(&mut self.object, index, name)
    }

    /// Take the programs off every port not in `wanted`.
    ///
    /// # Errors
    /// If a pin cannot be removed.
    pub fn detach_others(&mut self, wanted: &BTreeSet<u32>) -> Result<(), KernelError> {
        for index in self.attachments.ports() {
            if !wanted.contains(&index) {
                self.attachments.detach(index)?;
            }
        }
        Ok(())
    }

    /// Notice attachments that are no more. Returns whether there were any.
    ///
    /// # Errors
    /// If a pin cannot be removed.
    pub fn forget_dead_attachments(&mut self) -> Result<bool, KernelError> {
        self.attachments.forget_dead()
    }

    /// An interface is gone, and with it its attachments, even if another of the
    /// same ifindex is there by now.
    ///
    /// # Errors
    /// If a pin cannot be removed.
    pub fn forget_interface(&mut self, index: u32) -> Result<(), KernelError> {
        self.content.devices.retain(|_, known| *known != index);
        self.attachments.detach(index)
    }

    /// Once the maps are right: swap an earlier daemon's programs for ours.
    ///
    /// # Errors
    /// If a link cannot be updated.
    pub fn take_over(&mut self) -> Result<(), KernelError> {
        if self.outdated {
            self.attachments.replace_programs(&mut self.object)?;
            self.outdated = false;
        }
        Ok(())
    }

    /// Whether the XDP program on this interface is ours, of this daemon or an
    /// earlier one.
    pub fn carries_xdp(&self, index: u32) -> bool {
        self.attachments.carries_xdp(index)
    }

    /// All counters by name.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn counters(&self, ids: &Ids) -> Result<Counters, KernelError> {
        self.counters.read(ids)
    }
}
