//! Declared ports on the host's interfaces: which exist, which may be used.

use std::collections::{BTreeMap, BTreeSet};

use peer_common::Subinterface;

use super::{
    contested::Addresses,
    hook::{Hook, Xdp},
    prefix::is_global,
};
use crate::{
    host::{HostView, Interface, StandIn, TagOffload},
    model::{self, Network, ObjectRef},
};

/// One declared port and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortView {
    /// The network it faces.
    pub network: ObjectRef,
    /// The declaration.
    pub declared: model::Port,
    /// ifindex of the interface, or of the device that stands for its tags, if it
    /// exists.
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
    /// What the host has to provide for them.
    pub needs: Needs,
}

/// What ports need of the host besides interfaces.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Stand-ins, by what they stand for.
    pub stand_ins: BTreeMap<Subinterface, StandIn>,
    /// Interfaces whose hardware must leave tags in frames.
    pub tags_in_frames: BTreeSet<u32>,
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
        let networks: Vec<&Network> = networks.into_iter().collect();
        let mut claims = Claims::of(&networks, host);
        let mut all = Vec::new();
        for network in networks {
            for declared in &network.ports {
                let device = device(declared, host);
                let interface = match device {
                    Ok(Device::There(interface)) => Some(interface),
                    _ => None,
                };
                let hook = device.and_then(|device| {
                    refused.get(&network.id).cloned().map_or(Ok(()), Err)?;
                    let hook = claims.claim(network, declared, &device)?;
                    let failure = match device {
                        Device::There(interface) => failures.get(&interface.index).cloned(),
                        Device::Wanted(place) => Some(unmade(declared, host, place)),
                    };
                    failure.map_or(Ok(hook), Err)
                });
                let notices = notices(network, declared, interface, hook.as_ref().ok());
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
        let mut ports = Self {
            all,
            of_network,
            of_interface,
            needs: claims.needs,
        };
        ports.notice_contested(host);
        ports
    }

    /// Say of which addresses the kernel is kept from speaking.
    fn notice_contested(&mut self, host: &HostView) {
        let addresses = Addresses::of(host);
        let mut contested = Vec::new();
        for (position, port) in self.all.iter().enumerate() {
            let working = port.index.filter(|_| port.hook.is_ok());
            let interface = working.and_then(|index| host.interfaces.get(&index));
            for address in interface.into_iter().flat_map(|found| &found.addresses) {
                let own = |index| self.network_at(index) == Some(&port.network);
                if is_global(address.net.addr()) && addresses.is_contested(address.net, own) {
                    contested.push((position, address.net));
                }
            }
        }
        for (position, address) in contested {
            // Whose else it is, is that owner's to tell.
            self.all[position].notices.push(format!(
                "{address} is on another network's or interface's link too: ARP, neighbour discovery \
                 and ping are answered, everything else to {} is dropped as foreign-local",
                address.addr()
            ));
        }
    }

    /// The ports that can carry programs, with their ifindex.
    pub fn working(&self) -> impl Iterator<Item = (u32, &PortView, &Hook)> {
        self.all
            .iter()
            .filter_map(|port| Some((port.index?, port, port.hook.as_ref().ok()?)))
    }

    /// The working port on an interface.
    pub fn at(&self, interface: u32) -> Option<&PortView> {
        let position = self.of_interface.get(&interface)?;
        self.all.get(*position)
    }

    /// The network that a working port faces.
    pub fn network_at(&self, interface: u32) -> Option<&ObjectRef> {
        self.at(interface).map(|port| &port.network)
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

/// The device that a port's neighbours and addresses are on.
#[derive(Clone, Copy)]
enum Device<'a> {
    There(&'a Interface),
    /// It is yet to be made, to stand for this.
    Wanted(Subinterface),
}

fn device<'a>(declared: &model::Port, host: &'a HostView) -> Result<Device<'a>, String> {
    let name = &declared.interface;
    let trunk = host
        .interface(name)
        .ok_or_else(|| format!("interface {name} does not exist"))?;
    if trunk.stands_for.is_some() {
        return Err(format!(
            "interface {name} is peerd's own; name the interface and the tags it stands for"
        ));
    }
    if trunk.mac.is_none() {
        return Err(format!("interface {name} is no Ethernet device"));
    }
    if !declared.is_tagged() {
        return Ok(Device::There(trunk));
    }
    let place = Subinterface {
        trunk: trunk.index,
        outer: declared.outer.unwrap_or_default(),
        vlan: declared.vlan.unwrap_or_default(),
    };
    Ok(host
        .device_at(place)
        .map_or(Device::Wanted(place), Device::There))
}

