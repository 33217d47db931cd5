//! A network: prefixes of one owner, and the host's ports that face it.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use serde::Serialize;

use super::{Name, ObjectRef, Source};

/// `kind: Network`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// `metadata.namespace` and `metadata.name`.
    pub id: ObjectRef,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// What another system calls it: there, this network is meant by that.
    pub source: Option<Source>,
    /// Only networks of one zone peer.
    pub zone: String,
    /// The network's own prefixes, canonical, sorted, none inside another. Empty only
    /// where its source is to say them. Copies share them.
    pub prefixes: Arc<[IpNet]>,
    /// Host interfaces that face this network, in document order.
    pub ports: Vec<Port>,
    /// Whether routes to peers come by themselves.
    pub routes: RouteMode,
    /// With [`RouteMode::Manual`], the only routes to peers there are.
    pub static_routes: Vec<StaticRoute>,
    /// What happens to destinations in no managed network.
    pub unmanaged: Unmanaged,
    /// Namespaces whose requests count as accepted; `*` is every one.
    pub auto_accept: Vec<String>,
}

impl Network {
    /// Whether requests from `namespace` need no consent of ours.
    pub fn accepts_by_itself(&self, namespace: &Name) -> bool {
        self.auto_accept
            .iter()
            .any(|accepted| accepted == "*" || accepted == namespace.as_str())
    }
}

/// One `spec.ports` entry: a host interface that faces the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Name of the host interface.
    pub interface: String,
    /// 802.1Q tag on it.
    pub vlan: Option<u16>,
    /// 802.1ad tag on it, outside of `vlan` if there is one.
    pub outer: Option<u16>,
    /// The router's own addresses there, where the kernel has none.
    pub address: Vec<IpNet>,
    /// What lies behind this port; empty means all of the network's prefixes.
    pub prefixes: Vec<IpNet>,
    /// Next hop for them, at most one per family; none means on-link or the
    /// host's own route.
    pub via: Vec<IpAddr>,
    /// Which hook forwards.
    pub mode: Mode,
}

impl Port {
    /// What lies behind it: what it says, else all of its network.
    pub fn claims<'a>(&'a self, network: &'a Network) -> &'a [IpNet] {
        if self.prefixes.is_empty() {
            &network.prefixes
        } else {
            &self.prefixes
        }
    }

    /// Whether its frames bear a tag on the interface.
    pub fn is_tagged(&self) -> bool {
        self.vlan.is_some() || self.outer.is_some()
    }

    /// What users call it: `eth1`, `eth1 vlan 10`, `eth1 outer 100 vlan 10`.
    pub fn label(&self) -> String {
        let mut label = self.interface.clone();
        for (tag, id) in [("outer", self.outer), ("vlan", self.vlan)] {
            if let Some(id) = id {
                label.push_str(&format!(" {tag} {id}"));
            }
        }
        label
    }

    /// The declared next hop for destinations of `prefix`'s family.
    pub fn via_for(&self, prefix: &IpNet) -> Option<IpAddr> {
        self.via
            .iter()
            .find(|via| via.is_ipv4() == prefix.addr().is_ipv4())
            .copied()
    }
}

/// `mode` of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Native XDP where the driver has it and offloads do not suffer, else tc.
    #[default]
    Auto,
    /// Native XDP; refused where the driver has none.
    Xdp,
    /// Generic XDP.
    XdpGeneric,
    /// tcx alone.
    Tc,
}

/// `routes` of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteMode {
    /// Everything a peer exports is routed.
    #[default]
    Auto,
    /// Only what `staticRoutes` names is routed.
    Manual,
}

/// One `spec.staticRoutes` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticRoute {
    /// Destination.
    pub to: IpNet,
    /// Name of a consent in the network's namespace.
    pub peering: Name,
}

/// What to do with destinations in no managed network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unmanaged {
    /// Hand them to the host's stack.
    #[default]
    Pass,
    /// Drop them, counted.
    Drop,
    /// Answer with an ICMP error.
    Reject,
}
