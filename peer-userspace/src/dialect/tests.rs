//! Whole texts: the contract's example, streams and lists, and what no text may
//! do. Rules of single fields are tested beside their readers.

use std::{collections::BTreeMap, net::IpAddr};

use super::*;
use crate::model::{
    AdminState, Mode, Origin, PeerRef, Port, PortRange, Protocol, RouteMode, Rule, StaticRoute,
    Ttl, Unmanaged,
};

/// The table of design.md, section 2, as users read it there.
const EXAMPLE: &str = r#"apiVersion: peerd/v1
kind: Network
metadata: { namespace: blue-team, name: blue, labels: { env: prod } }
spec:
  zone: fi-hel1                     # default "default"; peers must share it
  prefixes: [10.1.0.0/16, "fd00:1::/48"]
  ports:                            # a port belongs to one network
    - interface: veth-blue          # a host interface that faces this network
    - interface: eth1
      vlan: 10                      # 802.1Q tag on that interface
      address: [10.1.7.1/24]        # the router's own address there, where the kernel has none (a tag without a device)
      prefixes: [10.1.7.0/24]       # what lies behind this port; default: all of the network's
      via: [10.1.7.254]             # next hop per family; default: on-link, or the host's own route
      mode: auto                    # auto | xdp | xdp-generic | tc
  routes: auto                      # auto | manual: manual routes only what staticRoutes names
  staticRoutes: [{ to: 10.2.0.0/16, peering: to-green }]
  unmanaged: pass                   # destinations in no managed network: pass | drop | reject
  autoAccept: []                    # namespaces whose requests count as accepted by me; "*" for all, own name for mine
---
apiVersion: peerd/v1
kind: Peering                       # ONE side's consent
metadata: { namespace: blue-team, name: to-green }
spec:
  network: blue                     # in my namespace
  peer: { namespace: green-team, network: green }   # namespace defaults to mine; or { id: UUID }
  adminState: up                    # or down: keeps the object, stops the traffic
  export: [10.1.0.0/17]             # which of my prefixes the peer gets; inside my prefixes; default all, [] none
  allow:                            # what the peer may open towards me; omitted = everything, [] = nothing
    - { protocol: tcp, ports: [443, "8000-8999"], from: [10.2.0.0/16], to: [10.1.9.0/24] }
    - { protocol: icmp }            # tcp | udp | icmp | icmpv6 | a number | any
  allowOut: []                      # the same for what I may open towards the peer; omitted = everything
  ttl: 7d                           # an unmatched request expires after this; "never" is allowed
  hops: 1                           # 1 | 2 logical routers between the networks
---
apiVersion: peerd/v1
kind: Peering
metadata: { namespace: green-team, name: to-blue }
spec: { network: green, peer: { namespace: blue-team, network: blue } }
"#;

/// The errors of a text, as a user sees them.
pub(super) fn errors(text: &str) -> Vec<String> {
    parse(text)
        .expect_err("the text is bad")
        .iter()
        .map(Finding::to_string)
        .collect()
}

/// A network document whose spec has these lines, from line 5 and column 3 on.
pub(super) fn network(spec: &str) -> String {
    object("Network", spec)
}

/// A peering document whose spec has these lines, from line 5 and column 3 on.
pub(super) fn peering(spec: &str) -> String {
    object("Peering", spec)
}

fn object(kind: &str, spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!("apiVersion: peerd/v1\nkind: {kind}\nmetadata: {{ name: blue }}\nspec:\n{spec}")
}

fn warnings(text: &str) -> Vec<String> {
    parse(text)
        .unwrap()
        .warnings
        .iter()
        .map(Finding::to_string)
        .collect()
}

fn at(line: usize, column: usize) -> Position {
    Position { line, column }
}

