//! By which port, and by which gateway, a packet reaches its network.

use std::{cmp::Reverse, net::IpAddr};

use peer_userspace::{
    host::{HostRoute, Interface},
    model::{Network, Port},
};

use super::{Oracle, ports::addresses};
use crate::properties::span::{Span, any_holds};

/// The next hop; without a gateway, the destination itself.
pub(super) struct Hop {
    pub(super) port: u32,
    pub(super) gateway: Option<IpAddr>,
}

/// A port that stands for a destination, and the prefix it does so by.
struct Behind<'a> {
    port: &'a Port,
    index: u32,
    prefix: Span,
    /// The port says so itself, instead of standing for all of the network.
    named: bool,
}

impl<'a> Oracle<'a> {
    /// What the port says; the host's own routes; on-link.
    pub(super) fn hop(&self, network: &'a Network, address: IpAddr) -> Option<Hop> {
        if !any_holds(&network.prefixes, address) {
            return self.on_own_subnet(network, address);
        }
        let behind = self.behind(network, address);
        if let Some(behind) = &behind
            && let Some(via) = via(behind.port, address)
        {
            return Some(Hop { port: behind.index, gateway: Some(via) });
        }
        let bound_to = behind.as_ref().filter(|behind| behind.named).map(|behind| behind.index);
        let usable = |route: &&HostRoute| bound_to.is_none_or(|port| port == route.interface);
        if let Some(route) = self.host_route(network, address, usable) {
            let declared = self
                .up_ports(network)
                .find(|(port, interface)| {
                    interface.index == route.interface && port.prefixes.is_empty()
                })
                .and_then(|(port, _)| via(port, address));
            return Some(Hop { port: route.interface, gateway: declared.or(route.gateway) });
        }
        behind.map(|behind| Hop { port: behind.index, gateway: self.covering_gateway(&behind) })
    }

    fn up_ports(&self, network: &'a Network) -> impl Iterator<Item = (&'a Port, &'a Interface)> {
        self.ports(network).filter(|(_, interface)| interface.up)
    }

    /// The port that names the destination most closely, the first of equals; else
    /// the first that names nothing and so stands for everything.
    fn behind(&self, network: &'a Network, address: IpAddr) -> Option<Behind<'a>> {
        let stands_by = |port: &'a Port, index: u32, nets: &'a [ipnet::IpNet], named| {
            nets.iter()
                .map(Span::of)
                .filter(move |prefix| prefix.holds(address))
                .map(move |prefix| Behind { port, index, prefix, named })
        };
        let by_name = self
            .up_ports(network)
            .flat_map(|(port, interface)| stands_by(port, interface.index, &port.prefixes, true))
            .min_by_key(|behind| behind.prefix.size());
        by_name.or_else(|| {
            self.up_ports(network)
                .filter(|(port, _)| port.prefixes.is_empty())
                .find_map(|(port, interface)| {
                    stands_by(port, interface.index, &network.prefixes, false).next()
                })
        })
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
            self.up_ports(network).any(|(_, interface)| interface.index == route.interface)
        };
        self.host
            .routes
            .iter()
            .filter(part)
            .filter(by_a_port)
            .filter(usable)
            .min_by_key(|route| (Reverse(route.to.prefix_len()), route.metric))
    }

    /// The gateway of the host's route, on that port, to all that lies behind it.
    fn covering_gateway(&self, behind: &Behind<'_>) -> Option<IpAddr> {
        self.host
            .routes
            .iter()
            .filter(|route| route.interface == behind.index)
            .filter(|route| Span::of(&route.to).covers(&behind.prefix))
            .min_by_key(|route| (Reverse(route.to.prefix_len()), route.metric))?
            .gateway
    }

    /// A subnet of a port's that is no declared prefix is on-link there.
    fn on_own_subnet(&self, network: &'a Network, address: IpAddr) -> Option<Hop> {
        self.up_ports(network)
            .flat_map(|(_, interface)| {
                addresses(interface).map(move |net| (interface.index, Span::of(&net)))
            })
            .filter(|(_, subnet)| subnet.holds(address))
            .min_by_key(|(_, subnet)| subnet.size())
            .map(|(port, _)| Hop { port, gateway: None })
    }
}

/// The next hop the port itself declares for this family.
fn via(port: &Port, address: IpAddr) -> Option<IpAddr> {
    port.via.iter().find(|via| via.is_ipv4() == address.is_ipv4()).copied()
}
