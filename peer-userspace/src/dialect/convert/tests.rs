//! The native form means the same as what it was made of.

use super::*;

const NETWORKS: &str = "\
apiVersion: peerd/v1
kind: Network
metadata: { namespace: a, name: x }
spec: { prefixes: [10.1.0.0/16], SOURCE-OF-X }
---
apiVersion: peerd/v1
kind: Network
metadata: { namespace: b, name: y }
spec: { prefixes: [10.2.0.0/16], SOURCE-OF-Y }
---
apiVersion: peerd/v1
kind: Network
metadata: { namespace: b, name: z }
spec: { prefixes: [10.3.0.0/16], SOURCE-OF-Z }
";

const REQUEST: &str = "\
---
apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { namespace: OWN, name: NAME, labels: { env: prod } }
spec: { localNetworkRef: { name: LOCAL }, remoteNetworkRef: { namespace: PEER, name: REMOTE } }
";

/// A table of each system's, with what a native Network has to add to it. Another kind
/// belongs here with its translator.
const EXAMPLES: [&str; 3] = [
    "\
{ apiVersion: peerd/v1, kind: Network, metadata: { namespace: lea, name: lea-net }, \
  spec: { prefixes: [10.1.0.0/16, 'fd00:1::/48'], ports: [{ interface: p1 }] } }
---
{ apiVersion: peerd/v1, kind: Network, metadata: { namespace: max, name: n }, \
  spec: { zone: z, prefixes: [10.2.0.0/16], routes: manual, source: { \
  apiVersion: networking.api.onmetal.de/v1alpha1, kind: Network, name: max-net } } }
---
{ apiVersion: networking.api.onmetal.de/v1alpha1, kind: Network, \
  metadata: { namespace: lea, name: lea-net } }
---
{ apiVersion: networking.api.onmetal.de/v1alpha1, kind: NetworkPeeringRequest, \
  metadata: { namespace: lea, name: to-max }, spec: { localNetworkRef: { name: lea-net }, \
  remoteNetworkRef: { namespace: max, name: max-net } }, status: { state: success } }
---
{ apiVersion: networking.api.onmetal.de/v1alpha1, kind: NetworkPeeringRequest, \
  metadata: { namespace: max, name: to-lea }, spec: { localNetworkRef: { name: max-net }, \
  remoteNetworkRef: { namespace: lea, name: lea-net } } }
",
    "\
{ apiVersion: peerd/v1, kind: Network, metadata: { name: left }, spec: { \
  ports: [{ interface: p1 }], source: { apiVersion: kubeovn.io/v1, kind: Vpc, name: vpc-l } } }
---
{ apiVersion: kubeovn.io/v1, kind: Subnet, metadata: { name: net-l }, \
  spec: { vpc: vpc-l, cidrBlock: 10.4.0.0/16 } }
---
{ apiVersion: kubeovn.io/v1, kind: Subnet, metadata: { name: net-r }, \
  spec: { vpc: vpc-r, cidrBlock: 172.20.0.0/16 } }
---
{ apiVersion: kubeovn.io/v1, kind: Vpc, metadata: { name: vpc-l }, spec: { \
  vpcPeerings: [{ remoteVpc: vpc-r, localConnectIP: 169.254.0.1/30 }], \
  staticRoutes: [{ cidr: 172.20.0.0/16, nextHopIP: 169.254.0.2, policy: policyDst }] } }
---
{ apiVersion: kubeovn.io/v1, kind: Vpc, metadata: { name: vpc-r }, spec: { \
  vpcPeerings: [{ remoteVpc: vpc-l, localConnectIP: 169.254.0.2/30 }, \
{ remoteVpc: vpc-3, localConnectIP: 169.254.0.5/30 }], \
  staticRoutes: [{ cidr: 10.4.0.0/16, nextHopIP: 169.254.0.1, policy: policyDst }] } }
",
    "\
{ apiVersion: peerd/v1, kind: Network, metadata: { namespace: cloud, name: vpc }, \
  spec: { prefixes: [10.6.0.0/16], ports: [{ interface: p1 }], \
  source: { apiVersion: aws/v1, kind: Vpc, namespace: '111122223333', name: vpc-0a } } }
---
{ apiVersion: atlas.mongodb.com/v1, kind: AtlasProject, metadata: { name: shop }, \
  spec: { name: Shop, networkPeers: [{ providerName: AWS, accepterRegionName: eu-north-1, \
  awsAccountId: '111122223333', vpcId: vpc-0a, routeTableCidrBlock: 10.6.0.0/16, \
  atlasCidrBlock: 192.168.240.0/21 }, { providerName: GCP, gcpProjectId: shop, \
  networkName: main, atlasCidrBlock: 192.168.192.0/18 }] } }
",
];

#[test]
fn what_each_system_declares_means_the_same_in_native_form() {
    for text in EXAMPLES {
        means_the_same(text);
    }
}

/// What a table means, without what conversion is to take away.
fn meaning(table: Table) -> (Vec<Network>, Vec<Consent>) {
    let networks = table.networks.into_values().map(|network| Network {
        source: None,
        ..network
    });
    let consents = table.consents.into_values();
    let consents = consents.filter(|consent| consent.objection.is_none());
    (
        networks.collect(),
        consents.map(|consent| native(&consent)).collect(),
    )
}

/// Whatever `text` declares: its native form is read without complaint, and means the
/// same.
fn means_the_same(text: &str) -> Converted {
    let declared = parse(text).unwrap().table();
    let converted = convert(declared.clone());
    let documents = converted.documents.iter();
    let stream: Vec<String> = documents
        .map(|document| document.content.to_string())
        .collect();
    let stream = stream.join("\n---\n");
    let again = parse(&stream).unwrap();
    assert_eq!(again.warnings, [], "{stream}");
    let again = meaning(translate(again.table()));
    let known = meaning(translate(with_networks(declared.clone())));
    assert_eq!(again, known, "{text}\n{stream}");
    for network in meaning(translate(declared)).0 {
        assert!(again.0.contains(&network), "{text}");
    }
    converted
}

