//! The forwarding table: all that the kernel's maps should hold.

use std::collections::BTreeMap;

use ipnet::IpNet;
use peer_common::{DropReason, Group, Port, Route, Subinterface};

use super::{Policy, Sources};

/// One network's table, both families.
pub type Fib = BTreeMap<IpNet, Route>;

/// The content of the maps the programs read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForwardingTable {
    /// Map `ports`, by ifindex.
    pub ports: BTreeMap<u32, Port>,
    /// Map `tags`: the stand-ins of ports with tags.
    pub tags: BTreeMap<Subinterface, u32>,
    /// Map `devices`: slot to ifindex.
    pub devices: BTreeMap<u32, u32>,
    /// Maps `sources4` and `sources6`.
    pub sources: Sources,
    /// Map `groups`.
    pub groups: BTreeMap<u32, Group>,
    /// Maps `fib4` and `fib6`, by network id.
    pub fibs: BTreeMap<u32, Fib>,
    /// Maps `policies`, by a route's counter. Peerings with any have a map in `flows`.
    pub policies: BTreeMap<u32, Policy>,
    /// Maps `elsewhere4` and `elsewhere6`.
    pub elsewhere: BTreeMap<IpNet, DropReason>,
}
