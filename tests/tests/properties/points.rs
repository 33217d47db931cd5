//! Where packets are aimed: addresses at which a decision may change.

use std::{collections::BTreeSet, fmt, net::IpAddr};

use ipnet::IpNet;
use peer_userspace::model::Network;
use proptest::{prelude::*, sample::Index};

use super::{
    packet::Packet,
    span::{Span, any_holds},
    world::World,
};

/// The boundaries of every prefix in the world, and every address named in it.
pub(crate) fn points(world: &World) -> Vec<IpAddr> {
    let World { table, host, .. } = world;
    let mut nets: BTreeSet<IpNet> = BTreeSet::new();
    let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
    for network in table.networks.values() {
        nets.extend(network.prefixes.iter());
        nets.extend(network.static_routes.iter().map(|route| route.to));
        for port in &network.ports {
            nets.extend(&port.prefixes);
            addresses.extend(&port.via);
        }
    }
    nets.extend(
        table
            .consents
            .values()
            .filter_map(|consent| consent.export.as_ref())
            .flatten(),
    );
    for (_, net) in host.addresses() {
        nets.insert(net.trunc());
        addresses.insert(net.addr());
    }
    for route in &host.routes {
        nets.insert(route.to);
        addresses.extend(route.hops.iter().filter_map(|hop| hop.gateway));
    }
    addresses.extend(host.neighbours.keys().map(|(_, address)| *address));
    addresses.extend(nets.iter().map(Span::of).flat_map(|span| span.boundaries()));
    addresses
        .into_iter()
        .filter(|address| is_ordinary(*address))
        .collect()
}

/// What a router forwards at all; the rest is the packet path's own business.
fn is_ordinary(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let first = v4.octets()[0];
            (1..224).contains(&first) && first != 127 && !v4.is_link_local()
        }
        IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000 || v6.segments()[0] >> 8 == 0xfd,
    }
}

/// Packets yet to be aimed at a world.
#[derive(Clone)]
pub(crate) struct Shots(Vec<Shot>);

#[derive(Clone, Debug)]
struct Shot {
    ingress: Index,
    source: Index,
    destination: Index,
    /// By a port, and from within its network, if there is anything.
    honest: bool,
    /// To an address whose MAC is known, if there is any.
    known: bool,
}

impl fmt::Debug for Shots {
    /// Without a world their numbers mean nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} packets", self.0.len())
    }
}

/// So many packets; fewer or simpler ones tell nothing more.
pub(crate) fn shots(count: usize) -> impl Strategy<Value = Shots> {
    let index = any::<Index>;
    let (honest, known) = (prop::bool::weighted(0.85), prop::bool::weighted(0.2));
    let shot = (index(), index(), index(), honest, known).prop_map(
        |(ingress, source, destination, honest, known)| Shot {
            ingress,
            source,
            destination,
            honest,
            known,
        },
    );
    prop::collection::vec(shot, count)
        .prop_map(Shots)
        .no_shrink()
}

/// The packets: destinations at `points`, sources of the same family.
pub(crate) fn aim(world: &World, points: &[IpAddr], shots: &Shots) -> Vec<Packet> {
    let interfaces: Vec<u32> = world.host.interfaces.keys().copied().collect();
    let named: Vec<u32> = interfaces
        .iter()
        .copied()
        .filter(|index| facing(world, *index).next().is_some())
        .collect();
    if points.is_empty() || named.is_empty() {
        return Vec::new();
    }
    let neighbours = world.host.neighbours.keys().map(|(_, address)| *address);
    let known: Vec<IpAddr> = neighbours.filter(|address| is_ordinary(*address)).collect();
    shots
        .0
        .iter()
        .map(|shot| {
            let ingress = *shot
                .ingress
                .get(if shot.honest { &named } else { &interfaces });
            let to = if shot.known && !known.is_empty() {
                &known[..]
            } else {
                points
            };
            let destination = *shot.destination.get(to);
            let family = |address: &&IpAddr| address.is_ipv4() == destination.is_ipv4();
            let all: Vec<IpAddr> = points.iter().filter(family).copied().collect();
            let own: Vec<IpAddr> = all
                .iter()
                .copied()
                .filter(|at| owned(world, ingress, *at))
                .collect();
            let sources = if shot.honest && !own.is_empty() {
                &own
            } else {
                &all
            };
            Packet {
                ingress,
                source: *shot.source.get(sources),
                destination,
            }
        })
        .collect()
}

/// Whether a network that names this interface has this address there.
fn owned(world: &World, ifindex: u32, address: IpAddr) -> bool {
    let named = world.host.interfaces.get(&ifindex);
    let named = named.map(|interface| interface.name.as_str());
    facing(world, ifindex).any(|network| {
        let mut ports = network.ports.iter();
        let port = ports.find(|port| Some(port.interface.as_str()) == named);
        port.is_some_and(|port| any_holds(port.claims(network), address))
    })
}

/// The networks that name this interface.
fn facing(world: &World, ifindex: u32) -> impl Iterator<Item = &Network> {
    let name = world
        .host
        .interfaces
        .get(&ifindex)
        .map(|interface| interface.name.as_str());
    world.table.networks.values().filter(move |network| {
        network
            .ports
            .iter()
            .any(|port| Some(port.interface.as_str()) == name)
    })
}
