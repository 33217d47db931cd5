//! Kube-OVN's documents in native terms: the page's, and what users wrote beside it.

use super::{parse, translate};
use crate::model::{Consent, Kind, Origin, PeerRef, Table, Ttl};

/// Documentation's two VPCs, and the networks they are here.
const PAGE: &str = include_str!("../../../examples/kube-ovn/vpcs.yaml");
const NETWORKS: &str = include_str!("../../../examples/kube-ovn/networks.yaml");

fn table(text: &str) -> Table {
    translate(parse(text).unwrap().table())
}

/// A VPC with entries of `vpcPeerings`, and one of `staticRoutes` a line.
fn vpc(name: &str, peerings: &[(&str, &str)], routes: &[(&str, &str)]) -> String {
    let peerings = peerings.iter().map(|(remote, connect)| {
        format!("    - {{ remoteVpc: '{remote}', localConnectIP: '{connect}' }}\n")
    });
    let routes = routes
        .iter()
        .map(|(to, by)| format!("    - {{ cidr: '{to}', nextHopIP: '{by}' }}\n"));
    format!(
        "kind: Vpc\napiVersion: kubeovn.io/v1\nmetadata: {{ name: {name} }}\nspec:\n  \
         vpcPeerings:\n{}  staticRoutes:\n{}---\n",
        peerings.collect::<String>(),
        routes.collect::<String>()
    )
}

fn subnet(name: &str, vpc: &str, cidr: &str) -> String {
    format!(
        "kind: Subnet\napiVersion: kubeovn.io/v1\nmetadata: {{ name: {name} }}\n\
         spec: {{ vpc: {vpc}, cidrBlock: '{cidr}' }}\n---\n"
    )
}

/// A Network that is a VPC.
fn network(id: &str, vpc: &str) -> String {
    let (namespace, name) = id.split_once('/').unwrap();
    format!(
        "apiVersion: peerd/v1\nkind: Network\nmetadata: {{ namespace: {namespace}, name: {name} }}\n\
         spec: {{ source: {{ apiVersion: kubeovn.io/v1, kind: Vpc, name: {vpc} }}, \
         ports: [{{ interface: {vpc} }}] }}\n---\n"
    )
}

/// Two VPCs `a` and `b` with networks, subnets 10.1.0.0/16 and 10.2.0.0/16, and these
/// entries.
fn two(of_a: &[(&str, &str)], of_b: &[(&str, &str)]) -> String {
    [
        network("default/a", "a"),
        network("default/b", "b"),
        subnet("a1", "a", "10.1.0.0/16"),
        subnet("b1", "b", "10.2.0.0/16"),
        vpc("a", of_a, &[]),
        vpc("b", of_b, &[]),
    ]
    .concat()
}

/// What is held against each entry of a VPC.
fn objections(table: &Table, vpc: &str) -> Vec<Option<String>> {
    let mut entries: Vec<(usize, &Consent)> = table
        .consents
        .values()
        .filter_map(|consent| match &consent.origin {
            Origin::Document(Kind::Vpc, id, entry) if id.name.as_str() == vpc => {
                Some((*entry, consent))
            }
            _ => None,
        })
        .collect();
    entries.sort_by_key(|(entry, _)| *entry);
    let objections = entries.into_iter().map(|(_, it)| it.objection.clone());
    objections.collect()
}

/// What is held against the only entry of `a`.
fn objection(text: &str) -> String {
    let found = objections(&table(text), "a");
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone().expect(text)
}

fn consent<'a>(table: &'a Table, id: &str) -> &'a Consent {
    let consent = table.consents.get(&id.parse().unwrap());
    consent.unwrap_or_else(|| panic!("{id} is none of {:?}", table.consents.keys()))
}

fn routes(consent: &Consent) -> Vec<String> {
    let routes = consent.routes.as_ref().expect("always manual");
    routes.iter().map(ToString::to_string).collect()
}

fn prefixes(table: &Table, network: &str) -> Vec<String> {
    let prefixes = &table.networks[&network.parse().unwrap()].prefixes;
    prefixes.iter().map(ToString::to_string).collect()
}

