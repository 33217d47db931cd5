//! What the host looks like at one moment: links, addresses, neighbours, routes.
//!
//! Owns the facts and questions about them; `kernel::host` fills them in. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use ipnet::IpNet;
use peer_common::Subinterface;
use serde::{Serialize, Serializer};

/// Everything the forwarding table depends on besides the peering table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostView {
    /// Interfaces by ifindex.
    pub interfaces: BTreeMap<u32, Interface>,
    /// Link addresses of usable neighbours by ifindex and address.
    pub neighbours: BTreeMap<(u32, IpAddr), Mac>,
    /// Neighbours that need no asking for, usable or not: those the kernel keeps
    /// resolved by itself, static ones, and those another daemon put there.
    pub managed: BTreeSet<(u32, IpAddr)>,
    /// Those of them that peerd asked the kernel to keep.
    pub kept_for_us: BTreeSet<(u32, IpAddr)>,
    /// Unicast routes of the main table.
    pub routes: Vec<HostRoute>,
    /// Stand-ins that could not be made or kept, and why.
    pub unmade: BTreeMap<Subinterface, String>,
}

impl HostView {
    /// The interface of this name.
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces
            .values()
            .find(|interface| interface.name == name)
    }

    /// The device that stands for tags on an interface: the kernel's own, which takes
    /// them off by itself, or else the stand-in that is there for us.
    pub fn device_at(&self, place: Subinterface) -> Option<&Interface> {
        self.kernel_device_at(place).or_else(|| {
            let mut devices = self.interfaces.values();
            devices.find(|device| device.stands_for == Some(place))
        })
    }

    fn kernel_device_at(&self, place: Subinterface) -> Option<&Interface> {
        let find = |tag| {
            let mut devices = self.interfaces.values();
            devices.find(|device| device.takes_off == Some(tag))
        };
        let tag = |below, provider, id| KernelTag {
            below,
            provider,
            id,
        };
        match (place.outer, place.vlan) {
            (0, 0) => None,
            (0, vlan) => find(tag(place.trunk, false, vlan)),
            (outer, 0) => find(tag(place.trunk, true, outer)),
            (outer, vlan) => {
                let provider = find(tag(place.trunk, true, outer))?;
                find(tag(provider.index, false, vlan))
            }
        }
    }

    /// The same host with these stand-ins, as they will be: under ifindexes that no
    /// interface has.
    pub fn with_stand_ins(&self, stand_ins: &BTreeMap<Subinterface, StandIn>) -> Self {
        let mut host = self.clone();
        let mut index = u32::MAX;
        for (place, stand_in) in stand_ins {
            let Some(trunk) = self.interfaces.get(&place.trunk) else {
                continue;
            };
            if self.device_at(*place).is_some() {
                continue;
            }
            let address = |net: &IpNet| Address {
                net: *net,
                tentative: false,
            };
            let device = Interface {
                index,
                name: stand_in.label.clone(),
                mac: trunk.mac,
                mtu: trunk.mtu,
                up: trunk.up,
                enabled: true,
                kind: Some("veth".to_owned()),
                addresses: stand_in.addresses.iter().map(address).collect(),
                stands_for: Some(*place),
                ..Interface::default()
            };
            host.interfaces.insert(index, device);
            index -= 1;
        }
        host
    }

    /// Where frames of the port on this interface are on the wire.
    pub fn place_of(&self, index: u32) -> Subinterface {
        let interface = self.interfaces.get(&index);
        let stands_for = interface.and_then(|interface| interface.stands_for);
        stands_for.unwrap_or(Subinterface::untagged(index))
    }

    /// Every address of the host's with the interface that has it.
    pub fn addresses(&self) -> impl Iterator<Item = (u32, IpNet)> + '_ {
        self.interfaces.values().flat_map(|interface| {
            interface
                .addresses
                .iter()
                .map(|address| (interface.index, address.net))
        })
    }
}

