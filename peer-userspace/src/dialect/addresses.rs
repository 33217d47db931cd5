//! Prefixes and addresses, and which of them can mean anything here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{Findings, value::Value};

const PREFIX: &str = "a prefix such as 10.1.0.0/16 or \"fd00:1::/48\"";
const ADDRESS: &str = "an address such as 10.1.0.1 or \"fd00:1::1\"";

/// What no router forwards, and what it is.
const NEVER_FORWARDED: [(IpNet, &str); 10] = [
    (v4(0, 0, 8), "this network"),
    (v4(127, 0, 8), "loopback"),
    (v4(169, 254, 16), "link-local"),
    (v4(224, 0, 4), "multicast"),
    (v4(240, 0, 4), "reserved"),
    (v6(Ipv6Addr::UNSPECIFIED, 128), "unspecified"),
    (v6(Ipv6Addr::LOCALHOST, 128), "loopback"),
    (
        v6(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
        "IPv4 in IPv6 form",
    ),
    (
        v6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
        "link-local",
    ),
    (
        v6(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
        "multicast",
    ),
];

const fn v4(first: u8, second: u8, length: u8) -> IpNet {
    IpNet::V4(Ipv4Net::new_assert(
        Ipv4Addr::new(first, second, 0, 0),
        length,
    ))
}

const fn v6(address: Ipv6Addr, length: u8) -> IpNet {
    IpNet::V6(Ipv6Net::new_assert(address, length))
}

/// A prefix without host bits, some of which can be forwarded.
pub(super) fn prefix(value: &Value<'_>, findings: &mut Findings) -> Option<IpNet> {
    let written = address_and_length(value, PREFIX, findings)?;
    let prefix = written.trunc();
    if prefix != written {
        value.error(
            format_args!("`{written}` has host bits set; write {prefix}"),
            findings,
        );
        return None;
    }
    let why = never_forwarded(&prefix);
    why.map_or(Some(prefix), |why| refuse(why, value, findings))
}

/// A prefix all of which a network can have.
pub(super) fn own_prefix(value: &Value<'_>, findings: &mut Findings) -> Option<IpNet> {
    let prefix = prefix(value, findings)?;
    let why = never_own(&prefix);
    why.map_or(Some(prefix), |why| refuse(why, value, findings))
}

fn refuse<T>(why: String, value: &Value<'_>, findings: &mut Findings) -> Option<T> {
    value.error(why, findings);
    None
}

/// Why nothing to this prefix is forwarded.
pub fn never_forwarded(prefix: &IpNet) -> Option<String> {
    let mut ranges = NEVER_FORWARDED.iter();
    let (range, what) = ranges.find(|(range, _)| range.contains(prefix))?;
    Some(format!(
        "`{prefix}` is never forwarded: {range} is {what}; remove it"
    ))
}

/// Why a network cannot have all of this prefix.
pub(super) fn never_own(prefix: &IpNet) -> Option<String> {
    if prefix.prefix_len() == 0 {
        return Some(format!(
            "`{prefix}` is the whole world, which no network is; list the network's own prefixes"
        ));
    }
    if let Some(why) = never_forwarded(prefix) {
        return Some(why);
    }
    let mut ranges = NEVER_FORWARDED.iter();
    let (range, what) = ranges.find(|(range, _)| prefix.contains(range))?;
    Some(format!(
        "`{prefix}` includes {range}, which is {what} and never forwarded; \
         list the parts around it"
    ))
}

/// An address of an interface, with the length of its on-link prefix.
pub(super) fn interface_address(value: &Value<'_>, findings: &mut Findings) -> Option<IpNet> {
    let expected = "an address with its prefix length such as 10.1.7.1/24";
    let written = address_and_length(value, expected, findings)?;
    unicast(written.addr(), value, findings)?;
    Some(written)
}

/// An address of a neighbour to send by.
pub(super) fn next_hop(value: &Value<'_>, findings: &mut Findings) -> Option<IpAddr> {
    let text = value.text(ADDRESS, findings)?;
    let Ok(address) = text.parse() else {
        let bare = text
            .split_once('/')
            .filter(|(bare, _)| bare.parse::<IpAddr>().is_ok());
        let text = match bare {
            Some((bare, _)) => format!("`{text}` has a prefix length; write {bare}"),
            None => format!("`{text}` is not an address; write {ADDRESS}"),
        };
        value.error(text, findings);
        return None;
    };
    unicast(address, value, findings)
}

/// Refuses what no single host can be reached by.
fn unicast(address: IpAddr, value: &Value<'_>, findings: &mut Findings) -> Option<IpAddr> {
    let why = not_unicast(address);
    why.map_or(Some(address), |why| refuse(why, value, findings))
}

/// Why no single host can be reached by this address.
pub(super) fn not_unicast(address: IpAddr) -> Option<String> {
    let what = match address {
        _ if address.is_unspecified() => "the unspecified address",
        _ if address.is_multicast() => "a multicast address",
        _ if address.is_loopback() => "a loopback address",
        IpAddr::V4(Ipv4Addr::BROADCAST) => "the broadcast address",
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => "an IPv4 address in IPv6 form",
        _ => return None,
    };
    Some(format!(
        "`{address}` is {what}; write the address of one host"
    ))
}

/// `ADDRESS/LENGTH`, host bits and all.
fn address_and_length(value: &Value<'_>, expected: &str, findings: &mut Findings) -> Option<IpNet> {
    let text = value.text(expected, findings)?;
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        value.error(
            format_args!("`{text}` is not a prefix; write {expected}"),
            findings,
        );
        return None;
    };
    let most = if address.is_ipv4() { 32 } else { 128 };
    let Some(length) = length else {
        let text = format!("`{text}` has no prefix length; write {address}/{most} for one address");
        value.error(text, findings);
        return None;
    };
    // u8 alone would also read "+8" and "08".
    let plain = length
        .parse::<u8>()
        .ok()
        .filter(|number| number.to_string() == length);
    let network = plain.and_then(|length| IpNet::new(address, length).ok());
    if network.is_none() {
        let text = format!("`{text}` has no valid prefix length; use 0 to {most}");
        value.error(text, findings);
    }
    network
}

#[cfg(test)]
mod tests {
    use super::super::tests::{errors, network};

    /// The errors of one entry of a list of the network's prefixes.
    fn of_prefix(text: &str) -> String {
        let errors = errors(&network(&format!("prefixes:\n- {text}")));
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0]
            .strip_prefix("6:5: spec.prefixes[0]: ")
            .expect(text)
            .to_owned()
    }

    /// The errors of one entry of a port's `field`.
    fn of_port(field: &str, text: &str) -> String {
        let port =
            format!("prefixes: [10.1.0.0/16]\nports:\n- interface: a\n  {field}:\n  - {text}");
        let errors = errors(&network(&port));
        assert_eq!(errors.len(), 1, "{errors:?}");
        errors[0]
            .strip_prefix(&format!("9:7: spec.ports[0].{field}[0]: "))
            .expect(text)
            .to_owned()
    }

    #[test]
    fn a_prefix_is_canonical_and_the_error_says_its_canonical_form() {
        assert_eq!(
            of_prefix("10.1.0.1/16"),
            "`10.1.0.1/16` has host bits set; write 10.1.0.0/16"
        );
        assert_eq!(
            of_prefix("fd00:1::1/48"),
            "`fd00:1::1/48` has host bits set; write fd00:1::/48"
        );
    }

    #[test]
    fn a_prefix_is_an_address_and_a_length() {
        let not = "is not a prefix; write a prefix such as 10.1.0.0/16 or \"fd00:1::/48\"";
        for text in [
            "blue",
            "10.1/16",
            "010.1.0.0/16",
            "fd00:1/48",
            "10.1",
            "/",
            "fe80::1%eth0/64",
        ] {
            assert_eq!(of_prefix(text), format!("`{text}` {not}"));
        }
        assert_eq!(
            of_prefix("10.1.0.1"),
            "`10.1.0.1` has no prefix length; write 10.1.0.1/32 for one address"
        );
        for text in [
            "10.1.0.0/33",
            "10.1.0.0/",
            "10.1.0.0/+8",
            "10.1.0.0/08",
            "10.1.0.0/16/16",
        ] {
            assert_eq!(
                of_prefix(text),
                format!("`{text}` has no valid prefix length; use 0 to 32")
            );
        }
        assert_eq!(
            of_prefix("fd00::/129"),
            "`fd00::/129` has no valid prefix length; use 0 to 128"
        );
        let expected = "a prefix such as 10.1.0.0/16 or \"fd00:1::/48\"";
        assert_eq!(of_prefix("[]"), format!("must be {expected}, not a list"));
        assert_eq!(of_prefix("~"), format!("has no value; write {expected}"));
    }

    #[test]
    fn an_address_that_yaml_takes_for_a_mapping_is_told_to_be_quoted() {
        let said = "`fd00:1::` is read as a mapping; write \"fd00:1::\" in quotes";
        assert_eq!(of_prefix("fd00:1::"), said);
        assert_eq!(of_port("via", "fd00:1::"), said);
        assert_eq!(
            errors(&network("prefixes: [10.1.0.0/16, fd00:1::]")),
            [format!("5:27: spec.prefixes[1]: {said}")]
        );
        assert_eq!(
            errors(&network("prefixes: fd00:1::")),
            [
                "5:20: not valid YAML: mapping values are not allowed in this context; \
              write \"fd00:1::\" in quotes"
            ]
        );
        // These YAML reads as they are meant.
        for good in [
            "[fd00:1::/48]",
            "[ fd00:1::/48 ]",
            "[fd00:1::/48, fd00:2::/48]",
        ] {
            assert!(
                super::super::parse(&network(&format!("prefixes: {good}"))).is_ok(),
                "{good}"
            );
        }
    }

    #[test]
    fn what_is_never_forwarded_is_refused_with_the_reason() {
        for (text, reason) in [
            ("0.0.0.0/8", "0.0.0.0/8 is this network"),
            ("127.0.0.0/8", "127.0.0.0/8 is loopback"),
            ("169.254.7.0/24", "169.254.0.0/16 is link-local"),
            ("239.0.0.0/8", "224.0.0.0/4 is multicast"),
            ("255.255.255.255/32", "240.0.0.0/4 is reserved"),
            ("::/128", "::/128 is unspecified"),
            ("::1/128", "::1/128 is loopback"),
            (
                "::ffff:10.1.0.0/112",
                "::ffff:0.0.0.0/96 is IPv4 in IPv6 form",
            ),
            ("fe80::/64", "fe80::/10 is link-local"),
            ("ff02::/16", "ff00::/8 is multicast"),
        ] {
            assert_eq!(
                of_prefix(text),
                format!("`{text}` is never forwarded: {reason}; remove it")
            );
        }
    }

    #[test]
    fn a_network_is_not_the_whole_world_and_has_no_unforwardable_part() {
        for text in ["0.0.0.0/0", "::/0"] {
            let said = "is the whole world, which no network is; list the network's own prefixes";
            assert_eq!(of_prefix(text), format!("`{text}` {said}"));
        }
        for (text, part) in [
            ("126.0.0.0/7", "127.0.0.0/8, which is loopback"),
            ("128.0.0.0/1", "169.254.0.0/16, which is link-local"),
            ("fe00::/7", "fe80::/10, which is link-local"),
            ("::/64", "::/128, which is unspecified"),
        ] {
            let said =
                format!("`{text}` includes {part} and never forwarded; list the parts around it");
            assert_eq!(of_prefix(text), said);
        }
    }

    #[test]
    fn next_hops_and_own_addresses_are_addresses_of_one_host() {
        for (address, what) in [
            ("0.0.0.0", "the unspecified address"),
            ("127.0.0.1", "a loopback address"),
            ("224.0.0.5", "a multicast address"),
            ("255.255.255.255", "the broadcast address"),
            ("'::'", "the unspecified address"),
            ("'::1'", "a loopback address"),
            ("ff02::1", "a multicast address"),
            ("::ffff:10.0.0.1", "an IPv4 address in IPv6 form"),
        ] {
            let bare = address.trim_matches('\'');
            let said = format!("`{bare}` is {what}; write the address of one host");
            assert_eq!(of_port("via", address), said);
            assert_eq!(of_port("address", &format!("'{bare}/32'")), said);
        }
        assert_eq!(
            of_port("via", "gateway"),
            "`gateway` is not an address; write an address such as 10.1.0.1 or \"fd00:1::1\""
        );
        assert_eq!(
            of_port("via", "10.1.0.1/16"),
            "`10.1.0.1/16` has a prefix length; write 10.1.0.1"
        );
    }
}