#[test]
fn the_pages_documents_are_two_consents_with_their_routes() {
    let table = table(&format!("{PAGE}\n---\n{NETWORKS}"));
    assert_eq!(table.networks.len(), 2);
    assert_eq!(prefixes(&table, "default/vpc-1"), ["10.0.0.0/16"]);
    assert_eq!(prefixes(&table, "default/vpc-2"), ["172.31.0.0/16"]);
    assert_eq!(table.consents.len(), 2);
    for (id, own, peer, route) in [
        (
            "default/vpc-1-vpc-2",
            "vpc-1",
            "default/vpc-2",
            "172.31.0.0/16",
        ),
        (
            "default/vpc-2-vpc-1",
            "vpc-2",
            "default/vpc-1",
            "10.0.0.0/16",
        ),
    ] {
        let consent = consent(&table, id);
        assert_eq!(consent.network.as_str(), own);
        assert_eq!(consent.peer.network(), Some(&peer.parse().unwrap()));
        assert_eq!(routes(consent), [route]);
        assert_eq!((consent.ttl, consent.hops), (Some(Ttl::Never), 2));
        assert_eq!(consent.objection, None);
    }
}

#[test]
fn the_page_warns_of_its_pods_and_of_what_it_replaces_itself() {
    let said = parse(PAGE).unwrap().warnings;
    let about = |what: &str| said.iter().filter(|said| said.text.contains(what)).count();
    assert_eq!(about("peerd does not read kind Pod of v1"), 2);
    assert_eq!(about("is declared at line"), 2);
    assert_eq!(said.len(), 4, "{said:?}");
}

#[test]
fn the_order_of_documents_and_of_entries_does_not_matter() {
    let documents = [
        network("blue/a", "a"),
        network("green/b", "b"),
        subnet("a2", "a", "10.1.128.0/17,fd01::/64"),
        subnet("a1", "a", "10.1.0.0/17"),
        subnet("b1", "b", "10.2.0.0/16"),
        vpc("c", &[("a", "10.9.0.1/30")], &[("10.1.0.0/16", "10.9.0.2")]),
        vpc(
            "a",
            &[("b", "169.254.0.1/30"), ("c", "10.9.0.2/30")],
            &[("10.2.0.0/16", "169.254.0.2"), ("10.3.0.0/16", "10.9.0.1")],
        ),
        vpc(
            "b",
            &[("a", "169.254.0.2/30")],
            &[("10.1.0.0/16", "169.254.0.1")],
        ),
    ];
    let expected = table(&documents.concat());
    for turn in 0..documents.len() {
        let mut turned = documents.clone();
        turned.rotate_left(turn);
        assert_eq!(table(&turned.concat()), expected);
        turned.reverse();
        assert_eq!(table(&turned.concat()), expected);
    }
    let ids: Vec<_> = expected.consents.keys().map(ToString::to_string).collect();
    assert_eq!(ids, ["blue/a-b", "blue/a-c", "default/c-a", "green/b-a"]);
    assert_eq!(
        prefixes(&expected, "blue/a"),
        ["10.1.0.0/17", "10.1.128.0/17", "fd01::/64"]
    );
}

#[test]
fn several_peerings_of_a_vpc_have_their_own_routes() {
    let hub = ["b", "c", "d"];
    let entries: Vec<_> = (1..)
        .zip(hub)
        .map(|(n, of)| (of, format!("169.254.{n}.1/30")))
        .collect();
    let entries: Vec<_> = entries.iter().map(|(of, ip)| (*of, ip.as_str())).collect();
    let mut text = vpc(
        "a",
        &entries,
        &[
            ("10.2.0.0/16", "169.254.1.2"),
            ("10.3.0.0/16", "169.254.2.2"),
            ("10.30.0.0/16", "169.254.2.2"),
        ],
    );
    text.push_str(&network("default/a", "a"));
    for (n, spoke) in (1..).zip(hub) {
        let own = format!("169.254.{n}.2/30");
        text.push_str(&vpc(
            spoke,
            &[("a", &own)],
            &[("0.0.0.0/0", &format!("169.254.{n}.1"))],
        ));
        text.push_str(&network(&format!("default/{spoke}"), spoke));
    }
    let table = table(&text);
    assert_eq!(routes(consent(&table, "default/a-b")), ["10.2.0.0/16"]);
    assert_eq!(
        routes(consent(&table, "default/a-c")),
        ["10.3.0.0/16", "10.30.0.0/16"]
    );
    assert_eq!(routes(consent(&table, "default/a-d")), [""; 0]);
    assert_eq!(routes(consent(&table, "default/d-a")), ["0.0.0.0/0"]);
    assert_eq!(objections(&table, "a"), [None, None, None]);
}