/// One network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// ifindex.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its MAC; `None` if it is no Ethernet device.
    pub mac: Option<Mac>,
    /// MTU in IP bytes.
    pub mtu: u32,
    /// Up, with carrier.
    pub up: bool,
    /// Set up by the administrator, whatever its carrier.
    pub enabled: bool,
    /// rtnetlink kind of a software device (`veth`, `tun`, `bridge`, …); `None`
    /// for hardware and what looks like it.
    pub kind: Option<String>,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// What its driver can do with XDP now.
    pub xdp: XdpFeatures,
    /// Id of an XDP program on it that is not ours.
    pub foreign_xdp: Option<u32>,
    /// Why its driver would not take a native XDP program although it claims to.
    pub xdp_refused: Option<String>,
    /// Whether its hardware takes tags off before an XDP program sees the frame.
    pub tag_offload: TagOffload,
    /// What a stand-in of ours stands for.
    pub stands_for: Option<Subinterface>,
    /// The tag that a VLAN device of the kernel's takes off.
    pub takes_off: Option<KernelTag>,
}

impl Interface {
    /// The same, with tags left in frames.
    pub fn with_tags_in_frames(&self) -> Self {
        Self {
            tag_offload: TagOffload::Off,
            ..self.clone()
        }
    }
}

/// A device to stand for tags on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandIn {
    /// What users call the port.
    pub label: String,
    /// The router's own addresses there.
    pub addresses: Vec<IpNet>,
}

/// The tag of a VLAN device of the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelTag {
    /// ifindex of the device it is on.
    pub below: u32,
    /// 802.1ad, not 802.1Q.
    pub provider: bool,
    /// The VLAN.
    pub id: u16,
}

/// `rx-vlan-hw-parse` and `rx-vlan-stag-hw-parse` of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TagOffload {
    /// Tags stay in the frame.
    #[default]
    Off,
    /// They are taken off, and the driver can be told not to.
    Changeable,
    /// They are taken off.
    Fixed,
}

/// An address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Address and prefix length.
    pub net: IpNet,
    /// Duplicate address detection still runs (RFC 4862 section 5.4).
    pub tentative: bool,
}

/// Bits of netdev genl's `xdp-features` that matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct XdpFeatures {
    /// The driver runs XDP programs and can redirect from them.
    pub native: bool,
    /// The device takes frames that others redirect to it.
    pub egress: bool,
}

/// A route of the kernel's main table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostRoute {
    /// Destination.
    pub to: IpNet,
    /// Priority; the smaller wins.
    pub metric: u32,
    /// The ways there; one, or several that share the flows.
    pub hops: Vec<HostHop>,
}

/// A next hop of a host route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostHop {
    /// Egress interface.
    pub interface: u32,
    /// Next hop, of either family; `None` for on-link.
    pub gateway: Option<IpAddr>,
    /// Its share among the hops, from 1.
    pub weight: u32,
    /// The kernel does not use it now (RTNH_F_DEAD, RTNH_F_LINKDOWN).
    pub dead: bool,
}

/// A 48-bit link address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(index: u32, below: u32, provider: bool, id: u16) -> Interface {
        Interface {
            index,
            takes_off: Some(KernelTag {
                below,
                provider,
                id,
            }),
            ..Interface::default()
        }
    }

    #[test]
    fn a_device_of_the_kernels_for_exactly_these_tags_comes_before_a_stand_in() {
        let place = |outer, vlan| Subinterface {
            trunk: 1,
            outer,
            vlan,
        };
        let stand_in = |index, place| Interface {
            index,
            stands_for: Some(place),
            ..Interface::default()
        };
        let devices = [
            device(2, 1, false, 10),
            device(3, 1, true, 100),
            device(4, 3, false, 10),
            device(5, 9, false, 20),
            stand_in(6, place(0, 10)),
            stand_in(7, place(0, 20)),
            stand_in(8, place(100, 20)),
        ];
        let host = HostView {
            interfaces: devices.map(|device| (device.index, device)).into(),
            ..HostView::default()
        };
        let found = |outer, vlan| host.device_at(place(outer, vlan)).map(|found| found.index);
        assert_eq!(found(0, 10), Some(2));
        assert_eq!(found(100, 0), Some(3));
        assert_eq!(found(100, 10), Some(4));
        assert_eq!(found(0, 20), Some(7), "5 is on another interface");
        assert_eq!(found(100, 20), Some(8));
        assert_eq!(found(0, 100), None, "an 802.1ad tag is no 802.1Q one");
        assert_eq!(found(200, 0), None);
        // What the kernel tags is untagged to us.
        assert_eq!(host.place_of(2), Subinterface::untagged(2));
        assert_eq!(host.place_of(7), place(0, 20));
    }
}
