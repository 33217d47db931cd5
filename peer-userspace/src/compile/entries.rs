//! What the tables say of ports, and of prefixes that lie in any network.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use peer_common::{
    DropReason, Port, UNMANAGED_DROP, UNMANAGED_PASS, UNMANAGED_REJECT, limits, port_flags,
};

use super::{Elsewhere, Sources, prefix, routes::Compiler};
use crate::{
    host::Interface,
    model::{ObjectRef, Unmanaged},
};

impl Compiler<'_> {
    /// The ports that work; `sources` has those that not everything may come in by.
    pub(super) fn ports(&self, sources: &Sources) -> BTreeMap<u32, Port> {
        let entry = |index: u32, network: &ObjectRef| {
            let declared = self.now.table.networks.get(network)?;
            let interface = self.now.host.interfaces.get(&index)?;
            let slot = self.now.ids.devices.get(&index);
            Some(Port {
                network: *self.now.ids.networks.get(network)?,
                mac: interface.mac?.0,
                unmanaged: match declared.unmanaged {
                    Unmanaged::Pass => UNMANAGED_PASS,
                    Unmanaged::Drop => UNMANAGED_DROP,
                    Unmanaged::Reject => UNMANAGED_REJECT,
                },
                flags: if sources.contains_key(&index) {
                    port_flags::SOURCES
                } else {
                    0
                },
                slot: slot.copied().unwrap_or(limits::MAX_PORTS),
                address4: speaks_from4(interface).map_or([0; 4], |own| own.octets()),
                address6: speaks_from6(interface).map_or([0; 16], |own| own.octets()),
                place: self.now.host.place_of(index),
            })
        };
        self.now
            .ports
            .working()
            .filter_map(|(index, port, _)| Some((index, entry(index, &port.network)?)))
            .collect()
    }

    /// What any network's own table may not know.
    pub(super) fn elsewhere(&self) -> Elsewhere {
        let networks = self.now.table.networks.values();
        let prefixes = networks.flat_map(|network| network.prefixes.iter());
        let mut elsewhere: Elsewhere = prefixes
            .map(|prefix| (*prefix, DropReason::NotPeered))
            .collect();
        for (_, address) in self
            .now
            .host
            .addresses()
            .filter(|(_, net)| prefix::is_global(net.addr()))
        {
            elsewhere.insert(prefix::host(address.addr()), DropReason::ForeignLocal);
        }
        elsewhere
    }
}

/// The address that the router speaks from on an interface: of several the smallest, in
/// whatever order the host lists them.
fn speaks_from4(interface: &Interface) -> Option<Ipv4Addr> {
    let own = interface.addresses.iter().map(|own| own.net.addr());
    own.filter_map(|own| match own {
        IpAddr::V4(own) => Some(own),
        IpAddr::V6(_) => None,
    })
    .min()
}

/// The same for IPv6. A link-local one is better than none: whoever is on the link gets
/// its answer.
fn speaks_from6(interface: &Interface) -> Option<Ipv6Addr> {
    let own = interface.addresses.iter().filter(|own| !own.tentative);
    let own = own.filter_map(|own| match own.net.addr() {
        IpAddr::V6(own) => Some(own),
        IpAddr::V4(_) => None,
    });
    own.min_by_key(|own| (own.is_unicast_link_local(), *own))
}
