//! Declared ports on the host's interfaces: which exist, which may be used.

use std::collections::{BTreeMap, BTreeSet};

use super::hook::{Hook, Xdp};
use crate::{
    host::{HostView, Interface},
    model::{self, Network, ObjectRef},
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
    /// Where each network's stand in `all`.
    of_network: BTreeMap<ObjectRef, Vec<usize>>,
    /// Where the working ones stand in `all`, by ifindex.
    of_interface: BTreeMap<u32, usize>,
}

impl Ports {
    /// The declared ports of `networks` on `host`, an interface being the first
    /// one's that names it. `refused` are networks that may have none, `failures`
    /// interfaces whose programs could not be attached; each with the reason.
    pub fn resolve<'a>(
        networks: impl IntoIterator<Item = &'a Network>,
        refused: &BTreeMap<ObjectRef, String>,
        host: &HostView,
        failures: &BTreeMap<u32, String>,
    ) -> Self {
        let mut taken = BTreeMap::new();
        let mut all = Vec::new();
        for network in networks {
            for declared in &network.ports {
                let interface = host.interface(&declared.interface);
                let hook = interface
                    .ok_or_else(|| format!("interface {} does not exist", declared.interface))
                    .and_then(|interface| {
                        refused.get(&network.id).cloned().map_or(Ok(()), Err)?;
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
        all.sort_by(|one: &PortView, other| one.network.cmp(&other.network));
        let mut of_network: BTreeMap<ObjectRef, Vec<usize>> = BTreeMap::new();
        for (position, port) in all.iter().enumerate() {
            let positions = of_network.entry(port.network.clone()).or_default();
            positions.push(position);
        }
        let working = all.iter().enumerate().filter(|(_, port)| port.hook.is_ok());
        let of_interface = working
            .filter_map(|(position, port)| Some((port.index?, position)))
            .collect();
        Self {
            all,
            of_network,
            of_interface,
        }
    }

    /// The ports that can carry programs, with their ifindex.
    pub fn working(&self) -> impl Iterator<Item = (u32, &PortView, &Hook)> {
        self.all
            .iter()
            .filter_map(|port| Some((port.index?, port, port.hook.as_ref().ok()?)))
    }

    /// The network that a working port faces.
    pub fn network_at(&self, interface: u32) -> Option<&ObjectRef> {
        let position = self.of_interface.get(&interface)?;
        self.all.get(*position).map(|port| &port.network)
    }

    /// The declared ports of one network.
    pub fn declared_by(&self, network: &ObjectRef) -> impl Iterator<Item = &PortView> {
        let positions = self.of_network.get(network).into_iter().flatten();
        positions.filter_map(|position| self.all.get(*position))
    }

    /// The working ports of one network.
    pub fn of(&self, network: &ObjectRef) -> impl Iterator<Item = (u32, &PortView)> {
        self.declared_by(network)
            .filter_map(|port| Some((port.index?, port, port.hook.as_ref().ok()?)))
            .map(|(index, port, _)| (index, port))
    }

    /// Why `network` has no working port; `None` if it has one.
    pub fn none_of(&self, network: &ObjectRef) -> Option<String> {
        if self.of(network).next().is_some() {
            return None;
        }
        let reasons: BTreeSet<&str> = self
            .declared_by(network)
            .filter_map(|port| port.hook.as_ref().err().map(String::as_str))
            .collect();
        Some(match reasons.len() {
            0 => "it declares no port".to_owned(),
            _ => reasons.into_iter().collect::<Vec<_>>().join("; "),
        })
    }
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
        // Whose else it is, is that owner's to tell.
        Some(owner) if owner.namespace == network.id.namespace => Err(format!(
            "interface {name} is a port of network {owner} already"
        )),
        Some(_) => Err(format!(
            "interface {name} is a port of another network already"
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