#[test]
fn one_bad_entry_stands_in_the_way_of_no_other() {
    let text = two(
        &[
            ("b", "169.254.0.1/30"),
            ("c", ""),
            ("", "169.254.1.1/30"),
            ("b", "169.254.2.1/30"),
        ],
        &[("a", "169.254.0.2/30")],
    );
    let found = objections(&table(&text), "a");
    assert_eq!(found[0], None);
    assert_eq!(
        found[1..].iter().flatten().collect::<Vec<_>>(),
        [
            "its localConnectIP is empty; write the VPC's own address on the link to the remote \
             one, such as 169.254.0.1/30",
            "vpcPeerings[2] names no remoteVpc",
            "vpcPeerings[0] names b already; remove one of them",
        ]
    );
    assert_eq!(objections(&table(&text), "b"), [None]);
}

#[test]
fn every_rule_has_its_sentence() {
    let peer = |connect: &str| two(&[("b", connect)], &[("a", "169.254.0.2/30")]);
    for (text, said) in [
        (
            peer("169.254.0.0/30"),
            "its localConnectIP `169.254.0.0/30` is the network's own \
                                  address; write a host's, such as 169.254.0.1/30",
        ),
        (
            peer("10.1.7.1/30"),
            "its localConnectIP 10.1.7.1/30 overlaps 10.1.0.0/16 of Subnet \
                               a1; take a range that no subnet has, such as one of 169.254.0.0/16",
        ),
        (
            peer("169.254.0.2/30"),
            "its localConnectIP 169.254.0.2/30 is b's as well; the two ends \
                                  differ",
        ),
        (
            peer("169.254.0.9/29"),
            "its localConnectIP 169.254.0.9/29 and b's 169.254.0.2/30 are \
                                  not in one CIDR",
        ),
        (
            two(&[("b", "10.2.0.1/30")], &[("a", "10.2.0.2/30")]),
            "its localConnectIP 10.2.0.1/30 \
            overlaps 10.2.0.0/16 of Subnet b1; take a range that no subnet has, such as one of \
            169.254.0.0/16",
        ),
        (
            two(&[("a", "169.254.0.1/30")], &[]),
            "Vpc a cannot peer with itself",
        ),
        (
            two(&[("ovn-cluster", "169.254.0.1/30")], &[]),
            "ovn-cluster is the default VPC, which \
            peers with none; use a VPC of your own",
        ),
    ] {
        assert_eq!(objection(&text), said);
    }
    let twice = two(&[("b", "169.254.0.1/24"), ("c", "169.254.0.9/30")], &[]);
    assert_eq!(
        objections(&table(&twice), "a")[1].as_deref(),
        Some(
            "its localConnectIP 169.254.0.9/30 is in 169.254.0.0/24, the link of \
              vpcPeerings[0]; each has its own"
        )
    );
    let default = vpc("ovn-cluster", &[("a", "169.254.0.1/30")], &[]);
    let default = objections(&table(&default), "ovn-cluster");
    assert!(default[0].is_some(), "neither side may be the default VPC");
}

#[test]
fn before_the_other_lists_it_nothing_of_the_other_is_looked_at() {
    // A range of b's own, and another link than b would have: b has not said a word.
    for connect in ["10.2.0.1/30", "169.254.9.1/30"] {
        let text = two(&[("b", connect)], &[("c", "169.254.0.2/30")]);
        assert_eq!(objections(&table(&text), "a"), [None]);
    }
    let strangers = table(&two(&[("nobody", "169.254.0.1/30")], &[]));
    let consent = consent(&strangers, "default/a-nobody");
    assert!(matches!(&consent.peer, PeerRef::Source(_, None)));
    assert_eq!(consent.objection, None);
}

