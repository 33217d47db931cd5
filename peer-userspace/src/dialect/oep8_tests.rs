//! What OEP-8's documents mean, and its words for what became of them.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{Neighbour, Standing, oep8, parse, peering_request, tests::errors, translate};
use crate::{
    lifecycle::State,
    model::{Kind, Origin, PeerRef, Source, Spec, Table, Ttl},
};

const HEAD: &str = "apiVersion: networking.api.onmetal.de/v1alpha1\nkind: NetworkPeeringRequest\n";

/// A request `a/ask` with this spec.
fn request(spec: &str) -> String {
    format!("{HEAD}metadata: {{ namespace: a, name: ask }}\nspec: {spec}\n")
}

/// One of `a/one` for `b/two`.
fn one_for_two() -> String {
    request("{ localNetworkRef: { name: one }, remoteNetworkRef: { name: two, namespace: b } }")
}

fn native(id: &str, source: &str) -> String {
    let (namespace, name) = id.split_once('/').unwrap();
    format!(
        "---\n{{ apiVersion: peerd/v1, kind: Network, metadata: {{ namespace: {namespace}, name: \
         {name} }}, spec: {{ prefixes: [10.1.0.0/16]{source} }} }}\n"
    )
}

/// `source` of a network that is OEP-8's of this name.
fn is_onmetals(name: &str) -> String {
    format!(
        ", source: {{ apiVersion: networking.api.onmetal.de/v1alpha1, kind: Network, name: {name} }}"
    )
}

fn translated(documents: &[String]) -> Table {
    translate(parse(&documents.concat()).unwrap().table())
}

fn onmetal(namespace: &str, name: &str) -> Source {
    oep8::source(namespace, name)
}

#[test]
fn the_remote_network_is_of_the_requests_namespace_unless_it_says_otherwise() {
    for (remote, namespace) in [
        ("{ name: two, namespace: b }", "b"),
        ("{ name: two }", "a"),
        ("{ name: two, namespace: \"\" }", "a"),
        ("{ name: two, namespace: null }", "a"),
    ] {
        let text = format!("{{ localNetworkRef: {{ name: one }}, remoteNetworkRef: {remote} }}");
        let read = parse(&request(&text)).unwrap().foreign.remove(0).0;
        let Spec::PeeringRequest(read) = read.spec else {
            panic!("{read:?}");
        };
        assert_eq!((&*read.remote_namespace, &*read.remote), (namespace, "two"));
        assert_eq!(read.local, "one");
    }
}

#[test]
fn a_request_without_either_network_is_refused() {
    let spec = "{ localNetworkRef: {}, remoteNetworkRef: { namespace: b } }";
    assert_eq!(
        errors(&request(spec)),
        [
            "4:26: spec.localNetworkRef.name: missing",
            "4:48: spec.remoteNetworkRef.name: missing",
        ]
    );
    let bare = format!("{HEAD}metadata: {{ name: ask }}\n");
    assert_eq!(errors(&bare), ["1:1: spec: missing"]);
}

#[test]
fn a_request_is_the_consent_of_its_name_and_waits_for_seven_days() {
    let table = translated(&[one_for_two(), native("a/one", "")]);
    let consent = &table.consents[&"a/ask".parse().unwrap()];
    assert_eq!(consent.own().to_string(), "a/one");
    assert_eq!(consent.peer, PeerRef::Source(onmetal("b", "two"), None));
    assert_eq!(consent.ttl, Some(Ttl::Seconds(7 * 86_400)));
    assert_eq!(consent.objection, None);
    let document = (Kind::NetworkPeeringRequest, &consent.id);
    assert_eq!(consent.origin.document(), Some(document));
    assert!(consent.origin.collects_failed());
}

