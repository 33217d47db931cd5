//! What documents of kubeovn.io/v1 say, and what is said about the rest of them.
//!
//! Owns their fields. An entry that cannot be is kept as it is and judged where it is
//! translated, since it stands in the way of no other.

use ipnet::IpNet;

use super::{Findings, addresses::never_own, fields::Fields, kube_ovn_routes::Links, value::Value};
use crate::model::{Subnet, Vpc, VpcPeering, VpcRoute};

/// Fields of a VPC by which Kube-OVN carries other traffic than peerd does.
const OF_VPC: [(&str, &str); 3] = [
    (
        "policyRoutes",
        "have no effect: what they drop or send elsewhere in Kube-OVN passes between peers here",
    ),
    (
        "enableBfd",
        "has no effect: peerd does not watch next hops by BFD",
    ),
    (
        "bfdPort",
        "has no effect: peerd does not watch next hops by BFD",
    ),
];

/// The same of a subnet.
const OF_SUBNET: [(&str, &str); 6] = [
    (
        "private",
        "has no effect: peers of the VPC reach this subnet, which Kube-OVN would not let them",
    ),
    (
        "allowSubnets",
        "has no effect: peers of the VPC reach this subnet, whether it names theirs or not",
    ),
    (
        "acls",
        "have no effect: peerd applies none of these rules; a native Peering has `allow`",
    ),
    (
        "natOutgoing",
        "has no effect: peerd translates no addresses; what goes to no peer is the host's",
    ),
    (
        "natOutgoingPolicyRules",
        "have no effect: peerd translates no addresses; what goes to no peer is the host's",
    ),
    (
        "enableEcmp",
        "has no effect: next hops are those of the Network's ports",
    ),
];

/// Reads the `spec` of a `Vpc`.
pub(super) fn vpc(fields: &mut Fields<'_>, findings: &mut Findings) -> Option<Vpc> {
    warn_of(&OF_VPC, fields, findings);
    let peerings = entries(fields.set("vpcPeerings"), findings, peering);
    let routes = entries(fields.set("staticRoutes"), findings, route);
    let (peerings, places): (Vec<_>, Vec<_>) = peerings?.into_iter().unzip();
    // What the other ends are, other documents say.
    let links = Links::of(&peerings, |_| None);
    for (ends, place) in links.ends.iter().zip(places) {
        if let Err(why) = &ends.own {
            place.warning(why, findings);
        }
    }
    let mut followed = Vec::new();
    for (route, place) in routes? {
        let Some(route) = route else {
            continue;
        };
        match links.lead(&route) {
            Ok((to, _)) if has_host_bits(&route.to) => {
                let text = format!(
                    "its cidr `{}` has host bits set; it is taken as {to}",
                    route.to
                );
                place.warning(text, findings);
            }
            Ok(_) => {}
            Err(why) => place.warning(format!("has no effect: {why}"), findings),
        }
        followed.push(route);
    }
    Some(Vpc {
        peerings,
        routes: followed,
    })
}

/// The entries of a list, each with where it is.
fn entries<'a, T>(
    list: Option<Value<'a>>,
    findings: &mut Findings,
    read: impl Fn(&Value<'a>, &mut Findings) -> Option<T>,
) -> Option<Vec<(T, Value<'a>)>> {
    let Some(list) = list else {
        return Some(Vec::new());
    };
    let items = list.items(findings)?.into_iter();
    // Each is read before any is looked at.
    let read: Vec<_> = items.map(|item| (read(&item, findings), item)).collect();
    let read = read.into_iter().map(|(read, item)| Some((read?, item)));
    read.collect()
}

fn has_host_bits(cidr: &str) -> bool {
    let prefix = cidr.parse::<IpNet>();
    prefix.is_ok_and(|prefix| prefix.trunc() != prefix)
}

fn peering(value: &Value<'_>, findings: &mut Findings) -> Option<VpcPeering> {
    let mut fields = value.fields(findings)?;
    let remote = text(fields.set("remoteVpc"), findings);
    let connect = text(fields.set("localConnectIP"), findings);
    fields.unsupported(value, findings);
    Some(VpcPeering {
        remote: remote?,
        connect: connect?,
    })
}

