//! Questions about prefixes.

use std::{collections::BTreeMap, net::IpAddr};

use imbl::OrdMap;
use ipnet::IpNet;

/// Whether two prefixes share an address.
pub fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}

/// The prefix that holds this address alone.
pub fn host(address: IpAddr) -> IpNet {
    IpNet::from(address)
}

/// The addresses two prefixes share: the longer of them, if one holds the other.
pub fn intersection(one: &IpNet, other: &IpNet) -> Option<IpNet> {
    if one.contains(other) {
        Some(*other)
    } else if other.contains(one) {
        Some(*one)
    } else {
        None
    }
}

/// A map in the order of prefixes.
pub trait ByPrefix<V> {
    /// The last entry that is not behind `prefix`.
    fn last_until(&self, prefix: &IpNet) -> Option<(&IpNet, &V)>;
}

impl<V> ByPrefix<V> for BTreeMap<IpNet, V> {
    fn last_until(&self, prefix: &IpNet) -> Option<(&IpNet, &V)> {
        self.range(..=prefix).next_back()
    }
}

impl<V> ByPrefix<V> for OrdMap<IpNet, V> {
    fn last_until(&self, prefix: &IpNet) -> Option<(&IpNet, &V)> {
        self.get_prev(prefix)
    }
}

/// The entry with the longest prefix that holds all of `prefix`.
///
/// What holds a prefix sorts before it. Where the entry before it does not, whatever
/// does holds that entry as well, so it is no longer than what the two have in common.
pub fn longest_match<'a, V: 'a>(
    map: &'a impl ByPrefix<V>,
    prefix: &IpNet,
) -> Option<(IpNet, &'a V)> {
    let mut candidate = *prefix;
    loop {
        let (found, value) = map.last_until(&candidate)?;
        if found.contains(prefix) {
            return Some((*found, value));
        }
        candidate = IpNet::new(prefix.addr(), common_length(found, prefix)?)
            .ok()?
            .trunc();
    }
}

/// How many leading bits two prefixes of one family share.
fn common_length(one: &IpNet, other: &IpNet) -> Option<u8> {
    let differing = match (one.addr(), other.addr()) {
        (IpAddr::V4(one), IpAddr::V4(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        (IpAddr::V6(one), IpAddr::V6(other)) => (one.to_bits() ^ other.to_bits()).leading_zeros(),
        _ => return None,
    };
    let differing = u8::try_from(differing).unwrap_or(u8::MAX);
    Some(differing.min(one.prefix_len()).min(other.prefix_len()))
}

/// Whether an address means the same host on every link of the machine.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
    }
}

/// The addresses of a prefix as numbers; one family's never meet the other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    is_v6: bool,
    /// The first address.
    pub first: u128,
    /// The last.
    pub last: u128,
}

/// The addresses of `prefix`.
pub fn span(prefix: &IpNet) -> Span {
    let number = |address| match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    };
    Span {
        is_v6: prefix.addr().is_ipv6(),
        first: number(prefix.network()),
        last: number(prefix.broadcast()),
    }
}

impl Span {
    /// Not before any span that begins inside this one.
    pub fn to_end(self) -> Self {
        Self {
            first: self.last,
            last: u128::MAX,
            ..self
        }
    }

    /// Whether this span, which does not begin behind `other`, has an address of it.
    pub fn reaches(&self, other: &Self) -> bool {
        self.is_v6 == other.is_v6 && self.last >= other.first
    }

    /// Whether all of `other` lies inside.
    pub fn covers(&self, other: &Self) -> bool {
        self.is_v6 == other.is_v6 && self.first <= other.first && other.last <= self.last
    }

    /// How many addresses it has; `None` for all of IPv6.
    pub fn size(&self) -> Option<u128> {
        (self.last - self.first).checked_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
    }

    #[test]
    fn what_holds_a_prefix_is_found_behind_others_that_do_not() {
        let map = BTreeMap::from([
            (net("10.0.0.0/8"), 0),
            (net("10.1.0.0/24"), 1),
            (net("10.1.0.128/25"), 2),
            (net("10.1.0.192/27"), 3),
        ]);
        let found = |text| longest_match(&map, &net(text)).map(|(_, value)| *value);
        assert_eq!(found("10.1.0.200/32"), Some(3));
        assert_eq!(found("10.1.0.255/32"), Some(2));
        assert_eq!(found("10.1.0.128/25"), Some(2));
        assert_eq!(found("10.1.0.0/23"), Some(0));
        assert_eq!(found("10.1.1.0/32"), Some(0));
        assert_eq!(found("9.255.255.255/32"), None);
        assert_eq!(found("::/0"), None);
    }

    #[test]
    fn the_longest_match_wins_and_families_do_not_mix() {
        let map = BTreeMap::from([
            (net("10.0.0.0/8"), 8),
            (net("10.1.0.0/16"), 16),
            (net("::/0"), 0),
        ]);
        assert_eq!(
            longest_match(&map, &net("10.1.2.3/32")),
            Some((net("10.1.0.0/16"), &16))
        );
        assert_eq!(
            longest_match(&map, &net("10.2.0.0/16")),
            Some((net("10.0.0.0/8"), &8))
        );
        assert_eq!(longest_match(&map, &net("11.0.0.0/8")), None);
        assert_eq!(
            longest_match(&map, &net("fd00::1/128")),
            Some((net("::/0"), &0))
        );
    }
}
