//! Random edits: what changes from one apply to the next.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use peer_userspace::{
    host::{Address, HostRoute, Mac},
    model::{Consent, Network},
};
use proptest::{prelude::*, sample::Index};

use super::{
    NETWORKS, any_address, any_prefix, consent,
    consents::{consent_id, facts},
    host::{addresses, hops, index_of, route},
    network, number,
};
use crate::properties::world::{Facts, World, named};

/// One change of declarations, host or memory.
#[derive(Clone)]
pub(crate) enum Edit {
    Declare(Box<Network>),
    Forget(usize),
    /// The same network by a free name.
    Rename(usize, usize),
    Consent(Box<Consent>),
    Withdraw(usize, usize),
    Link(usize, bool),
    Vanish(usize),
    Addresses(usize, Vec<IpNet>),
    Neighbour(usize, IpAddr, Option<Mac>),
    Route(HostRoute),
    NoRoute(Index),
    Facts(Facts),
}

/// Any one edit.
pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let pair = || (number(), number());
    let mac = prop::option::of((6u8..9).prop_map(|last| Mac([2, 0, 0, 0, 1, last])));
    let hops = number().prop_flat_map(hops);
    let added = (any_prefix(), hops).prop_map(|(to, hops)| route(to, 3, hops));
    prop_oneof![
        4 => number().prop_flat_map(network).prop_map(|one| Edit::Declare(Box::new(one))),
        2 => number().prop_map(Edit::Forget),
        3 => pair().prop_map(|(k, free)| Edit::Rename(k, free)),
        4 => pair()
            .prop_flat_map(|(k, peer)| consent(k, peer, "to"))
            .prop_map(|one| Edit::Consent(Box::new(one))),
        4 => pair().prop_map(|(k, peer)| Edit::Withdraw(k, peer)),
        2 => (number(), any::<bool>()).prop_map(|(k, up)| Edit::Link(k, up)),
        1 => number().prop_map(Edit::Vanish),
        3 => number()
            .prop_flat_map(|k| (Just(k), addresses(k)))
            .prop_map(|(k, nets)| Edit::Addresses(k, nets)),
        2 => (number(), any_address(), mac).prop_map(|(k, at, mac)| Edit::Neighbour(k, at, mac)),
        2 => added.prop_map(Edit::Route),
        1 => any::<Index>().prop_map(Edit::NoRoute),
        1 => facts().prop_map(Edit::Facts),
    ]
}

impl fmt::Debug for Edit {
    /// What it adds, in the words of a world.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut alone = World::default();
        match self {
            Self::Rename(k, free) => write!(f, "rename {} to {}", NETWORKS[*k], NETWORKS[*free]),
            Self::Forget(k) => write!(f, "forget network {}", NETWORKS[*k]),
            Self::Withdraw(k, peer) => write!(f, "withdraw {}", consent_id(*k, *peer, "to")),
            Self::Link(k, up) => write!(f, "link {} up: {up}", index_of(*k)),
            Self::Vanish(k) => write!(f, "no interface {}", index_of(*k)),
            Self::Addresses(k, nets) => write!(f, "addresses of {}: {nets:?}", index_of(*k)),
            Self::Neighbour(k, at, None) => write!(f, "no neighbour {at} on {}", index_of(*k)),
            Self::NoRoute(_) => write!(f, "no route"),
            _ => {
                self.apply(&mut alone);
                write!(f, "{alone:?}")
            }
        }
    }
}

impl Edit {
    pub(crate) fn apply(&self, world: &mut World) {
        let host = &mut world.host;
        match self {
            Self::Declare(network) => world.declare((**network).clone()),
            Self::Forget(k) => {
                world.table.networks.remove(&named(NETWORKS[*k]));
            }
            Self::Rename(k, free) => {
                let (old, new) = (named(NETWORKS[*k]), named(NETWORKS[*free]));
                if !world.table.networks.contains_key(&new)
                    && let Some(network) = world.table.networks.remove(&old)
                {
                    world.declare(Network { id: new, ..network });
                }
            }
            Self::Consent(consent) => world.consent((**consent).clone()),
            Self::Withdraw(k, peer) => {
                world.table.consents.remove(&consent_id(*k, *peer, "to"));
            }
            Self::Link(k, up) => {
                if let Some(interface) = host.interfaces.get_mut(&index_of(*k)) {
                    interface.up = *up;
                }
            }
            Self::Vanish(k) => {
                host.interfaces.remove(&index_of(*k));
                for route in &mut host.routes {
                    route.hops.retain(|hop| hop.interface != index_of(*k));
                }
                host.routes.retain(|route| !route.hops.is_empty());
            }
            Self::Addresses(k, nets) => {
                if let Some(interface) = host.interfaces.get_mut(&index_of(*k)) {
                    let address = |net: &IpNet| Address {
                        net: *net,
                        tentative: false,
                    };
                    interface.addresses = nets.iter().map(address).collect();
                }
            }
            Self::Neighbour(k, at, Some(mac)) => {
                host.neighbours.insert((index_of(*k), *at), *mac);
            }
            Self::Neighbour(k, at, None) => {
                host.neighbours.remove(&(index_of(*k), *at));
            }
            Self::Route(route) => {
                let taken =
                    |other: &HostRoute| (other.to, other.metric) == (route.to, route.metric);
                host.routes.retain(|other| !taken(other));
                host.routes.push(route.clone());
            }
            Self::NoRoute(index) => {
                if !host.routes.is_empty() {
                    host.routes.remove(index.index(host.routes.len()));
                }
            }
            Self::Facts(facts) => world.facts = facts.clone(),
        }
    }
}