fn networks(sources: [&str; 3]) -> String {
    let markers = ["SOURCE-OF-X", "SOURCE-OF-Y", "SOURCE-OF-Z"];
    let mut text = NETWORKS.to_owned();
    for (marker, source) in markers.into_iter().zip(sources) {
        text = text.replace(marker, source);
    }
    text
}

fn request(own: &str, name: &str, local: &str, peer: &str, remote: &str) -> String {
    let words = [
        ("OWN", own),
        ("NAME", name),
        ("LOCAL", local),
        ("PEER", peer),
        ("REMOTE", remote),
    ];
    let replace = |text: String, (word, with): (&str, &str)| text.replace(word, with);
    words.into_iter().fold(REQUEST.to_owned(), replace)
}

fn sourced(namespace: &str, name: &str) -> String {
    format!(
        "source: {{ apiVersion: networking.api.onmetal.de/v1alpha1, kind: Network, \
         namespace: {namespace}, name: {name} }}"
    )
}

#[test]
fn the_native_form_means_the_same_whoever_stands_for_whom() {
    let of_another = "source: { apiVersion: kubeovn.io/v1, kind: Vpc, name: v }";
    let of_a = ["x", "foreign"].map(|name| sourced("a", name));
    let of_a = [&[String::new(), of_another.to_owned()][..], &of_a].concat();
    let of_b = ["y", "z", "foreign"].map(|name| sourced("b", name));
    let of_b = [&[String::new()][..], &of_b].concat();
    let mut tried = 0;
    for (x, y, z) in of_a
        .iter()
        .flat_map(|x| of_b.iter().map(move |y| (x, y)))
        .flat_map(|(x, y)| of_b.iter().map(move |z| (x, y, z)))
    {
        let networks = networks([x, y, z]);
        for local in ["x", "foreign"] {
            for remote in ["y", "z", "foreign", "nobody"] {
                let there = request("a", "there", local, "b", remote);
                let back = request("b", "back", remote, "a", local);
                means_the_same(&format!("{networks}{there}{back}"));
                means_the_same(&format!("{networks}{there}"));
                tried += 2;
            }
        }
    }
    assert_eq!(tried, 4 * 4 * 4 * 8 * 2);
}

#[test]
fn what_was_moved_over_stands_on_its_own() {
    let text = networks([&sourced("a", "foreign"), &sourced("b", "foreign"), ""])
        + &request("a", "there", "foreign", "b", "foreign")
        + &request("b", "back", "foreign", "a", "foreign");
    let converted = means_the_same(&text);
    assert_eq!((converted.lost, converted.warnings), (vec![], vec![]));
    let text = format!("{:?}", converted.documents);
    assert!(
        !text.contains("foreign") && !text.contains("onmetal"),
        "{text}"
    );
    let there = &converted.documents[3].content;
    assert_eq!(there["metadata"]["name"], "there");
    assert_eq!(there["metadata"]["labels"]["env"], "prod");
    assert_eq!(there["spec"]["peer"]["network"], "y");
    assert_eq!(there["spec"]["ttl"], "7d");
}

#[test]
fn what_is_lost_is_said() {
    let twice = sourced("b", "f");
    let text = networks(["", &twice, &twice]) + &request("b", "ask", "f", "a", "x");
    let converted = means_the_same(&text);
    assert_eq!(converted.documents.len(), 3, "the networks");
    assert_eq!(converted.lost.len(), 1);
    let why = &converted.lost[0];
    assert!(
        why.starts_with("NetworkPeeringRequest b/ask: 2 Networks"),
        "{why}"
    );
    let odd = request("a", "ask", "\"x\\n---\\n\"", "b", "y");
    let converted = means_the_same(&odd);
    assert_eq!(converted.documents, []);
    assert!(!converted.lost[0].contains('\n'), "{:?}", converted.lost);
}

#[test]
fn a_network_of_which_nothing_is_known_but_its_name_is_to_be_completed() {
    let name = "apiVersion: networking.api.onmetal.de/v1alpha1\nkind: Network\n\
                metadata: { namespace: a, name: x }\n";
    for text in [
        name.to_owned(),
        request("a", "ask", "x", "b", "y"),
        format!("{name}{}", request("a", "ask", "x", "b", "y")),
    ] {
        let converted = means_the_same(&text);
        assert_eq!(converted.lost, Vec::<String>::new());
        let network = &converted.documents[0];
        assert_eq!(network.content["metadata"]["name"], "x");
        assert_eq!(network.notes.len(), 2, "prefixes and ports");
    }
}

#[test]
fn what_only_the_owner_knows_is_asked_for() {
    let text =
        networks(["", "ports: [{ interface: p2 }]", ""]) + &request("a", "ask", "x", "c", "nobody");
    let converted = means_the_same(&text);
    let notes = converted.documents.iter();
    let notes: Vec<usize> = notes.map(|document| document.notes.len()).collect();
    assert_eq!(notes, [1, 0, 1, 0]);
    assert_eq!(converted.warnings.len(), 1, "the peer is nobody's");
    let unsaid = "apiVersion: peerd/v1\nkind: Network\nmetadata: { name: v }\n\
                  spec: { source: { apiVersion: kubeovn.io/v1, kind: Vpc, name: v } }\n";
    let converted = means_the_same(unsaid);
    assert_eq!(converted.documents[0].notes.len(), 2);
}
