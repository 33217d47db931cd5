//! From one forwarding table to the next, in an order that is safe at every step.
//!
//! Law: after each change every destination meets either the old decision or the
//! new one. For one longest-prefix table that holds exactly when prefixes are put
//! longest first and then removed shortest first. *Elsewhere* is consulted when a
//! network's table has no match, so it changes between the two.
//!
//! A group is there before a route names it and until none does. Which sources come in
//! by a port is told before the port asks, and in the same order of lengths.
//!
//! Rules are there before a route asks for them and until none does, so that no step
//! lets a packet pass that neither the old rules nor the new ones permit.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use imbl::ordmap::DiffItem;
use ipnet::IpNet;
use peer_common::{DropReason, Group, Port, Route, Subinterface};

use super::{Fib, ForwardingTable, Policy};

/// One step of an apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Put a device into a slot.
    PutDevice(u32, u32),
    /// Put these directions' rules, and make room for their peerings' flows.
    PutPolicies(BTreeMap<u32, Policy>),
    /// Put a group of next hops.
    PutGroup(u32, Box<Group>),
    /// Make these networks' tables, filled, and publish them together: one update
    /// of an outer map costs as much as a thousand.
    AddFibs(BTreeMap<u32, Fib>),
    /// Put a route into a network's table.
    PutRoute(u32, IpNet, Route),
    /// Say why a prefix is refused to those whose table does not know it.
    PutElsewhere(IpNet, DropReason),
    /// Forget that.
    RemoveElsewhere(IpNet),
    /// Take a route out of a network's table.
    RemoveRoute(u32, IpNet),
    /// Say whether sources of a prefix may come in by a port.
    PutSource(u32, IpNet, bool),
    /// Give a port to a network.
    PutPort(u32, Port),
    /// Take frames with these tags for a port's.
    PutTags(Subinterface, u32),
    /// Leave frames with these tags to the kernel.
    RemoveTags(Subinterface),
    /// Manage a port no more.
    RemovePort(u32),
    /// Say nothing of that prefix at the port.
    RemoveSource(u32, IpNet),
    /// Drop these directions' rules, and the flows of peerings without any.
    RemovePolicies(Vec<u32>),
    /// Drop these networks' tables.
    RemoveFibs(Vec<u32>),
    /// Drop a group.
    RemoveGroup(u32),
    /// Empty a slot.
    RemoveDevice(u32),
}

impl Change {
    /// Whether both change prefixes of one table, which may be done in one go.
    pub fn is_of_one_table_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::PutRoute(one, ..), Self::PutRoute(other, ..))
            | (Self::RemoveRoute(one, _), Self::RemoveRoute(other, _))
            | (
                Self::PutSource(one, ..) | Self::RemoveSource(one, _),
                Self::PutSource(other, ..) | Self::RemoveSource(other, _),
            ) => one == other,
            (
                Self::PutElsewhere(..) | Self::RemoveElsewhere(_),
                Self::PutElsewhere(..) | Self::RemoveElsewhere(_),
            ) => true,
            _ => false,
        }
    }
}

