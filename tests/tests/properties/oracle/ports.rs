//! Which interface is a port of which network, and which addresses are the host's.

use std::net::IpAddr;

use ipnet::IpNet;
use peer_userspace::{
    host::Interface,
    model::{Network, Port},
};

use super::Oracle;
use crate::properties::span::Span;

impl<'a> Oracle<'a> {
    /// The network whose port this interface is.
    pub(crate) fn network_at(&self, ifindex: u32) -> Option<&'a Network> {
        let interface = self.host.interfaces.get(&ifindex)?;
        interface.mac?;
        self.table.networks.values().find(|network| {
            network
                .ports
                .iter()
                .any(|port| port.interface == interface.name && is_plain(port))
        })
    }

    /// The working ports of `network`, in document order.
    pub(super) fn ports(
        &self,
        network: &'a Network,
    ) -> impl Iterator<Item = (&'a Port, &'a Interface)> {
        network.ports.iter().filter_map(move |port| {
            let interface = self
                .host
                .interfaces
                .values()
                .find(|found| found.name == port.interface)?;
            let works = is_plain(port)
                && self
                    .network_at(interface.index)
                    .is_some_and(|owner| owner.id == network.id);
            works.then_some((port, interface))
        })
    }

    /// Whether any interface has this address.
    pub(crate) fn is_the_hosts(&self, address: IpAddr) -> bool {
        self.holders(address).next().is_some()
    }

    /// The interfaces that have this address.
    pub(super) fn holders(&self, address: IpAddr) -> impl Iterator<Item = u32> {
        self.host
            .interfaces
            .values()
            .filter(move |interface| addresses(interface).any(|net| net.addr() == address))
            .map(|interface| interface.index)
    }

    /// Whether the kernel, which knows no networks, may answer somebody on the link of
    /// an own port with this address out of another's: one that has the address, or
    /// nothing on its link that is not on this.
    pub(super) fn is_contested(&self, network: &'a Network, address: IpAddr) -> bool {
        let others = || {
            self.host.interfaces.values().filter(|interface| {
                let at = self.network_at(interface.index);
                at.is_none_or(|at| at.id != network.id)
            })
        };
        let own = self.ports(network).flat_map(|(_, port)| addresses(port));
        let links: Vec<Span> = own
            .filter(|net| net.addr() == address)
            .map(|net| Span::of(&net))
            .collect();
        others().flat_map(addresses).any(|net| {
            let link = Span::of(&net);
            net.addr() == address || link.size() > 0 && links.iter().any(|own| own.covers(&link))
        })
    }

    /// Subnets of `network`'s ports that count as its own though it does not declare
    /// them: those that share nothing with its prefixes, nor with what those it
    /// agreed to peer with export to it.
    pub(super) fn subnets(
        &self,
        network: &'a Network,
    ) -> impl Iterator<Item = (&'a Interface, Span)> {
        let mut reached: Vec<Span> = network.prefixes.iter().map(Span::of).collect();
        for other in self.table.networks.values() {
            if other.id == network.id || !self.agreed(network, other) {
                continue;
            }
            let consent = self.consent(&other.id, &network.id);
            let export = consent.and_then(|consent| consent.export.as_deref());
            for prefix in other.prefixes.iter() {
                let all = [*prefix];
                let given = export.unwrap_or(&all).iter();
                reached.extend(given.filter_map(|net| Span::of(net).common(&Span::of(prefix))));
            }
        }
        self.ports(network)
            .flat_map(|(_, interface)| addresses(interface).map(move |net| (interface, net)))
            .map(|(interface, net)| (interface, Span::of(&net)))
            .filter(move |(_, subnet)| !reached.iter().any(|net| net.common(subnet).is_some()))
    }

    /// The networks on a port of which an address ends a subnet of IPv4: the one that
    /// stands for all hosts, or for the subnet itself. Two addresses end nothing.
    pub(super) fn ended_at(&self, address: IpAddr) -> impl Iterator<Item = &'a Network> {
        self.host.interfaces.values().filter_map(move |interface| {
            let ends = addresses(interface)
                .filter(|net| net.addr().is_ipv4() && net.prefix_len() <= 30)
                .any(|net| address == net.network() || address == net.broadcast());
            ends.then(|| self.network_at(interface.index)).flatten()
        })
    }
}

/// Tagged ports and addresses of the router's own are another version's.
pub(super) fn is_plain(port: &Port) -> bool {
    port.vlan.is_none() && port.address.is_empty()
}

/// The addresses that mean something beyond their link.
pub(super) fn addresses(interface: &Interface) -> impl Iterator<Item = IpNet> {
    interface
        .addresses
        .iter()
        .map(|address| address.net)
        .filter(|net| {
            let link_local = match net.addr() {
                IpAddr::V4(v4) => v4.is_link_local(),
                IpAddr::V6(v6) => v6.is_unicast_link_local(),
            };
            !link_local && !net.addr().is_loopback()
        })
}
