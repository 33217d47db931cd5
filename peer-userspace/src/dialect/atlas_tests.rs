//! What an Atlas project's documents mean.

use super::{parse, translate};
use crate::model::{Consent, Origin, Table};

/// A network that is one of Atlas' containers, or a user's.
fn network(name: &str, source: &str, prefixes: &str) -> String {
    let prefixes = match prefixes {
        "" => String::new(),
        some => format!("prefixes: [{some}], "),
    };
    format!(
        "---\n{{ apiVersion: peerd/v1, kind: Network, metadata: {{ name: {name} }}, spec: {{ \
         source: {{ apiVersion: atlas.mongodb.com/v1, {source} }}, {prefixes}\
         ports: [{{ interface: {name} }}] }} }}\n"
    )
}

const PROJECT: &str = "kind: AtlasProject, name: p";

/// A project with these entries, beside other documents.
fn translated(entries: &[&str], others: &[String]) -> Table {
    let entries = entries.join(" }, { ");
    let project = format!(
        "{{ apiVersion: atlas.mongodb.com/v1, kind: AtlasProject, metadata: {{ name: p }}, \
         spec: {{ networkPeers: [{{ {entries} }}] }} }}\n"
    );
    let text = project + &others.concat();
    translate(parse(&text).unwrap().table())
}

fn aws(vpc: &str, more: &str) -> String {
    format!(
        "providerName: AWS, accepterRegionName: us-east-1, awsAccountId: 1, vpcId: {vpc}, \
         routeTableCidrBlock: 10.0.0.0/24, {more}"
    )
}

fn gcp(network: &str, more: &str) -> String {
    format!("providerName: GCP, gcpProjectId: g, networkName: {network}, {more}")
}

/// Own network and objection of each entry.
fn entries(table: &Table) -> Vec<(String, Option<String>)> {
    let entry = |consent: &Consent| {
        let Origin::Document(_, _, entry) = consent.origin else {
            panic!("{consent:?} is of no document");
        };
        entry
    };
    let mut consents: Vec<&Consent> = table.consents.values().collect();
    consents.sort_by_key(|consent| entry(consent));
    let shown = consents.into_iter();
    let shown = shown.map(|it| (it.network.to_string(), it.objection.clone()));
    shown.collect()
}

#[test]
fn an_entry_is_the_consent_of_its_containers_network_to_peer_with_the_users() {
    let user = network(
        "mine",
        "kind: AwsVpc, namespace: \"1\", name: vpc-A",
        "10.0.0.0/24",
    );
    let container = network("c", PROJECT, "");
    let table = translated(
        &[&aws("vpc-A", "atlasCidrBlock: 10.8.0.0/21")],
        &[user, container],
    );
    let (id, consent) = table.consents.first_key_value().unwrap();
    assert_eq!(id.to_string(), "default/p-aws-vpc-a");
    assert_eq!(consent.own().to_string(), "default/c");
    assert_eq!(consent.peer.network().unwrap().to_string(), "default/mine");
    assert_eq!(consent.ttl.unwrap().to_string(), "never");
    assert_eq!(consent.hops, 1);
    assert_eq!(consent.routes, Some(vec!["10.0.0.0/24".parse().unwrap()]));
    assert_eq!(consent.objection, None);
    let container = &table.networks[&"default/c".parse().unwrap()];
    assert_eq!(*container.prefixes, ["10.8.0.0/21".parse().unwrap()]);
}

#[test]
fn a_container_that_exists_is_found_by_its_source_its_name_or_where_a_project_made_it() {
    let by_source = network(
        "a",
        "kind: AtlasNetworkContainer, name: 6dc5",
        "10.8.0.0/21",
    );
    let namesake = "---\n{ apiVersion: peerd/v1, kind: Network, metadata: { name: b }, \
                    spec: { prefixes: [10.9.0.0/21] } }\n";
    let made = network("c", PROJECT, "");
    let table = translated(
        &[
            &gcp("one", "containerId: 6dc5"),
            &gcp("two", "containerID: b"),
            &gcp("three", "atlasCidrBlock: 10.10.0.0/21"),
            &gcp("four", "containerId: c"),
        ],
        &[by_source, namesake.to_owned(), made],
    );
    let found = ["a", "b", "c", "c"].map(|network| (network.to_owned(), None));
    assert_eq!(entries(&table), found);
    let made = &table.networks[&"default/c".parse().unwrap()];
    assert_eq!(*made.prefixes, ["10.10.0.0/21".parse().unwrap()]);
}