#[test]
fn the_contracts_example_is_read_field_by_field() {
    let address = |text: &str| text.parse::<IpAddr>().unwrap();
    let prefix = |text: &str| text.parse::<ipnet::IpNet>().unwrap();
    let blue = Network {
        id: "blue-team/blue".parse().unwrap(),
        labels: BTreeMap::from([("env".to_owned(), "prod".to_owned())]),
        source: None,
        zone: "fi-hel1".to_owned(),
        prefixes: [prefix("10.1.0.0/16"), prefix("fd00:1::/48")].into(),
        ports: vec![
            Port {
                interface: "veth-blue".to_owned(),
                vlan: None,
                outer: None,
                address: vec![],
                prefixes: vec![],
                via: vec![],
                mode: Mode::Auto,
            },
            Port {
                interface: "eth1".to_owned(),
                vlan: Some(10),
                outer: None,
                address: vec![prefix("10.1.7.1/24")],
                prefixes: vec![prefix("10.1.7.0/24")],
                via: vec![address("10.1.7.254")],
                mode: Mode::Auto,
            },
        ],
        routes: RouteMode::Auto,
        static_routes: vec![StaticRoute {
            to: prefix("10.2.0.0/16"),
            peering: "to-green".parse().unwrap(),
        }],
        unmanaged: Unmanaged::Pass,
        auto_accept: vec![],
    };
    let to_green = Consent {
        id: "blue-team/to-green".parse().unwrap(),
        labels: BTreeMap::new(),
        description: None,
        network: "blue".parse().unwrap(),
        peer: PeerRef::Network("green-team/green".parse().unwrap()),
        admin_state: AdminState::Up,
        export: Some(vec![prefix("10.1.0.0/17")]),
        routes: None,
        allow: Some(vec![
            Rule {
                protocol: Protocol::Number(6),
                ports: vec![PortRange(443..=443), PortRange(8000..=8999)],
                from: vec![prefix("10.2.0.0/16")],
                to: vec![prefix("10.1.9.0/24")],
            },
            Rule {
                protocol: Protocol::Number(1),
                ports: vec![],
                from: vec![],
                to: vec![],
            },
        ]),
        allow_out: Some(vec![]),
        ttl: Some(Ttl::Seconds(604_800)),
        hops: 1,
        origin: Origin::Native,
        objection: None,
    };
    let to_blue = Consent {
        id: "green-team/to-blue".parse().unwrap(),
        labels: BTreeMap::new(),
        description: None,
        network: "green".parse().unwrap(),
        peer: PeerRef::Network("blue-team/blue".parse().unwrap()),
        admin_state: AdminState::Up,
        export: None,
        routes: None,
        allow: None,
        allow_out: None,
        ttl: None,
        hops: 1,
        origin: Origin::Native,
        objection: None,
    };
    let expected = Declared {
        networks: vec![(blue, at(1, 1))],
        consents: vec![(to_green, at(20, 1)), (to_blue, at(35, 1))],
        foreign: vec![],
        warnings: vec![Finding {
            at: at(16, 17),
            text: "spec.staticRoutes: has no effect with `routes: auto`; \
                   write `routes: manual`, or remove it"
                .to_owned(),
        }],
    };
    assert_eq!(parse(EXAMPLE).unwrap(), expected);
}

#[test]
fn a_text_without_objects_of_ours_is_empty() {
    for text in [
        "",
        "# nothing yet\n",
        "---\n---\n# none\n---\nnull\n...\n",
        "\u{feff}",
    ] {
        assert_eq!(parse(text).unwrap(), Declared::default(), "{text:?}");
    }
    let skipped = parse("apiVersion: v1\nkind: Pod\nspec: { any: [thing] }\n").unwrap();
    assert!(skipped.is_empty());
    assert!(!parse(EXAMPLE).unwrap().is_empty());
}

#[test]
fn other_systems_kinds_are_skipped_with_a_warning() {
    let text = "---\napiVersion: v1\nkind: Pod\n---\napiVersion: kubeovn.io/v1\nkind: Network\n";
    assert_eq!(
        warnings(text),
        [
            "2:1: skipped: peerd does not read kind Pod of v1",
            "5:1: skipped: peerd does not read kind Network of kubeovn.io/v1",
        ]
    );
}

#[test]
fn a_kind_we_do_not_have_is_an_error_that_names_the_two() {
    assert_eq!(
        errors("apiVersion: peerd/v1\nkind: network\n"),
        ["2:7: kind: `network` is not a kind of peerd/v1; use Network or Peering"]
    );
    assert_eq!(
        errors("apiVersion: peerd/v2\nkind: Network\n"),
        ["1:13: apiVersion: `peerd/v2` is unknown to this version; use peerd/v1"]
    );
}

#[test]
fn a_document_says_what_it_is() {
    assert_eq!(errors("---\nkind: Network\n"), ["2:1: apiVersion: missing"]);
    assert_eq!(errors("apiVersion: peerd/v1\n"), ["1:1: kind: missing"]);
    assert_eq!(
        errors("{}"),
        ["1:1: apiVersion: missing", "1:1: kind: missing"]
    );
    assert_eq!(
        errors("apiVersion: 1\nkind: []\n"),
        [
            "1:13: apiVersion: `1` is read as a number; write \"1\" in quotes",
            "2:7: kind: must be a string, not a list",
        ]
    );
    assert_eq!(
        errors("- a\n---\nb\n"),
        [
            "1:1: a document must be a mapping, not a list",
            "3:1: a document must be a mapping, not a string",
        ]
    );
}

#[test]
fn top_level_fields_are_known_and_status_is_ignored() {
    let text =
        "apiVersion: peerd/v1\nkind: Network\nstatus: { state: [x] }\nmetdata: {}\nextra: 1\n";
    assert_eq!(
        errors(text),
        [
            "1:1: metadata: missing",
            "1:1: spec: missing",
            "4:1: metdata: unknown field; did you mean `metadata`?",
            "5:1: extra: unknown field; \
             the known ones are apiVersion, kind, metadata and spec",
        ]
    );
    let good = network("prefixes: [10.0.0.0/8]") + "status: { peeredNetworks: [] }\n";
    assert!(parse(&good).is_ok());
}

