//! What single changes make of a table.

use std::sync::Arc;

use peer_userspace::compile::{Change, ForwardingTable};

/// Carry out one change on a table, as the kernel edge does on the maps.
pub(crate) fn apply(table: &mut ForwardingTable, change: &Change) {
    match change {
        Change::PutDevice(slot, index) => {
            table.devices.insert(*slot, *index);
        }
        Change::RemoveDevice(slot) => {
            table.devices.remove(slot);
        }
        Change::PutPolicies(policies) => table.policies.extend(policies.clone()),
        Change::RemovePolicies(counters) => {
            table
                .policies
                .retain(|counter, _| !counters.contains(counter));
        }
        Change::AddFibs(fibs) => table.fibs.extend(fibs.clone()),
        Change::RemoveFibs(ids) => table.fibs.retain(|id, _| !ids.contains(id)),
        Change::PutRoute(id, at, route) => {
            table.fibs.entry(*id).or_default().insert(*at, *route);
        }
        Change::RemoveRoute(id, at) => {
            if let Some(fib) = table.fibs.get_mut(id) {
                fib.remove(at);
            }
        }
        Change::PutElsewhere(at, reason) => {
            Arc::make_mut(&mut table.elsewhere).insert(*at, *reason);
        }
        Change::RemoveElsewhere(at) => {
            Arc::make_mut(&mut table.elsewhere).remove(at);
        }
        Change::PutPort(index, port) => {
            table.ports.insert(*index, *port);
        }
        Change::PutTags(place, index) => {
            table.tags.insert(*place, *index);
        }
        Change::RemoveTags(place) => {
            table.tags.remove(place);
        }
        Change::RemovePort(index) => {
            table.ports.remove(index);
        }
        Change::PutSource(index, at, may) => {
            let of_port = table.sources.entry(*index).or_default();
            Arc::make_mut(of_port).insert(*at, *may);
        }
        Change::RemoveSource(index, at) => {
            if let Some(of_port) = table.sources.get_mut(index) {
                Arc::make_mut(of_port).remove(at);
                if of_port.is_empty() {
                    table.sources.remove(index);
                }
            }
        }
        Change::PutGroup(id, group) => {
            table.groups.insert(*id, **group);
        }
        Change::RemoveGroup(id) => {
            table.groups.remove(id);
        }
    }
}
