//! Worlds built by hand, and packets written as text.

use std::{collections::BTreeMap, fmt::Debug, str::FromStr};

use ipnet::IpNet;
use peer_common::verdict;
use peer_userspace::{
    host::{Address, HostHop, HostRoute, Interface, Mac},
    model::{AdminState, Consent, Mode, Network, ObjectRef, Origin, Port, RouteMode, Unmanaged},
};

use super::{
    laws::agrees,
    packet::{self, Outcome, Packet},
    world::{World, by_name, named},
};

pub(super) fn all<T: FromStr<Err: Debug>>(texts: &[&str]) -> Vec<T> {
    texts
        .iter()
        .map(|text| text.parse().expect("valid"))
        .collect()
}

pub(super) fn network(name: &str, prefixes: &[&str], ports: &[Port]) -> Network {
    Network {
        id: named(name),
        labels: BTreeMap::new(),
        source: None,
        zone: "default".to_owned(),
        prefixes: all(prefixes).into(),
        ports: ports.to_vec(),
        routes: RouteMode::Auto,
        static_routes: Vec::new(),
        unmanaged: Unmanaged::Pass,
        auto_accept: Vec::new(),
    }
}

pub(super) fn port(interface: &str) -> Port {
    Port {
        interface: interface.to_owned(),
        vlan: None,
        outer: None,
        address: Vec::new(),
        prefixes: Vec::new(),
        via: Vec::new(),
        mode: Mode::Auto,
    }
}

/// Named `OWN-to-PEER`.
pub(super) fn consent(own: &str, peer: &str) -> Consent {
    let (own, peer) = (named(own), named(peer));
    let name = format!("{}-to-{}", own.name, peer.name);
    Consent {
        id: ObjectRef {
            name: name.parse().expect("a label"),
            ..own.clone()
        },
        labels: BTreeMap::new(),
        description: None,
        network: own.name,
        peer: by_name(peer),
        admin_state: AdminState::Up,
        export: None,
        routes: None,
        allow: None,
        allow_out: None,
        ttl: None,
        hops: 1,
        origin: Origin::Native,
        objection: None,
    }
}

/// `t/blue` 10.1.0.0/16 behind interface 1, `t/green` 10.2.0.0/16 behind 2, `t/red`
/// 10.3.0.0/16 behind 3; the host is .0.1 everywhere; nobody peers.
pub(super) fn three_networks() -> World {
    let mut world = World::default();
    for (index, name) in [(1, "blue"), (2, "green"), (3, "red")] {
        let interface = format!("veth-{name}");
        world.declare(network(
            &format!("t/{name}"),
            &[&format!("10.{index}.0.0/16")],
            &[port(&interface)],
        ));
        world.interface(index, &interface, &[&format!("10.{index}.0.1/24")]);
    }
    world
}

impl World {
    /// An interface that is up, and its connected routes.
    pub(super) fn interface(&mut self, index: u32, name: &str, addresses: &[&str]) {
        let addresses: Vec<IpNet> = all(addresses);
        for net in &addresses {
            self.host.routes.push(HostRoute {
                to: net.trunc(),
                metric: 0,
                hops: vec![hop(index, None)],
            });
        }
        let interface = Interface {
            index,
            name: name.to_owned(),
            mac: Some(Mac([
                2,
                0,
                0,
                0,
                0,
                u8::try_from(index).expect("few interfaces"),
            ])),
            mtu: 1500,
            up: true,
            addresses: addresses
                .into_iter()
                .map(|net| Address {
                    net,
                    tentative: false,
                })
                .collect(),
            ..Interface::default()
        };
        self.host.interfaces.insert(index, interface);
    }

    /// `TO`, `TO via GATEWAY` or either with `metric N` at its end.
    pub(super) fn route(&mut self, interface: u32, text: &str) {
        let words: Vec<&str> = text.split(' ').collect();
        let after = |key| {
            words
                .iter()
                .position(|word| *word == key)
                .and_then(|at| words.get(at + 1))
        };
        self.host.routes.push(HostRoute {
            to: words[0].parse().expect("a prefix"),
            metric: after("metric").map_or(0, |metric| metric.parse().expect("a metric")),
            hops: vec![hop(interface, after("via").copied())],
        });
    }

    /// A route of several hops: interface, gateway and weight of each.
    pub(super) fn multipath(&mut self, to: &str, hops: &[(u32, &str, u32)]) {
        let hops = hops.iter().map(|(interface, gateway, weight)| HostHop {
            weight: *weight,
            ..hop(*interface, Some(gateway))
        });
        self.host.routes.push(HostRoute {
            to: to.parse().expect("a prefix"),
            metric: 0,
            hops: hops.collect(),
        });
    }

    pub(super) fn neighbour(&mut self, interface: u32, address: &str) {
        let address = address.parse().expect("an address");
        self.host
            .neighbours
            .insert((interface, address), Mac([2, 0, 0, 0, 9, 9]));
    }

    /// Both sides consent.
    pub(super) fn peer(&mut self, one: &str, other: &str) {
        self.consent(consent(one, other));
        self.consent(consent(other, one));
    }

    pub(super) fn network_mut(&mut self, name: &str) -> &mut Network {
        self.table.networks.get_mut(&named(name)).expect("declared")
    }

    pub(super) fn port_mut(&mut self, network: &str) -> &mut Port {
        self.network_mut(network)
            .ports
            .first_mut()
            .expect("it has a port")
    }

    pub(super) fn consent_mut(&mut self, name: &str) -> &mut Consent {
        self.table.consents.get_mut(&named(name)).expect("declared")
    }

    pub(super) fn interface_mut(&mut self, index: u32) -> &mut Interface {
        self.host.interfaces.get_mut(&index).expect("it is there")
    }

    /// What becomes of a packet from `source` to `destination` that comes in by
    /// `ingress`, in words. The oracle has to be of the same opinion.
    pub(super) fn send(&self, ingress: u32, source: &str, destination: &str) -> String {
        let packet = Packet {
            ingress,
            source: source.parse().expect("an address"),
            destination: destination.parse().expect("an address"),
        };
        let compiled = self.compile();
        let outcome = packet::run(&compiled.table, &packet);
        if let Err(why) = agrees(self, &compiled, &packet, &outcome) {
            return format!("{}, but {why}", words(&outcome));
        }
        words(&outcome)
    }
}

fn hop(interface: u32, gateway: Option<&str>) -> HostHop {
    HostHop {
        interface,
        gateway: gateway.map(|gateway| gateway.parse().expect("an address")),
        weight: 1,
        dead: false,
    }
}

/// Of several ways, those that are up.
fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Pass => "pass".to_owned(),
        Outcome::Local { answered: false } => "local".to_owned(),
        Outcome::Local { answered: true } => "answered".to_owned(),
        Outcome::Drop { reason, .. } => reason.name().to_owned(),
        Outcome::Forward { ways, .. } => {
            let live = ways
                .iter()
                .filter(|way| way.route.verdict == verdict::FORWARD);
            let live = live.map(|way| {
                let unknown = if way.mac.is_some() { "" } else { "?" };
                format!("{} {}{unknown}", way.route.port, way.next_hop)
            });
            live.collect::<Vec<_>>().join(", ")
        }
    }
}
