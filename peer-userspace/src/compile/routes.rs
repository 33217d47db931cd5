//! Every network's table: what it may reach, and how.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use bytemuck::Zeroable as _;
use ipnet::IpNet;
use peer_common::{
    DropReason, Port, Route, UNMANAGED_DROP, UNMANAGED_PASS, UNMANAGED_REJECT, flags, limits,
    port_flags, verdict,
};

use super::{
    Fib, ForwardingTable, Ids, Ports, Sources,
    contested::Addresses,
    groups::{Groups, group},
    hops::Hop,
    local,
    paths::{Paths, Way, paths, within},
    policy,
    prefix::{self, longest_match},
    sources::sources,
};
use crate::{
    host::{HostView, Interface},
    lifecycle::{Pair, States},
    model::{Network, ObjectRef, PairLabel, RouteMode, Table, Unmanaged},
};

/// What the kernel should hold for these declarations on this host.
pub fn compile(
    table: &Table,
    ports: &Ports,
    host: &HostView,
    states: &States,
    ids: &Ids,
) -> ForwardingTable {
    let networks = || table.networks.values();
    let compiler = Compiler {
        table,
        ports,
        host,
        states,
        ids,
        addresses: Addresses::of(host),
        paths: networks()
            .map(|network| {
                (
                    &network.id,
                    paths(network, ports, host, &reached(network, states)),
                )
            })
            .collect(),
        groups: RefCell::new(Groups::new(&ids.groups, &ids.groups_named)),
    };
    let sources = networks()
        .flat_map(|network| sources(network, ports, host, &reached(network, states)))
        .collect();
    let fibs = networks()
        .filter_map(|network| Some((*ids.networks.get(&network.id)?, compiler.fib(network))))
        .collect();
    ForwardingTable {
        ports: compiler.ports(&sources),
        tags: ports
            .working()
            .map(|(index, ..)| (host.place_of(index), index))
            .filter(|(place, _)| place.is_tagged())
            .collect(),
        sources,
        fibs,
        devices: ids
            .devices
            .iter()
            .map(|(index, slot)| (*slot, *index))
            .collect(),
        policies: policy::policies(table, states, ids),
        elsewhere: compiler.elsewhere(),
        groups: compiler.groups.into_inner().used(),
    }
}

/// What a forwarding table follows from.
pub(super) struct Compiler<'a> {
    table: &'a Table,
    pub(super) ports: &'a Ports,
    pub(super) host: &'a HostView,
    pub(super) states: &'a States,
    pub(super) ids: &'a Ids,
    pub(super) addresses: Addresses,
    paths: BTreeMap<&'a ObjectRef, Paths>,
    groups: RefCell<Groups>,
}

