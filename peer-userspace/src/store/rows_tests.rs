//! Whatever was accepted is read again as it was: a row that cannot be read keeps the
//! daemon from starting.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::{
    dialect::{self, kept_net},
    lifecycle::note,
    model::{Net, Protocol, Rule, Source},
};

const UID: Uuid = Uuid::from_u128(1);
const NOW: Moment = Moment { wall: 1, host: 1 };

/// Everything that a text declares.
fn declared(text: &str) -> Vec<Declaration> {
    Declaration::all(dialect::parse(text).expect(text))
}

fn object(declared: Declaration) -> Object {
    Object {
        uid: UID,
        generation: 1,
        declared,
    }
}

/// What is read of an object that was written.
fn again(object: &Object) -> Option<Object> {
    let text = serde_json::to_string(&ObjectRow::of(object)).unwrap();
    serde_json::from_str::<ObjectRow>(&text).unwrap().object()
}

fn assert_kept(declared: Declaration) {
    let object = object(declared);
    assert_eq!(again(&object).as_ref(), Some(&object));
    let applied = Applied {
        confirm_by: None,
        at: NOW,
        changed: vec![(object.declared.key(), [None, Some(Arc::new(object))])],
    };
    let text = serde_json::to_string(&AppliedRow::of(&applied)).unwrap();
    let row: AppliedRow = serde_json::from_str(&text).unwrap();
    assert_eq!(row.applied(), Some(applied));
}

/// What is known of the consents that documents mean is read again, too.
fn assert_facts_kept(text: &str) {
    let table = dialect::parse(text).expect(text).table();
    let table = dialect::translate(table);
    assert!(!table.consents.is_empty(), "{text}");
    let noted = note(
        &Default::default(),
        &table,
        &Default::default(),
        &Default::default(),
        NOW,
        &mut Uuid::new_v4,
    );
    for (id, facts) in noted.consents {
        let text = serde_json::to_string(&ConsentFactsRow::of(&facts)).unwrap();
        let row: ConsentFactsRow = serde_json::from_str(&text).unwrap();
        let read = row.facts().unwrap_or_else(|| panic!("{id}: {text}"));
        // What is said against it is found anew.
        let facts = ConsentFacts {
            declared: Consent {
                objection: None,
                ..facts.declared
            },
            ..facts
        };
        assert_eq!(read, facts);
    }
}

const ONMETAL: &str = "networking.api.onmetal.de/v1alpha1";

const DOCUMENTS: &str = r#"
apiVersion: networking.api.onmetal.de/v1alpha1
kind: NetworkPeeringRequest
metadata: { namespace: a, name: ask, labels: { v: 1.0, "": "", on: yes }, annotations: { x: 0x1F, y: .inf, z: ~ } }
spec: { localNetworkRef: { name: "UPPER \n\x7f\u2028" }, remoteNetworkRef: { namespace: "b_b", name: "007" } }
---
apiVersion: networking.api.onmetal.de/v1alpha1
kind: Network
metadata: { namespace: a, name: net }
---
apiVersion: kubeovn.io/v1
kind: Vpc
metadata: { name: vpc-1, labels: { number: 5 } }
spec:
  vpcPeerings:
    - { remoteVpc: vpc-2, localConnectIP: 169.254.0.1/30 }
    - { remoteVpc: "", localConnectIP: "" }
    - { remoteVpc: "Odd \x85", localConnectIP: "fd00::1/64" }
  staticRoutes:
    - { cidr: 0.0.0.0/0, nextHopIP: 169.254.0.2 }
    - { cidr: 10.3.0.7, nextHopIP: 169.254.0.2 }
    - { cidr: 169.254.7.0/24, nextHopIP: 169.254.0.2 }
    - { cidr: 224.0.0.0/4, nextHopIP: 169.254.0.2 }
    - { cidr: 127.0.0.1, nextHopIP: 169.254.0.2 }
    - { cidr: "::ffff:10.0.0.0/104", nextHopIP: "fd00::2" }
    - { cidr: "fe80::/64", nextHopIP: "fd00::2" }
