//! Worlds in few lines, for the reader of a failed law.

use std::fmt::{self, Debug, Display, Formatter};

use peer_userspace::{
    host::Interface,
    model::{AdminState, Consent, Network, RouteMode},
};

use super::{
    packet::Packet,
    world::{World, peer_of},
};

impl Debug for World {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        self.table
            .networks
            .values()
            .try_for_each(|network| show_network(network, f))?;
        self.table
            .consents
            .values()
            .try_for_each(|consent| show_consent(consent, f))?;
        self.host
            .interfaces
            .values()
            .try_for_each(|interface| show_interface(interface, f))?;
        for ((index, address), mac) in &self.host.neighbours {
            writeln!(f, "neighbour {address} on {index}: {mac}")?;
        }
        for route in &self.host.routes {
            write!(f, "route {} metric {}", route.to, route.metric)?;
            for hop in &route.hops {
                let via = hop.gateway.map(|at| format!(" via {at}"));
                let dead = if hop.dead { " dead" } else { "" };
                let via = via.unwrap_or_default();
                write!(f, " dev {}{via} weight {}{dead}", hop.interface, hop.weight)?;
            }
            writeln!(f)?;
        }
        let since = self
            .facts
            .active_since
            .iter()
            .map(|(pair, at)| format!("{pair} {at}"));
        write!(f, "active since: [{}], ", joined(since))?;
        writeln!(f, "in kernel: [{}]", joined(&self.facts.in_kernel))
    }
}

fn show_network(network: &Network, f: &mut Formatter<'_>) -> fmt::Result {
    let Network {
        id,
        zone,
        prefixes,
        routes,
        static_routes,
        unmanaged,
        auto_accept,
        ..
    } = network;
    write!(
        f,
        "network {id} [{}] zone {zone}, {unmanaged:?}",
        joined(prefixes.iter())
    )?;
    if !auto_accept.is_empty() {
        write!(f, ", accepts {auto_accept:?}")?;
    }
    if *routes == RouteMode::Manual {
        let named = static_routes
            .iter()
            .map(|it| format!("{} by {}", it.to, it.peering));
        write!(f, ", manual [{}]", joined(named))?;
    }
    writeln!(f)?;
    for port in &network.ports {
        write!(f, "  port {} [{}]", port.interface, joined(&port.prefixes))?;
        write!(f, " via [{}]", joined(&port.via))?;
        let (vlan, address) = (port.vlan, &port.address);
        writeln!(
            f,
            "{}",
            if vlan.is_some() || !address.is_empty() {
                " odd"
            } else {
                ""
            }
        )?;
    }
    Ok(())
}

fn show_consent(consent: &Consent, f: &mut Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "consent {}: {} with {}",
        consent.id,
        consent.network,
        peer_of(consent)
    )?;
    if consent.admin_state == AdminState::Down {
        write!(f, ", down")?;
    }
    if let Some(export) = &consent.export {
        write!(f, ", export [{}]", joined(export))?;
    }
    for (name, rules) in [("allow", &consent.allow), ("allowOut", &consent.allow_out)] {
        if let Some(rules) = rules {
            write!(f, ", {name} {rules:?}")?;
        }
    }
    writeln!(f, "{}", if consent.hops == 1 { "" } else { ", two hops" })
}

fn show_interface(interface: &Interface, f: &mut Formatter<'_>) -> fmt::Result {
    let Interface {
        index,
        name,
        mac,
        up,
        addresses,
        ..
    } = interface;
    let state = if *up { "up" } else { "down" };
    let ethernet = if mac.is_some() { "" } else { ", no MAC" };
    let addresses = joined(addresses.iter().map(|address| address.net));
    writeln!(
        f,
        "interface {index} {name} {state}{ethernet} [{addresses}]"
    )
}

impl Display for Packet {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "in by {}: {} > {}",
            self.ingress, self.source, self.destination
        )
    }
}

fn joined<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items
        .into_iter()
        .map(|item| item.to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
