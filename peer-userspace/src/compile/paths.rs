//! Where things lie inside one network: by which port, through which next hop.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;

use super::{
    Ports,
    prefix::{host as host_prefix, longest_match},
};
use crate::{
    host::{HostRoute, HostView, Mac},
    model::{self, Network},
};

/// The way to a destination from the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// ifindex of the egress port.
    pub(super) port: u32,
    /// Next hop; `None` where the destination itself is on the link.
    pub(super) gateway: Option<IpAddr>,
    /// Link address to send to; `None` until it is known.
    pub(super) mac: Option<Mac>,
    /// Whether the declaration names it, so that host routes do not change it.
    declared: bool,
}

impl Hop {
    /// Straight out of a port.
    pub(super) fn on_link(port: u32) -> Self {
        Self {
            port,
            gateway: None,
            mac: None,
            declared: false,
        }
    }
}

/// The way to every part of a network; `None` where there is none now.
pub(super) type Paths = BTreeMap<IpNet, Option<Hop>>;

/// Where `network`'s prefixes lie. In order: what the ports say, the host's
/// routes inside the prefixes that leave by one of its ports, on-link.
pub(super) fn paths(network: &Network, ports: &Ports, host: &HostView) -> Paths {
    let ports: Vec<(u32, &model::Port)> = ports
        .of(&network.id)
        .filter(|(index, _)| host.interfaces.get(index).is_some_and(|found| found.up))
        .map(|(index, port)| (index, &port.declared))
        .collect();
    let mut paths = by_declaration(network, &ports, host);
    by_host_routes(&mut paths, &ports, host);
    resolve_gateways(&mut paths, host);
    add_neighbours(&mut paths, host);
    paths
}

fn by_declaration(network: &Network, ports: &[(u32, &model::Port)], host: &HostView) -> Paths {
    let mut paths = Paths::new();
    for prefix in &network.prefixes {
        let open = || ports.iter().filter(|(_, port)| port.prefixes.is_empty());
        let best = open()
            .find(|(_, port)| port.via_for(prefix).is_some())
            .or_else(|| open().find(|(index, _)| covering_route(host, *index, prefix).is_some()))
            .or_else(|| open().next());
        paths.insert(
            *prefix,
            best.map(|(index, port)| hop(*index, port, prefix, host)),
        );
    }
    for (index, port) in ports {
        for prefix in &port.prefixes {
            let declared = Hop {
                declared: true,
                ..hop(*index, port, prefix, host)
            };
            // The first port that names a prefix has it.
            let known = paths.get(prefix).copied().flatten();
            if !known.is_some_and(|hop| hop.declared) {
                paths.insert(*prefix, Some(declared));
            }
        }
    }
    paths
}

fn hop(index: u32, port: &model::Port, prefix: &IpNet, host: &HostView) -> Hop {
    let via = port.via_for(prefix);
    let routed = || covering_route(host, index, prefix).and_then(|route| route.gateway);
    Hop {
        port: index,
        gateway: via.or_else(routed),
        mac: None,
        declared: via.is_some(),
    }
}

/// The host's best route out of `interface` that covers all of `prefix`.
fn covering_route<'a>(host: &'a HostView, interface: u32, prefix: &IpNet) -> Option<&'a HostRoute> {
    host.routes
        .iter()
        .filter(|route| route.interface == interface && route.to.contains(prefix))
        .max_by_key(|route| (route.to.prefix_len(), std::cmp::Reverse(route.metric)))
}

fn by_host_routes(paths: &mut Paths, ports: &[(u32, &model::Port)], host: &HostView) {
    let mut routes: Vec<&HostRoute> = host
        .routes
        .iter()
        .filter(|route| ports.iter().any(|(index, _)| *index == route.interface))
        .collect();
    // For one destination the smallest metric comes last and stays.
    routes.sort_by(|a, b| (a.to, b.metric, b.interface).cmp(&(b.to, a.metric, a.interface)));
    let declared = paths.clone();
    for route in routes {
        // A port's own `prefixes` bind them to that port, its `via` to that next hop.
        let fixed = match longest_match(&declared, &route.to) {
            None => true,
            Some((_, None)) => false,
            Some((_, Some(hop))) => {
                hop.declared && (hop.gateway.is_some() || hop.port != route.interface)
            }
        };
        if !fixed {
            let hop = Hop {
                port: route.interface,
                gateway: route.gateway,
                mac: None,
                declared: false,
            };
            paths.insert(route.to, Some(hop));
        }
    }
}

fn resolve_gateways(paths: &mut Paths, host: &HostView) {
    for hop in paths.values_mut().flatten() {
        if let Some(gateway) = hop.gateway {
            hop.mac = host.neighbours.get(&(hop.port, gateway)).copied();
        }
    }
}

/// One host prefix for each known neighbour that lies on-link on its own port.
fn add_neighbours(paths: &mut Paths, host: &HostView) {
    let known = paths.clone();
    for ((interface, address), mac) in &host.neighbours {
        let prefix = host_prefix(*address);
        let Some((_, Some(hop))) = longest_match(&known, &prefix) else {
            continue;
        };
        if hop.port == *interface && hop.gateway.is_none() {
            paths.insert(
                prefix,
                Some(Hop {
                    mac: Some(*mac),
                    ..*hop
                }),
            );
        }
    }
}

/// The paths to exactly `prefixes`.
pub(super) fn within(paths: &Paths, prefixes: &[IpNet]) -> Paths {
    let mut clipped = Paths::new();
    for prefix in prefixes {
        if let Some((_, hop)) = longest_match(paths, prefix) {
            clipped.insert(*prefix, *hop);
        }
    }
    let wanted: BTreeMap<IpNet, ()> = prefixes.iter().map(|prefix| (*prefix, ())).collect();
    for (at, hop) in paths {
        if longest_match(&wanted, at).is_some() {
            clipped.insert(*at, *hop);
        }
    }
    clipped
}
