//! `localConnectIP`: a VPC's own address on its link to another one, or one a family.
//!
//! Nothing is sent by that link here. But which peering a route leads to is told by its
//! next hop, so that addresses that do not fit would route what nobody meant.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use ipnet::IpNet;

use super::addresses::not_unicast;

/// One end of a link: at most one address a family, each with its prefix's length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Connect(Vec<IpNet>);

impl Connect {
    /// Reads `localConnectIP`, or says what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err(
                "its localConnectIP is empty; write the VPC's own address on the link to \
                 the remote one, such as 169.254.0.1/30"
                    .to_owned(),
            );
        }
        let mut ends: Vec<IpNet> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let end = address(part).map_err(|why| format!("its localConnectIP {why}"))?;
            if ends.iter().any(|known| is_one_family(known, &end)) {
                return Err(format!(
                    "its localConnectIP `{text}` has two addresses of one family; write one a \
                     family"
                ));
            }
            ends.push(end);
        }
        Ok(Self(ends))
    }

    /// The link's prefixes.
    pub(super) fn links(&self) -> impl Iterator<Item = IpNet> {
        self.0.iter().map(IpNet::trunc)
    }

    /// Whether the address is one of this end's.
    pub(super) fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|end| end.addr() == address)
    }

    /// Whether its link shares an address with `prefix`.
    pub(super) fn overlaps(&self, prefix: &IpNet) -> bool {
        let mut links = self.links();
        links.any(|link| link.contains(prefix) || prefix.contains(&link))
    }

    /// Why these two are not the ends of one link.
    pub(super) fn against(&self, other: &Self, remote: &str) -> Option<String> {
        let pairs = self.0.iter().filter_map(|own| {
            let its = other.0.iter().find(|its| is_one_family(own, its));
            its.map(|its| (own, its))
        });
        let pairs: Vec<_> = pairs.collect();
        if pairs.is_empty() {
            return Some(format!(
                "its localConnectIP {self} and {remote}'s {other} are of different families"
            ));
        }
        pairs.into_iter().find_map(|(own, its)| {
            if own.trunc() != its.trunc() {
                return Some(format!(
                    "its localConnectIP {own} and {remote}'s {its} are not in one CIDR"
                ));
            }
            (own.addr() == its.addr()).then(|| {
                format!("its localConnectIP {own} is {remote}'s as well; the two ends differ")
            })
        })
    }
}

impl fmt::Display for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, end) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{end}")?;
        }
        Ok(())
    }
}

/// One address with its prefix's length, of a prefix that has room for two.
fn address(text: &str) -> Result<IpNet, String> {
    let Ok(end) = text.parse::<IpNet>() else {
        return Err(format!(
            "`{text}` is not an address with its prefix length, such as 169.254.0.1/30"
        ));
    };
    if let Some(why) = not_unicast(end.addr()) {
        return Err(why);
    }
    let spare = end.max_prefix_len() - end.prefix_len();
    match spare {
        0 => Err(format!(
            "`{end}` leaves no room for the other end; write a longer range, such as a /30"
        )),
        // Both addresses of such a link are hosts' (RFC 3021, RFC 6164).
        1 => Ok(end),
        _ if end.addr() == end.network() => Err(format!(
            "`{end}` is the network's own address; write a host's, such as {}",
            first_host(&end)
        )),
        _ if end.addr().is_ipv4() && end.addr() == end.broadcast() => Err(format!(
            "`{end}` is the broadcast address; write a host's, such as {}",
            first_host(&end)
        )),
        _ => Ok(end),
    }
}

fn first_host(of: &IpNet) -> String {
    let first = of.hosts().find(|host| *host != of.network());
    match first {
        Some(first) => format!("{first}/{}", of.prefix_len()),
        None => of.to_string(),
    }
}

fn is_one_family(one: &IpNet, other: &IpNet) -> bool {
    one.addr().is_ipv4() == other.addr().is_ipv4()
}

/// Prefixes that do not overlap, each with what it belongs to.
#[derive(Clone, Debug, Default)]
pub(super) struct Disjoint(BTreeMap<IpNet, usize>);

impl Disjoint {
    /// Adds a prefix that overlaps none of them.
    pub(super) fn insert(&mut self, prefix: IpNet, of: usize) {
        self.0.insert(prefix, of);
    }

