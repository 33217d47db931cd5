//! `staticRoutes` of a VPC: which of its peerings each leads to.
//!
//! A route names a next hop, and a next hop is the other end of a peering's link. That is
//! all there is to it: nothing is sent by that address.

use std::net::IpAddr;

use ipnet::IpNet;

use super::{
    addresses::never_forwarded,
    kube_ovn_connect::{Connect, Disjoint},
};
use crate::model::{VpcPeering, VpcRoute};

/// The links of a VPC's peerings.
#[derive(Debug, Default)]
pub(super) struct Links<'a> {
    known: Disjoint,
    /// By entry of `vpcPeerings`.
    pub(super) ends: Vec<Ends<'a>>,
}

/// The two ends of the link of one entry.
#[derive(Debug)]
pub(super) struct Ends<'a> {
    /// The other VPC.
    pub(super) remote: &'a str,
    /// This one's end, or what is wrong with it.
    pub(super) own: Result<Connect, String>,
    /// The other's, where its document says that.
    pub(super) other: Option<Connect>,
    /// The link of an earlier entry that this one's overlaps.
    pub(super) taken: Option<(IpNet, usize)>,
}

impl<'a> Links<'a> {
    /// The links of a VPC's entries; `other` is the end that the VPC of an entry has.
    pub(super) fn of(entries: &'a [VpcPeering], other: impl Fn(usize) -> Option<Connect>) -> Self {
        let mut links = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            let own = Connect::parse(&entry.connect);
            let of_link = |link| links.known.overlapping(&link);
            let taken = own.iter().flat_map(Connect::links).find_map(of_link);
            // What has another's link has failed, and takes no route from that.
            if taken.is_none() {
                for link in own.iter().flat_map(Connect::links) {
                    links.known.insert(link, index);
                }
            }
            links.ends.push(Ends {
                remote: &entry.remote,
                own,
                other: other(index),
                taken,
            });
        }
        links
    }

    /// Where a route goes and by which entry of `vpcPeerings`, or why by none.
    pub(super) fn lead(&self, route: &VpcRoute) -> Result<(IpNet, usize), String> {
        let to = destination(&route.to)?;
        let hop = &route.next_hop;
        let Ok(hop) = hop.parse::<IpAddr>() else {
            return Err(format!("its nextHopIP `{hop}` is not an address"));
        };
        if hop.is_ipv4() != to.addr().is_ipv4() {
            return Err(format!(
                "{to} and its next hop {hop} are of different families"
            ));
        }
        let Some((link, entry)) = self.known.overlapping(&IpNet::from(hop)) else {
            return Err(format!(
                "its next hop {hop} is on no peering's link, and peerd routes to peers only"
            ));
        };
        let ends = self.ends.get(entry);
        if ends.is_some_and(|ends| ends.own.iter().any(|own| own.has(hop))) {
            return Err(format!(
                "its next hop {hop} is the VPC's own localConnectIP; write the remote VPC's"
            ));
        }
        match ends.and_then(|ends| ends.other.as_ref().map(|other| (ends.remote, other))) {
            Some((remote, other)) if !other.has(hop) => Err(format!(
                "its next hop {hop} is on {link}, where {remote}'s localConnectIP is {other}"
            )),
            _ => Ok((to, entry)),
        }
    }
}

/// A prefix, or one address. Host bits mean nothing, as in Kube-OVN.
fn destination(text: &str) -> Result<IpNet, String> {
    let prefix = text.parse::<IpNet>().ok();
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let found = prefix.or_else(address).map(|prefix| prefix.trunc());
    let to =
        found.ok_or_else(|| format!("its cidr `{text}` is not a prefix such as 172.31.0.0/16"))?;
    match never_forwarded(&to) {
        Some(why) => Err(format!("its cidr {why}")),
        None => Ok(to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(of: &[(&str, &str)]) -> Vec<VpcPeering> {
        let entries = of.iter().map(|(remote, connect)| VpcPeering {
            remote: (*remote).to_owned(),
            connect: (*connect).to_owned(),
        });
        entries.collect()
    }

    fn lead(links: &Links<'_>, to: &str, next_hop: &str) -> Result<(String, usize), String> {
        let (to, next_hop) = (to.to_owned(), next_hop.to_owned());
        let found = links.lead(&VpcRoute { to, next_hop });
        found.map(|(to, entry)| (to.to_string(), entry))
    }

    #[test]
    fn a_route_leads_by_the_peering_whose_other_end_is_its_next_hop() {
        let entries = entries(&[
            ("b", "169.254.0.1/30"),
            ("c", "169.254.1.1/24,fd00::1/64"),
            ("d", ""),
        ]);
        let ends = |index| (index == 1).then(|| Connect::parse("169.254.1.2/24").unwrap());
        let links = Links::of(&entries, ends);
        let to = |text: &str, entry| Ok((text.to_owned(), entry));
        assert_eq!(
            lead(&links, "10.2.0.0/16", "169.254.0.2"),
            to("10.2.0.0/16", 0)
        );
        assert_eq!(
            lead(&links, "10.3.7.1/16", "169.254.1.2"),
            to("10.3.0.0/16", 1)
        );
        assert_eq!(
            lead(&links, "10.3.0.9", "169.254.1.2"),
            to("10.3.0.9/32", 1)
        );
        assert_eq!(lead(&links, "0.0.0.0/0", "169.254.0.2"), to("0.0.0.0/0", 0));
        for (cidr, hop, why) in [
            (
                "10.3.0.0/16",
                "169.254.1.3",
                "its next hop 169.254.1.3 is on 169.254.1.0/24, \
                                            where c's localConnectIP is 169.254.1.2/24",
            ),
            (
                "10.2.0.0/16",
                "169.254.0.1",
                "its next hop 169.254.0.1 is the VPC's own \
                                            localConnectIP; write the remote VPC's",
            ),
            (
                "0.0.0.0/0",
                "10.0.1.254",
                "its next hop 10.0.1.254 is on no peering's link, and \
                                         peerd routes to peers only",
            ),
            (
                "fd03::/64",
                "169.254.0.2",
                "fd03::/64 and its next hop 169.254.0.2 are of \
                                          different families",
            ),
            (
                "10.3/16",
                "169.254.0.2",
                "its cidr `10.3/16` is not a prefix such as 172.31.0.0/16",
            ),
            ("10.3.0.0/16", "", "its nextHopIP `` is not an address"),
            (
                "169.254.0.0/30",
                "169.254.0.2",
                "its cidr `169.254.0.0/30` is never forwarded: 169.254.0.0/16 is link-local; \
                 remove it",
            ),
        ] {
            assert_eq!(lead(&links, cidr, hop), Err(why.to_owned()));
        }
    }

    #[test]
    fn a_link_is_its_first_peerings() {
        let entries = entries(&[("b", "169.254.0.1/30"), ("c", "169.254.0.1/24")]);
        let links = Links::of(&entries, |_| None);
        assert_eq!(lead(&links, "10.2.0.0/16", "169.254.0.2").unwrap().1, 0);
        assert!(lead(&links, "10.3.0.0/16", "169.254.0.9").is_err());
    }
}
