//! Stand-ins: a veth for each port with a tag that the kernel has no device for, so
//! that the port has neighbours, addresses and a place in the host's routing.
//!
//! Owns what they are called and how they are set up; which there should be is
//! `compile`'s to say. The end that stands in is `p…`; the other, `q…`, sees no
//! frame once [`Datapath`](super::super::Datapath) has put its program there, and
//! lends its carrier: it is up when the trunk is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::Ipv6Addr,
    path::Path,
};

use ipnet::{IpNet, Ipv6Net};
use netlink_packet_route::{
    address::{AddressAttribute, AddressFlags},
    link::{
        AfSpecInet6, AfSpecUnspec, In6AddrGenMode, InfoKind, LinkAttribute, LinkFlags, LinkInfo,
        LinkMessage,
    },
};
use peer_common::Subinterface;
use rtnetlink::{Handle, LinkUnspec, LinkVeth};
use tracing::warn;

use super::KernelError;
use crate::host::{HostView, Interface, Mac, StandIn};

/// Whose stand-ins: a daemon is known by the directory of its pins, so that a second
/// one on the host leaves those of the first alone.
pub(super) struct Owner(String);

impl Owner {
    pub(super) fn of(bpffs: &Path) -> Self {
        Self(format!("({})", bpffs.display()))
    }

    /// What the alias of a stand-in says, to people and to us.
    fn alias(&self, label: &str) -> String {
        format!("peerd: {label} {}", self.0)
    }

    /// What a link stands for, if it is one of ours; also one that a daemon had not
    /// finished when it was killed.
    pub(super) fn stands_for(&self, link: &LinkMessage) -> Option<Subinterface> {
        let mut place = None;
        let mut is_veth = false;
        let mut alias = None;
        for attribute in &link.attributes {
            match attribute {
                LinkAttribute::IfName(name) => place = place_of(name),
                LinkAttribute::IfAlias(text) => alias = Some(text),
                LinkAttribute::LinkInfo(infos) => {
                    let veth = LinkInfo::Kind(InfoKind::Veth);
                    is_veth = infos.contains(&veth);
                }
                _ => {}
            }
        }
        let unfinished = !link.header.flags.contains(LinkFlags::Up);
        let ours = alias.map_or(unfinished, |alias| {
            alias.starts_with("peerd: ") && alias.ends_with(&self.0)
        });
        place.filter(|_| is_veth && ours)
    }
}

/// `p` or `q`, the trunk's ifindex, and 12 bits for either tag: 15 bytes at most,
/// as many as the kernel takes (IFNAMSIZ).
fn name(end: char, place: Subinterface) -> String {
    format!(
        "{end}{:x}{:03x}{:03x}",
        place.trunk, place.outer, place.vlan
    )
}

fn place_of(name: &str) -> Option<Subinterface> {
    let digits = name.strip_prefix('p')?;
    let number = |digits: Option<&str>| u32::from_str_radix(digits?, 16).ok();
    let tags = digits.len().checked_sub(6)?;
    let place = Subinterface {
        trunk: number(digits.get(..tags))?,
        outer: number(digits.get(tags..tags + 3))? as u16,
        vlan: number(digits.get(tags + 3..))? as u16,
    };
    (place.is_tagged() && self::name('p', place) == name).then_some(place)
}

/// Make and mend what is `wanted`. Returns whether anything had to be done, and what
/// could not be.
pub(super) async fn provide(
    handle: &Handle,
    owner: &Owner,
    wanted: &BTreeMap<Subinterface, StandIn>,
    view: &HostView,
) -> (bool, BTreeMap<Subinterface, String>) {
    let mut any = false;
    let mut unmade = BTreeMap::new();
    for (place, stand_in) in wanted {
        let Some(trunk) = view.interfaces.get(&place.trunk) else {
            continue;
        };
        let mut devices = view.interfaces.values();
        let near = devices.find(|device| device.stands_for == Some(*place));
        let done = match (near, view.interface(&name('q', *place))) {
            (Some(near), Some(far)) => {
                let mut work = Work {
                    handle,
                    trunk,
                    any: false,
                };
                let alias = owner.alias(&stand_in.label);
                let kept = work.keep(stand_in, &alias, near, far).await;
                any |= work.any;
                kept
            }
            // Down until all is set, or the kernel would speak for itself.
            _ => {
                let pair = LinkVeth::new(&name('p', *place), &name('q', *place)).build();
                let made = handle.link().add(pair).execute().await;
                any |= made.is_ok();
                made.map_err(|error| KernelError::netlink("the stand-in", error))
            }
        };
        if let Err(error) = done {
            unmade.insert(*place, error.to_string());
        }
    }
    (any, unmade)
}

/// Take those away that are not `wanted`; returns whether there were any.
pub(super) async fn remove_others(
    handle: &Handle,
    wanted: &BTreeSet<Subinterface>,
    view: &HostView,
) -> bool {
    let others = view.interfaces.values().filter(|device| {
        let place = device.stands_for;
        place.is_some_and(|place| !wanted.contains(&place))
    });
    let mut any = false;
    for device in others {
        any = true;
        if let Err(error) = handle.link().del(device.index).execute().await {
            warn!("stand-in {} cannot be removed: {error}", device.name);
        }
    }
    any
}

