//! Where things lie inside one network: by which port, through which next hop.

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;

use super::{
    Ports,
    prefix::{host as host_prefix, is_global, longest_match, overlap},
};
use crate::{
    host::{HostRoute, HostView, Interface, Mac},
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
    /// How much of it the declaration says, and host routes leave as it is.
    said: Said,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Port,
    NextHop,
}

/// The way to every part of a network; `None` where there is none now.
pub(super) type Paths = BTreeMap<IpNet, Option<Hop>>;

/// Where a network's own prefixes lie, and the subnets of its ports that are
/// neither its own nor in `reached`, which it reaches otherwise (transfer nets). In order: what the ports say, the host's routes
/// inside the prefixes that leave by one of its ports, on-link.
pub(super) fn paths(network: &Network, ports: &Ports, host: &HostView, reached: &[IpNet]) -> Paths {
    let (up, down): (Vec<_>, Vec<_>) = ports
        .of(&network.id)
        .filter_map(|(index, port)| Some((host.interfaces.get(&index)?, &port.declared)))
        .partition(|(interface, _)| interface.up);
    let mut paths = by_declaration(network, &up, host);
    by_host_routes(&mut paths, &up, host);
    add_transfer_nets(&mut paths, up.iter().chain(&down), reached);
    resolve_gateways(&mut paths, host);
    add_neighbours(&mut paths, &up, host);
    paths
}

/// An interface and the port declared on it.
type Port<'a> = (&'a Interface, &'a model::Port);

/// What ports say: `prefixes`, or a `via` for all of them; of two that say the same
/// the first. What none speaks of goes where the host's own routing leads among
/// the ports that claim everything.
fn by_declaration(network: &Network, ports: &[Port<'_>], host: &HostView) -> Paths {
    let mut paths = Paths::new();
    for (interface, port) in ports {
        let claimed = if port.prefixes.is_empty() {
            &network.prefixes
        } else {
            &port.prefixes
        };
        for prefix in claimed {
            let via = port.via_for(prefix);
            if via.is_none() && port.prefixes.is_empty() {
                continue;
            }
            let route = best_route(host, &[interface.index], prefix);
            let said = if via.is_some() {
                Said::NextHop
            } else {
                Said::Port
            };
            let gateway = via.or_else(|| route?.gateway);
            let hop = Hop {
                port: interface.index,
                gateway,
                mac: None,
                said,
            };
            paths.entry(*prefix).or_insert(Some(hop));
        }
    }
    let open: Vec<u32> = ports
        .iter()
        .filter(|(_, port)| port.prefixes.is_empty())
        .map(|(interface, _)| interface.index)
        .collect();
    for prefix in &network.prefixes {
        let routed = best_route(host, &open, prefix).map(|route| Hop {
            port: route.interface,
            gateway: route.gateway,
            mac: None,
            said: Said::Nothing,
        });
        let hop = routed.or_else(|| open.first().map(|index| Hop::on_link(*index)));
        paths.entry(*prefix).or_insert(hop);
    }
    paths
}

impl Hop {
    fn on_link(port: u32) -> Self {
        Self {
            port,
            gateway: None,
            mac: None,
            said: Said::Nothing,
        }
    }
}

/// The host's best route out of one of `interfaces` that covers all of `prefix`.
fn best_route<'a>(host: &'a HostView, interfaces: &[u32], prefix: &IpNet) -> Option<&'a HostRoute> {
    host.routes
        .iter()
        .filter(|route| interfaces.contains(&route.interface) && route.to.contains(prefix))
        .min_by_key(|route| {
            (
                Reverse(route.to.prefix_len()),
                route.metric,
                route.interface,
            )
        })
}

fn by_host_routes(paths: &mut Paths, ports: &[Port<'_>], host: &HostView) {
    let ours = |route: &&HostRoute| ports.iter().any(|(port, _)| port.index == route.interface);
    let mut routes: Vec<&HostRoute> = host.routes.iter().filter(ours).collect();
    // For one destination the smallest metric comes last and stays.
    routes.sort_by_key(|route| (route.to, Reverse((route.metric, route.interface))));
    let declared = paths.clone();
    for route in routes {
        let follows = match longest_match(&declared, &route.to) {
            None => false,
            Some((_, None)) => true,
            Some((_, Some(hop))) => match hop.said {
                Said::Nothing => true,
                Said::Port => hop.port == route.interface,
                Said::NextHop => false,
            },
        };
        if follows {
            let gateway = route.gateway;
            paths.insert(
                route.to,
                Some(Hop {
                    gateway,
                    ..Hop::on_link(route.interface)
                }),
            );
        }
    }
}

/// The subnet of a port whose addresses are not the network's: its hosts may speak
/// to the router, and are on-link. Whoever else uses the same prefix is no reason
/// against it, unless this network reaches them.
fn add_transfer_nets<'a>(
    paths: &mut Paths,
    ports: impl Iterator<Item = &'a Port<'a>>,
    reached: &[IpNet],
) {
    for (interface, _) in ports {
        for subnet in interface
            .addresses
            .iter()
            .map(|address| address.net.trunc())
        {
            if is_global(subnet.addr()) && !reached.iter().any(|own| overlap(own, &subnet)) {
                let hop = interface.up.then(|| Hop::on_link(interface.index));
                paths.entry(subnet).or_insert(hop);
            }
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
fn add_neighbours(paths: &mut Paths, ports: &[Port<'_>], host: &HostView) {
    let known = paths.clone();
    for (port, _) in ports {
        let from = (port.index, IpAddr::from([0; 4]));
        let neighbours = host.neighbours.range(from..);
        for ((_, address), mac) in neighbours.take_while(|((at, _), _)| *at == port.index) {
            let prefix = host_prefix(*address);
            let Some((_, Some(hop))) = longest_match(&known, &prefix) else {
                continue;
            };
            if hop.port == port.index && hop.gateway.is_none() {
                let mac = Some(*mac);
                paths.insert(prefix, Some(Hop { mac, ..*hop }));
            }
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
