//! Which sources may come in by which port of a network whose ports do not all claim
//! the same (RFC 3704 section 2.3: feasible paths, here as declared).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ipnet::IpNet;

use super::{
    Ports,
    paths::transfer_nets,
    prefix::{is_global, longest_match},
};
use crate::{
    host::{HostView, Interface},
    model::Network,
};

/// By ifindex and prefix, whether what lies there may come in; the longest match counts,
/// and none is no. Ports that take everything of their network's have none.
pub type Sources = BTreeMap<u32, Arc<BTreeMap<IpNet, bool>>>;

/// The entries for the ports of one network. An address is behind the ports whose claim
/// to it is the longest, whether they are up or not: what one port's failure opened to
/// another would be open to its forgeries.
pub(super) fn sources(
    network: &Network,
    ports: &Ports,
    host: &HostView,
    reached: &[IpNet],
) -> Sources {
    let mut claims: BTreeMap<IpNet, BTreeSet<usize>> = BTreeMap::new();
    let mut working: Vec<(usize, &Interface)> = Vec::new();
    for (position, port) in ports.declared_by(&network.id).enumerate() {
        for prefix in port.declared.claims(network) {
            claims.entry(*prefix).or_default().insert(position);
        }
        let index = port.index.filter(|_| port.hook.is_ok());
        if let Some(interface) = index.and_then(|index| host.interfaces.get(&index)) {
            for subnet in transfer_nets(interface, reached) {
                claims.entry(subnet).or_default().insert(position);
            }
            working.push((position, interface));
        }
    }
    let mut sources = Sources::new();
    for (position, interface) in working {
        let mut entries: BTreeMap<IpNet, bool> = claims
            .iter()
            .map(|(prefix, ports)| (*prefix, ports.contains(&position)))
            .collect();
        // Whoever is on its link speaks to the router there, or no next hop could be
        // resolved.
        for subnet in own_subnets(interface, network) {
            entries.entry(subnet).or_insert(true);
        }
        if !takes_all(&entries, network) {
            sources.insert(interface.index, Arc::new(told_apart(&entries)));
        }
    }
    sources
}

fn own_subnets(interface: &Interface, network: &Network) -> impl Iterator<Item = IpNet> {
    let subnets = interface
        .addresses
        .iter()
        .map(|address| address.net.trunc());
    subnets.filter(|subnet| {
        is_global(subnet.addr()) && network.prefixes.iter().any(|own| own.contains(subnet))
    })
}

fn takes_all(entries: &BTreeMap<IpNet, bool>, network: &Network) -> bool {
    let mut prefixes = network.prefixes.iter();
    entries.values().all(|may| *may)
        && prefixes.all(|prefix| longest_match(entries, prefix).is_some())
}

/// Only the entries that say something else than what covers them.
fn told_apart(entries: &BTreeMap<IpNet, bool>) -> BTreeMap<IpNet, bool> {
    let mut told = BTreeMap::new();
    // What covers a prefix sorts before it.
    for (prefix, may) in entries {
        let covering = longest_match(&told, prefix).is_some_and(|(_, covering)| *covering);
        if covering != *may {
            told.insert(*prefix, *may);
        }
    }
    told
}
