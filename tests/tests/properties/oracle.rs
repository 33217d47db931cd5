//! What should become of a packet, worked out from the declarations alone.
//!
//! One packet at a time, by linear scan, in the words of the contract: no
//! prefixes are combined, no table is built, nothing of `compile` or `lifecycle`
//! is used. Slow and obvious on purpose.

mod consent;
mod hops;
mod ports;
mod sources;

use std::net::IpAddr;

use ipnet::IpNet;
use peer_common::DropReason;
use peer_userspace::{
    host::HostView,
    model::{Network, ObjectRef, PairLabel, RouteMode, Table, Unmanaged},
};

pub(crate) use hops::Hop;

use super::{
    packet::Packet,
    span::{Span, any_holds},
    world::{Facts, World},
};

/// What should become of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// To the stack, for another machine or by an unmanaged interface.
    Pass,
    /// For this port's own address: to the stack, or answered in its place.
    Local {
        answered: bool,
    },
    Forward(Forward),
    /// With the peerings it may be counted for; none where it belongs to none. With
    /// `foreign-local` and `martian`, those it may be `peering-down` for instead.
    Drop(DropReason, Vec<PairLabel>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forward {
    /// The ways there.
    pub(crate) hops: Vec<Hop>,
    /// The network that owns the destination.
    pub(crate) to: ObjectRef,
    /// The peering, unless the packet stays in its network.
    pub(crate) pair: Option<PairLabel>,
}

/// Whose an address is, as one network sees it.
enum Owner<'a> {
    /// The network's own, by its prefixes.
    Own,
    /// Exported by a peer, over a peering that carries traffic.
    Peer(&'a Network),
    /// Exported by peers, over peerings agreed on that carry no traffic.
    Down(Vec<PairLabel>),
    /// On the subnet of an own port, and neither of the above.
    Subnet,
    /// In a managed network, but not for this one.
    Stranger,
    /// In no managed network.
    Nobody,
}

/// Answers from one world.
pub(crate) struct Oracle<'a> {
    pub(super) table: &'a Table,
    pub(super) host: &'a HostView,
    pub(super) facts: &'a Facts,
    /// Pairs that carry traffic, as admitted.
    carrying: Vec<PairLabel>,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let World { table, host, facts } = world;
        let mut oracle = Self {
            table,
            host,
            facts,
            carrying: Vec::new(),
        };
        oracle.carrying = oracle.admit();
        oracle
    }

    /// Pairs that carry traffic.
    pub(crate) fn carrying(&self) -> &[PairLabel] {
        &self.carrying
    }

    pub(crate) fn fate(&self, packet: &Packet) -> Fate {
        let Some(network) = self.network_at(packet.ingress) else {
            return Fate::Pass;
        };
        let fate = self.whatever_the_source(network, packet);
        let receiver = match &fate {
            Fate::Forward(Forward { to, .. }) => &self.table.networks[to],
            _ => network,
        };
        if !self.may_be_source(network, receiver, packet.source)
            || !self.comes_in_by(network, packet.ingress, packet.source)
        {
            return Fate::Drop(DropReason::SpoofedSource, Vec::new());
        }
        // Asked last: to a destination nobody could reach, no source is wrong.
        match fate {
            Fate::Forward(Forward {
                pair: Some(pair), ..
            }) if !self.exports(network, receiver, packet.source) => {
                Fate::Drop(DropReason::NotExported, vec![pair])
            }
            fate => fate,
        }
    }

    fn whatever_the_source(&self, network: &'a Network, packet: &Packet) -> Fate {
        let destination = packet.destination;
        if self.is_local(network, packet.ingress, destination) {
            let answered = self.is_contested(network, destination);
            return Fate::Local { answered };
        }
        // If several peerings that are down lead there, only one to the holder of the
        // address, then it is as much any other's.
        let others = || match self.owner(network, destination) {
            Owner::Down(pairs) if pairs.len() > 1 => pairs,
            _ => Vec::new(),
        };
        if self.is_broadcast(network, destination) {
            return Fate::Drop(DropReason::Martian, others());
        }
        if self.is_foreign_local(network, destination) {
            return Fate::Drop(DropReason::ForeignLocal, others());
        }
        match self.owner(network, destination) {
            Owner::Own | Owner::Subnet => self.send(network, network, packet),
            Owner::Peer(peer) => self.send(network, peer, packet),
            Owner::Down(pairs) => Fate::Drop(DropReason::PeeringDown, pairs),
            Owner::Stranger => Fate::Drop(DropReason::NotPeered, Vec::new()),
            Owner::Nobody => match network.unmanaged {
                Unmanaged::Pass => Fate::Pass,
                Unmanaged::Drop | Unmanaged::Reject => {
                    Fate::Drop(DropReason::Unmanaged, Vec::new())
                }
            },
        }
    }

    /// To a network it may go to, if there is a way.
    fn send(&self, from: &Network, to: &Network, packet: &Packet) -> Fate {
        let inside = from.id == to.id;
        let pair = (!inside).then(|| PairLabel::of(&from.id, &to.id));
        let routed = inside || self.routes_to(from, to, packet.destination);
        let hops = if routed {
            self.hops(to, packet.destination)
        } else {
            Vec::new()
        };
        if hops.is_empty() {
            return Fate::Drop(DropReason::NoRoute, pair.into_iter().collect());
        }
        Fate::Forward(Forward {
            hops,
            to: to.id.clone(),
            pair,
        })
    }

    fn owner(&self, network: &Network, address: IpAddr) -> Owner<'a> {
        if any_holds(&network.prefixes, address) {
            return Owner::Own;
        }
        let others = || {
            self.table
                .networks
                .values()
                .filter(|other| other.id != network.id)
        };
        let label = |other: &Network| PairLabel::of(&network.id, &other.id);
        let exporting = || others().filter(|other| self.exports(other, network, address));
        if let Some(peer) = exporting().find(|other| self.carrying.contains(&label(other))) {
            return Owner::Peer(peer);
        }
        let down: Vec<PairLabel> = exporting()
            .filter(|other| self.agreed(network, other))
            .map(label)
            .collect();
        if !down.is_empty() {
            return Owner::Down(down);
        }
        let on_subnet = self
            .subnets(network)
            .any(|(_, subnet)| subnet.holds(address));
        if on_subnet {
            return Owner::Subnet;
        }
        if others().any(|other| any_holds(&other.prefixes, address)) {
            Owner::Stranger
        } else {
            Owner::Nobody
        }
    }

    /// A source belongs to the ingress network, and is not the host itself. An
    /// address that some other network's port has is a host of the sender's if
    /// either end takes it for one.
    fn may_be_source(&self, from: &Network, to: &Network, source: IpAddr) -> bool {
        matches!(self.owner(from, source), Owner::Own | Owner::Subnet)
            && !self.is_broadcast(from, source)
            && [from, to]
                .into_iter()
                .any(|eyes| !self.is_foreign_local(eyes, source))
    }

    /// No packet becomes a broadcast on a subnet that `network` reaches (RFC 2644). An
    /// address that one of its own ports has is that port's, whatever it ends.
    fn is_broadcast(&self, network: &Network, address: IpAddr) -> bool {
        let its_own = self.holders(address).any(|index| {
            self.network_at(index)
                .is_some_and(|holder| holder.id == network.id)
        });
        !its_own
            && self
                .ended_at(address)
                .any(|other| match self.owner(network, address) {
                    Owner::Own | Owner::Subnet => other.id == network.id,
                    Owner::Peer(peer) => other.id == peer.id,
                    Owner::Down(pairs) => pairs.contains(&PairLabel::of(&network.id, &other.id)),
                    Owner::Stranger | Owner::Nobody => false,
                })
    }

    /// An address of this port's. One that several ports of a network share is local
    /// on each of the network's.
    fn is_local(&self, network: &Network, ingress: u32, address: IpAddr) -> bool {
        let sharing = |index: &u32| {
            self.network_at(*index)
                .is_some_and(|holder| holder.id == network.id)
        };
        self.holders(address).any(|holder| holder == ingress)
            || self.holders(address).filter(sharing).count() > 1
    }

    /// An address of the host's that a port of `network` other than the one that
    /// has it must not reach.
    fn is_foreign_local(&self, network: &Network, address: IpAddr) -> bool {
        self.holders(address)
            .any(|index| match self.network_at(index) {
                None => true,
                Some(holder) if holder.id == network.id => true,
                Some(holder) => !self.means_another(network, holder, address),
            })
    }

    /// Networks may overlap: whether `address`, which a port of `holder`'s has, is
    /// for `network` an ordinary address of another network it reaches, and `holder`
    /// is none that it reaches.
    fn means_another(&self, network: &Network, holder: &Network, address: IpAddr) -> bool {
        let holders = PairLabel::of(&network.id, &holder.id);
        !self.carrying.contains(&holders)
            && match self.owner(network, address) {
                Owner::Own | Owner::Subnet | Owner::Peer(_) => true,
                Owner::Down(pairs) => !pairs.contains(&holders),
                Owner::Stranger | Owner::Nobody => false,
            }
    }

    /// Whether `from` routes to this destination of `to`'s.
    fn routes_to(&self, from: &Network, to: &Network, destination: IpAddr) -> bool {
        from.routes == RouteMode::Auto
            || self.consent(&from.id, &to.id).is_some_and(|consent| {
                from.static_routes.iter().any(|named| {
                    named.peering == consent.id.name && Span::of(&named.to).holds(destination)
                })
            })
    }

    /// Whether `address` is among what `giver` exports to `receiver`.
    fn exports(&self, giver: &Network, receiver: &Network, address: IpAddr) -> bool {
        let named = |nets: &[IpNet]| any_holds(nets, address);
        named(&giver.prefixes)
            && match self.consent(&giver.id, &receiver.id) {
                Some(consent) => consent.export.as_deref().is_none_or(named),
                None => true,
            }
    }
}