/// The changes that make `old` into `new`.
pub fn diff(old: &ForwardingTable, new: &ForwardingTable) -> Vec<Change> {
    let mut changes = Vec::new();
    let (devices, no_devices) = entries(&old.devices, &new.devices);
    changes.extend(
        devices
            .into_iter()
            .map(|(slot, index)| Change::PutDevice(slot, index)),
    );

    let policies: BTreeMap<u32, Policy> = new
        .policies
        .iter()
        .filter(|(counter, policy)| old.policies.get(counter) != Some(policy))
        .map(|(counter, policy)| (*counter, policy.clone()))
        .collect();
    if !policies.is_empty() {
        changes.push(Change::PutPolicies(policies));
    }

    let (groups, no_groups) = entries(&old.groups, &new.groups);
    changes.extend(
        groups
            .into_iter()
            .map(|(id, group)| Change::PutGroup(id, Box::new(group))),
    );

    let added: BTreeMap<u32, Fib> = new
        .fibs
        .iter()
        .filter(|(id, _)| !old.fibs.contains_key(id))
        .map(|(id, fib)| (*id, fib.clone()))
        .collect();
    if !added.is_empty() {
        changes.push(Change::AddFibs(added));
    }

    let mut puts = Vec::new();
    let mut removals = Vec::new();
    for (id, fib) in &new.fibs {
        let known = old.fibs.get(id).into_iter();
        for difference in known.flat_map(|known| known.diff(fib)) {
            match difference {
                DiffItem::Remove(at, _) => removals.push((*id, *at)),
                DiffItem::Add(at, route)
                | DiffItem::Update {
                    new: (at, route), ..
                } => {
                    puts.push((*id, *at, *route));
                }
            }
        }
    }
    puts.sort_by_key(|(id, at, _)| (*id, Reverse(at.prefix_len())));
    removals.sort_by_key(|(id, at)| (*id, at.prefix_len()));
    changes.extend(
        puts.into_iter()
            .map(|(id, at, route)| Change::PutRoute(id, at, route)),
    );

    let (mut put, mut removed) = (Vec::new(), Vec::new());
    if old.elsewhere != new.elsewhere {
        (put, removed) = entries(&old.elsewhere, &new.elsewhere);
    }
    put.sort_by_key(|(at, _)| Reverse(at.prefix_len()));
    removed.sort_by_key(IpNet::prefix_len);
    changes.extend(
        put.into_iter()
            .map(|(at, reason)| Change::PutElsewhere(at, reason)),
    );
    changes.extend(removed.into_iter().map(Change::RemoveElsewhere));

    changes.extend(
        removals
            .into_iter()
            .map(|(id, at)| Change::RemoveRoute(id, at)),
    );

    let (sources, no_sources) = sources(old, new);
    changes.extend(
        sources
            .into_iter()
            .map(|((index, at), may)| Change::PutSource(index, at, may)),
    );
    let (ports, no_ports) = entries(&old.ports, &new.ports);
    changes.extend(
        ports
            .into_iter()
            .map(|(index, port)| Change::PutPort(index, port)),
    );
    // A port is there as long as frames are taken for its.
    let (tags, no_tags) = entries(&old.tags, &new.tags);
    changes.extend(
        tags.into_iter()
            .map(|(place, index)| Change::PutTags(place, index)),
    );
    changes.extend(no_tags.into_iter().map(Change::RemoveTags));
    changes.extend(no_ports.into_iter().map(Change::RemovePort));
    changes.extend(
        no_sources
            .into_iter()
            .map(|(index, at)| Change::RemoveSource(index, at)),
    );

    let no_policies = gone(&old.policies, &new.policies);
    if !no_policies.is_empty() {
        changes.push(Change::RemovePolicies(no_policies));
    }
    let no_fibs = gone(&old.fibs, &new.fibs);
    if !no_fibs.is_empty() {
        changes.push(Change::RemoveFibs(no_fibs));
    }
    changes.extend(no_groups.into_iter().map(Change::RemoveGroup));
    changes.extend(no_devices.into_iter().map(Change::RemoveDevice));
    changes
}

type SourceChanges = (Vec<((u32, IpNet), bool)>, Vec<(u32, IpNet)>);

/// Which sources come in by which port: what is new or different, longest first, and what
/// is gone, shortest first.
fn sources(old: &ForwardingTable, new: &ForwardingTable) -> SourceChanges {
    let (mut sources, mut no_sources) = (Vec::new(), Vec::new());
    let none = Arc::default();
    let ports: BTreeSet<&u32> = old.sources.keys().chain(new.sources.keys()).collect();
    for index in ports {
        let before = old.sources.get(index).unwrap_or(&none);
        let after = new.sources.get(index).unwrap_or(&none);
        // They are kept by slot, and what came in by none is nowhere.
        let slot = |table: &ForwardingTable| table.ports.get(index).map(|port| port.slot);
        let is_nowhere = slot(new).is_some() && slot(old) != slot(new);
        if before == after && !is_nowhere {
            continue;
        }
        let (mut put, mut removed) = entries(before, after);
        if is_nowhere {
            put = after.iter().map(|(at, may)| (*at, *may)).collect();
        }
        put.sort_by_key(|(at, _)| Reverse(at.prefix_len()));
        removed.sort_by_key(IpNet::prefix_len);
        sources.extend(put.into_iter().map(|(at, may)| ((*index, at), may)));
        no_sources.extend(removed.into_iter().map(|at| (*index, at)));
    }
    (sources, no_sources)
}

/// What is new or different, and what is gone; both in the order of keys.
pub(super) fn entries<K: Ord + Copy, V: PartialEq + Copy>(
    old: &BTreeMap<K, V>,
    new: &BTreeMap<K, V>,
) -> (Vec<(K, V)>, Vec<K>) {
    let (mut put, mut removed) = (Vec::new(), Vec::new());
    let (mut before, mut after) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (None, None) => return (put, removed),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((known, _)), Some((key, _))) => known.cmp(key),
        };
        let known = before.next_if(|_| order.is_le());
        let wanted = after.next_if(|_| order.is_ge());
        match (known, wanted) {
            (Some((key, _)), None) => removed.push(*key),
            (Some((_, before)), Some((_, after))) if before == after => {}
            (_, Some((key, after))) => put.push((*key, *after)),
            (None, None) => {}
        }
    }
}

/// What is gone.
fn gone<K: Ord + Copy, V>(old: &BTreeMap<K, V>, new: &BTreeMap<K, V>) -> Vec<K> {
    old.keys()
        .filter(|key| !new.contains_key(key))
        .copied()
        .collect()
}
