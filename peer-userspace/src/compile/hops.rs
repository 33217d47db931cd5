//! Next hops: those of a host route, and which of them are up.

use std::{collections::BTreeMap, net::IpAddr};

use peer_common::MAX_HOPS;

use crate::host::{HostRoute, HostView, Mac};

/// One next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// ifindex of the egress port.
    pub(super) port: u32,
    /// Next hop; `None` where the destination itself is on the link.
    pub(super) gateway: Option<IpAddr>,
    /// Link address to send to; `None` until it is known.
    pub(super) mac: Option<Mac>,
    /// Its share among several.
    pub(super) weight: u32,
    /// Whether flows may take it. One of several always is.
    pub(super) live: bool,
}

impl Hop {
    /// The only hop.
    pub(super) fn new(port: u32, gateway: Option<IpAddr>) -> Self {
        Self {
            port,
            gateway,
            mac: None,
            weight: 1,
            live: true,
        }
    }
}

/// Interfaces to send by, and whether each is up.
pub(super) type Links = BTreeMap<u32, bool>;

/// The hops of a route that leave by one of `links`; `None` if none can. Those that are
/// down are there too: what they leave to others is theirs again when they are back.
pub(super) fn host_hops(route: &HostRoute, links: &Links) -> Option<Vec<Hop>> {
    let mut hops: BTreeMap<(u32, Option<IpAddr>), Hop> = BTreeMap::new();
    for hop in &route.hops {
        let Some(up) = links.get(&hop.interface) else {
            continue;
        };
        hops.entry((hop.interface, hop.gateway))
            .and_modify(|known| {
                known.weight = known.weight.saturating_add(hop.weight);
                known.live |= *up && !hop.dead;
            })
            .or_insert(Hop {
                weight: hop.weight.max(1),
                live: *up && !hop.dead,
                ..Hop::new(hop.interface, hop.gateway)
            });
    }
    let mut hops: Vec<Hop> = hops.into_values().collect();
    let is_up = |hop: &Hop| links.get(&hop.port) == Some(&true);
    if !hops.iter().any(is_up) {
        return None;
    }
    // The kernel's word may lag behind the link's.
    if !hops.iter().any(|hop| hop.live) {
        hops.iter_mut().for_each(|hop| hop.live = is_up(hop));
    }
    // What is up comes first where not all find room; else the order stays.
    if hops.len() > MAX_HOPS {
        hops.sort_by_key(|hop| !hop.live);
        hops.truncate(MAX_HOPS);
        hops.sort_by_key(|hop| (hop.port, hop.gateway));
    }
    Some(hops)
}

/// Look up the link addresses, and leave out hops without one while another has one:
/// whether a neighbour that is being asked for will answer, nobody can say.
pub(super) fn keep_live(hops: &mut [Hop], host: &HostView) {
    for hop in hops.iter_mut() {
        let gateway = hop.gateway;
        hop.mac = gateway.and_then(|at| host.neighbours.get(&(hop.port, at)).copied());
    }
    let answers = |hop: &Hop| hop.live && (hop.mac.is_some() || hop.gateway.is_none());
    if hops.iter().any(answers) {
        hops.iter_mut().for_each(|hop| hop.live = answers(hop));
    }
}
