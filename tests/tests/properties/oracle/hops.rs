//! By which port, and by which gateway, a packet reaches its network.

use std::{cmp::Reverse, net::IpAddr};

use peer_userspace::{
    host::{HostRoute, Interface, Mac},
    model::{Network, Port},
};

use super::Oracle;
use crate::properties::span::{Span, any_holds};

/// A next hop; without a gateway, the destination itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    pub(crate) port: u32,
    pub(crate) gateway: Option<IpAddr>,
    pub(crate) mac: Option<Mac>,
    pub(crate) weight: u32,
    /// Whether flows take it.
    pub(crate) up: bool,
}

/// A port that stands for a destination, and the prefix it does so by.
struct Behind {
    index: u32,
    prefix: Span,
    /// The port's own `via`.
    gateway: Option<IpAddr>,
    /// By `prefixes` or `via`, instead of standing for all of the network.
    says_so: bool,
}

impl<'a> Oracle<'a> {
    /// What the port says; the host's own routes; on-link. None where there is no way.
    pub(super) fn hops(&self, network: &'a Network, address: IpAddr) -> Vec<Hop> {
        let mut hops = self.ways(network, address);
        for hop in &mut hops {
            let next_hop = (hop.port, hop.gateway.unwrap_or(address));
            hop.mac = self.host.neighbours.get(&next_hop).copied();
        }
        // One that nobody answered at is left out while at another somebody does.
        let answers = |hop: &Hop| hop.up && (hop.gateway.is_none() || hop.mac.is_some());
        if hops.len() > 1 {
            // Who is on a link that is one of several ways is for the kernel to find out.
            hops.iter_mut()
                .filter(|hop| hop.gateway.is_none())
                .for_each(|hop| hop.mac = None);
            if hops.iter().any(answers) {
                hops.iter_mut().for_each(|hop| hop.up = answers(hop));
            }
        }
        hops
    }

    fn ways(&self, network: &'a Network, address: IpAddr) -> Vec<Hop> {
        if !any_holds(&network.prefixes, address) {
            return self.on_own_subnet(network, address).into_iter().collect();
        }
        let behind = self.behind(network, address);
        if let Some(Behind {
            index,
            gateway: Some(via),
            ..
        }) = behind
        {
            return vec![Hop::to(index, Some(via))];
        }
        let bound_to = behind
            .as_ref()
            .filter(|behind| behind.says_so)
            .map(|behind| behind.index);
        let usable = |port: u32| bound_to.is_none_or(|bound| bound == port);
        if let Some(hops) = self.host_route(network, address, usable) {
            return hops;
        }
        let Some(behind) = behind else {
            return Vec::new();
        };
        self.covering_route(network, &behind)
            .unwrap_or_else(|| vec![Hop::to(behind.index, None)])
    }

    /// Where a route leads by these ports of the network's, if one of them is up.
    fn by_ports(
        &self,
        network: &'a Network,
        route: &HostRoute,
        usable: impl Fn(u32) -> bool,
    ) -> Option<Vec<Hop>> {
        let link = |index: u32| {
            let mut ports = self.ports(network).filter(|_| usable(index));
            let (_, interface) = ports.find(|(_, interface)| interface.index == index)?;
            Some(interface.up)
        };
        let mut hops: Vec<Hop> = Vec::new();
        for one in &route.hops {
            let Some(up) = link(one.interface) else {
                continue;
            };
            let up = up && !one.dead;
            let same = |hop: &&mut Hop| (hop.port, hop.gateway) == (one.interface, one.gateway);
            match hops.iter_mut().find(same) {
                Some(hop) => {
                    hop.weight += one.weight;
                    hop.up |= up;
                }
                None => hops.push(Hop {
                    weight: one.weight,
                    up,
                    ..Hop::to(one.interface, one.gateway)
                }),
            }
        }
        let on_up_link = |hop: &Hop| link(hop.port) == Some(true);
        if !hops.iter().any(on_up_link) {
            return None;
        }
        // Dead hops only: the links know better.
        if !hops.iter().any(|hop| hop.up) {
            hops.iter_mut().for_each(|hop| hop.up = on_up_link(hop));
        }
        if let [hop] = &mut hops[..] {
            (hop.up, hop.weight) = (true, 1);
        }
        Some(hops)
    }

    fn up_ports(&self, network: &'a Network) -> impl Iterator<Item = (&'a Port, &'a Interface)> {
        self.ports(network).filter(|(_, interface)| interface.up)
    }

    /// The port that says most closely that the destination lies behind it, the
    /// first of equals; else the first that says nothing and so stands for all.
    fn behind(&self, network: &'a Network, address: IpAddr) -> Option<Behind> {
        let by_prefix = self.up_ports(network).flat_map(|(port, interface)| {
            let silent = port.prefixes.is_empty();
            let nets = if silent {
                &network.prefixes[..]
            } else {
                &port.prefixes
            };
            let via = port
                .via
                .iter()
                .find(|via| via.is_ipv4() == address.is_ipv4())
                .copied();
            nets.iter().map(Span::of).map(move |prefix| Behind {
                index: interface.index,
                prefix,
                gateway: via,
                says_so: !silent || via.is_some(),
            })
        });
        by_prefix
            .filter(|behind| behind.prefix.holds(address))
            .min_by_key(|behind| (!behind.says_so, behind.prefix.size()))
    }

    /// The host's route to a part of the network, by its ports.
    fn host_route(
        &self,
        network: &'a Network,
        address: IpAddr,
        usable: impl Fn(u32) -> bool + Copy,
    ) -> Option<Vec<Hop>> {
        let part = |route: &&HostRoute| {
            let to = Span::of(&route.to);
            to.holds(address) && network.prefixes.iter().any(|own| Span::of(own).covers(&to))
        };
        self.best(self.host.routes.iter().filter(part), |route| {
            self.by_ports(network, route, usable)
        })
    }

    /// The host's route to all that lies behind a port: by that port if it says
    /// what does, else by any ports that do not.
    fn covering_route(&self, network: &'a Network, behind: &Behind) -> Option<Vec<Hop>> {
        let usable = |index: u32| {
            index == behind.index
                || !behind.says_so
                    && self.ports(network).any(|(port, interface)| {
                        interface.index == index && port.prefixes.is_empty()
                    })
        };
        let covers = |route: &&HostRoute| Span::of(&route.to).covers(&behind.prefix);
        self.best(self.host.routes.iter().filter(covers), |route| {
            self.by_ports(network, route, usable)
        })
    }

    /// The hops of the closest route that has any, by metric if several are as close.
    fn best<'r>(
        &self,
        routes: impl Iterator<Item = &'r HostRoute>,
        hops: impl Fn(&HostRoute) -> Option<Vec<Hop>>,
    ) -> Option<Vec<Hop>> {
        let mut routes: Vec<&HostRoute> = routes.collect();
        routes.sort_by_key(|route| (Reverse(route.to.prefix_len()), route.metric));
        routes.into_iter().find_map(hops)
    }

    /// A subnet of a port's that is no declared prefix is on-link there.
    fn on_own_subnet(&self, network: &'a Network, address: IpAddr) -> Option<Hop> {
        self.subnets(network)
            .filter(|(interface, _)| interface.up)
            .filter(|(_, subnet)| subnet.holds(address))
            .min_by_key(|(_, subnet)| subnet.size())
            .map(|(interface, _)| Hop::to(interface.index, None))
    }
}

impl Hop {
    fn to(port: u32, gateway: Option<IpAddr>) -> Self {
        Self {
            port,
            gateway,
            mac: None,
            weight: 1,
            up: true,
        }
    }
}
