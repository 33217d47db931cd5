//! Who has which address: networks' prefixes, the router's ports, their neighbours. Pure.
//!
//! A *position* numbers addresses of either family alike, so that the same destinations
//! are asked for in both: 256 positions make a prefix, and network follows network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Positions in a prefix.
pub(super) const PREFIX: u32 = 256;
/// The first network begins here; a million prefixes end before 32.0.0.0.
pub(super) const BASE4: u32 = 16 << 24;
/// Every address of these networks is below 2001:db8::/32.
const BASE6: u128 = 0x2001_0db8 << 96;
/// Links of the router's ports (RFC 2544's range), eight addresses each.
const LINKS4: u32 = 198 << 24 | 18 << 16;
/// Likewise, 65,536 addresses each.
const LINKS6: u128 = 0xfd00_00be << 96;

/// Next hops behind each port. They share a MAC.
const NEXT_HOPS: u32 = 4;

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    /// As peerd's metrics and reports call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }

    /// The address at a position.
    pub(super) fn address(self, position: u32) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::from_bits(BASE4 + position).into(),
            Self::V6 => {
                let (prefix, host) = (position / PREFIX, position % PREFIX);
                Ipv6Addr::from_bits(BASE6 | u128::from(prefix) << 64 | u128::from(host)).into()
            }
        }
    }

    /// The prefix that begins at a position.
    pub(super) fn prefix(self, position: u32) -> String {
        let length = match self {
            Self::V4 => 24,
            Self::V6 => 64,
        };
        format!("{}/{length}", self.address(position))
    }

    /// The address at a position, with the length of a subnet of 256 prefixes, whose hosts
    /// are on link. IPv4 alone: in IPv6 no prefix is one link's with another.
    pub(super) fn link(self, position: u32) -> String {
        format!("{}/16", self.address(position))
    }

    /// The router's address on a port, with the length of the link's subnet.
    pub(super) fn router_on_link(self, port: u32) -> String {
        let length = match self {
            Self::V4 => 29,
            Self::V6 => 112,
        };
        format!("{}/{length}", self.on_link(port, 1))
    }

    /// The next hops behind a port.
    pub(super) fn neighbours(self, port: u32) -> impl Iterator<Item = IpAddr> {
        (0..NEXT_HOPS).map(move |number| self.next_hop(port, number))
    }

    /// The next hop of a prefix behind a port: never that of the prefix before it, so that
    /// no two of them are one.
    pub(super) fn next_hop(self, port: u32, prefix: u32) -> IpAddr {
        self.on_link(port, 2 + prefix % NEXT_HOPS)
    }

    fn on_link(self, port: u32, host: u32) -> IpAddr {
        match self {
            Self::V4 => Ipv4Addr::from_bits(LINKS4 + port * 8 + host).into(),
            Self::V6 => {
                Ipv6Addr::from_bits(LINKS6 | u128::from(port) << 16 | u128::from(host)).into()
            }
        }
    }
}

/// Index of a port in the router, far from those the kernel gives.
pub(super) fn index(port: u32) -> u32 {
    1000 + port
}

/// Index of the far end of a port's link, where it is. Another one: where both ends of a
/// veth have the same, the kernel takes its time to tell of its carrier.
pub(super) fn far_index(port: u32) -> u32 {
    20_000 + port
}

/// MAC of the router's end of a port's link, as the sink expects it.
pub(super) fn router_mac(port: u32) -> [u8; 6] {
    mac(port, 1)
}

/// MAC of the far end of a port's link.
pub(super) fn far_mac(port: u32) -> [u8; 6] {
    mac(port, 2)
}

fn mac(port: u32, end: u8) -> [u8; 6] {
    let [_, _, high, low] = far_index(port).to_be_bytes();
    [0x02, 0xbe, high, low, 0, end]
}

/// A MAC as one writes it.
pub(super) fn written(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_position_is_in_the_same_prefix_of_either_family() {
        assert_eq!(Family::V4.address(257).to_string(), "16.0.1.1");
        assert_eq!(Family::V6.address(257).to_string(), "2001:db8:0:1::1");
        assert_eq!(Family::V4.prefix(1_000_000 * 256 - 256), "31.66.63.0/24");
        assert_eq!(Family::V6.prefix(65_536 * 256), "2001:db8:1::/64");
    }

    #[test]
    fn links_do_not_meet() {
        assert_eq!(Family::V4.router_on_link(1), "198.18.0.9/29");
        assert_eq!(Family::V4.next_hop(8191, 7).to_string(), "198.18.255.253");
        assert_eq!(Family::V6.router_on_link(1), "fd00:be::1:1/112");
        assert_eq!(Family::V6.next_hop(0, 4).to_string(), "fd00:be::2");
    }
}