#[test]
fn networks_are_found_by_what_they_say_and_else_by_their_names() {
    let both = [
        one_for_two(),
        native("a/x", &is_onmetals("one")),
        native("b/two", ""),
    ];
    let table = translated(&both);
    let consent = &table.consents[&"a/ask".parse().unwrap()];
    assert_eq!(consent.own().to_string(), "a/x");
    assert_eq!(consent.peer.network().unwrap().to_string(), "b/two");
    // The namesake is another network, if OEP-8 has another name for it.
    let table = translated(&[one_for_two(), native("a/one", &is_onmetals("other"))]);
    let consent = &table.consents[&"a/ask".parse().unwrap()];
    assert_eq!(
        consent.objection.as_deref(),
        Some(
            "Network a/one has no prefixes and no ports: declare a peerd Network of that name or \
             with that `source`"
        )
    );
    let twice = ["a/x", "a/y"].map(|id| native(id, &is_onmetals("one")));
    let table = translated(&[one_for_two(), twice.concat()]);
    let consent = &table.consents[&"a/ask".parse().unwrap()];
    assert_eq!(
        consent.objection.as_deref(),
        Some("2 Networks have Network a/one as their source; one may")
    );
}

fn neighbour(id: &str, source: Option<Source>) -> Neighbour {
    Neighbour {
        id: id.parse().unwrap(),
        uid: None,
        source,
    }
}

fn standing(state: State) -> Standing {
    Standing {
        entry: 0,
        consent: "a/ask".parse().unwrap(),
        uid: Uuid::nil(),
        state,
        reason: "a reason".into(),
        deadline: Some("2023-02-15T19:00:00Z".into()),
        network: neighbour("a/one", None),
        peer: None,
    }
}

#[test]
fn every_state_has_its_word_and_its_time_where_time_ends_it() {
    let shown = |standings: &[Standing]| oep8::request_status(standings.first());
    for state in State::ALL {
        let expected = match state {
            State::Deleted | State::Expired => None,
            State::Disabled | State::PeerDisabled => Some(("pending", false)),
            State::Pending | State::Provisioning => Some(("pending", true)),
            State::Rejected | State::Failed | State::Conflict => Some(("failed", true)),
            State::Active => Some(("success", true)),
        };
        let expected = expected.map(|(word, has_time)| {
            let mut status = json!({ "state": word, "message": "a reason" });
            if has_time {
                status["ttl"] = json!("2023-02-15T19:00:00Z");
            }
            status
        });
        assert_eq!(shown(&[standing(state)]), expected, "{state}");
    }
    assert_eq!(shown(&[]), Some(json!({ "state": "pending" })));
}

#[test]
fn peered_networks_are_called_what_oep_8_calls_them() {
    let others = Source {
        api_version: "example.org/v1".into(),
        ..onmetal("b", "not-its-name")
    };
    let peered = [
        neighbour("b/two", None),
        neighbour("b/x", Some(onmetal("b", "three"))),
        neighbour("c/y", Some(others)),
    ];
    let names = |status: &Json| {
        let of = |index: usize| {
            let it = &status["peeredNetworks"][index];
            format!(
                "{}/{}",
                it["namespace"].as_str().unwrap(),
                it["name"].as_str().unwrap()
            )
        };
        [of(0), of(1), of(2)]
    };
    let status = oep8::network_status(&peered);
    assert_eq!(names(&status), ["b/two", "b/three", "c/y"]);
}

#[test]
fn what_others_asked_for_reads_as_a_request() {
    let table = translated(&[one_for_two(), native("a/one", "")]);
    let mut consent = table.consents[&"a/ask".parse().unwrap()].clone();
    consent.origin = Origin::Native;
    let id = Uuid::from_u128(1);
    for (peer, known, remote) in [
        (
            PeerRef::Network("b/two".parse().unwrap()),
            Some(neighbour("b/two", Some(onmetal("b", "its-name")))),
            json!({ "namespace": "b", "name": "its-name" }),
        ),
        (
            PeerRef::Source(onmetal("b", "two"), None),
            None,
            json!({ "namespace": "b", "name": "two" }),
        ),
        // Whose an id is, only the answer tells.
        (
            PeerRef::Id(id, None),
            None,
            json!({ "name": id.to_string() }),
        ),
    ] {
        consent.peer = peer;
        let standing = Standing {
            peer: known,
            network: neighbour("a/one", Some(onmetal("a", "local"))),
            ..standing(State::Pending)
        };
        let request = peering_request(&consent, &standing).document;
        assert_eq!(request["kind"], "NetworkPeeringRequest");
        assert_eq!(
            request["metadata"],
            json!({ "namespace": "a", "name": "ask" })
        );
        assert_eq!(
            request["spec"]["localNetworkRef"],
            json!({ "name": "local" })
        );
        assert_eq!(request["spec"]["remoteNetworkRef"], remote);
    }
}
