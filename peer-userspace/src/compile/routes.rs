//! Every network's table: what it may reach, and how.

use std::{collections::BTreeMap, net::IpAddr};

use bytemuck::Zeroable as _;
use ipnet::IpNet;
use peer_common::{DropReason, Port, Route, UNMANAGED_DROP, UNMANAGED_PASS, flags, verdict};

use super::{
    Fib, ForwardingTable, Ids, Ports, local,
    paths::{Hop, Paths, paths, within},
    policy,
    prefix::{self, longest_match},
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
    let compiler = Compiler {
        table,
        ports,
        host,
        states,
        ids,
        paths: table
            .networks
            .values()
            .map(|network| {
                (
                    &network.id,
                    paths(network, ports, host, &reached(network, states)),
                )
            })
            .collect(),
    };
    ForwardingTable {
        ports: compiler.ports(),
        devices: ids
            .devices
            .iter()
            .map(|(index, slot)| (*slot, *index))
            .collect(),
        fibs: table
            .networks
            .values()
            .filter_map(|network| Some((*ids.networks.get(&network.id)?, compiler.fib(network))))
            .collect(),
        policies: policy::policies(table, states, ids),
        elsewhere: compiler.elsewhere(),
    }
}

/// What a forwarding table follows from.
pub(super) struct Compiler<'a> {
    table: &'a Table,
    pub(super) ports: &'a Ports,
    pub(super) host: &'a HostView,
    pub(super) states: &'a States,
    pub(super) ids: &'a Ids,
    paths: BTreeMap<&'a ObjectRef, Paths>,
}

impl Compiler<'_> {
    fn ports(&self) -> BTreeMap<u32, Port> {
        let entry = |index: u32, network: &ObjectRef| {
            let declared = self.table.networks.get(network)?;
            Some(Port {
                network: *self.ids.networks.get(network)?,
                mac: self.host.interfaces.get(&index)?.mac?.0,
                unmanaged: match declared.unmanaged {
                    Unmanaged::Pass => UNMANAGED_PASS,
                    // Without an ICMP answer yet, but closed all the same.
                    Unmanaged::Drop | Unmanaged::Reject => UNMANAGED_DROP,
                },
                reserved: 0,
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
        for (at, hop) in self.paths.get(&network.id).into_iter().flatten() {
            fib.insert(*at, self.route(*hop, &network.id, 0));
        }
    }

    fn add_imports(&self, fib: &mut Fib, network: &Network, pair: &PairLabel, state: &Pair) {
        let peer = pair.other(&network.id);
        let Some(paths) = self.paths.get(peer) else {
            return;
        };
        let exports = state.exports_of(pair, peer);
        let counter = self.ids.counter(pair, &network.id);
        let routed = match network.routes {
            RouteMode::Auto => exports.to_vec(),
            RouteMode::Manual => {
                for export in exports {
                    let unrouted = self.refusal(DropReason::NoRoute, peer, counter, flags::SOURCE);
                    fib.insert(*export, unrouted);
                }
                network
                    .static_routes
                    .iter()
                    .filter(|route| {
                        state.consents.iter().any(|id| {
                            let consent = self.table.consents.get(id);
                            id.name == route.peering
                                && consent.is_some_and(|consent| consent.own() == network.id)
                        })
                    })
                    .flat_map(|route| {
                        exports
                            .iter()
                            .filter_map(|export| prefix::intersection(&route.to, export))
                    })
                    .collect()
            }
        };
        let judged = if policy::has_rules(self.table, state) {
            flags::POLICY
        } else {
            0
        };
        for (at, hop) in within(paths, &routed) {
            let mut route = self.route(hop, peer, counter);
            route.flags |= judged;
            fib.insert(at, route);
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

    /// The finished action for a path into `owner`'s network.
    fn route(&self, hop: Option<Hop>, owner: &ObjectRef, counter: u32) -> Route {
        let unreachable = self.refusal(DropReason::NoRoute, owner, counter, flags::SOURCE);
        let Some(hop) = hop else {
            return unreachable;
        };
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
        let mut set = flags::SOURCE;
        set |= if hop.mac.is_some() {
            flags::RESOLVED
        } else {
            0
        };
        set |= if hop.gateway.is_some() {
            flags::GATEWAY
        } else {
            0
        };
        set |= if xdp.egress { flags::XDP_EGRESS } else { 0 };
        Route {
            verdict: verdict::FORWARD,
            reason: 0,
            flags: set,
            port: hop.port,
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
