//! Where things lie inside one network: by which port, through which next hop.

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;

use super::{
    Ports,
    hops::{Hop, Links, host_hops, keep_live},
    prefix::{host as host_prefix, is_global, longest_match, overlap},
};
use crate::{
    host::{HostRoute, HostView, Interface},
    model::{self, Network},
};

/// The way to a destination from the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// Where to send it; several share its flows.
    pub(super) hops: Vec<Hop>,
    /// How much of it the declaration says, and host routes leave as it is.
    said: Said,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    /// The port.
    Port(u32),
    NextHop,
}

/// The way to every part of a network; `None` where there is none now.
pub(super) type Paths = BTreeMap<IpNet, Option<Way>>;

/// Where a network's own prefixes lie, and the subnets of its ports that are
/// neither its own nor in `reached`, which it reaches otherwise (transfer nets). In order: what the ports say, the host's routes
/// inside the prefixes that leave by one of its ports, on-link.
pub(super) fn paths(network: &Network, ports: &Ports, host: &HostView, reached: &[IpNet]) -> Paths {
    let ports: Vec<Port<'_>> = ports
        .of(&network.id)
        .filter_map(|(index, port)| Some((host.interfaces.get(&index)?, &port.declared)))
        .collect();
    let mut paths = by_declaration(network, &ports, host);
    by_host_routes(&mut paths, &links(&ports, |_| true), host);
    for (interface, _) in &ports {
        for subnet in transfer_nets(interface, reached) {
            let hop = interface.up.then(|| Hop::new(interface.index, None));
            let way = hop.map(|hop| Way::of(hop, Said::Nothing));
            paths.entry(subnet).or_insert(way);
        }
    }
    for way in paths.values_mut().flatten() {
        keep_live(&mut way.hops, host);
    }
    add_neighbours(&mut paths, &ports, host);
    paths
}

/// An interface and the port declared on it.
type Port<'a> = (&'a Interface, &'a model::Port);

/// The interfaces of some of these ports.
fn links(ports: &[Port<'_>], which: impl Fn(&model::Port) -> bool) -> Links {
    let ports = ports.iter().filter(|(_, port)| which(port));
    ports
        .map(|(interface, _)| (interface.index, interface.up))
        .collect()
}

/// What ports say: `prefixes`, or a `via` for all of them; of two that say the same
/// the first. What none speaks of goes where the host's own routing leads among
/// the ports that claim everything.
fn by_declaration(network: &Network, ports: &[Port<'_>], host: &HostView) -> Paths {
    let mut paths = Paths::new();
    for (interface, port) in ports.iter().filter(|(interface, _)| interface.up) {
        let index = interface.index;
        for prefix in port.claims(network) {
            let way = if let Some(via) = port.via_for(prefix) {
                Way::of(Hop::new(index, Some(via)), Said::NextHop)
            } else if !port.prefixes.is_empty() {
                let routed = covering_hops(host, &Links::from([(index, true)]), prefix);
                Way {
                    hops: routed.unwrap_or_else(|| vec![Hop::new(index, None)]),
                    said: Said::Port(index),
                }
            } else {
                continue;
            };
            paths.entry(*prefix).or_insert(Some(way));
        }
    }
    let open = links(ports, |port| port.prefixes.is_empty());
    let first = ports
        .iter()
        .find(|(interface, port)| interface.up && port.prefixes.is_empty());
    for prefix in &network.prefixes {
        let on_link = || first.map(|(interface, _)| vec![Hop::new(interface.index, None)]);
        let hops = covering_hops(host, &open, prefix).or_else(on_link);
        let way = hops.map(|hops| Way {
            hops,
            said: Said::Nothing,
        });
        paths.entry(*prefix).or_insert(way);
    }
    paths
}

impl Way {
    fn of(hop: Hop, said: Said) -> Self {
        Self {
            hops: vec![hop],
            said,
        }
    }
}

/// Where the host's best route by any of `links` that covers all of `prefix` leads.
fn covering_hops(host: &HostView, links: &Links, prefix: &IpNet) -> Option<Vec<Hop>> {
    let routes = host.routes.iter().filter(|route| route.to.contains(prefix));
    routes
        .filter_map(|route| Some((route, host_hops(route, links)?)))
        .min_by_key(|(route, hops)| {
            let first = hops.first().map(|hop| (hop.port, hop.gateway));
            (Reverse(route.to.prefix_len()), route.metric, first)
        })
        .map(|(_, hops)| hops)
}

fn by_host_routes(paths: &mut Paths, links: &Links, host: &HostView) {
    let mut routes: Vec<&HostRoute> = host.routes.iter().collect();
    // For one destination the smallest metric comes last and stays.
    routes.sort_by_key(|route| (route.to, Reverse((route.metric, &route.hops))));
    let declared = paths.clone();
    for route in routes {
        let hops = match longest_match(&declared, &route.to) {
            None => None,
            Some((_, None)) => host_hops(route, links),
            Some((_, Some(way))) => match way.said {
                Said::Nothing => host_hops(route, links),
                Said::Port(port) => host_hops(route, &Links::from([(port, true)])),
                Said::NextHop => None,
            },
        };
        if let Some(hops) = hops {
            let said = Said::Nothing;
            paths.insert(route.to, Some(Way { hops, said }));
        }
    }
}

/// The subnets of a port whose addresses are not the network's: their hosts may speak
/// to the router, and are on-link. Whoever else uses the same prefix is no reason
/// against it, unless this network reaches them.
pub(super) fn transfer_nets(
    interface: &Interface,
    reached: &[IpNet],
) -> impl Iterator<Item = IpNet> {
    interface
        .addresses
        .iter()
        .map(|address| address.net.trunc())
        .filter(|subnet| {
            is_global(subnet.addr()) && !reached.iter().any(|own| overlap(own, subnet))
        })
}

/// One host prefix for each known neighbour that lies on-link on its own port.
fn add_neighbours(paths: &mut Paths, ports: &[Port<'_>], host: &HostView) {
    let known = paths.clone();
    for (port, _) in ports.iter().filter(|(interface, _)| interface.up) {
        let from = (port.index, IpAddr::from([0; 4]));
        let neighbours = host.neighbours.range(from..);
        for ((_, address), mac) in neighbours.take_while(|((at, _), _)| *at == port.index) {
            let prefix = host_prefix(*address);
            let Some((_, Some(way))) = longest_match(&known, &prefix) else {
                continue;
            };
            if let [hop] = way.hops[..]
                && hop.port == port.index
                && hop.gateway.is_none()
            {
                let mac = Some(*mac);
                let way = Way::of(Hop { mac, ..hop }, way.said);
                paths.insert(prefix, Some(way));
            }
        }
    }
}

/// The paths to exactly `prefixes`.
pub(super) fn within(paths: &Paths, prefixes: &[IpNet]) -> Paths {
    let mut clipped = Paths::new();
    for prefix in prefixes {
        if let Some((_, way)) = longest_match(paths, prefix) {
            clipped.insert(*prefix, way.clone());
        }
    }
    let wanted: BTreeMap<IpNet, ()> = prefixes.iter().map(|prefix| (*prefix, ())).collect();
    for (at, way) in paths {
        if longest_match(&wanted, at).is_some() {
            clipped.insert(*at, way.clone());
        }
    }
    clipped
}
