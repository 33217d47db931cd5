//! Everything of ours in the kernel, behind one handle.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    path::Path,
};

use aya::Ebpf;
use aya_log::EbpfLogger;
use peer_common::limits;

use super::{
    KernelError,
    attach::Attachments,
    bpffs,
    counters::CounterMaps,
    groups::Groups,
    maps::FlatMaps,
    object::{self, Globals},
    policies::Policies,
    registry::Registry,
    tables::Tables,
};
use crate::{
    compile::{Change, ForwardingTable, Hook, Ids, diff},
    telemetry::Counters,
};

/// The loaded programs, their maps and their attachments.
pub struct Datapath {
    object: Ebpf,
    flat: FlatMaps,
    groups: Groups,
    tables: Tables,
    policies: Policies,
    counters: CounterMaps,
    registry: Registry,
    attachments: Attachments,
    /// Programs of an earlier daemon still run on the attachments.
    outdated: bool,
    /// What the maps hold.
    content: ForwardingTable,
    /// An apply did not come to its end, and nobody looked since at what came of it.
    doubtful: bool,
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
        let (mut object, memory) = object::load(dir, globals)?;
        let registry = Registry::open(dir)?;
        let attachments = Attachments::found(dir)?;
        let mut datapath = Self {
            flat: FlatMaps::of(&mut object)?,
            groups: Groups::of(&mut object)?,
            tables: Tables::new(memory),
            policies: Policies::of(&mut object, dir)?,
            counters: CounterMaps::of(&mut object)?,
            outdated: !attachments.ports().is_empty(),
            object,
            registry,
            attachments,
            content: ForwardingTable::default(),
            doubtful: true,
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
        let devices = devices.map(|(slot, index)| (*index, *slot));
        // Whoever comes back to a port's number has its slot, where its sources are.
        let ports = self.content.ports.iter();
        let ports = ports.map(|(index, port)| (*index, port.slot));
        let ports = ports.filter(|(_, slot)| *slot < limits::MAX_PORTS);
        ids.devices = devices.chain(ports).collect();
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
            tags: self.flat.tags()?,
            devices: self.flat.devices(),
            groups: self.groups.content()?,
            policies: self.policies.content()?,
            ..self.tables.content()
        };
        self.doubtful = false;
        Ok(())
    }

    /// Know what the maps hold, if an apply left that open.
    ///
    /// # Errors
    /// If a map cannot be read.
    pub fn make_sure(&mut self) -> Result<(), KernelError> {
        if self.doubtful {
            self.reread()?;
        }
        Ok(())
    }

    /// Make the maps hold what is `wanted`, step by step, and tell how many steps it took.
    ///
    /// # Errors
    /// With the first change the kernel refused; all others are carried out, and
    /// [`Datapath::content`] is what came of it.
    pub fn follow(&mut self, wanted: &ForwardingTable) -> Result<usize, KernelError> {
        let changes = diff(&self.content, wanted);
        self.doubtful = true;
        match self.apply(&changes) {
            Ok(()) => {
                self.content = wanted.clone();
                self.doubtful = false;
                Ok(changes.len())
            }
            Err(error) => {
                self.reread()?;
                Err(error)
            }
        }
    }

    fn apply(&mut self, changes: &[Change]) -> Result<(), KernelError> {
        let mut failed = self.tables.repair();
        let slots = slots(&self.content, changes);
        // Prefixes of one table are changed together: one by one, every one of them would be
        // a way down the table. One network's trouble must not keep another's consent alive.
        for run in changes.chunk_by(Change::is_of_one_table_with) {
            failed = failed.and(self.carry_out(run, &slots));
        }
        failed
    }

    /// Carry out one change, or several of one table.
    fn carry_out(&mut self, run: &[Change], slots: &BTreeMap<u32, u32>) -> Result<(), KernelError> {
        let Some(change) = run.first() else {
            return Ok(());
        };
        match change {
            Change::PutDevice(slot, index) => {
                self.counters.reset_port(*slot)?;
                self.flat.put_device(*slot, *index)
            }
            Change::PutPolicies(policies) => self.policies.put(policies),
            Change::RemovePolicies(counters) => self.policies.remove(counters),
            Change::AddFibs(fibs) => {
                first_error(fibs.iter().map(|(id, fib)| self.tables.add_fib(*id, fib)))
            }
            Change::PutRoute(id, ..) | Change::RemoveRoute(id, _) => {
                let routes = run.iter().filter_map(|change| match change {
                    Change::PutRoute(_, at, route) => Some((*at, Some(*route))),
                    Change::RemoveRoute(_, at) => Some((*at, None)),
                    _ => None,
                });
                self.tables.change_fib(*id, &routes.collect::<Vec<_>>())
            }
            Change::PutElsewhere(..) | Change::RemoveElsewhere(_) => {
                let reasons = run.iter().filter_map(|change| match change {
                    Change::PutElsewhere(at, reason) => Some((*at, Some(*reason))),
                    Change::RemoveElsewhere(at) => Some((*at, None)),
                    _ => None,
                });
                self.tables.change_elsewhere(&reasons.collect::<Vec<_>>())
            }
            Change::PutSource(index, ..) | Change::RemoveSource(index, _) => {
                let sources = run.iter().filter_map(|change| match change {
                    Change::PutSource(_, at, may) => Some((*at, Some(*may))),
                    Change::RemoveSource(_, at) => Some((*at, None)),
                    _ => None,
                });
                let sources: Vec<_> = sources.collect();
                // Nothing comes in by a restricted port that found no slot.
                let slot = slots.get(index);
                slot.map_or(Ok(()), |slot| self.tables.change_sources(*slot, &sources))
            }
            Change::PutPort(index, port) => self.tables.change_port(*index, Some(port)),
            Change::RemovePort(index) => self.tables.change_port(*index, None),
            Change::PutTags(place, index) => self.flat.put_tags(*place, *index),
            Change::RemoveTags(place) => self.flat.remove_tags(*place),
            Change::PutGroup(id, group) => self.groups.put(*id, group),
            // Programs of an earlier daemon have tables of their own, which may name it yet.
            Change::RemoveGroup(_) if self.outdated => Ok(()),
            Change::RemoveGroup(id) => self.groups.remove(*id),
            Change::RemoveFibs(ids) => {
                first_error(ids.iter().map(|id| self.tables.remove_fib(*id)))
            }
            // A slot is emptied by the kernel when its interface goes, and one that
            // is not is overwritten by its next user; aya cannot empty it.
            Change::RemoveDevice(_) => Ok(()),
        }
    }

    /// Units of the tables' memory in use, and all there are.
    pub fn memory(&self) -> [usize; 2] {
        self.tables.memory()
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

/// The slots of all ports that are, were or will be.
fn slots(content: &ForwardingTable, changes: &[Change]) -> BTreeMap<u32, u32> {
    let were = content.ports.iter();
    let will_be = changes.iter().filter_map(|change| match change {
        Change::PutPort(index, port) => Some((index, port)),
        _ => None,
    });
    were.chain(will_be)
        .map(|(index, port)| (*index, port.slot))
        .collect()
}

/// All of them, and the first error there was.
fn first_error(outcomes: impl Iterator<Item = Result<(), KernelError>>) -> Result<(), KernelError> {
    outcomes.fold(Ok(()), Result::and)
}
