//! Declared ports on the host's interfaces: which exist, which may be used.

use std::collections::{BTreeMap, BTreeSet};

use peer_common::limits;

use super::hook::{Hook, Xdp};
use crate::{
    host::{HostView, Interface},
    model::{self, Network, ObjectRef, Table},
};

/// One declared port and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortView {
    /// The network it faces.
    pub network: ObjectRef,
    /// The declaration.
    pub declared: model::Port,
    /// ifindex, if the interface exists.
    pub index: Option<u32>,
    /// The programs it carries, or why it carries none.
    pub hook: Result<Hook, String>,
    /// Things a user should know although the port works.
    pub notices: Vec<String>,
}

/// All declared ports, in the order of networks and of declaration in each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    /// The ports.
    pub all: Vec<PortView>,
}

impl Ports {
    /// The declared ports of `table` on `host`. `failures` are interfaces whose
    /// programs could not be attached, with the reason.
    pub fn resolve(table: &Table, host: &HostView, failures: &BTreeMap<u32, String>) -> Self {
        let mut taken = BTreeMap::new();
        let mut all = Vec::new();
        for (position, network) in table.networks.values().enumerate() {
            for declared in &network.ports {
                let interface = host.interface(&declared.interface);
                let hook = interface
                    .ok_or_else(|| format!("interface {} does not exist", declared.interface))
                    .and_then(|interface| {
                        fits(position, network)?;
                        usable(network, declared, interface, &mut taken)?;
                        match failures.get(&interface.index) {
                            Some(failure) => Err(failure.clone()),
                            None => Hook::choose(declared.mode, interface),
                        }
                    });
                let notices = notices(network, interface, hook.as_ref().ok());
                all.push(PortView {
                    network: network.id.clone(),
                    declared: declared.clone(),
                    index: interface.map(|interface| interface.index),
                    hook,
                    notices,
                });
            }
        }
        Self { all }
    }

    /// The ports that can carry programs, with their ifindex.
    pub fn working(&self) -> impl Iterator<Item = (u32, &PortView, &Hook)> {
        self.all
            .iter()
            .filter_map(|port| Some((port.index?, port, port.hook.as_ref().ok()?)))
    }

    /// The working ports of one network.
    pub fn of(&self, network: &ObjectRef) -> impl Iterator<Item = (u32, &PortView)> {
        self.working()
            .filter(move |(_, port, _)| &port.network == network)
            .map(|(index, port, _)| (index, port))
    }

    /// Why `network` has no working port; `None` if it has one.
    pub fn none_of(&self, network: &ObjectRef) -> Option<String> {
        if self.of(network).next().is_some() {
            return None;
        }
        let reasons: BTreeSet<&str> = self
            .all
            .iter()
            .filter(|port| &port.network == network)
            .filter_map(|port| port.hook.as_ref().err().map(String::as_str))
            .collect();
        Some(match reasons.len() {
            0 => "it declares no port".to_owned(),
            _ => reasons.into_iter().collect::<Vec<_>>().join("; "),
        })
    }
}

/// Networks beyond the host's limit get no id, and so no port.
fn fits(position: usize, network: &Network) -> Result<(), String> {
    let limit = limits::MAX_NETWORKS as usize - 1;
    if position < limit {
        return Ok(());
    }
    Err(format!(
        "network {} is beyond the {limit} one host can hold",
        network.id
    ))
}

/// Whether the declaration can be served on the interface at all. An interface
/// belongs to the first network that names it.
fn usable(
    network: &Network,
    declared: &model::Port,
    interface: &Interface,
    taken: &mut BTreeMap<u32, ObjectRef>,
) -> Result<(), String> {
    let name = &interface.name;
    if declared.vlan.is_some() || !declared.address.is_empty() {
        return Err(format!(
            "port {name}: `vlan` and `address` are not supported by this version; \
             use a VLAN device of the kernel's as the interface"
        ));
    }
    if interface.mac.is_none() {
        return Err(format!("interface {name} is no Ethernet device"));
    }
    match taken.get(&interface.index) {
        Some(owner) => Err(format!(
            "interface {name} is a port of network {owner} already"
        )),
        None => {
            taken.insert(interface.index, network.id.clone());
            Ok(())
        }
    }
}

fn notices(network: &Network, interface: Option<&Interface>, hook: Option<&Hook>) -> Vec<String> {
    let mut notices = Vec::new();
    let Some(interface) = interface else {
        return notices;
    };
    if let (Some(Xdp::Native), Some(kind)) = (hook.and_then(|hook| hook.xdp), &interface.kind) {
        notices.push(format!(
            "a {kind} loses checksum and segmentation offload by XDP: TCP from its other end fails \
             unless transmit checksums are off there"
        ));
    }
    for (is_v4, family) in [(true, "IPv4"), (false, "IPv6")] {
        let wanted = network
            .prefixes
            .iter()
            .any(|prefix| prefix.addr().is_ipv4() == is_v4);
        let has_one = interface
            .addresses
            .iter()
            .any(|a| a.net.addr().is_ipv4() == is_v4);
        if wanted && !has_one {
            notices.push(format!(
                "no {family} address: the host asks for neighbours here with another interface's"
            ));
        }
    }
    if !interface.up {
        notices.push("the link is down".to_owned());
    }
    notices
}
