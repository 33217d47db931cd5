//! `spec.ports` of a network.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;

use super::{
    Findings,
    addresses::{interface_address, next_hop, prefix},
    value::Value,
};
use crate::model::{Mode, Port};

/// Longest name of an interface: the kernel's IFNAMSIZ without the closing zero.
const MAX_INTERFACE: usize = 15;

/// `outer` and `vlan`.
type Tags = (Option<u16>, Option<u16>);

/// Reads the ports of one network.
pub(super) struct Ports<'a> {
    /// The network's prefixes, sorted and disjoint; `None` where they could not
    /// all be read, so that nothing can be said about what lies inside them.
    own: Option<&'a [IpNet]>,
    /// Paths of the ports so far by interface and tags.
    seen: BTreeMap<(String, Tags), String>,
}

impl<'a> Ports<'a> {
    /// A reader for the ports of a network with the prefixes `own`.
    pub(super) fn of(own: Option<&'a [IpNet]>) -> Self {
        Self {
            own,
            seen: BTreeMap::new(),
        }
    }

    /// Reads the next port.
    pub(super) fn read(&mut self, value: &Value<'_>, findings: &mut Findings) -> Option<Port> {
        let mut fields = value.fields(findings)?;
        let interface = fields
            .required("interface", findings)
            .and_then(|interface| read_interface(&interface, findings));
        let mut tag = |name| match fields.optional(name) {
            Some(vlan) => vlan.number("a VLAN", (1, 4094), findings).map(Some),
            None => Some(None),
        };
        let (vlan, outer) = (tag("vlan"), tag("outer"));
        let address = match fields.optional("address") {
            Some(addresses) => addresses.every(findings, interface_address),
            None => Some(Vec::new()),
        };
        let prefixes = match fields.optional("prefixes") {
            Some(prefixes) => prefixes.every(findings, |item, findings| {
                let prefix = prefix(item, findings)?;
                self.check_inside(prefix, item, findings)
            }),
            None => Some(Vec::new()),
        };
        let via = match fields.optional("via") {
            Some(via) => read_via(&via, findings),
            None => Some(Vec::new()),
        };
        let mode = match fields.optional("mode") {
            Some(mode) => {
                let choices = [
                    ("auto", Mode::Auto),
                    ("xdp", Mode::Xdp),
                    ("xdp-generic", Mode::XdpGeneric),
                    ("tc", Mode::Tc),
                ];
                mode.one_of("a mode", &choices, findings)
            }
            None => Some(Mode::default()),
        };
        fields.finish(&[], findings);
        if let (Some(interface), Some(outer), Some(vlan)) = (&interface, outer, vlan) {
            self.check_unseen(interface, (outer, vlan), value, findings);
        }
        Some(Port {
            interface: interface?,
            vlan: vlan?,
            outer: outer?,
            address: address?,
            prefixes: prefixes?,
            via: via?,
            mode: mode?,
        })
    }

    fn check_inside(
        &self,
        prefix: IpNet,
        value: &Value<'_>,
        findings: &mut Findings,
    ) -> Option<IpNet> {
        let inside = self.own.is_none_or(|own| {
            let not_after = own.partition_point(|own| *own <= prefix);
            own[..not_after]
                .last()
                .is_some_and(|own| own.contains(&prefix))
        });
        if !inside {
            let text =
                format!("`{prefix}` is in no prefix of this network; add it to spec.prefixes");
            value.error(text, findings);
            return None;
        }
        Some(prefix)
    }

    fn check_unseen(
        &mut self,
        interface: &str,
        tags: Tags,
        value: &Value<'_>,
        findings: &mut Findings,
    ) {
        let port = (interface.to_owned(), tags);
        if let Some(first) = self.seen.get(&port) {
            let tag = match tags {
                (Some(outer), Some(vlan)) => format!("with outer {outer} and vlan {vlan}"),
                (Some(outer), None) => format!("with outer {outer}"),
                (None, Some(vlan)) => format!("with vlan {vlan}"),
                (None, None) => "without a vlan".to_owned(),
            };
            let text = format!("`{interface}` {tag} is already {first}; merge the two");
            value.error(text, findings);
        } else {
            self.seen.insert(port, value.path.clone());
        }
    }
}