---
apiVersion: kubeovn.io/v1
kind: Subnet
metadata: { name: s }
spec: { vpc: vpc-1, cidrBlock: "10.1.0.1/16,fd01::/64" }
---
apiVersion: atlas.mongodb.com/v1
kind: AtlasProject
metadata: { namespace: a, name: project }
spec:
  name: "A Project"
  networkPeers:
    - { awsAccountId: 0123, vpcId: vpc-1, accepterRegionName: us-east-1, routeTableCidrBlock: 10.0.0.0/24, atlasCidrBlock: 10.8.0.0/21 }
    - { providerName: OCI }
    - { providerName: GCP, gcpProjectId: "p\r", networkName: "~", containerId: "6dc5" }
"#;

#[test]
fn documents_of_other_systems_are_read_as_they_were_written() {
    let all = declared(DOCUMENTS);
    assert_eq!(all.len(), 5);
    all.into_iter().for_each(assert_kept);
}

#[test]
fn what_is_known_of_what_they_mean_is_read_as_it_was_written() {
    assert_facts_kept(DOCUMENTS);
}

#[test]
fn a_consent_is_read_with_its_origin_and_with_what_others_call_its_peer() {
    let id = || -> ObjectRef { "a/b".parse().unwrap() };
    let network = |namespace: Option<&str>| Source {
        api_version: ONMETAL.to_owned(),
        kind: "Network".to_owned(),
        namespace: namespace.map(str::to_owned),
        name: "Any name".to_owned(),
    };
    let peers = [
        json!({ "network": "c" }),
        json!({ "id": UID }),
        json!({ "source": { "apiVersion": ONMETAL, "kind": "Network", "name": "Any name" } }),
        json!({ "source": { "apiVersion": ONMETAL, "kind": "Network", "namespace": "x",
                            "name": "Any name" } }),
    ];
    let origins = [
        Origin::Native,
        Origin::UpCloud,
        Origin::OutscaleRequest,
        Origin::OutscaleAnswer,
        Origin::Document(Kind::AtlasProject, id(), 3),
    ];
    let mut sources = Vec::new();
    for peer in peers {
        for origin in &origins {
            let spec = json!({ "network": "b", "peer": peer, "description": "what it is",
                               "routes": [], "allow": [], "ttl": "never" });
            let document = json!({ "apiVersion": "peerd/v1", "kind": "Peering",
                                   "metadata": { "namespace": "a", "name": "b" }, "spec": spec });
            let mut one = declared(&document.to_string());
            let Some(Declaration::Peering(mut consent)) = one.pop() else {
                panic!("no consent");
            };
            consent.origin = origin.clone();
            if let crate::model::PeerRef::Source(source, _) = &consent.peer {
                sources.push(source.clone());
            }
            assert_kept(Declaration::Peering(consent));
        }
    }
    assert!(sources.contains(&network(None)) && sources.contains(&network(Some("x"))));
}

#[test]
fn every_key_is_read_again() {
    for kind in Kind::ALL {
        let key = (kind, "a/b".parse().unwrap());
        assert_eq!(read_key(&key_text(&key)), Some(key));
    }
}

#[test]
fn what_outscales_calls_set_is_read_as_it_was_set() {
    let net = |text: &str| text.parse().unwrap();
    let rule = |from: &str| Rule {
        protocol: Protocol::Number(6),
        ports: Vec::new(),
        from: vec![net(from)],
        to: Vec::new(),
    };
    let id: ObjectRef = "a/b".parse().unwrap();
    for outbound in [None, Some(Vec::new()), Some(vec![rule("::/0")])] {
        let set = Net {
            routes: vec![(net("0.0.0.0/0"), "a/to-c".parse().unwrap())],
            links: vec![0, 7],
            inbound: vec![rule("0.0.0.0/0"), rule("10.1.0.1/32")],
            outbound,
        };
        assert_kept(Declaration::Foreign(kept_net(&id, set).into()));
    }
}
