//! By which port of its network a packet from somewhere may come in.

use std::net::IpAddr;

use peer_userspace::{host::Interface, model::Network};

use super::{
    Oracle,
    ports::{addresses, is_plain},
};
use crate::properties::span::Span;

impl Oracle<'_> {
    /// By the ports that claim the source most closely; and from its own link by any port
    /// if no claim is closer than that link's subnet.
    pub(super) fn comes_in_by(&self, network: &Network, ingress: u32, source: IpAddr) -> bool {
        let Some(interface) = self.host.interfaces.get(&ingress) else {
            return false;
        };
        // By the place of the port's declaration; one that does not work claims too.
        let mut claims: Vec<(usize, Span)> = Vec::new();
        for (place, port) in network.ports.iter().enumerate() {
            let nets = if port.prefixes.is_empty() {
                &network.prefixes[..]
            } else {
                &port.prefixes
            };
            claims.extend(nets.iter().map(|net| (place, Span::of(net))));
        }
        let place = |interface: &Interface| {
            let mut ports = network.ports.iter();
            ports.position(|port| port.interface == interface.name && is_plain(port))
        };
        let subnets = self.subnets(network);
        claims.extend(subnets.filter_map(|(at, subnet)| Some((place(at)?, subnet))));
        claims.retain(|(_, span)| span.holds(source));
        let closest = claims.iter().map(|(_, span)| span.size()).min();
        let on_link = addresses(interface)
            .map(|net| Span::of(&net))
            .filter(|subnet| subnet.holds(source))
            .filter(|subnet| {
                let mut own = network.prefixes.iter().map(Span::of);
                own.any(|own| own.covers(subnet))
            })
            .any(|subnet| closest.is_none_or(|closest| subnet.size() < closest));
        let mut closest_claims = claims
            .iter()
            .filter(|(_, span)| Some(span.size()) == closest);
        on_link || closest_claims.any(|(port, _)| Some(*port) == place(interface))
    }
}