/// A name the kernel could give an interface (its `dev_valid_name`).
fn read_interface(value: &Value<'_>, findings: &mut Findings) -> Option<String> {
    let name = value.string(findings)?;
    let odd = |char: char| char.is_whitespace() || char.is_control() || "/:".contains(char);
    if !(1..=MAX_INTERFACE).contains(&name.len())
        || name.contains(odd)
        || matches!(name, "." | "..")
    {
        let text = format!(
            "`{name}` is not an interface name; \
             use 1 to {MAX_INTERFACE} bytes without spaces, `/` and `:`"
        );
        value.error(text, findings);
        return None;
    }
    Some(name.to_owned())
}

/// Next hops, at most one per family.
fn read_via(value: &Value<'_>, findings: &mut Findings) -> Option<Vec<IpAddr>> {
    let mut seen: Vec<IpAddr> = Vec::new();
    value.every(findings, |item, findings| {
        let via = next_hop(item, findings)?;
        if let Some(first) = seen.iter().find(|first| first.is_ipv4() == via.is_ipv4()) {
            let family = if via.is_ipv4() { "IPv4" } else { "IPv6" };
            let text = format!("`{via}` is a second {family} next hop after `{first}`; keep one");
            item.error(text, findings);
            return None;
        }
        seen.push(via);
        Some(via)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{
        parse,
        tests::{errors, network},
    };
    use super::*;

    /// A network with these ports, from line 7 and column 3 on.
    fn ports(ports: &str) -> String {
        network(&format!(
            "prefixes: [10.1.0.0/16, 'fd00:1::/48']\nports:\n{ports}"
        ))
    }

    #[test]
    fn a_port_is_read_field_by_field() {
        let text = ports(
            "- interface: bond0.7\n  vlan: 4094\n  outer: 1\n  address: [10.1.7.1/24, 'fe80::1/64']\n  \
             prefixes: ['fd00:1:0:7::/64', 10.1.7.0/24]\n  via: [10.1.7.254, 'fe80::fe']\n  \
             mode: xdp-generic\n- { interface: eth0, mode: tc }\n- { interface: eth1, mode: xdp }",
        );
        let read = parse(&text).unwrap().networks.remove(0).0.ports;
        let expected = Port {
            interface: "bond0.7".to_owned(),
            vlan: Some(4094),
            outer: Some(1),
            address: vec![
                "10.1.7.1/24".parse().unwrap(),
                "fe80::1/64".parse().unwrap(),
            ],
            prefixes: vec![
                "fd00:1:0:7::/64".parse().unwrap(),
                "10.1.7.0/24".parse().unwrap(),
            ],
            via: vec!["10.1.7.254".parse().unwrap(), "fe80::fe".parse().unwrap()],
            mode: Mode::XdpGeneric,
        };
        assert_eq!(read[0], expected);
        assert_eq!((read[1].mode, read[2].mode), (Mode::Tc, Mode::Xdp));
    }

    #[test]
    fn every_field_has_its_own_error() {
        let text = ports(
            "- vlan: 4095\n  address: [10.1.7.1]\n  prefixes: [10.1.7.1/24, 10.2.0.0/24]\n  \
             via: [10.1.7.254/24, 10.1.7.3, 10.1.7.4]\n  mode: fast\n  mtu: 1500",
        );
        assert_eq!(
            errors(&text),
            [
                "7:5: spec.ports[0].interface: missing",
                "7:11: spec.ports[0].vlan: `4095` is not a VLAN; use a number from 1 to 4094",
                "8:15: spec.ports[0].address[0]: `10.1.7.1` has no prefix length; \
                 write 10.1.7.1/32 for one address",
                "9:16: spec.ports[0].prefixes[0]: `10.1.7.1/24` has host bits set; \
                 write 10.1.7.0/24",
                "9:29: spec.ports[0].prefixes[1]: `10.2.0.0/24` is in no prefix of this network; \
                 add it to spec.prefixes",
                "10:11: spec.ports[0].via[0]: `10.1.7.254/24` has a prefix length; \
                 write 10.1.7.254",
                "10:36: spec.ports[0].via[2]: `10.1.7.4` is a second IPv4 next hop \
                 after `10.1.7.3`; keep one",
                "11:11: spec.ports[0].mode: `fast` is not a mode; \
                 use auto, xdp, xdp-generic or tc",
                "12:5: spec.ports[0].mtu: unknown field; the known ones are interface, vlan, \
                 outer, address, prefixes, via and mode",
            ]
        );
    }

    #[test]
    fn a_vlan_is_a_number() {
        for (vlan, text) in [
            ("0", "`0` is not a VLAN; use a number from 1 to 4094"),
            ("ten", "`ten` is not a VLAN; use a number from 1 to 4094"),
            ("-1", "`-1` is not a VLAN; use a number from 1 to 4094"),
            (
                "99999999999",
                "`99999999999` is not a VLAN; use a number from 1 to 4094",
            ),
            (
                "'10'",
                "must be a number, not a string; write 10 without quotes",
            ),
            ("[10]", "must be a number, not a list"),
            ("~", "has no value; write a number"),
        ] {
            let expected = format!("7:27: spec.ports[0].vlan: {text}");
            assert_eq!(
                errors(&ports(&format!("- {{ interface: a, vlan: {vlan} }}"))),
                [expected]
            );
        }
    }

    #[test]
    fn an_interface_has_a_name_the_kernel_could_give() {
        for good in ["a", "veth-blue", "eth0.10", "abcdefghijklmno", "br@x"] {
            assert!(
                parse(&ports(&format!("- interface: {good}"))).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "",
            "abcdefghijklmnop",
            "a/b",
            "a b",
            "a:b",
            ".",
            "..",
            "ééééé-ééé",
        ] {
            let expected = format!(
                "7:16: spec.ports[0].interface: `{bad}` is not an interface name; \
                 use 1 to 15 bytes without spaces, `/` and `:`"
            );
            assert_eq!(errors(&ports(&format!("- interface: '{bad}'"))), [expected]);
        }
    }

    #[test]
    fn a_port_is_listed_once() {
        let text = ports(
            "- { interface: a }\n- { interface: a, vlan: 1 }\n- { interface: b }\n\
             - { interface: a, mode: x }\n- { interface: a, vlan: 1 }\n\
             - { interface: a, outer: 1 }\n- { interface: a, outer: 1, vlan: 1 }\n\
             - { interface: a, outer: 1, vlan: 1 }\n- { interface: a, outer: 1 }",
        );
        assert_eq!(
            errors(&text),
            [
                "10:5: spec.ports[3]: `a` without a vlan is already spec.ports[0]; merge the two",
                "10:27: spec.ports[3].mode: `x` is not a mode; use auto, xdp, xdp-generic or tc",
                "11:5: spec.ports[4]: `a` with vlan 1 is already spec.ports[1]; merge the two",
                "14:5: spec.ports[7]: `a` with outer 1 and vlan 1 is already spec.ports[6]; \
                 merge the two",
                "15:5: spec.ports[8]: `a` with outer 1 is already spec.ports[5]; merge the two",
            ]
        );
    }

    #[test]
    fn nothing_is_said_about_insides_of_prefixes_that_could_not_be_read() {
        let text =
            network("prefixes: [10.1.0.1/16]\nports: [{ interface: a, prefixes: [10.9.0.0/24] }]");
        let expected = "5:14: spec.prefixes[0]: `10.1.0.1/16` has host bits set; write 10.1.0.0/16";
        assert_eq!(errors(&text), [expected]);
    }
}
