//! Random consents, and what is remembered of their pairs.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use peer_userspace::model::{
    AdminState, Consent, ObjectRef, Origin, PairLabel, PortRange, Protocol, Rule,
};
use proptest::{collection::vec, option::weighted, prelude::*};

use super::{NETWORKS, any_prefix, at, net, number, prefix};
use crate::properties::world::{Facts, by_name, named};

/// Of network `k` with network `peer`, which may be itself or, numbered one
/// further than there are, nobody.
pub(crate) fn consent(k: usize, peer: usize, name: &'static str) -> impl Strategy<Value = Consent> {
    let admin_state = prop_oneof![12 => Just(AdminState::Up), 1 => Just(AdminState::Down)];
    let hops = prop_oneof![20 => Just(1), 1 => Just(2)];
    let drawn = (admin_state, export(k), rules(), rules(), hops);
    drawn.prop_map(move |(admin_state, export, allow, allow_out, hops)| {
        let own = named(NETWORKS[k]);
        Consent {
            id: consent_id(k, peer, name),
            labels: BTreeMap::new(),
            description: None,
            network: own.name,
            peer: by_name(named(NETWORKS.get(peer).unwrap_or(&"c/nobody"))),
            admin_state,
            export,
            routes: None,
            allow,
            allow_out,
            ttl: None,
            hops,
            origin: Origin::Native,
            objection: None,
        }
    })
}

/// Names are the network's, since one namespace may have several.
pub(super) fn consent_id(k: usize, peer: usize, name: &str) -> ObjectRef {
    let own = named(NETWORKS[k]);
    ObjectRef {
        name: format!("{}-{name}-{peer}", own.name)
            .parse()
            .expect("a label"),
        ..own
    }
}

fn export(k: usize) -> impl Strategy<Value = Option<Vec<IpNet>>> {
    let wide = any::<bool>().prop_map(move |v6| net(at(v6, k, 0, 0), 8, 16));
    let part = prop_oneof![6 => prefix(k), 1 => any_prefix(), 1 => wide];
    prop_oneof![2 => Just(None), 1 => vec(part, 0..4).prop_map(Some)]
}

/// Mostly none given; sometimes more than can be enforced.
fn rules() -> impl Strategy<Value = Option<Vec<Rule>>> {
    let protocol = prop_oneof![Just(Protocol::Any), Just(Protocol::Number(6))];
    let rule = (protocol, vec(any_prefix(), 0..3)).prop_map(|(protocol, from)| Rule {
        protocol,
        ports: Vec::new(),
        from,
        to: Vec::new(),
    });
    let many = Rule {
        protocol: Protocol::Number(6),
        ports: (1..=65).map(|port| PortRange(port..=port)).collect(),
        from: Vec::new(),
        to: Vec::new(),
    };
    prop_oneof![
        30 => Just(None),
        10 => vec(rule, 0..3).prop_map(Some),
        1 => Just(Some(vec![many])),
    ]
}

/// Most pairs with both consents, some with one, with two of one side or none;
/// some consents of a network with itself or with nobody.
pub(super) fn consents() -> impl Strategy<Value = BTreeMap<ObjectRef, Consent>> {
    let mut drawn = Vec::new();
    for k in 0..NETWORKS.len() {
        for peer in 0..=NETWORKS.len() {
            let usual = if k != peer && peer < NETWORKS.len() {
                0.75
            } else {
                0.1
            };
            drawn.push(weighted(usual, consent(k, peer, "to")).boxed());
            drawn.push(weighted(0.04, consent(k, peer, "again")).boxed());
        }
    }
    drawn.prop_map(|drawn| {
        drawn
            .into_iter()
            .flatten()
            .map(|consent| (consent.id.clone(), consent))
            .collect()
    })
}

/// Whatever is remembered, even of pairs that are no more.
pub(super) fn facts() -> impl Strategy<Value = Facts> {
    let label = || {
        (number(), number())
            .prop_map(|(one, other)| PairLabel::of(&named(NETWORKS[one]), &named(NETWORKS[other])))
    };
    let active_since = vec((label(), 0u64..4), 0..8);
    let in_kernel = vec(label(), 0..8);
    (active_since, in_kernel).prop_map(|(active_since, in_kernel)| Facts {
        active_since: active_since.into_iter().collect(),
        in_kernel: in_kernel.into_iter().collect::<BTreeSet<_>>(),
    })
}