#[test]
fn a_vpc_without_a_network_says_which_is_missing() {
    let table = table(PAGE);
    let missing = "Vpc vpc-1 has no ports here: declare a peerd Network with `source: { \
                   apiVersion: kubeovn.io/v1, kind: Vpc, name: vpc-1 }`, or one that is called \
                   default/vpc-1";
    assert_eq!(objections(&table, "vpc-1"), [Some(missing.to_owned())]);
    assert_eq!(table.networks.len(), 2);
    assert!(
        table
            .networks
            .values()
            .all(|network| network.ports.is_empty())
    );
    assert_eq!(prefixes(&table, "default/vpc-1"), ["10.0.0.0/16"]);
}

#[test]
fn a_namesake_is_a_vpcs_network_and_another_systems_name_is_none() {
    let namesake = "apiVersion: peerd/v1\nkind: Network\nmetadata: { name: a }\n\
                    spec: { prefixes: [10.99.0.0/16], ports: [{ interface: a }] }\n---\n";
    let subnets = subnet("a1", "a", "10.1.0.0/16");
    let vpcs = vpc("a", &[("b", "169.254.0.1/30")], &[]);
    let table_of = |network: &str| table(&format!("{network}{subnets}{vpcs}"));
    let named = table_of(namesake);
    assert_eq!(objections(&named, "a"), [None]);
    assert_eq!(
        prefixes(&named, "default/a"),
        ["10.1.0.0/16"],
        "the subnets' count"
    );
    let other = table_of(&network("default/a", "another"));
    assert!(objections(&other, "a")[0].is_some());
    assert!(
        prefixes(&other, "default/a").is_empty(),
        "it is another VPC's"
    );
    let many = format!("{}{}", network("blue/a", "a"), network("green/a", "a"));
    assert_eq!(
        objections(&table_of(&many), "a"),
        [Some(
            "2 Networks have Vpc a as their source; one may".to_owned()
        )]
    );
}

#[test]
fn without_subnets_the_networks_own_prefixes_count() {
    let text = "apiVersion: peerd/v1\nkind: Network\nmetadata: { name: a }\nspec:\n  \
                prefixes: [10.99.0.0/16]\n  \
                source: { apiVersion: kubeovn.io/v1, kind: Vpc, name: a }\n---\n";
    let table = table(&format!("{text}{}", vpc("a", &[], &[])));
    assert_eq!(prefixes(&table, "default/a"), ["10.99.0.0/16"]);
}

#[test]
fn where_the_peer_is_no_vpc_a_next_hop_on_the_link_leads_to_it() {
    let text = format!(
        "{}{}{}{}",
        network("default/a", "a"),
        subnet("a1", "a", "10.1.0.0/16"),
        vpc(
            "a",
            &[("b", "169.254.0.1/30")],
            &[
                ("10.2.0.0/16", "169.254.0.2"),
                ("10.3.0.0/16", "169.254.0.1"),
            ]
        ),
        "apiVersion: peerd/v1\nkind: Network\nmetadata: { name: b }\n\
         spec: { prefixes: [10.2.0.0/16] }\n"
    );
    let table = table(&text);
    let consent = consent(&table, "default/a-b");
    assert_eq!(consent.peer.network(), Some(&"default/b".parse().unwrap()));
    assert_eq!(
        routes(consent),
        ["10.2.0.0/16"],
        "the other is the VPC's own address"
    );
}

#[test]
fn a_subnet_without_a_vpc_is_the_default_ones() {
    let text = "kind: Subnet\napiVersion: kubeovn.io/v1\nmetadata: { name: ovn-default }\n\
                spec: { cidrBlock: 10.16.0.0/16 }\n---\n";
    let table = table(&format!("{text}{}", network("default/all", "ovn-cluster")));
    assert_eq!(prefixes(&table, "default/all"), ["10.16.0.0/16"]);
}