/// Why a port has no stand-in.
fn unmade(declared: &model::Port, host: &HostView, place: Subinterface) -> String {
    let label = declared.label();
    match host.unmade.get(&place) {
        Some(why) => format!("port {label}: its stand-in cannot be made: {why}"),
        None => format!("port {label}: its stand-in is being made"),
    }
}

/// Who has which device, and what that takes.
struct Claims {
    /// Interfaces that carry tags of ports or of the kernel's VLAN devices.
    trunks: BTreeSet<u32>,
    taken: BTreeMap<Subinterface, ObjectRef>,
    needs: Needs,
}

impl Claims {
    fn of(networks: &[&Network], host: &HostView) -> Self {
        let ports = networks.iter().flat_map(|network| &network.ports);
        let trunk = |port: &model::Port| Some(host.interface(&port.interface)?.index);
        let devices = host.interfaces.values();
        let below = devices.filter_map(|device| Some(device.takes_off?.below));
        Self {
            trunks: ports
                .filter(|port| port.is_tagged())
                .filter_map(trunk)
                .chain(below)
                .collect(),
            taken: BTreeMap::new(),
            needs: Needs::default(),
        }
    }

    /// The hook for a port, if the declaration can be served on the device at all. A
    /// device belongs to the first network that names it.
    fn claim(
        &mut self,
        network: &Network,
        declared: &model::Port,
        device: &Device<'_>,
    ) -> Result<Hook, String> {
        let label = declared.label();
        if !declared.is_tagged() && !declared.address.is_empty() {
            return Err(format!(
                "port {label}: `address` is for ports with a tag; \
                 give interface {label} its address on the host"
            ));
        }
        let place = match device {
            Device::There(interface) => Subinterface::untagged(interface.index),
            Device::Wanted(place) => *place,
        };
        match self.taken.get(&place) {
            // Whose else it is, is that owner's to tell.
            Some(owner) if owner.namespace == network.id.namespace => {
                return Err(format!(
                    "interface {label} is a port of network {owner} already"
                ));
            }
            Some(_) => {
                return Err(format!(
                    "interface {label} is a port of another network already"
                ));
            }
            None => self.taken.insert(place, network.id.clone()),
        };
        let stand_in = match device {
            Device::There(interface) => interface.stands_for,
            Device::Wanted(place) => Some(*place),
        };
        let hook = match device {
            Device::There(interface) if !declared.is_tagged() => {
                let carries_tags = self.trunks.contains(&interface.index);
                let hook = Hook::choose(declared.mode, interface, carries_tags);
                if interface.tag_offload == TagOffload::Changeable
                    && Hook::choose(
                        declared.mode,
                        &interface.with_tags_in_frames(),
                        carries_tags,
                    )
                    .is_ok_and(|hook| hook.xdp.is_some())
                {
                    self.needs.tags_in_frames.insert(interface.index);
                }
                hook?
            }
            _ => Hook::of_tag(declared.mode, &label)?,
        };
        if let Some(place) = stand_in {
            let addresses = declared.address.clone();
            let stand_in = StandIn { label, addresses };
            self.needs.stand_ins.insert(place, stand_in);
        }
        Ok(hook)
    }
}

fn notices(
    network: &Network,
    declared: &model::Port,
    interface: Option<&Interface>,
    hook: Option<&Hook>,
) -> Vec<String> {
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
    if hook.is_some_and(|hook| hook.xdp.is_some())
        && let Some(kind) = &interface.kind
    {
        notices.push(format!(
            "XDP does not see the tags that the other end of a {kind} leaves beside a frame, and \
             takes it for untagged: nothing may send tags there"
        ));
    }
    if !declared.address.is_empty() && interface.takes_off.is_some() {
        notices.push(format!(
            "`address` has no effect: {} is the kernel's device for this tag",
            interface.name
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
