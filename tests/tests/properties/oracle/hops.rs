//! By which port, and by which gateway, a packet reaches its network.

use std::{cmp::Reverse, net::IpAddr};

use peer_userspace::{
    host::{HostRoute, Interface},
    model::{Network, Port},
};

use super::Oracle;
use crate::properties::span::{Span, any_holds};

/// The next hop; without a gateway, the destination itself.
pub(super) struct Hop {
    pub(super) port: u32,
    pub(super) gateway: Option<IpAddr>,
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
    /// What the port says; the host's own routes; on-link.
    pub(super) fn hop(&self, network: &'a Network, address: IpAddr) -> Option<Hop> {
        if !any_holds(&network.prefixes, address) {
            return self.on_own_subnet(network, address);
        }
        let behind = self.behind(network, address);
        if let Some(Behind {
            index,
            gateway: Some(via),
            ..
        }) = behind
        {
            return Some(Hop {
                port: index,
                gateway: Some(via),
            });
        }
        let bound_to = behind
            .as_ref()
            .filter(|behind| behind.says_so)
            .map(|behind| behind.index);
        let usable = |route: &&HostRoute| bound_to.is_none_or(|port| port == route.interface);
        if let Some(route) = self.host_route(network, address, usable) {
            return Some(Hop {
                port: route.interface,
                gateway: route.gateway,
            });
        }
        let behind = behind?;
        let covering = self.covering_route(network, &behind);
        Some(Hop {
            port: covering.map_or(behind.index, |route| route.interface),
            gateway: covering.and_then(|route| route.gateway),
        })
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
                &network.prefixes
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

    /// The host's route to a part of the network, by one of its ports.
    fn host_route(
        &self,
        network: &'a Network,
        address: IpAddr,
        usable: impl Fn(&&HostRoute) -> bool,
    ) -> Option<&'a HostRoute> {
        let part = |route: &&HostRoute| {
            let to = Span::of(&route.to);
            to.holds(address) && network.prefixes.iter().any(|own| Span::of(own).covers(&to))
        };
        let by_a_port = |route: &&HostRoute| {
            self.up_ports(network)
                .any(|(_, interface)| interface.index == route.interface)
        };
        self.host
            .routes
            .iter()
            .filter(part)
            .filter(by_a_port)
            .filter(usable)
            .min_by_key(|route| (Reverse(route.to.prefix_len()), route.metric))
    }

    /// The host's route to all that lies behind a port: by that port if it says
    /// what does, else by any port that does not.
    fn covering_route(&self, network: &'a Network, behind: &Behind) -> Option<&'a HostRoute> {
        let by_such_a_port = |route: &&HostRoute| {
            route.interface == behind.index
                || !behind.says_so
                    && self.up_ports(network).any(|(port, interface)| {
                        interface.index == route.interface && port.prefixes.is_empty()
                    })
        };
        self.host
            .routes
            .iter()
            .filter(by_such_a_port)
            .filter(|route| Span::of(&route.to).covers(&behind.prefix))
            .min_by_key(|route| (Reverse(route.to.prefix_len()), route.metric))
    }

    /// A subnet of a port's that is no declared prefix is on-link there.
    fn on_own_subnet(&self, network: &'a Network, address: IpAddr) -> Option<Hop> {
        self.subnets(network)
            .filter(|(interface, _)| interface.up)
            .filter(|(_, subnet)| subnet.holds(address))
            .min_by_key(|(_, subnet)| subnet.size())
            .map(|(interface, _)| Hop {
                port: interface.index,
                gateway: None,
            })
    }
}