impl Compiler<'_> {
    fn ports(&self, sources: &Sources) -> BTreeMap<u32, Port> {
        let restricted: BTreeSet<u32> = sources.keys().map(|(index, _)| *index).collect();
        let entry = |index: u32, network: &ObjectRef| {
            let declared = self.table.networks.get(network)?;
            let interface = self.host.interfaces.get(&index)?;
            let slot = self.ids.devices.get(&index);
            Some(Port {
                network: *self.ids.networks.get(network)?,
                mac: interface.mac?.0,
                unmanaged: match declared.unmanaged {
                    Unmanaged::Pass => UNMANAGED_PASS,
                    Unmanaged::Drop => UNMANAGED_DROP,
                    Unmanaged::Reject => UNMANAGED_REJECT,
                },
                flags: if restricted.contains(&index) {
                    port_flags::SOURCES
                } else {
                    0
                },
                slot: slot.copied().unwrap_or(limits::MAX_PORTS),
                address4: speaks_from4(interface).map_or([0; 4], |own| own.octets()),
                address6: speaks_from6(interface).map_or([0; 16], |own| own.octets()),
                place: self.host.place_of(index),
            })
        };
        self.ports
            .working()
            .filter_map(|(index, port, _)| Some((index, entry(index, &port.network)?)))
            .collect()
    }

    /// What one network may reach.
    fn fib(&self, network: &Network) -> Fib {
        let mut fib = Fib::new();
        self.add_own(&mut fib, network);
        for (pair, state) in self.states.pairs_of(&network.id) {
            if state.carries {
                self.add_imports(&mut fib, network, pair, state);
            }
        }
        let mut blocked = Fib::new();
        for (pair, state) in self.states.pairs_of(&network.id) {
            if state.agreed && !state.carries {
                self.add_blocked(&mut blocked, &fib, network, pair, state);
            }
        }
        fib.extend(blocked);
        let local = local::addresses(self, &fib, network);
        fib.extend(local);
        fib
    }

    fn add_own(&self, fib: &mut Fib, network: &Network) {
        for (at, way) in self.paths.get(&network.id).into_iter().flatten() {
            fib.insert(*at, self.route(way.as_ref(), &network.id, 0, 0));
        }
    }

    fn add_imports(&self, fib: &mut Fib, network: &Network, pair: &PairLabel, state: &Pair) {
        let peer = pair.other(&network.id);
        let Some(paths) = self.paths.get(peer) else {
            return;
        };
        let exports = state.exports_of(pair, peer);
        let counter = self.ids.counter(pair, &network.id);
        let own = state.consents.iter().filter_map(|id| {
            let consent = self.table.consents.get(id)?;
            (consent.own() == network.id).then_some(consent)
        });
        let own: Vec<_> = own.collect();
        let manual = own
            .iter()
            .find_map(|consent| consent.routes.clone())
            .or_else(|| {
                let statics = network.static_routes.iter();
                let named = statics.filter(|route| {
                    let mut own = own.iter();
                    own.any(|consent| consent.id.name == route.peering)
                });
                (network.routes == RouteMode::Manual)
                    .then(|| named.map(|route| route.to).collect::<Vec<_>>())
            });
        let routed = match manual {
            None => exports.to_vec(),
            Some(wanted) => {
                for export in exports {
                    let unrouted = self.refusal(DropReason::NoRoute, peer, counter, flags::SOURCE);
                    fib.insert(*export, unrouted);
                }
                let wanted = wanted.iter();
                let clipped = wanted.flat_map(|to| {
                    exports
                        .iter()
                        .filter_map(|export| prefix::intersection(to, export))
                });
                clipped.collect()
            }
        };
        let mut of_peering = 0;
        if policy::has_rules(self.table, state) {
            of_peering |= flags::POLICY;
        }
        // Who asks for a second router gets it, whatever the other side says.
        if policy::consents(self.table, state).any(|consent| consent.hops == 2) {
            of_peering |= flags::TWO_HOPS;
        }
        for (at, way) in within(paths, &routed) {
            fib.insert(at, self.route(way.as_ref(), peer, counter, of_peering));
        }
    }

    /// Where both sides agreed and yet nothing flows, the reason is not that they
    /// do not peer. Nothing that carries traffic is covered by it.
    fn add_blocked(
        &self,
        blocked: &mut Fib,
        open: &Fib,
        network: &Network,
        pair: &PairLabel,
        state: &Pair,
    ) {
        let peer = pair.other(&network.id);
        let counter = self.ids.counter(pair, &network.id);
        for export in state.exports_of(pair, peer) {
            if longest_match(open, export).is_none() {
                let down = self.refusal(DropReason::PeeringDown, peer, counter, 0);
                blocked.entry(*export).or_insert(down);
            }
        }
    }

    /// What any network's own table may not know.
    fn elsewhere(&self) -> BTreeMap<IpNet, DropReason> {
        let networks = self.table.networks.values();
        let prefixes = networks.flat_map(|network| &network.prefixes);
        let mut elsewhere: BTreeMap<IpNet, DropReason> = prefixes
            .map(|prefix| (*prefix, DropReason::NotPeered))
            .collect();
        for (_, address) in self
            .host
            .addresses()
            .filter(|(_, net)| prefix::is_global(net.addr()))
        {
            elsewhere.insert(prefix::host(address.addr()), DropReason::ForeignLocal);
        }
        elsewhere
    }

    fn refusal(&self, reason: DropReason, owner: &ObjectRef, counter: u32, flags: u16) -> Route {
        Route {
            verdict: verdict::DROP,
            reason: reason as u8,
            flags,
            network: self.ids.networks.get(owner).copied().unwrap_or_default(),
            counter,
            ..Route::zeroed()
        }
    }

    /// The finished action for a path into `owner`'s network. `of_peering` are
    /// the flags that all of a peering's routes have.
    fn route(&self, way: Option<&Way>, owner: &ObjectRef, counter: u32, of_peering: u16) -> Route {
        let unreachable = self.refusal(DropReason::NoRoute, owner, counter, flags::SOURCE);
        let hops = way.map_or(&[][..], |way| &way.hops);
        let single = |hop| self.action(hop, unreachable, of_peering);
        let first = hops.iter().find(|hop| hop.live).or(hops.first());
        let Some(first) = first.map(single) else {
            return unreachable;
        };
        if hops.len() < 2 {
            return first;
        }
        let actions: Vec<(Route, u32)> = hops
            .iter()
            .map(|hop| {
                let mut action = single(hop);
                if !hop.live {
                    action.verdict = verdict::DROP;
                    action.reason = DropReason::NoRoute as u8;
                }
                (action, hop.weight)
            })
            .collect();
        match self.groups.borrow_mut().id(group(&actions)) {
            Some(group) => Route {
                verdict: verdict::FORWARD,
                reason: 0,
                flags: flags::SOURCE | of_peering,
                group,
                ..unreachable
            },
            None => first,
        }
    }

    /// The finished action for one hop, or `unreachable`.
    fn action(&self, hop: &Hop, unreachable: Route, of_peering: u16) -> Route {
        let interface = self.host.interfaces.get(&hop.port);
        let device = self.ids.devices.get(&hop.port);
        let (
            Some(Interface {
                mac: Some(mac),
                mtu,
                xdp,
                ..
            }),
            Some(device),
        ) = (interface, device)
        else {
            return unreachable;
        };
        let mut set = flags::SOURCE | of_peering;
        set |= if hop.mac.is_some() {
            flags::RESOLVED
        } else {
            0
        };
        set |= match hop.gateway {
            None => 0,
            Some(IpAddr::V4(_)) => flags::GATEWAY,
            Some(IpAddr::V6(_)) => flags::GATEWAY | flags::GATEWAY_V6,
        };
        set |= if xdp.egress { flags::XDP_EGRESS } else { 0 };
        Route {
            verdict: verdict::FORWARD,
            reason: 0,
            flags: set,
            port: hop.port,
            egress: self.host.place_of(hop.port),
            device: *device,
            mtu: *mtu,
            dst_mac: hop.mac.map_or([0; 6], |mac| mac.0),
            src_mac: mac.0,
            gateway: hop.gateway.map_or([0; 16], octets),
            ..unreachable
        }
    }
}

