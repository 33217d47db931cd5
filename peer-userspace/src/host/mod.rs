//! What the host looks like at one moment: links, addresses, neighbours, routes.
//!
//! Owns the facts and questions about them; `kernel::host` fills them in. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use ipnet::IpNet;
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
}

impl HostView {
    /// The interface of this name.
    pub fn interface(&self, name: &str) -> Option<&Interface> {
        self.interfaces
            .values()
            .find(|interface| interface.name == name)
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
    /// rtnetlink kind of a software device (`veth`, `tun`, `bridge`, …); `None`
    /// for hardware and what looks like it.
    pub kind: Option<String>,
    /// Its addresses.
    pub addresses: Vec<Address>,
    /// What its driver can do with XDP now.
    pub xdp: XdpFeatures,
    /// Id of an XDP program on it that is not ours.
    pub foreign_xdp: Option<u32>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostRoute {
    /// Destination.
    pub to: IpNet,
    /// Priority; the smaller wins.
    pub metric: u32,
    /// Egress interface.
    pub interface: u32,
    /// Next hop; `None` for on-link.
    pub gateway: Option<IpAddr>,
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
