//! The documented examples.

use std::collections::BTreeMap;

use peer_userspace::{
    host::{Address, HostRoute, Interface, Mac},
    model::{AdminState, Consent, Mode, Network, Port, RouteMode, Unmanaged},
};

use super::{
    laws::agrees,
    packet::{self, Outcome, Packet},
    world::{World, named},
};

fn network(name: &str, prefixes: &[&str], ports: Vec<Port>) -> Network {
    Network {
        id: named(name),
        labels: BTreeMap::new(),
        zone: "default".to_owned(),
        prefixes: all(prefixes),
        ports,
        routes: RouteMode::Auto,
        static_routes: Vec::new(),
        unmanaged: Unmanaged::Pass,
        auto_accept: Vec::new(),
    }
}

fn port(interface: &str, prefixes: &[&str], via: &[&str]) -> Port {
    Port {
        interface: interface.to_owned(),
        vlan: None,
        address: Vec::new(),
        prefixes: all(prefixes),
        via: all(via),
        mode: Mode::Auto,
    }
}

fn all<T: std::str::FromStr<Err: std::fmt::Debug>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| text.parse().expect("valid")).collect()
}

/// A host whose interfaces are numbered from 1, with the kernel's connected routes.
fn host(world: &mut World, interfaces: &[(&str, &[&str])]) {
    for (index, (name, addresses)) in (1u32..).zip(interfaces) {
        let addresses: Vec<ipnet::IpNet> = all(addresses);
        for net in &addresses {
            world.host.routes.push(HostRoute { to: net.trunc(), metric: 0, interface: index, gateway: None });
        }
        let interface = Interface {
            index,
            name: (*name).to_owned(),
            mac: Some(Mac([2, 0, 0, 0, 0, 1])),
            mtu: 1500,
            up: true,
            addresses: addresses.into_iter().map(|net| Address { net, tentative: false }).collect(),
            ..Interface::default()
        };
        world.host.interfaces.insert(index, interface);
    }
}

fn consent(own: &str, peer: &str) -> Consent {
    let own = named(own);
    let peer = named(peer);
    Consent {
        id: peer_userspace::model::ObjectRef { name: format!("{}-to-{}-{}", own.name, peer.namespace, peer.name).parse().unwrap(), ..own.clone() },
        labels: BTreeMap::new(),
        network: own.name,
        peer,
        admin_state: AdminState::Up,
        export: None,
        ttl: None,
        unsupported: Vec::new(),
    }
}

#[test]
fn probe() {
    let mut world = World::default();
    world.declare(network("a/x", &["10.1.0.0/16"], vec![port("if1", &[], &[])]));
    world.declare(network("a/y", &["10.2.0.0/16"], vec![port("if2", &[], &[])]));
    world.declare(network("a/z", &["10.3.0.0/16"], vec![port("if3", &[], &[])]));
    world.consent(consent("a/x", "a/y"));
    world.consent(consent("a/y", "a/x"));
    world.consent(consent("a/z", "a/y"));
    world.consent(consent("a/y", "a/z"));
    host(&mut world, &[("if1", &["10.2.0.1/24", "10.3.0.1/24"]), ("if2", &[]), ("if3", &[])]);
    println!("{world:?}");
    for (ingress, source, d) in [(2, "10.2.0.9", "10.2.0.1"), (2, "10.2.0.1", "10.1.0.0"), (2, "10.2.0.1", "10.3.0.9"), (2, "10.2.0.9", "10.3.0.1"), (3, "10.3.0.9", "10.3.0.1"), (3, "10.3.0.9", "10.2.0.1"), (3, "10.3.0.1", "10.2.0.9")] {
            let p = Packet { ingress, source: source.parse().unwrap(), destination: d.parse().unwrap() };
            let c = world.compile();
            let o = packet::run(&c.table, &p);
            println!("{p} {:?}\n   {:?}", o, agrees(&world, &c, &p, &o));
    }
}