#[test]
fn entries_of_one_region_and_prefix_share_a_container_however_they_write_the_region() {
    let table = translated(
        &[
            &aws(
                "one",
                "atlasCidrBlock: 10.8.0.0/21, containerRegion: US_WEST_1",
            ),
            &aws(
                "two",
                "atlasCidrBlock: 10.8.0.0/21, containerRegion: us-west-1",
            ),
            &aws("three", "atlasCidrBlock: 10.8.0.0/21"),
        ],
        &[
            network("a", PROJECT, "10.8.0.0/21"),
            network("b", PROJECT, ""),
        ],
    );
    let found = ["a", "a", "b"].map(|network| (network.to_owned(), None));
    assert_eq!(entries(&table), found);
}

#[test]
fn no_order_of_entries_takes_a_container_away() {
    let [one, two] = [
        gcp("one", "atlasCidrBlock: 10.8.0.0/21"),
        gcp("two", "atlasCidrBlock: 10.9.0.0/21"),
    ];
    let networks = [
        network("a", PROJECT, ""),
        network("b", PROJECT, "10.9.0.0/21"),
    ];
    let there = entries(&translated(&[&one, &two], &networks));
    let mut back = entries(&translated(&[&two, &one], &networks));
    back.reverse();
    assert_eq!(there, back);
    assert_eq!(there, ["a", "b"].map(|network| (network.to_owned(), None)));
}

#[test]
fn a_container_without_a_network_says_what_to_declare() {
    let new = aws("one", "atlasCidrBlock: 10.8.0.0/21");
    let table = translated(&[&new, &gcp("two", "containerId: 6dc5")], &[]);
    let stand_in = &table.networks[&"default/p-aws-us-east-1".parse().unwrap()];
    assert_eq!(*stand_in.prefixes, ["10.8.0.0/21".parse().unwrap()]);
    assert!(stand_in.ports.is_empty());
    assert_eq!(
        entries(&table),
        [
            (
                "p-aws-us-east-1".to_owned(),
                Some(
                    "container 10.8.0.0/21 of AtlasProject default/p has no ports: declare a \
                     peerd Network in its namespace that has the project as its `source`"
                        .to_owned()
                )
            ),
            (
                "p-gcp".to_owned(),
                Some(
                    "AtlasNetworkContainer default/6dc5 has no prefixes and no ports: declare \
                     a peerd Network of that name or with that `source`"
                        .to_owned()
                )
            ),
        ]
    );
    let blank = [network("a", PROJECT, ""), network("b", PROJECT, "")];
    let (_, why) = entries(&translated(&[&new], &blank)).remove(0);
    assert_eq!(
        why.unwrap(),
        "2 Networks without prefixes have AtlasProject default/p as their source: write \
         10.8.0.0/21 into the one that is this container's"
    );
}

#[test]
fn an_unrelated_network_of_a_stand_ins_name_stays_as_it_is_and_unpeered() {
    let unrelated = "---\n{ apiVersion: peerd/v1, kind: Network, metadata: { name: p-gcp }, \
                     spec: { prefixes: [10.9.0.0/21] } }\n";
    let table = translated(
        &[&gcp("one", "atlasCidrBlock: 10.8.0.0/21")],
        &[unrelated.into()],
    );
    let kept = &table.networks[&"default/p-gcp".parse().unwrap()];
    assert_eq!(*kept.prefixes, ["10.9.0.0/21".parse().unwrap()]);
    assert!(entries(&table)[0].1.is_some());
}

