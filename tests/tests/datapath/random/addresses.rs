//! Addresses that matter to a table: in its prefixes, beside them, and Martians.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use peer_userspace::compile::ForwardingTable;

use super::Random;

const ODD4: [&str; 10] = [
    "0.0.0.0",
    "0.0.0.1",
    "127.0.0.1",
    "169.254.1.1",
    "224.0.0.1",
    "239.1.2.3",
    "240.0.0.1",
    "255.255.255.255",
    "198.51.100.9",
    "11.0.0.1",
];
const ODD6: [&str; 12] = [
    "::",
    "::1",
    "::2",
    "::ffff:0.0.0.0",
    "::ffff:10.1.0.5",
    "fe80::1",
    "fe80::5",
    "febf::1",
    "ff02::1",
    "ff02::1:ff00:1",
    "2001:db8:9::9",
    "::1:0:0:1",
];

/// An address of one family.
pub(super) fn address(random: &mut Random, table: &ForwardingTable, v4: bool) -> IpAddr {
    if random.percent(15) {
        let odd = if v4 {
            random.pick(&ODD4)
        } else {
            random.pick(&ODD6)
        };
        return odd.parse().unwrap();
    }
    let routes = table.fibs.values().flat_map(|fib| fib.keys());
    among(random, routes.chain(table.elsewhere.keys()), v4)
}

/// An address in or beside one of these prefixes. The last resort is nobody's.
pub(super) fn among<'a>(
    random: &mut Random,
    prefixes: impl Iterator<Item = &'a IpNet>,
    v4: bool,
) -> IpAddr {
    let prefixes: Vec<&IpNet> = prefixes.filter(|at| at.addr().is_ipv4() == v4).collect();
    if prefixes.is_empty() {
        return if v4 { ODD4[8] } else { ODD6[10] }.parse().unwrap();
    }
    let prefix = random.pick(&prefixes);
    near(random, prefix)
}

/// An address in a prefix, or, one time in ten, just behind it.
fn near(random: &mut Random, prefix: &IpNet) -> IpAddr {
    let width = if prefix.addr().is_ipv4() { 32 } else { 128 };
    let host_bits = width - u32::from(prefix.prefix_len());
    let within = match (host_bits, random.below(3)) {
        (0, _) | (_, 0) => 0,
        // Of a large prefix only the ends, where longer ones lie.
        (_, 1) => u128::from(random.below(1 << host_bits.min(8))),
        _ => (1u128.checked_shl(host_bits).unwrap_or(0)).wrapping_sub(1),
    };
    let beyond = if random.below(10) == 0 {
        1u128.checked_shl(host_bits).unwrap_or(0)
    } else {
        0
    };
    match prefix.network() {
        IpAddr::V4(base) => {
            Ipv4Addr::from(u32::from(base).wrapping_add((within + beyond) as u32)).into()
        }
        IpAddr::V6(base) => {
            Ipv6Addr::from(u128::from(base).wrapping_add(within.wrapping_add(beyond))).into()
        }
    }
}