    /// The first of them that shares an address with `prefix`.
    pub(super) fn overlapping(&self, prefix: &IpNet) -> Option<(IpNet, usize)> {
        // What contains a prefix sorts before it, and what it contains after it.
        let before = self.0.range(..=*prefix).next_back();
        let before = before.filter(|(known, _)| known.contains(prefix));
        let after = || self.0.range(*prefix..).next();
        let found = before.or_else(|| after().filter(|(known, _)| prefix.contains(*known)));
        found.map(|(known, of)| (*known, *of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(text: &str) -> Connect {
        Connect::parse(text).expect(text)
    }

    #[test]
    fn an_address_of_either_family_or_of_both_is_an_end() {
        for text in [
            "169.254.0.1/30",
            "10.0.0.1/31",
            "10.0.0.0/31",
            "fd00::1/64",
            "fe80::2/10",
            "fd00::/127",
            "169.254.0.1/30,fd00::1/64",
        ] {
            assert_eq!(connect(text).to_string(), text);
        }
        assert_eq!(
            connect(" 169.254.0.1/30 , fd00::1/64 ").to_string(),
            "169.254.0.1/30,fd00::1/64"
        );
    }

    #[test]
    fn what_no_end_can_have_is_refused_with_what_to_write() {
        for (text, said) in [
            (
                "",
                "its localConnectIP is empty; write the VPC's own address on the link to the \
                  remote one, such as 169.254.0.1/30",
            ),
            (
                "169.254.0.1",
                "its localConnectIP `169.254.0.1` is not an address with its prefix \
                             length, such as 169.254.0.1/30",
            ),
            (
                "169.254.0.1/30,",
                "its localConnectIP `` is not an address with its prefix length, \
                                 such as 169.254.0.1/30",
            ),
            (
                "192.168.1.0/24",
                "its localConnectIP `192.168.1.0/24` is the network's own address; \
                                write a host's, such as 192.168.1.1/24",
            ),
            (
                "169.254.0.3/30",
                "its localConnectIP `169.254.0.3/30` is the broadcast address; \
                                write a host's, such as 169.254.0.1/30",
            ),
            (
                "fd00::/64",
                "its localConnectIP `fd00::/64` is the network's own address; write a \
                           host's, such as fd00::1/64",
            ),
            (
                "10.0.0.1/32",
                "its localConnectIP `10.0.0.1/32` leaves no room for the other end; \
                             write a longer range, such as a /30",
            ),
            (
                "224.0.0.1/24",
                "its localConnectIP `224.0.0.1` is a multicast address; write the \
                              address of one host",
            ),
            (
                "10.0.0.1/30,10.0.1.1/30",
                "its localConnectIP `10.0.0.1/30,10.0.1.1/30` has two \
                                         addresses of one family; write one a family",
            ),
        ] {
            assert_eq!(Connect::parse(text), Err(said.to_owned()), "{text}");
        }
    }

    #[test]
    fn two_ends_are_different_addresses_in_one_cidr() {
        for (one, other, said) in [
            ("169.254.0.1/30", "169.254.0.2/30", None),
            (
                "169.254.0.1/30,fd00::1/64",
                "fd00::2/64,169.254.0.2/30",
                None,
            ),
            // One that speaks one family more has nobody to speak it with.
            ("169.254.0.1/30,fd00::1/64", "169.254.0.2/30", None),
            (
                "169.254.0.1/30",
                "169.254.0.6/30",
                Some(
                    "its localConnectIP 169.254.0.1/30 and \
                                                       b's 169.254.0.6/30 are not in one CIDR",
                ),
            ),
            (
                "169.254.0.1/30",
                "169.254.0.2/24",
                Some(
                    "its localConnectIP 169.254.0.1/30 and \
                                                       b's 169.254.0.2/24 are not in one CIDR",
                ),
            ),
            (
                "169.254.0.1/30",
                "169.254.0.1/30",
                Some(
                    "its localConnectIP 169.254.0.1/30 is b's \
                                                       as well; the two ends differ",
                ),
            ),
            (
                "169.254.0.1/30",
                "fd00::2/64",
                Some(
                    "its localConnectIP 169.254.0.1/30 and b's \
                                                   fd00::2/64 are of different families",
                ),
            ),
            (
                "169.254.0.1/30,fd00::1/64",
                "169.254.0.2/30,fd00:1::2/64",
                Some("its localConnectIP fd00::1/64 and b's fd00:1::2/64 are not in one CIDR"),
            ),
        ] {
            let against = connect(one).against(&connect(other), "b");
            assert_eq!(against.as_deref(), said, "{one} {other}");
        }
    }

    #[test]
    fn an_overlap_is_found_wherever_it_sorts() {
        let net = |text: &str| text.parse::<IpNet>().unwrap();
        let mut known = Disjoint::default();
        for (of, text) in ["10.0.0.0/24", "10.0.2.0/24", "10.1.0.0/16", "fd00::/64"]
            .iter()
            .enumerate()
        {
            known.insert(net(text), of);
        }
        for (text, found) in [
            ("10.0.0.0/24", Some(0)),
            ("10.0.0.8/30", Some(0)),
            ("10.0.1.0/24", None),
            ("10.0.2.0/23", Some(1)),
            ("10.1.255.255/32", Some(2)),
            ("10.2.0.0/16", None),
            ("fd00::5/128", Some(3)),
            ("fd00:0:0:1::/64", None),
        ] {
            let of = known.overlapping(&net(text)).map(|(_, of)| of);
            assert_eq!(of, found, "{text}");
        }
    }
}
