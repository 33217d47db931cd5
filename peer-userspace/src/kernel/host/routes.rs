//! One dump of the main table's unicast routes, each with all of its next hops.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use futures::TryStreamExt as _;
use ipnet::IpNet;
use netlink_packet_route::{
    AddressFamily,
    route::{
        RouteAddress, RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteNextHop,
        RouteNextHopFlags, RouteType, RouteVia,
    },
};
use rtnetlink::{Handle, RouteMessageBuilder};

use super::KernelError;
use crate::host::{HostHop, HostRoute};

/// What the kernel dumped.
#[derive(Default)]
pub(super) struct Routes {
    /// The routes that can be followed.
    pub(super) known: BTreeSet<HostRoute>,
    /// Destinations that a nexthop object leads to whose hops are not listed:
    /// `net.ipv4.nexthop_compat_mode` is 0.
    pub(super) unlisted: BTreeSet<IpNet>,
}

/// Both families' routes.
pub(super) async fn read(handle: &Handle) -> Result<Routes, KernelError> {
    let mut routes = Routes::default();
    let v4 = RouteMessageBuilder::<Ipv4Addr>::new().build();
    let v6 = RouteMessageBuilder::<Ipv6Addr>::new().build();
    for family in [v4, v6] {
        let mut dump = std::pin::pin!(handle.route().get(family).execute());
        while let Some(message) = dump
            .try_next()
            .await
            .map_err(|error| KernelError::netlink("routes", error))?
        {
            routes.add(&message);
        }
    }
    Ok(routes)
}

impl Routes {
    fn add(&mut self, message: &RouteMessage) {
        let header = &message.header;
        let mut table = u32::from(header.table);
        let mut to = match header.address_family {
            AddressFamily::Inet => Some(Ipv4Addr::UNSPECIFIED.into()),
            _ => Some(Ipv6Addr::UNSPECIFIED.into()),
        };
        let mut metric = 0;
        let mut interface = None;
        let mut hops = Vec::new();
        let mut by_object = false;
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Table(id) => table = *id,
                RouteAttribute::Destination(address) => to = ip(address),
                RouteAttribute::Priority(priority) => metric = *priority,
                RouteAttribute::Oif(index) => interface = Some(*index),
                RouteAttribute::MultiPath(paths) => hops.extend(paths.iter().filter_map(hop)),
                RouteAttribute::NhId(_) => by_object = true,
                _ => {}
            }
        }
        let to = to.and_then(|to| IpNet::new(to, header.destination_prefix_length).ok());
        let (Some(to), RouteType::Unicast) = (to.map(|to| to.trunc()), header.kind) else {
            return;
        };
        if table != u32::from(RouteHeader::RT_TABLE_MAIN) {
            return;
        }
        if let Some(interface) = interface {
            hops.extend(gateway(&message.attributes).map(|gateway| {
                HostHop {
                    interface,
                    gateway,
                    weight: 1,
                    dead: header
                        .flags
                        .intersects(RouteFlags::Dead | RouteFlags::Linkdown),
                }
            }));
        } else if by_object && hops.is_empty() {
            self.unlisted.insert(to);
        }
        // The same in whatever order the kernel lists them.
        hops.sort_unstable();
        if !hops.is_empty() {
            self.known.insert(HostRoute { to, metric, hops });
        }
    }
}

fn hop(path: &RouteNextHop) -> Option<HostHop> {
    Some(HostHop {
        interface: path.interface_index,
        gateway: gateway(&path.attributes)?,
        // `rtnh_hops` is one less than the weight.
        weight: u32::from(path.hops) + 1,
        dead: path
            .flags
            .intersects(RouteNextHopFlags::Dead | RouteNextHopFlags::Linkdown),
    })
}

/// The next hop, or none for on-link; `None` for one that is no IP address. One of the
/// other family stands in RTA_VIA (RFC 8950).
fn gateway(attributes: &[RouteAttribute]) -> Option<Option<IpAddr>> {
    let mut gateway = None;
    for attribute in attributes {
        match attribute {
            RouteAttribute::Gateway(address) => gateway = Some(ip(address)?),
            RouteAttribute::Via(RouteVia::Inet(v4)) => gateway = Some(IpAddr::from(*v4)),
            RouteAttribute::Via(RouteVia::Inet6(v6)) => gateway = Some(IpAddr::from(*v6)),
            RouteAttribute::Via(_) => return None,
            _ => {}
        }
    }
    Some(gateway)
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some(IpAddr::from(*v4)),
        RouteAddress::Inet6(v6) => Some(IpAddr::from(*v6)),
        _ => None,
    }
}
