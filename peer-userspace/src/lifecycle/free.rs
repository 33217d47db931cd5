//! Where an overlapping prefix could go instead.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::compile::prefix::{Span, span};

/// How many prefixes in the way are gone around in each direction.
const STEPS: usize = 4096;

/// The prefix of the same length nearest to `prefix` for which `taken` names
/// nothing in the way. It lies in the same block of private addresses (RFC 1918,
/// RFC 4193), or with `prefix` in none.
pub(super) fn nearest_free(
    prefix: &IpNet,
    taken: impl Fn(&IpNet) -> Option<IpNet>,
) -> Option<IpNet> {
    let wanted = span(prefix);
    let block = block(prefix)?;
    let size = wanted.size()?;
    let up = || {
        let mut start = wanted.first;
        for _ in 0..STEPS {
            let candidate = at(prefix, start).filter(|candidate| block.covers(&span(candidate)))?;
            let Some(in_the_way) = taken(&candidate) else {
                return Some(candidate);
            };
            let next = span(&in_the_way).last.max(span(&candidate).last);
            start = next.checked_add(1)?.checked_next_multiple_of(size)?;
        }
        None
    };
    let down = || {
        let mut start = wanted.first;
        for _ in 0..STEPS {
            let candidate = at(prefix, start).filter(|candidate| block.covers(&span(candidate)))?;
            let Some(in_the_way) = taken(&candidate) else {
                return Some(candidate);
            };
            let next = span(&in_the_way).first.min(start).checked_sub(size)?;
            start = next - next % size;
        }
        None
    };
    let distance = |found: &IpNet| span(found).first.abs_diff(wanted.first);
    [up(), down()].into_iter().flatten().min_by_key(distance)
}

/// The prefix of `like`'s family and length at `start`.
fn at(like: &IpNet, start: u128) -> Option<IpNet> {
    let address: IpAddr = match like {
        IpNet::V4(_) => IpAddr::V4(u32::try_from(start).ok()?.into()),
        IpNet::V6(_) => IpAddr::V6(start.into()),
    };
    IpNet::new(address, like.prefix_len()).ok()
}

/// The block whose addresses may stand in for `prefix`'s.
fn block(prefix: &IpNet) -> Option<Span> {
    const BLOCKS: [&str; 6] = [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "fc00::/7",
        "2000::/3",
    ];
    let mut blocks = BLOCKS
        .iter()
        .filter_map(|block| block.parse::<IpNet>().ok());
    let found = blocks.find(|block| block.contains(prefix))?;
    Some(span(&found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::prefix::overlap;

    fn nearest(prefix: &str, taken: &[&str]) -> Option<String> {
        let taken: Vec<IpNet> = taken.iter().map(|net| net.parse().unwrap()).collect();
        let free = nearest_free(&prefix.parse().unwrap(), |candidate| {
            taken.iter().find(|net| overlap(net, candidate)).copied()
        });
        free.map(|net| net.to_string())
    }

    #[test]
    fn the_nearest_free_prefix_overlaps_nothing_and_has_the_same_length() {
        assert_eq!(
            nearest("10.2.0.0/16", &["10.2.0.0/16"]).as_deref(),
            Some("10.3.0.0/16")
        );
        assert_eq!(
            nearest(
                "10.2.0.0/16",
                &["10.2.1.0/24", "10.3.0.0/16", "10.4.0.0/14"]
            )
            .as_deref(),
            Some("10.1.0.0/16")
        );
        assert_eq!(
            nearest("10.0.0.0/24", &["10.0.0.0/9"]).as_deref(),
            Some("10.128.0.0/24")
        );
        assert_eq!(
            nearest("fd00:2::/48", &["fd00:2::/47"]).as_deref(),
            Some("fd00:1:ffff::/48")
        );
    }

    #[test]
    fn a_full_block_has_none_and_no_other_block_is_offered() {
        assert_eq!(nearest("10.0.0.0/16", &["10.0.0.0/8"]), None);
        assert_eq!(nearest("192.168.255.0/24", &["192.168.0.0/16"]), None);
        assert_eq!(nearest("8.8.8.0/24", &["8.8.8.0/24"]), None);
    }
}
