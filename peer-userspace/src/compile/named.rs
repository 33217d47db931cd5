//! What routes name: numbers that must not be given to others as long as packets may meet
//! them, and next hops.

use std::{collections::BTreeSet, net::IpAddr};

use peer_common::{Group, Route, flags, verdict};

use super::{ForwardingTable, table::Routes};

/// A next hop whose link address is wanted: ifindex and address.
pub type NextHop = (u32, IpAddr);

/// Everything that stands in some routes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) networks: BTreeSet<u32>,
    pub(super) peerings: BTreeSet<u32>,
    pub(super) devices: BTreeSet<u32>,
    pub(super) groups: BTreeSet<u32>,
    /// Gateways, known or not, and the neighbours that have a route of their own.
    next_hops: BTreeSet<NextHop>,
}

impl Named {
    /// What stands in these routes.
    pub(super) fn by(routes: &Routes) -> Self {
        let mut named = Self::default();
        // Most routes are what the one before them is.
        let mut last = None;
        for (at, route) in routes {
            if last != Some(route) {
                named.add(route);
                last = Some(route);
            }
            let is_neighbour = route.gateway().is_none() && route.has(flags::RESOLVED);
            if is_neighbour && route.verdict == verdict::FORWARD {
                named.next_hops.insert((route.port, at.addr()));
            }
        }
        named
    }

    /// What stands in the routes that `content` has, by themselves or in groups.
    pub(super) fn in_all(content: &ForwardingTable) -> Self {
        let mut all = Self::default();
        for named in content.fibs.values().map(|fib| fib.named()) {
            all.networks.extend(&named.networks);
            all.peerings.extend(&named.peerings);
            all.devices.extend(&named.devices);
            all.groups.extend(&named.groups);
        }
        for hop in content.groups.values().flat_map(Group::hops) {
            all.add(&hop.route);
        }
        all
    }

    fn add(&mut self, route: &Route) {
        self.networks.insert(route.network);
        self.peerings.insert(route.counter / 2);
        self.devices.insert(route.device);
        self.groups.insert(route.group);
        if route.verdict == verdict::FORWARD
            && let Some(gateway) = route.gateway()
        {
            self.next_hops.insert((route.port, gateway));
        }
    }
}

impl ForwardingTable {
    /// Next hops whose link addresses the kernel should keep fresh.
    pub fn next_hops(&self) -> BTreeSet<NextHop> {
        let of_networks = self.fibs.values().flat_map(|fib| &fib.named().next_hops);
        // A hop that is down is asked for, or it would never be known to be back.
        let shared = self.groups.values().flat_map(Group::hops);
        let shared = shared.filter_map(|hop| Some((hop.route.port, hop.route.gateway()?)));
        of_networks.copied().chain(shared).collect()
    }
}
