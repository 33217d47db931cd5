//! One dump of links, addresses, neighbours and routes.

use std::{collections::BTreeSet, net::IpAddr};

use futures::TryStreamExt as _;
use ipnet::IpNet;
use netlink_packet_route::{
    AddressFamily,
    address::{AddressAttribute, AddressFlags, AddressMessage},
    link::{InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType, LinkMessage, LinkXdp},
    neighbour::{
        NeighbourAddress, NeighbourAttribute, NeighbourExtFlags, NeighbourFlags, NeighbourMessage,
        NeighbourState,
    },
    route::{RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteType},
};
use rtnetlink::{Handle, RouteMessageBuilder};

use super::{KernelError, neighbours::PROTOCOL};
use crate::host::{Address, HostRoute, HostView, Interface, Mac};

/// The whole host.
pub(super) async fn read(handle: &Handle) -> Result<HostView, KernelError> {
    let error = |what| move |error| KernelError::netlink(what, error);
    let mut view = HostView::default();

    let mut links = std::pin::pin!(handle.link().get().execute());
    while let Some(link) = links.try_next().await.map_err(error("interfaces"))? {
        let found = interface(&link);
        view.interfaces.insert(found.index, found);
    }

    let mut addresses = std::pin::pin!(handle.address().get().execute());
    while let Some(message) = addresses.try_next().await.map_err(error("addresses"))? {
        if let (Some(address), Some(interface)) = (
            address(&message),
            view.interfaces.get_mut(&message.header.index),
        ) {
            interface.addresses.push(address);
        }
    }

    let mut neighbours = std::pin::pin!(handle.neighbours().get().execute());
    while let Some(message) = neighbours.try_next().await.map_err(error("neighbours"))? {
        if let Some(found) = neighbour(&message) {
            let key = (message.header.ifindex, found.address);
            if let Some(mac) = found.mac {
                view.neighbours.insert(key, mac);
            }
            if found.managed {
                view.managed.insert(key);
            }
            if found.ours {
                view.kept_for_us.insert(key);
            }
        }
    }

    let mut routes = BTreeSet::new();
    let v4 = RouteMessageBuilder::<std::net::Ipv4Addr>::new().build();
    let v6 = RouteMessageBuilder::<std::net::Ipv6Addr>::new().build();
    for family in [v4, v6] {
        let mut dump = std::pin::pin!(handle.route().get(family).execute());
        while let Some(message) = dump.try_next().await.map_err(error("routes"))? {
            routes.extend(host_routes(&message));
        }
    }
    view.routes = routes.into_iter().collect();
    Ok(view)
}

fn interface(link: &LinkMessage) -> Interface {
    let mut interface = Interface {
        index: link.header.index,
        up: link
            .header
            .flags
            .contains(LinkFlags::Up | LinkFlags::LowerUp),
        ..Interface::default()
    };
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::IfName(name) => interface.name.clone_from(name),
            LinkAttribute::Mtu(mtu) => interface.mtu = *mtu,
            LinkAttribute::Address(bytes)
                if link.header.link_layer_type == LinkLayerType::Ether =>
            {
                interface.mac = <[u8; 6]>::try_from(bytes.as_slice()).ok().map(Mac);
            }
            LinkAttribute::LinkInfo(infos) => {
                interface.kind = infos.iter().find_map(|info| match info {
                    LinkInfo::Kind(kind) => Some(kind_name(kind)),
                    _ => None,
                });
            }
            // Whose it is the daemon knows.
            LinkAttribute::Xdp(xdp) => {
                interface.foreign_xdp = xdp.iter().find_map(|one| match one {
                    LinkXdp::ProgId(id) if *id > 0 => Some(*id),
                    _ => None,
                });
            }
            _ => {}
        }
    }
    interface
}

fn kind_name(kind: &InfoKind) -> String {
    kind.to_string()
}