#[test]
fn of_two_entries_that_cannot_be_beside_each_other_the_later_fails() {
    let cidr = "atlasCidrBlock: 10.8.0.0/21";
    let networks = [
        network("a", PROJECT, "10.8.0.0/21"),
        network("b", PROJECT, ""),
    ];
    for (earlier, later, why) in [
        (
            aws("one", cidr),
            aws("one", cidr),
            "networkPeers[0] is of the same container and AwsVpc 1/one already",
        ),
        (
            aws("one", cidr),
            gcp("two", &format!("{cidr}, containerRegion: US_EAST_1")),
            "region US_EAST_1 has AWS by networkPeers[0]: Atlas does not peer in one region \
             with several providers",
        ),
        (
            gcp("two", "containerId: a"),
            aws("one", "containerId: a"),
            "the container is of GCP by networkPeers[0]: a container is of one provider",
        ),
    ] {
        let found = entries(&translated(&[&earlier, &later], &networks));
        assert_eq!(found[0].1, None, "{earlier}");
        assert_eq!(found[1].1.as_deref(), Some(why), "{later}");
    }
    // Which has failed for itself is in nobody's way.
    let found = entries(&translated(
        &["vpcId: one, containerId: a", &gcp("two", "containerId: a")],
        &networks,
    ));
    assert!(found[0].1.is_some());
    assert_eq!(found[1].1, None);
    // Different regions, or none, of different providers.
    let found = entries(&translated(
        &[&aws("one", cidr), &gcp("two", cidr)],
        &networks,
    ));
    assert_eq!(found, ["a", "b"].map(|network| (network.to_owned(), None)));
}

#[test]
fn the_examples_lack_nothing_but_their_users_consent() {
    let examples = [
        (
            include_str!("../../../examples/atlas/aws-networks.yaml"),
            include_str!("../../../examples/atlas/aws.yaml"),
            "default/atlas-on-aws my-team/on-amazon",
        ),
        (
            include_str!("../../../examples/atlas/azure-networks.yaml"),
            include_str!("../../../examples/atlas/azure.yaml"),
            "default/atlas-on-azure my-team/on-microsoft",
        ),
        (
            include_str!("../../../examples/atlas/gcp-networks.yaml"),
            include_str!("../../../examples/atlas/gcp.yaml"),
            "default/atlas-on-gcp my-gcp-project/my-vpc",
        ),
    ];
    for (networks, project, meant) in examples {
        let documents = parse(&[networks, project].join("---\n")).unwrap();
        let table = translate(documents.table());
        let consents: Vec<_> = table.consents.values().collect();
        assert_eq!(consents.len(), 1);
        assert_eq!(consents[0].objection, None);
        let peer = consents[0].peer.network().unwrap();
        assert_eq!(format!("{} {peer}", consents[0].own()), meant);
    }
}

#[test]
fn thousands_of_entries_alike_are_told_apart_in_no_time() {
    let entry = aws("vpc-1", "atlasCidrBlock: 10.8.0.0/21");
    let entries: Vec<&str> = std::iter::repeat_n(entry.as_str(), 5000).collect();
    let text = format!(
        "{{ apiVersion: atlas.mongodb.com/v1, kind: AtlasProject, metadata: {{ name: p }}, \
         spec: {{ networkPeers: [{{ {} }}] }} }}\n",
        entries.join(" }, { ")
    );
    let declared = parse(&text).unwrap().table();
    let begun = std::time::Instant::now();
    let table = translate(declared);
    // Whoever may declare one project would stop the daemon for everybody else.
    let took = begun.elapsed();
    assert!(took < std::time::Duration::from_secs(20), "{took:?}");
    assert_eq!(table.consents.len(), 5000);
    let first = "networkPeers[0] is of the same container";
    let twice = table.consents.values().filter(|consent| {
        let objection = consent.objection.as_deref().unwrap_or_default();
        objection.starts_with(first)
    });
    assert_eq!(twice.count(), 4999);
}
