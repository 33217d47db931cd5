//! How much each owner may have, and what is too much.

use std::collections::{BTreeMap, BTreeSet};

use peer_common::limits;
use serde::Deserialize;

use super::facts::Facts;
use crate::model::{Consent, Name, ObjectRef, Table};

/// What one namespace may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// Networks.
    pub networks: usize,
    /// Consents.
    pub peerings: usize,
    /// Prefixes of all its networks together.
    pub prefixes: usize,
    /// Prefixes its networks import, all together.
    pub routes: usize,
}

impl Default for Quota {
    fn default() -> Self {
        Self {
            networks: 2_000,
            peerings: 10_000,
            prefixes: 20_000,
            routes: 1_000_000,
        }
    }
}

/// What every namespace may have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Those that are not named.
    pub default: Quota,
    /// Those that are.
    pub namespaces: BTreeMap<String, QuotaOverride>,
}

/// What one namespace may have where that is not the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaOverride {
    networks: Option<usize>,
    peerings: Option<usize>,
    prefixes: Option<usize>,
    routes: Option<usize>,
}

impl Quotas {
    /// What `namespace` may have.
    pub fn of(&self, namespace: &Name) -> Quota {
        let own = self.namespaces.get(namespace.as_str());
        let own = own.copied().unwrap_or_default();
        Quota {
            networks: own.networks.unwrap_or(self.default.networks),
            peerings: own.peerings.unwrap_or(self.default.peerings),
            prefixes: own.prefixes.unwrap_or(self.default.prefixes),
            routes: own.routes.unwrap_or(self.default.routes),
        }
    }
}

/// What exceeds a quota or the host's limits, each with the sentence that says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Networks: as if they were not there.
    pub networks: BTreeMap<ObjectRef, String>,
    /// Consents: failed.
    pub consents: BTreeMap<ObjectRef, String>,
}

impl Refused {
    /// `table` without the networks that are refused.
    pub fn without(&self, mut table: Table) -> Table {
        table
            .networks
            .retain(|id, _| !self.networks.contains_key(id));
        table
    }
}

/// The newest objects of each namespace beyond what it may have.
pub fn refuse(table: &Table, facts: &Facts, quotas: &Quotas) -> Refused {
    let mut refused = Refused::default();
    let mut used: BTreeMap<&Name, (usize, usize)> = BTreeMap::new();
    let mut on_host = 0;
    for id in facts.by_age(table) {
        let Some(network) = table.networks.get(id) else {
            continue;
        };
        let namespace = &id.namespace;
        let quota = quotas.of(namespace);
        let (networks, prefixes) = used.entry(namespace).or_default();
        let all = *prefixes + network.prefixes.len();
        let host_limit = limits::MAX_NETWORKS as usize - 1;
        let excess = if *networks >= quota.networks {
            Some(over(namespace, quota.networks, "networks"))
        } else if all > quota.prefixes {
            Some(over(namespace, quota.prefixes, "prefixes"))
        } else if on_host >= host_limit {
            Some(format!(
                "one host can hold {host_limit} networks, and has them"
            ))
        } else {
            None
        };
        match excess {
            Some(sentence) => {
                refused.networks.insert(id.clone(), sentence);
            }
            None => {
                *networks += 1;
                *prefixes = all;
                on_host += 1;
            }
        }
    }
    let mut consents: Vec<&ObjectRef> = table.consents.keys().collect();
    consents.sort_by_key(|id| {
        let facts = facts.consents.get(id);
        (facts.map_or(u64::MAX, |facts| facts.requested_at.host), *id)
    });
    let mut used: BTreeMap<&Name, usize> = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    let asked: BTreeSet<(ObjectRef, &ObjectRef)> = table
        .consents
        .values()
        .filter_map(|consent| Some((consent.own(), consent.peer.network()?)))
        .collect();
    // What nobody answered takes nothing of the host's.
    let answered = |consent: &Consent| {
        let own = consent.own();
        consent.peer.network().is_some_and(|peer| {
            let network = table.networks.get(peer);
            network.is_some_and(|network| network.accepts_by_itself(&own.namespace))
                || asked.contains(&(peer.clone(), &own))
        })
    };
    let host_limit = limits::MAX_PEERINGS as usize - 1;
    for id in consents {
        let quota = quotas.of(&id.namespace).peerings;
        let peerings = used.entry(&id.namespace).or_default();
        let consent = table.consents.get(id).filter(|consent| answered(consent));
        let pair = consent.and_then(|consent| consent.pair());
        let fits =
            pairs.len() < host_limit || pair.as_ref().is_none_or(|pair| pairs.contains(pair));
        if *peerings >= quota {
            let sentence = over(&id.namespace, quota, "peerings");
            refused.consents.insert(id.clone(), sentence);
        } else if !fits {
            let sentence = format!("one host can hold {host_limit} peerings, and has them");
            refused.consents.insert(id.clone(), sentence);
        } else {
            *peerings += 1;
            pairs.extend(pair);
        }
    }
    refused
}

fn over(namespace: &Name, quota: usize, what: &str) -> String {
    format!("namespace {namespace} may have {quota} {what}, and has them")
}
