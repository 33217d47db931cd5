//! One dump of links, addresses and neighbours.

use std::net::IpAddr;

use futures::TryStreamExt as _;
use ipnet::IpNet;
use netlink_packet_route::{
    AddressFamily,
    address::{AddressAttribute, AddressFlags, AddressMessage},
    link::{
        InfoData, InfoKind, InfoVlan, LinkAttribute, LinkFlags, LinkInfo, LinkLayerType,
        LinkMessage, LinkXdp, VlanProtocol,
    },
    neighbour::{
        NeighbourAddress, NeighbourAttribute, NeighbourExtFlags, NeighbourFlags, NeighbourMessage,
        NeighbourState,
    },
    route::RouteProtocol,
};
use rtnetlink::Handle;

use super::{KernelError, neighbours::PROTOCOL, standin};
use crate::host::{Address, HostView, Interface, KernelTag, Mac};

/// The whole host but for its routes. Stand-ins are those of the daemon that `owner` names.
pub(super) async fn read(handle: &Handle, owner: &standin::Owner) -> Result<HostView, KernelError> {
    let error = |what| move |error| KernelError::netlink(what, error);
    let mut view = HostView::default();

    let mut links = std::pin::pin!(handle.link().get().execute());
    while let Some(link) = links.try_next().await.map_err(error("interfaces"))? {
        let mut found = interface(&link);
        found.stands_for = owner.stands_for(&link);
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

    Ok(view)
}

fn interface(link: &LinkMessage) -> Interface {
    let mut interface = Interface {
        index: link.header.index,
        up: link
            .header
            .flags
            .contains(LinkFlags::Up | LinkFlags::LowerUp),
        enabled: link.header.flags.contains(LinkFlags::Up),
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
                interface.takes_off = kernel_tag(link, infos);
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

/// The tag that a VLAN device takes off.
fn kernel_tag(link: &LinkMessage, infos: &[LinkInfo]) -> Option<KernelTag> {
    let tag = infos.iter().find_map(|info| match info {
        LinkInfo::Data(InfoData::Vlan(tag)) => Some(tag),
        _ => None,
    })?;
    let mut below = None;
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::Link(index) => below = Some(*index),
            // The index is another namespace's.
            LinkAttribute::LinkNetNsId(_) => return None,
            _ => {}
        }
    }
    let id = tag.iter().find_map(|info| match info {
        InfoVlan::Id(id) => Some(*id),
        _ => None,
    })?;
    Some(KernelTag {
        below: below?,
        provider: tag.contains(&InfoVlan::Protocol(VlanProtocol::Ieee8021Ad)),
        id,
    })
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