/// The network's own prefixes, and what its peers give it.
fn reached(network: &Network, states: &States) -> Vec<IpNet> {
    let mut reached = network.prefixes.clone();
    for (pair, state) in states
        .pairs_of(&network.id)
        .filter(|(_, state)| state.agreed)
    {
        reached.extend(state.exports_of(pair, pair.other(&network.id)));
    }
    reached
}

/// The address that the router speaks from on an interface: of several the smallest, in
/// whatever order the host lists them.
fn speaks_from4(interface: &Interface) -> Option<Ipv4Addr> {
    let own = interface.addresses.iter().map(|own| own.net.addr());
    own.filter_map(|own| match own {
        IpAddr::V4(own) => Some(own),
        IpAddr::V6(_) => None,
    })
    .min()
}

/// The same for IPv6. A link-local one is better than none: whoever is on the link gets
/// its answer.
fn speaks_from6(interface: &Interface) -> Option<Ipv6Addr> {
    let own = interface.addresses.iter().filter(|own| !own.tentative);
    let own = own.filter_map(|own| match own.net.addr() {
        IpAddr::V6(own) => Some(own),
        IpAddr::V4(_) => None,
    });
    own.min_by_key(|own| (own.is_unicast_link_local(), *own))
}

/// IPv4 in the first four bytes.
fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        IpAddr::V6(v6) => v6.octets(),
    }
}