/// A route by destination in the main table; all others are told to have no effect.
fn route(value: &Value<'_>, findings: &mut Findings) -> Option<Option<VpcRoute>> {
    let mut fields = value.fields(findings)?;
    let to = text(fields.set("cidr"), findings);
    let next_hop = text(fields.set("nextHopIP"), findings);
    let policy = text(fields.set("policy"), findings);
    let table = text(fields.set("routeTable"), findings);
    let (ecmp, bfd) = (fields.set("ecmpMode"), fields.set("bfdId"));
    fields.unsupported(value, findings);
    let route = VpcRoute {
        to: to?,
        next_hop: next_hop?,
    };
    let (policy, table) = (policy?, table?);
    if !matches!(policy.as_str(), "" | "policyDst") {
        let text = format!("has no effect: peerd routes by destination, and not by `{policy}`");
        value.warning(text, findings);
        return Some(None);
    }
    if !table.is_empty() {
        let text = format!(
            "has no effect: it is in route table `{table}`, and peerd has one table a network"
        );
        value.warning(text, findings);
        return Some(None);
    }
    if let Some(ecmp) = ecmp {
        let text = "has no effect: a destination is one peer's, and never shared among several";
        ecmp.warning(text, findings);
    }
    if let Some(bfd) = bfd {
        let text = "has no effect: the route stays, whatever BFD would find";
        bfd.warning(text, findings);
    }
    Some(Some(route))
}

/// Reads the `spec` of a `Subnet`.
pub(super) fn subnet(
    spec: &Value<'_>,
    fields: &mut Fields<'_>,
    findings: &mut Findings,
) -> Option<Subnet> {
    warn_of(&OF_SUBNET, fields, findings);
    let vpc = text(fields.set("vpc"), findings);
    let prefixes = match fields.set("cidrBlock") {
        Some(block) => cidr_block(&block, findings),
        // As of those whose addresses come from elsewhere (`protocol: Mac`).
        None => {
            let text = "has no cidrBlock, so that it adds nothing to its VPC's network";
            spec.warning(text, findings);
            Some(Vec::new())
        }
    };
    Some(Subnet {
        vpc: Some(vpc?).filter(|vpc| !vpc.is_empty()),
        prefixes: prefixes?,
    })
}

/// One prefix, or one a family, separated by a comma.
fn cidr_block(value: &Value<'_>, findings: &mut Findings) -> Option<Vec<IpNet>> {
    let text = value.text("a prefix such as 10.0.0.0/16", findings)?;
    let prefixes = text.split(',').map(|part| {
        let Ok(written) = part.trim().parse::<IpNet>() else {
            let text = format!(
                "`{part}` is not a prefix; write one such as 10.0.0.0/16, or one a family with a \
                 comma between"
            );
            value.error(text, findings);
            return None;
        };
        let prefix = written.trunc();
        if prefix != written {
            let text = format!("`{written}` has host bits set; it is taken as {prefix}");
            value.warning(text, findings);
        }
        if let Some(why) = never_own(&prefix) {
            value.error(why, findings);
            return None;
        }
        Some(prefix)
    });
    // Each is read before any is looked at.
    let prefixes: Vec<Option<IpNet>> = prefixes.collect();
    prefixes.into_iter().collect()
}

/// A string; nothing is none.
fn text(value: Option<Value<'_>>, findings: &mut Findings) -> Option<String> {
    match value {
        Some(value) => value.text("a string", findings).map(str::to_owned),
        None => Some(String::new()),
    }
}

