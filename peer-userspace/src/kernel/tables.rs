//! The tables in the kernel: networks', what lies elsewhere, what may come in by which port,
//! and the ports themselves. Says which root and which leaf is what.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytemuck::{Pod, Zeroable as _};
use ipnet::IpNet;
use peer_common::{
    DropReason, Port, Route, flags,
    trie::{PortLeaf, UNIT, roots, roots::Owner},
    verdict,
};

use super::{KernelError, memory::TableMemory};
use crate::{
    compile::{Fib, ForwardingTable, Routes},
    trie::{Change, Family, Key, Leaf, NoRoom, Tries},
};

/// A prefix and its new route; nothing for one that goes.
pub(super) type RouteChange = (IpNet, Option<Route>);

/// All tables.
#[derive(Debug)]
pub(super) struct Tables {
    tries: Tries<TableMemory>,
    /// Networks that have tables, and be they empty.
    networks: BTreeSet<u32>,
}

impl Tables {
    /// Empty tables.
    pub(super) fn new(memory: TableMemory) -> Self {
        Self {
            tries: Tries::new(memory),
            networks: BTreeSet::new(),
        }
    }

    /// Bring into force what an earlier change could not.
    pub(super) fn repair(&mut self) -> Result<(), KernelError> {
        self.tries.repair().map_err(no_room)
    }

    /// Make a network's table.
    pub(super) fn add_fib(&mut self, network: u32, fib: &Fib) -> Result<(), KernelError> {
        let routes: Vec<_> = fib.iter().map(|(at, route)| (*at, Some(*route))).collect();
        self.networks.insert(network);
        self.change_fib(network, &routes)
    }

    /// Change a network's table.
    pub(super) fn change_fib(
        &mut self,
        network: u32,
        changes: &[RouteChange],
    ) -> Result<(), KernelError> {
        self.change(|v6| roots::fib(network, v6), changes)
    }

    /// Do without a network's table.
    pub(super) fn remove_fib(&mut self, network: u32) -> Result<(), KernelError> {
        self.tries
            .remove(roots::fib(network, false))
            .map_err(no_room)?;
        self.tries
            .remove(roots::fib(network, true))
            .map_err(no_room)?;
        self.networks.remove(&network);
        Ok(())
    }

    /// Change what lies in any managed network.
    pub(super) fn change_elsewhere(
        &mut self,
        changes: &[(IpNet, Option<DropReason>)],
    ) -> Result<(), KernelError> {
        let route = |reason: DropReason| Route {
            verdict: verdict::DROP,
            reason: reason as u8,
            ..Route::zeroed()
        };
        let changes: Vec<RouteChange> = changes
            .iter()
            .map(|(at, reason)| (*at, reason.map(route)))
            .collect();
        self.change_fib(roots::ELSEWHERE, &changes)
    }

    /// Change what may come in by a port.
    pub(super) fn change_sources(
        &mut self,
        slot: u32,
        changes: &[(IpNet, Option<bool>)],
    ) -> Result<(), KernelError> {
        let route = |may| Route {
            flags: if may { flags::SOURCE } else { 0 },
            ..Route::zeroed()
        };
        let changes: Vec<RouteChange> = changes
            .iter()
            .map(|(at, may)| (*at, may.map(route)))
            .collect();
        self.change(|v6| roots::sources(slot, v6), &changes)
    }

    /// Manage a port, or no more.
    pub(super) fn change_port(
        &mut self,
        index: u32,
        port: Option<&Port>,
    ) -> Result<(), KernelError> {
        let key = Key::exact(index);
        let port = port.map(|port| PortLeaf { port: *port, index });
        let change = (key, port.as_ref().map(leaf));
        let changed = self.tries.change(roots::PORTS, Family::V4, [change]);
        // Also where the table is to be repaired. Whoever is not there is found by it.
        self.tries.lead(roots::near(index), roots::PORTS, key);
        changed.map_err(no_room)
    }

    /// What all tables say: ports, networks' tables, elsewhere and sources.
    pub(super) fn content(&self) -> ForwardingTable {
        let mut content = ForwardingTable::default();
        let ports = self.tries.content(roots::PORTS);
        content.ports = ports
            .map(|(key, leaf)| (key.number(), value(leaf)))
            .collect();
        let ports = content.ports.iter();
        let indices: BTreeMap<u32, u32> = ports.map(|(index, port)| (port.slot, *index)).collect();
        let mut fibs: BTreeMap<u32, Routes> = self
            .networks
            .iter()
            .map(|id| (*id, Routes::new()))
            .collect();
        for (root, family) in self.tries.roots() {
            let entries = self.tries.content(root);
            let routes = entries.filter_map(|(key, leaf)| Some((key.prefix(family)?, value(leaf))));
            match roots::owner(root) {
                Owner::Ports => {}
                Owner::Network(roots::ELSEWHERE) => {
                    let reasons = routes.filter_map(|(at, route): (_, Route)| {
                        Some((at, DropReason::from_number(route.reason)?))
                    });
                    Arc::make_mut(&mut content.elsewhere).extend(reasons);
                }
                Owner::Network(id) => fibs.entry(id).or_default().extend(routes),
                Owner::Sources(slot) => {
                    let may = |route: Route| route.has(flags::SOURCE);
                    let may = routes.map(|(at, route)| (at, may(route)));
                    if let Some(index) = indices.get(&slot) {
                        let of_port = content.sources.entry(*index).or_default();
                        Arc::make_mut(of_port).extend(may);
                    }
                }
            }
        }
        let fibs = fibs.into_iter().map(|(id, routes)| (id, routes.into()));
        content.fibs = fibs.collect();
        content
    }

    /// Units of memory in use, and all there are.
    pub(super) fn memory(&self) -> [usize; 2] {
        [self.tries.used(), self.tries.units()]
    }

    fn change(
        &mut self,
        root: impl Fn(bool) -> u32,
        changes: &[RouteChange],
    ) -> Result<(), KernelError> {
        for family in [Family::V4, Family::V6] {
            let of_family: Vec<Change> = changes
                .iter()
                .filter(|(at, _)| Family::of(at) == family)
                .map(|(at, route)| (Key::from(*at), route.as_ref().map(leaf)))
                .collect();
            if !of_family.is_empty() {
                let root = root(family == Family::V6);
                self.tries
                    .change(root, family, of_family)
                    .map_err(no_room)?;
            }
        }
        Ok(())
    }
}

fn no_room(why: NoRoom<KernelError>) -> KernelError {
    match why {
        NoRoom::Full => KernelError::TablesFull,
        NoRoom::Unknown(error) => error,
    }
}

/// What a leaf's first bytes are.
fn value<T: Pod>(leaf: &Leaf) -> T {
    bytemuck::pod_read_unaligned(&bytemuck::bytes_of(leaf)[..size_of::<T>()])
}

/// A leaf with these bytes in front.
fn leaf<T: Pod>(value: &T) -> Leaf {
    let mut bytes = [0; UNIT];
    bytes[..size_of::<T>()].copy_from_slice(bytemuck::bytes_of(value));
    bytemuck::cast(bytes)
}