fn address(message: &AddressMessage) -> Option<Address> {
    let mut own = None;
    let mut flags = AddressFlags::empty();
    for attribute in &message.attributes {
        match attribute {
            // On a point-to-point link ADDRESS is the peer's, LOCAL one's own.
            AddressAttribute::Local(local) => own = Some(*local),
            AddressAttribute::Address(address) => own = own.or(Some(*address)),
            AddressAttribute::Flags(found) => flags = *found,
            _ => {}
        }
    }
    let net = IpNet::new(own?, message.header.prefix_len).ok()?;
    Some(Address {
        net,
        tentative: flags.contains(AddressFlags::Tentative),
    })
}

struct Neighbour {
    address: IpAddr,
    /// Its link address, if it may be used (RFC 4861 section 7.3.2: in all states
    /// but INCOMPLETE and FAILED).
    mac: Option<Mac>,
    managed: bool,
    ours: bool,
}

fn neighbour(message: &NeighbourMessage) -> Option<Neighbour> {
    if !matches!(
        message.header.family,
        AddressFamily::Inet | AddressFamily::Inet6
    ) {
        return None;
    }
    let state = message.header.state;
    let usable = matches!(
        state,
        NeighbourState::Reachable
            | NeighbourState::Stale
            | NeighbourState::Delay
            | NeighbourState::Probe
            | NeighbourState::Permanent
            | NeighbourState::Noarp
    );
    let mut address = None;
    let mut mac = None;
    // Who made an entry keeps it: static ones, and those another daemon learnt.
    let mut managed = matches!(state, NeighbourState::Permanent | NeighbourState::Noarp)
        || message.header.flags.contains(NeighbourFlags::ExtLearned);
    let mut ours = false;
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => {
                address = Some(IpAddr::from(*v4));
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => {
                address = Some(IpAddr::from(*v6));
            }
            NeighbourAttribute::LinkLayerAddress(bytes) if usable => {
                mac = <[u8; 6]>::try_from(bytes.as_slice()).ok().map(Mac);
            }
            NeighbourAttribute::ExtFlags(flags) => {
                managed |= flags.contains(NeighbourExtFlags::Managed);
            }
            NeighbourAttribute::Protocol(protocol) => {
                ours = *protocol == PROTOCOL;
                managed |= !ours && *protocol != RouteProtocol::Unspec;
            }
            _ => {}
        }
    }
    Some(Neighbour {
        address: address?,
        mac,
        managed,
        ours,
    })
}

/// The ways of one unicast route of the main table: one, or one for each next hop.
fn host_routes(message: &RouteMessage) -> Vec<HostRoute> {
    let header = &message.header;
    if header.kind != RouteType::Unicast {
        return Vec::new();
    }
    let mut table = u32::from(header.table);
    let mut to = None;
    let mut metric = 0;
    let mut interface = None;
    let mut gateway = None;
    let mut hops = Vec::new();
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Table(id) => table = *id,
            RouteAttribute::Destination(address) => to = ip(address),
            RouteAttribute::Priority(priority) => metric = *priority,
            RouteAttribute::Oif(index) => interface = Some(*index),
            RouteAttribute::Gateway(address) => gateway = ip(address),
            // A next hop of the other family (RFC 5549): not ours to follow yet, and
            // no on-link route either.
            RouteAttribute::Via(_) => return Vec::new(),
            RouteAttribute::MultiPath(paths) => {
                for path in paths {
                    let via = path
                        .attributes
                        .iter()
                        .find_map(|attribute| match attribute {
                            RouteAttribute::Gateway(address) => ip(address),
                            _ => None,
                        });
                    hops.push((path.interface_index, via));
                }
            }
            _ => {}
        }
    }
    hops.extend(interface.map(|index| (index, gateway)));
    let any: IpAddr = match header.address_family {
        AddressFamily::Inet => std::net::Ipv4Addr::UNSPECIFIED.into(),
        _ => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let Ok(to) = IpNet::new(to.unwrap_or(any), header.destination_prefix_length) else {
        return Vec::new();
    };
    if table != u32::from(RouteHeader::RT_TABLE_MAIN) {
        return Vec::new();
    }
    hops.into_iter()
        .map(|(interface, gateway)| HostRoute {
            to: to.trunc(),
            metric,
            interface,
            gateway,
        })
        .collect()
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some(IpAddr::from(*v4)),
        RouteAddress::Inet6(v6) => Some(IpAddr::from(*v6)),
        _ => None,
    }
}