#[test]
fn json_is_read_with_exact_places() {
    let text = "{\n\t\"apiVersion\": \"peerd/v1\",\n\t\"kind\": \"Peering\",\n\
                \t\"metadata\": {\"name\": \"a\"},\n\t\"spec\": {\"network\": 7}\n}\n";
    assert_eq!(
        errors(text),
        [
            "5:10: spec.peer: missing",
            "5:22: spec.network: `7` is read as a number; write \"7\" in quotes",
        ]
    );
}

#[test]
fn a_list_of_objects_is_read_as_its_items() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": [
{"apiVersion": "peerd/v1", "kind": "Network", "metadata": {"name": "a"}, "spec": {"prefixes": ["10.0.0.0/8"]}},
{"apiVersion": "v1", "kind": "Pod"}
]}"#;
    let declared = parse(text).unwrap();
    assert_eq!(declared.networks.len(), 1);
    assert_eq!(declared.networks[0].1, at(2, 1));
    assert_eq!(
        warnings(text),
        ["3:1: items[1]: skipped: peerd does not read kind Pod of v1"]
    );
    assert_eq!(
        errors("apiVersion: peerd/v1\nkind: List\nitem: []\nitems:\n- kind: Peering\n- 5\n"),
        [
            "3:1: item: unknown field; did you mean `items`?",
            "5:3: items[0].apiVersion: missing",
            "6:3: items[1]: must be a mapping, not a number",
        ]
    );
    assert_eq!(
        errors("apiVersion: v1\nkind: List\n"),
        ["1:1: items: missing"]
    );
}

#[test]
fn a_name_declared_twice_is_an_error_even_where_its_objects_have_others() {
    let one = network("prefixes: [10.0.0.0/8]");
    let bad = network("zone: []");
    let other_kind = peering("network: blue\npeer: { network: green }");
    assert!(parse(&format!("{one}---\n{other_kind}")).is_ok());
    assert_eq!(
        errors(&format!("# twice\n{one}---\n{bad}---\n{one}")),
        [
            "8:1: Network default/blue is declared twice; the first is at line 2",
            "12:3: spec.prefixes: missing",
            "12:9: spec.zone: must be a string, not a list",
            "14:1: Network default/blue is declared twice; the first is at line 2",
        ]
    );
}

#[test]
fn a_key_written_twice_is_an_error_wherever_it_is() {
    let text = "apiVersion: peerd/v1\nkind: Network\nkind: Network\n\
                metadata: { name: a, annotations: { x: 1, x: 2 } }\n\
                spec:\n  prefixes: [10.0.0.0/8]\n  ports:\n  - interface: a\n    \"interface\": b\n  prefixes: 5\n";
    assert_eq!(
        errors(text),
        [
            "3:1: kind: written twice; the first is at line 2",
            "4:43: metadata.annotations.x: written twice; the first is at line 4",
            "9:5: spec.ports[0].interface: written twice; the first is at line 8",
            "10:3: spec.prefixes: written twice; the first is at line 6",
        ]
    );
}

#[test]
fn a_syntax_error_is_reported_with_the_errors_before_it() {
    let bad = network("prefixes: []");
    assert_eq!(
        errors(&format!("{bad}---\nkind: [\n---\nkind: Peering\n")),
        [
            "5:13: spec.prefixes: is empty; list at least one prefix",
            "8:1: not valid YAML: while parsing a node, did not find expected node content",
        ]
    );
}

#[test]
fn findings_stay_on_one_line() {
    let text = "apiVersion: peerd/v1\nkind: \"a\\nb\\e[1m\"\n";
    assert_eq!(
        errors(text),
        ["2:7: kind: `a\\nb\\u{1b}[1m` is not a kind of peerd/v1; use Network or Peering"]
    );
}

/// Parses and checks what holds of every result.
fn check(text: &str) {
    if let Err(errors) = parse(text) {
        assert!(!errors.is_empty());
        assert!(errors.is_sorted_by_key(|error| error.at), "{errors:?}");
        for Finding { at, text } in errors {
            assert!(at.line >= 1 && at.column >= 1);
            assert!(!text.is_empty() && !text.contains(char::is_control));
        }
    }
}

#[test]
fn no_text_makes_it_panic() {
    let odd = [
        "\t", "\n", ":", "- ", "{", "]", "\"", "&a ", "*a", "!x ", "|", "\0", "é", "::", "<<",
    ];
    for (cut, odd) in (0..EXAMPLE.len()).zip(odd.iter().cycle()) {
        let (before, after) = (&EXAMPLE[..cut], &EXAMPLE[cut + 1..]);
        check(before);
        check(after);
        check(&[before, after].concat());
        check(&[before, odd, after].concat());
    }
}