/// No word from the kernel that nobody asked for: addresses are the table's, and
/// whoever is on the wire gives this host no routes.
fn silence(name: &str) {
    let file = format!("/proc/sys/net/ipv6/conf/{name}/accept_ra");
    if let Err(error) = fs::write(&file, "0") {
        warn!("{file} cannot be written: {error}");
    }
}

fn no_generated_address() -> LinkAttribute {
    let mode = AfSpecInet6::AddrGenMode(In6AddrGenMode::None);
    LinkAttribute::AfSpecUnspec(vec![AfSpecUnspec::Inet6(vec![mode])])
}

/// What there is to do on one.
struct Work<'a> {
    handle: &'a Handle,
    trunk: &'a Interface,
    any: bool,
}

impl Work<'_> {
    async fn keep(
        &mut self,
        stand_in: &StandIn,
        alias: &str,
        near: &Interface,
        far: &Interface,
    ) -> Result<(), KernelError> {
        let trunk = self.trunk;
        let link = LinkUnspec::new_with_index;
        if near.mtu != trunk.mtu || near.mac != trunk.mac {
            let mac = trunk.mac.map(|mac| mac.0.to_vec()).unwrap_or_default();
            let message = link(near.index).mtu(trunk.mtu).address(mac);
            self.set(message.build()).await?;
        }
        if far.mtu != trunk.mtu {
            self.set(link(far.index).mtu(trunk.mtu).build()).await?;
        }
        if !near.enabled {
            silence(&near.name);
            let quiet = no_generated_address;
            // What reaches this end while no program is at the other goes no further.
            let far = link(far.index).arp(false);
            self.set(far.append_extra_attribute(quiet()).build())
                .await?;
            let near = link(near.index).alias(alias);
            self.set(near.append_extra_attribute(quiet()).build())
                .await?;
        }
        self.keep_addresses(stand_in, near).await?;
        if !near.enabled {
            self.set(link(near.index).up().build()).await?;
        }
        if far.enabled != trunk.up {
            let far = link(far.index);
            let far = if trunk.up { far.up() } else { far.down() };
            self.set(far.build()).await?;
        }
        Ok(())
    }

    async fn set(&mut self, message: LinkMessage) -> Result<(), KernelError> {
        self.any = true;
        let done = self.handle.link().set(message).execute().await;
        done.map_err(|error| KernelError::netlink("the stand-in", error))
    }

    /// Exactly the declared addresses; and a link-local one beside IPv6, without
    /// which no neighbour is solicited (RFC 4861 section 7.2.2).
    async fn keep_addresses(
        &mut self,
        stand_in: &StandIn,
        near: &Interface,
    ) -> Result<(), KernelError> {
        let error = |error| KernelError::netlink("the stand-in's addresses", error);
        let mut wanted: BTreeSet<IpNet> = stand_in.addresses.iter().copied().collect();
        let v6 = |net: &IpNet| matches!(net, IpNet::V6(_));
        let is_link_local =
            |net: &IpNet| matches!(net, IpNet::V6(net) if net.addr().is_unicast_link_local());
        if wanted.iter().any(v6) && !wanted.iter().any(is_link_local) {
            wanted.extend(self.trunk.mac.and_then(link_local));
        }
        let there: BTreeSet<IpNet> = near.addresses.iter().map(|address| address.net).collect();
        for net in there.difference(&wanted) {
            self.any = true;
            let message = self
                .handle
                .address()
                .add(near.index, net.addr(), net.prefix_len())
                .message_mut()
                .clone();
            self.handle
                .address()
                .del(message)
                .execute()
                .await
                .map_err(error)?;
        }
        for net in wanted.difference(&there) {
            self.any = true;
            let mut request = self
                .handle
                .address()
                .add(near.index, net.addr(), net.prefix_len());
            // The table is trusted to give an address to one only, and the first
            // packet is not to wait two seconds for a tentative one.
            let flags = AddressAttribute::Flags(AddressFlags::Nodad);
            request.message_mut().attributes.push(flags);
            request.execute().await.map_err(error)?;
        }
        Ok(())
    }
}

/// The address of RFC 4291 appendix A.
fn link_local(mac: Mac) -> Option<IpNet> {
    let Mac([a, b, c, d, e, f]) = mac;
    let address = [
        0xfe,
        0x80,
        0,
        0,
        0,
        0,
        0,
        0,
        a ^ 2,
        b,
        c,
        0xff,
        0xfe,
        d,
        e,
        f,
    ];
    let net = Ipv6Net::new(Ipv6Addr::from(address), 64).ok()?;
    Some(IpNet::V6(net))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_the_place_and_fits_the_kernel() {
        for (trunk, outer, vlan) in [(1, 0, 10), (0x7fff_ffff, 4094, 4094), (100, 100, 0)] {
            let place = Subinterface { trunk, outer, vlan };
            assert_eq!(place_of(&name('p', place)), Some(place));
            assert!(name('q', place).len() <= 15);
        }
        for other in [
            "",
            "p",
            "p1",
            "p2p1",
            "peer0",
            "p64000000",
            "p064000001",
            "pé00001",
        ] {
            assert_eq!(place_of(other), None, "{other}");
        }
    }
}
