//! The code under test, driven as the daemon drives it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use peer_userspace::{
    compile::Ports,
    daemon::{Declared, Given, Plan, plan, resolve_ports},
    host::HostView,
    lifecycle::{Facts, Quota, Quotas, Rejection},
    model::{Kind, Moment, Network, PairLabel, Table},
    store::{Declaration, Key, Object, Stored},
};
use uuid::Uuid;

use super::{
    model::{Limits, Model, Pair},
    universe::{
        CONSENTS, NETWORKS, consent, consent_is_a_files, host, named, network, network_is_a_files,
    },
};

/// What the daemon holds between two looks.
#[derive(Clone, Debug)]
pub(crate) struct System {
    pub(crate) files: Table,
    pub(crate) stored: Stored,
    pub(crate) facts: Facts,
    pub(crate) plan: Plan,
    quotas: Quotas,
    host: HostView,
    /// The uid of the so-many-th network.
    uids: BTreeMap<u32, Uuid>,
    /// Uids the API gave out so far.
    given: u128,
}

impl System {
    pub(crate) fn new(limits: Limits) -> Self {
        let default = Quota {
            networks: limits.networks,
            peerings: limits.consents,
            prefixes: limits.prefixes,
            routes: limits.imports,
        };
        Self {
            files: Table::default(),
            stored: Stored::default(),
            facts: Facts::default(),
            plan: Plan::default(),
            quotas: Quotas {
                default,
                namespaces: BTreeMap::new(),
            },
            host: host(),
            uids: BTreeMap::new(),
            given: 1 << 64,
        }
    }

    /// Refuse the request as it stands.
    pub(crate) fn reject(&mut self, slot: usize, at: Moment) {
        let id = named(CONSENTS[slot]);
        let known = &self.facts.consents[&id];
        let rejection = Rejection {
            uid: known.uid,
            request: known.request,
            at,
            reason: None,
            impossible: false,
        };
        self.stored.decisions.rejections.insert(id, rejection);
    }

    /// Declare what `model` says is declared. A network of the API that is `renewed`
    /// was deleted in between.
    pub(crate) fn declare(&mut self, model: &Model, renewed: &[usize]) {
        let holds = model.holds.iter().map(|slot| named(CONSENTS[*slot]));
        self.stored.decisions.holds = holds.collect();
        self.files = Table::default();
        let mut wanted: Vec<Declaration> = Vec::new();
        for (number, spec) in &model.networks {
            let network: Network = network(*number, spec);
            if network_is_a_files(*number) {
                self.files.networks.insert(network.id.clone(), network);
            } else {
                wanted.push(Declaration::Network(network));
            }
        }
        for (slot, spec) in &model.consents {
            let consent = consent(*slot, spec, |made| self.uid_of(made));
            if consent_is_a_files(*slot) {
                self.files.consents.insert(consent.id.clone(), consent);
            } else {
                wanted.push(Declaration::Peering(consent));
            }
        }
        for number in renewed {
            self.stored
                .objects
                .remove(&(Kind::Network, named(NETWORKS[*number])));
        }
        let keys: BTreeSet<Key> = wanted.iter().map(Declaration::key).collect();
        self.stored.objects.retain(|key, _| keys.contains(key));
        for declared in wanted {
            self.put(declared);
        }
    }

    fn put(&mut self, declared: Declaration) {
        let known = self.stored.objects.get(&declared.key());
        if known.is_some_and(|known| known.declared == declared) {
            return;
        }
        self.given += 1;
        let object = Object {
            uid: known.map_or(Uuid::from_u128(self.given), |known| known.uid),
            generation: known.map_or(1, |known| known.generation + 1),
            declared,
        };
        let key = object.declared.key();
        self.stored.objects.insert(key, Arc::new(object));
    }

    /// Look at it all.
    pub(crate) fn look(&mut self, in_kernel: &BTreeSet<Pair>, now: Moment) {
        self.plan = self.what_if(&self.facts, in_kernel, now);
        self.facts = self.plan.facts.clone();
    }

    /// What a look would find, `facts` being known.
    pub(crate) fn what_if(&self, facts: &Facts, in_kernel: &BTreeSet<Pair>, now: Moment) -> Plan {
        let path = PathBuf::from("table.yaml");
        let networks = self.files.networks.keys();
        let consents = self.files.consents.keys();
        let keys = networks
            .map(|id| (Kind::Network, id.clone()))
            .chain(consents.map(|id| (Kind::Peering, id.clone())));
        let stored = Stored {
            files: Arc::new(keys.map(|key| (key, path.clone())).collect()),
            ..self.stored.clone()
        };
        let declared = Declared::new(Arc::new(self.files.clone()), Arc::new(stored));
        let given = Given {
            host: &self.host,
            quotas: &self.quotas,
            in_kernel: &in_kernel.iter().map(|pair| label(*pair)).collect(),
            now,
        };
        plan(&declared, facts, &given, |table, facts, refused| -> Ports {
            resolve_ports(table, facts, refused, &self.host, &BTreeMap::new())
        })
    }

    /// Learn which uid each network was given; `model` says which are the same.
    pub(crate) fn learn(&mut self, model: &Model) {
        for (number, past) in &model.network_past {
            let uid = self.facts.networks[&named(NETWORKS[*number])].uid;
            let known = *self.uids.entry(past.made).or_insert(uid);
            assert_eq!(known, uid, "{} has another uid", NETWORKS[*number]);
        }
        let all: BTreeSet<&Uuid> = self.uids.values().collect();
        assert_eq!(all.len(), self.uids.len(), "two networks had one uid");
    }

    /// Let consents name a network by this number.
    pub(crate) fn number(&mut self, made: u32, uid: Uuid) {
        self.uids.insert(made, uid);
    }

    fn uid_of(&self, made: u32) -> Uuid {
        let nobodys = Uuid::from_u128(made.into());
        self.uids.get(&made).copied().unwrap_or(nobodys)
    }
}

/// The pair as the code names it.
pub(crate) fn label((one, other): Pair) -> PairLabel {
    PairLabel::of(&named(NETWORKS[one]), &named(NETWORKS[other]))
}
