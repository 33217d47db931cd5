//! Addresses no router forwards.

use std::net::IpAddr;

/// No host's address (RFC 1812 section 5.3.7, RFC 6890): "this network", loopback,
/// IPv4 link-local, multicast, reserved; unspecified, loopback, IPv4 in IPv6 form.
pub(super) fn is_martian(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.octets()[0] == 0
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.octets()[0] >= 240
        }
        IpAddr::V6(v6) => {
            v6.is_multicast() || v6.to_ipv4_mapped().is_some() || v6.octets()[..12] == [0; 12]
        }
    }
}

/// fe80::/10.
pub(super) fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}
