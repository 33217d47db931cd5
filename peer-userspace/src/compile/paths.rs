//! Where things lie inside one network: by which port, through which next hop.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::IpAddr,
    sync::Arc,
};

use ipnet::IpNet;

use super::{
    Ports,
    hops::{Hop, Links, host_hops, keep_live},
    host_routes::HostRoutes,
    prefix::{host as host_prefix, is_global, longest_match, overlap},
};
use crate::{
    host::{HostView, Interface},
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

/// The way to every part of a network; `None` where there is none now. Many parts share one.
pub(super) type Paths = BTreeMap<IpNet, Option<Arc<Way>>>;

/// Where a network's own prefixes lie, and the subnets of its ports that are
/// neither its own nor in `reached`, which it reaches otherwise (transfer nets). In order:
/// what the ports say, the host's routes inside the prefixes that leave by one of its
/// ports, on-link.
pub(super) fn paths(
    network: &Network,
    ports: &Ports,
    routes: &HostRoutes<'_>,
    reached: &[IpNet],
) -> Paths {
    let host = routes.host;
    let ports: Vec<Port<'_>> = ports
        .of(&network.id)
        .filter_map(|(index, port)| Some((host.interfaces.get(&index)?, &port.declared)))
        .collect();
    let mut paths = by_declaration(network, &ports, routes);
    let routed = by_host_routes(&paths, &links(&ports, |_| true), routes);
    paths.extend(routed);
    for (interface, _) in &ports {
        for subnet in transfer_nets(interface, reached) {
            let hop = interface.up.then(|| Hop::new(interface.index, None));
            let way = hop.map(|hop| Way::shared(vec![hop], Said::Nothing, host));
            paths.entry(subnet).or_insert(way);
        }
    }
    let neighbours = neighbours(&paths, &ports, host);
    paths.extend(neighbours);
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
fn by_declaration(network: &Network, ports: &[Port<'_>], routes: &HostRoutes<'_>) -> Paths {
    let host = routes.host;
    let mut paths = Paths::new();
    for (interface, port) in ports.iter().filter(|(interface, _)| interface.up) {
        let index = interface.index;
        let vias = port.via.iter().map(|via| {
            let hop = Hop::new(index, Some(*via));
            (*via, Way::shared(vec![hop], Said::NextHop, host))
        });
        let by_via: BTreeMap<IpAddr, Arc<Way>> = vias.collect();
        let said = Said::Port(index);
        let restricted = (!port.prefixes.is_empty()).then(|| {
            let on_link = Way::shared(vec![Hop::new(index, None)], said, host);
            let routed = best(routes, &Links::from([(index, true)]), said);
            (routed, on_link)
        });
        for prefix in port.claims(network) {
            let via = port.via_for(prefix).and_then(|via| by_via.get(&via));
            let way = match (via, &restricted) {
                (Some(way), _) => way,
                (None, Some((routed, on_link))) => {
                    longest_match(routed, prefix).map_or(on_link, |(_, way)| way)
                }
                (None, None) => continue,
            };
            paths.entry(*prefix).or_insert_with(|| Some(way.clone()));
        }
    }
    let open = links(ports, |port| port.prefixes.is_empty());
    let first = ports
        .iter()
        .find(|(interface, port)| interface.up && port.prefixes.is_empty());
    let on_link = first.map(|(interface, _)| {
        Way::shared(vec![Hop::new(interface.index, None)], Said::Nothing, host)
    });
    let routed = best(routes, &open, Said::Nothing);
    for prefix in network.prefixes.iter() {
        let way = || {
            let routed = longest_match(&routed, prefix).map(|(_, way)| way);
            routed.or(on_link.as_ref()).cloned()
        };
        paths.entry(*prefix).or_insert_with(way);
    }
    paths
}

impl Way {
    /// A way by these hops, as far as they answer.
    fn shared(mut hops: Vec<Hop>, said: Said, host: &HostView) -> Arc<Self> {
        keep_live(&mut hops, host);
        Arc::new(Self { hops, said })
    }
}

/// Where the best of the host's routes that leave by `links` lead, by destination.
fn best(routes: &HostRoutes<'_>, links: &Links, said: Said) -> BTreeMap<IpNet, Arc<Way>> {
    let mut best = BTreeMap::new();
    for route in routes.among(links) {
        let Some(hops) = host_hops(route, links) else {
            continue;
        };
        let first = hops.first().map(|hop| (hop.port, hop.gateway));
        let order = (route.metric, first);
        match best.entry(route.to) {
            Entry::Vacant(place) => {
                place.insert((order, hops));
            }
            Entry::Occupied(mut known) if order < known.get().0 => {
                known.insert((order, hops));
            }
            Entry::Occupied(_) => {}
        }
    }
    let ways = best.into_iter();
    ways.map(|(to, (_, hops))| (to, Way::shared(hops, said, routes.host)))
        .collect()
}

/// The ways to what the host's routes tell apart inside of `declared`.
fn by_host_routes(
    declared: &Paths,
    links: &Links,
    routes: &HostRoutes<'_>,
) -> Vec<(IpNet, Option<Arc<Way>>)> {
    let ways = routes.among(links).filter_map(|route| {
        let hops = match longest_match(declared, &route.to)? {
            (_, None) => host_hops(route, links),
            (_, Some(way)) => match way.said {
                Said::Nothing => host_hops(route, links),
                Said::Port(port) => host_hops(route, &Links::from([(port, true)])),
                Said::NextHop => None,
            },
        };
        let way = Way::shared(hops?, Said::Nothing, routes.host);
        Some((route.to, Some(way)))
    });
    ways.collect()
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
fn neighbours(
    paths: &Paths,
    ports: &[Port<'_>],
    host: &HostView,
) -> Vec<(IpNet, Option<Arc<Way>>)> {
    let mut found = Vec::new();
    for (port, _) in ports.iter().filter(|(interface, _)| interface.up) {
        let from = (port.index, IpAddr::from([0; 4]));
        let neighbours = host.neighbours.range(from..);
        for ((_, address), mac) in neighbours.take_while(|((at, _), _)| *at == port.index) {
            let prefix = host_prefix(*address);
            let Some((_, Some(way))) = longest_match(paths, &prefix) else {
                continue;
            };
            if let [hop] = way.hops[..]
                && hop.port == port.index
                && hop.gateway.is_none()
            {
                let mac = Some(*mac);
                let hops = vec![Hop { mac, ..hop }];
                let said = way.said;
                found.push((prefix, Some(Arc::new(Way { hops, said }))));
            }
        }
    }
    found
}

/// The paths to exactly `prefixes`; some twice where prefixes lie in each other.
pub(super) fn within(
    paths: &Paths,
    prefixes: &[IpNet],
) -> impl Iterator<Item = (IpNet, Option<Arc<Way>>)> {
    prefixes.iter().flat_map(|prefix| {
        // What a prefix holds sorts right behind it.
        let inside = paths.range(prefix..);
        let mut inside = inside.take_while(|(at, _)| prefix.contains(*at)).peekable();
        let whole = match inside.peek() {
            Some((at, _)) if *at == prefix => None,
            _ => longest_match(paths, prefix).map(|(_, way)| (*prefix, way.clone())),
        };
        let inside = inside.map(|(at, way)| (*at, way.clone()));
        whole.into_iter().chain(inside)
    })
}
