//! Questions about prefixes.

use std::{collections::BTreeMap, net::IpAddr};

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

/// The entry with the longest prefix that holds all of `prefix`.
pub fn longest_match<'a, V>(map: &'a BTreeMap<IpNet, V>, prefix: &IpNet) -> Option<(IpNet, &'a V)> {
    let mut candidate = *prefix;
    loop {
        if let Some(value) = map.get(&candidate) {
            return Some((candidate, value));
        }
        candidate = candidate.supernet()?;
    }
}

/// Whether an address means the same host on every link of the machine.
pub fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !v4.is_loopback() && !v4.is_link_local(),
        IpAddr::V6(v6) => !v6.is_loopback() && !v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(text: &str) -> IpNet {
        text.parse().unwrap()
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
