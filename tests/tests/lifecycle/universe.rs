//! The few names there are, and what may be declared of them.

use std::collections::BTreeMap;

use ipnet::IpNet;
use peer_userspace::{
    host::{HostView, Interface, Mac},
    model::{
        AdminState, Consent, Mode, Name, Network, ObjectRef, Origin, PeerRef, Port, PortRange,
        Protocol, RouteMode, Rule, Ttl, Unmanaged,
    },
};
use uuid::Uuid;

/// Networks by number; as text they sort as they do here. The last is never declared.
pub(crate) const NETWORKS: [&str; 6] = ["a/x", "a/y", "b/x", "b/y", "c/x", "d/ghost"];

/// How many networks may be declared.
pub(crate) const DECLARABLE: usize = 5;

/// Consents by number, in the order of their names.
pub(crate) const CONSENTS: [&str; 12] = [
    "a/p", "a/q", "a/r", "a/s", "b/p", "b/q", "b/r", "b/s", "c/p", "c/q", "c/r", "c/s",
];

/// Interfaces of ports; the host lacks the last, and the last but one is down.
pub(crate) const INTERFACES: [&str; 7] =
    ["if-0", "if-1", "if-2", "if-3", "if-4", "if-down", "if-none"];

/// Zones.
pub(crate) const ZONES: [&str; 2] = ["zone-east", "zone-west"];

/// What a network says, as far as consents depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetworkSpec {
    pub(crate) zone: usize,
    /// Sorted, none inside another.
    pub(crate) prefixes: Vec<IpNet>,
    /// Which of [`INTERFACES`].
    pub(crate) ports: Vec<usize>,
    pub(crate) auto_accept: Vec<&'static str>,
}

/// Whom a consent names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Which of [`NETWORKS`].
    Name(usize),
    /// The network that was once made as the so-many-th.
    Id(u32),
}

/// What a consent says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ConsentSpec {
    /// Which of [`NETWORKS`]; of the consent's namespace.
    pub(crate) own: usize,
    pub(crate) peer: Peer,
    pub(crate) up: bool,
    pub(crate) export: Option<Vec<IpNet>>,
    /// In seconds.
    pub(crate) ttl: Option<u64>,
    /// Has more rules than can be enforced.
    pub(crate) impossible: bool,
    pub(crate) label: u8,
    /// Where it comes from; only stories know others than our own.
    pub(crate) origin: Origin,
    /// What its own system has against it.
    pub(crate) objection: Option<String>,
}

/// The namespace part of a name.
pub(crate) fn namespace(name: &str) -> &str {
    name.split('/').next().expect("a namespace")
}

/// Whether a consent is a table file's; the others are the API's.
pub(crate) fn consent_is_a_files(slot: usize) -> bool {
    slot % 4 < 2
}

/// Whether a network is a table file's.
pub(crate) fn network_is_a_files(network: usize) -> bool {
    network.is_multiple_of(2)
}

/// `NAMESPACE/NAME` as a reference.
pub(crate) fn named(text: &str) -> ObjectRef {
    text.parse().expect("a valid name")
}

/// The interface of this name, as a port.
pub(crate) fn port(name: &str) -> usize {
    let place = INTERFACES.iter().position(|known| *known == name);
    place.expect("an interface")
}

/// The network as it is declared.
pub(crate) fn network(number: usize, spec: &NetworkSpec) -> Network {
    let ports = spec.ports.iter().map(|port| Port {
        interface: INTERFACES[*port].to_owned(),
        vlan: None,
        outer: None,
        address: Vec::new(),
        prefixes: Vec::new(),
        via: Vec::new(),
        mode: Mode::Auto,
    });
    Network {
        id: named(NETWORKS[number]),
        labels: BTreeMap::new(),
        source: None,
        zone: ZONES[spec.zone].to_owned(),
        prefixes: spec.prefixes.clone().into(),
        ports: ports.collect(),
        routes: RouteMode::Auto,
        static_routes: Vec::new(),
        unmanaged: Unmanaged::Pass,
        auto_accept: spec.auto_accept.iter().map(ToString::to_string).collect(),
    }
}

/// The consent as it is declared, `uid` being whose id it names if it names one.
pub(crate) fn consent(slot: usize, spec: &ConsentSpec, uid: impl Fn(u32) -> Uuid) -> Consent {
    let label = ("n".to_owned(), spec.label.to_string());
    Consent {
        id: named(CONSENTS[slot]),
        labels: BTreeMap::from([label]),
        description: None,
        network: named(NETWORKS[spec.own]).name,
        peer: match spec.peer {
            Peer::Name(peer) => PeerRef::Network(named(NETWORKS[peer])),
            Peer::Id(made) => PeerRef::Id(uid(made), None),
        },
        admin_state: if spec.up {
            AdminState::Up
        } else {
            AdminState::Down
        },
        export: spec.export.clone(),
        routes: None,
        allow: spec.impossible.then(too_many_rules),
        allow_out: None,
        ttl: spec.ttl.map(Ttl::Seconds),
        hops: 1,
        origin: spec.origin.clone(),
        objection: spec.objection.clone(),
    }
}

fn too_many_rules() -> Vec<Rule> {
    let rule = Rule {
        protocol: Protocol::Number(6),
        ports: (1..=65).map(|port| PortRange(port..=port)).collect(),
        from: Vec::new(),
        to: Vec::new(),
    };
    vec![rule]
}

/// The host: all interfaces but the last.
pub(crate) fn host() -> HostView {
    let mut host = HostView::default();
    for (index, name) in (1u8..).zip(&INTERFACES[..INTERFACES.len() - 1]) {
        let interface = Interface {
            index: index.into(),
            name: (*name).to_owned(),
            mac: Some(Mac([2, 0, 0, 0, 0, index])),
            mtu: 1500,
            up: *name != "if-down",
            kind: Some("veth".to_owned()),
            ..Interface::default()
        };
        host.interfaces.insert(index.into(), interface);
    }
    host
}

/// Whether a caller of one namespace sees another.
pub(crate) fn only(owner: &str) -> impl Fn(&Name) -> bool {
    move |asked| asked.as_str() == owner
}