fn warn_of(sentences: &[(&'static str, &str)], fields: &mut Fields<'_>, findings: &mut Findings) {
    for (name, sentence) in sentences {
        if let Some(value) = fields.set(name) {
            value.warning(sentence, findings);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Finding, parse, tests::errors};

    fn document(kind: &str, spec: &[&str]) -> String {
        let head = format!("kind: {kind}\napiVersion: kubeovn.io/v1\nmetadata: {{ name: a }}\n");
        head + "spec:\n  " + &spec.join("\n  ")
    }

    /// What is said of the document's spec, in its order.
    fn warnings(kind: &str, spec: &[&str]) -> Vec<String> {
        let warnings = parse(&document(kind, spec)).unwrap().warnings;
        warnings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn cidrs_with_host_bits_are_taken_without_them() {
        assert_eq!(
            warnings("Subnet", &["cidrBlock: 11.0.0.1/16,fd00::1/64"]),
            [
                "5:14: spec.cidrBlock: `11.0.0.1/16` has host bits set; it is taken as 11.0.0.0/16",
                "5:14: spec.cidrBlock: `fd00::1/64` has host bits set; it is taken as fd00::/64",
            ]
        );
        let peering = "vpcPeerings: [{ remoteVpc: b, localConnectIP: 169.254.0.1/30 }]";
        let route = "staticRoutes: [{ cidr: 10.2.0.1/16, nextHopIP: 169.254.0.2 }]";
        assert_eq!(
            warnings("Vpc", &[peering, route]),
            [
                "6:18: spec.staticRoutes[0]: its cidr `10.2.0.1/16` has host bits set; it is taken \
              as 10.2.0.0/16"
            ]
        );
    }

    #[test]
    fn a_cidr_that_no_network_can_have_is_an_error() {
        for (cidr, said) in [
            (
                "10.1/16",
                "`10.1/16` is not a prefix; write one such as 10.0.0.0/16, or one a family with \
                 a comma between",
            ),
            (
                "0.0.0.0/0",
                "`0.0.0.0/0` is the whole world, which no network is; list the network's own \
                 prefixes",
            ),
            (
                "10.1.0.0/16,169.254.0.0/24",
                "`169.254.0.0/24` is never forwarded: 169.254.0.0/16 is link-local; remove it",
            ),
        ] {
            let found = errors(&document("Subnet", &[&format!("cidrBlock: {cidr}")]));
            assert_eq!(found, [format!("5:14: spec.cidrBlock: {said}")]);
        }
    }

    #[test]
    fn what_can_be_told_from_one_document_is_warned_of() {
        let spec = [
            "vpcPeerings:",
            "- { remoteVpc: b, localConnectIP: 169.254.0.1/30 }",
            "- { remoteVpc: c }",
            "staticRoutes:",
            "- { cidr: 10.2.0.0/16, nextHopIP: 169.254.0.2, policy: policyDst }",
            "- { cidr: 0.0.0.0/0, nextHopIP: 10.1.0.254 }",
        ];
        assert_eq!(
            warnings("Vpc", &spec),
            [
                "7:5: spec.vpcPeerings[1]: its localConnectIP is empty; write the VPC's own \
                 address on the link to the remote one, such as 169.254.0.1/30",
                "10:5: spec.staticRoutes[1]: has no effect: its next hop 10.1.0.254 is on no \
                 peering's link, and peerd routes to peers only",
            ]
        );
    }

    /// What is said without saying where.
    fn said(kind: &str, spec: &[&str]) -> BTreeSet<String> {
        let warnings = parse(&document(kind, spec)).unwrap().warnings;
        warnings.into_iter().map(|warning| warning.text).collect()
    }

    #[test]
    fn of_a_vpc_what_would_be_otherwise_has_a_sentence_and_the_rest_one_list() {
        let spec = [
            "namespaces: [team]",
            "defaultSubnet: a1",
            "enableExternal: false",
            "extraExternalSubnets: []",
            "enableBfd: true",
            "bfdPort: { enabled: false, ip: '' }",
            "policyRoutes: [{ priority: 1, match: ip4, action: drop }]",
            "vpcPeerings: [{ remoteVpc: b, localConnectIP: 169.254.0.1/30 }]",
            "staticRoutes:",
            "- { cidr: 10.2.0.0/16, nextHopIP: 169.254.0.2, policy: policySrc }",
            "- { cidr: 10.2.0.0/16, nextHopIP: 169.254.0.2, policy: '', routeTable: t }",
            "- { cidr: 10.2.0.0/16, nextHopIP: 169.254.0.2, ecmpMode: ecmp_symmetric_reply, \
             bfdId: '', routeTable: '' }",
        ];
        let expected = [
            "spec: peerd makes nothing of namespaces and defaultSubnet",
            "spec.enableBfd: has no effect: peerd does not watch next hops by BFD",
            "spec.policyRoutes: have no effect: what they drop or send elsewhere in Kube-OVN \
             passes between peers here",
            "spec.staticRoutes[0]: has no effect: peerd routes by destination, and not by \
             `policySrc`",
            "spec.staticRoutes[1]: has no effect: it is in route table `t`, and peerd has one \
             table a network",
            "spec.staticRoutes[2].ecmpMode: has no effect: a destination is one peer's, and \
             never shared among several",
        ];
        assert_eq!(
            said("Vpc", &spec),
            BTreeSet::from(expected.map(str::to_owned))
        );
    }

    #[test]
    fn of_a_subnet_what_would_be_otherwise_has_a_sentence_and_the_rest_one_list() {
        let spec = [
            "vpc: a",
            "cidrBlock: 10.1.0.0/16",
            "default: false",
            "gateway: 10.1.0.1",
            "excludeIps: [10.1.0.1]",
            "protocol: IPv4",
            "gatewayNode: ''",
            "private: true",
            "allowSubnets: [10.9.0.0/16]",
            "acls: [{ action: drop, direction: to-lport, match: ip, priority: 1002 }]",
            "natOutgoing: true",
        ];
        let expected = [
            "spec: peerd makes nothing of gateway, excludeIps and protocol",
            "spec.private: has no effect: peers of the VPC reach this subnet, which Kube-OVN \
             would not let them",
            "spec.allowSubnets: has no effect: peers of the VPC reach this subnet, whether it \
             names theirs or not",
            "spec.acls: have no effect: peerd applies none of these rules; a native Peering has \
             `allow`",
            "spec.natOutgoing: has no effect: peerd translates no addresses; what goes to no \
             peer is the host's",
        ];
        assert_eq!(
            said("Subnet", &spec),
            BTreeSet::from(expected.map(str::to_owned))
        );
        assert_eq!(
            said("Subnet", &["vpc: a", "protocol: Mac"]),
            BTreeSet::from([
                "spec: has no cidrBlock, so that it adds nothing to its VPC's network".to_owned(),
                "spec: peerd makes nothing of protocol".to_owned(),
            ])
        );
    }
}
