//! Everything a forwarding table follows from, and the table that follows.

use std::collections::{BTreeMap, BTreeSet};

use peer_userspace::{
    compile::{ForwardingTable, Ids, Inputs, Ports, compile},
    host::HostView,
    lifecycle::{
        self, Circumstances, ConsentFacts, Decisions, NetworkFacts, Quotas, Refused, States, judge,
    },
    model::{self, AdminState, Consent, Network, ObjectRef, PairLabel, PeerRef, Table},
};
use uuid::Uuid;

use super::oracle::Oracle;

/// What is remembered of a moment before: as far as it decides who carries traffic.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// Since when each pair carries traffic.
    pub(crate) active_since: BTreeMap<PairLabel, u64>,
    /// Pairs that the kernel holds.
    pub(crate) in_kernel: BTreeSet<PairLabel>,
}

/// Declarations, host and stored facts of one moment.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) table: Table,
    pub(crate) host: HostView,
    pub(crate) facts: Facts,
}

/// What the implementation makes of a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) ids: Ids,
    pub(crate) states: States,
    pub(crate) table: ForwardingTable,
}

/// Everything that a table follows from.
pub(crate) struct Moment<'a> {
    world: &'a World,
    ports: Ports,
    states: States,
    pub(crate) ids: Ids,
}

impl Moment<'_> {
    pub(crate) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            table: &self.world.table,
            ports: &self.ports,
            host: &self.world.host,
            states: &self.states,
            ids: &self.ids,
        }
    }
}

impl World {
    pub(crate) fn compile(&self) -> Compiled {
        self.compile_after(&Ids::default())
    }

    /// As the daemon does it: what has an id already keeps it.
    pub(crate) fn compile_after(&self, known: &Ids) -> Compiled {
        let moment = self.moment(known, &ForwardingTable::default());
        let table = compile(moment.inputs());
        let Moment {
            mut ids, states, ..
        } = moment;
        ids.groups.clone_from(&table.groups);
        Compiled { ids, states, table }
    }

    /// What a table follows from, with what was known and is in the kernel.
    pub(crate) fn moment(&self, known: &Ids, content: &ForwardingTable) -> Moment<'_> {
        let ports = Ports::resolve(
            self.table.networks.values(),
            &BTreeMap::new(),
            &self.host,
            &BTreeMap::new(),
        );
        let states = judge(&Circumstances {
            table: &self.table,
            ports: &ports,
            facts: &self.remembered(),
            decisions: &Decisions::default(),
            quotas: &Quotas::default(),
            refused: &Refused::default(),
            in_kernel: &self.facts.in_kernel,
            now: model::Moment::default(),
        });
        let working = ports.working().map(|(index, _, _)| index);
        let ids = known.assigned(
            self.table.networks.keys().cloned(),
            states.pairs.keys().cloned(),
            working.collect::<BTreeSet<_>>(),
            content,
        );
        Moment {
            world: self,
            ports,
            states,
            ids,
        }
    }

    /// The facts as `lifecycle` keeps them: all was declared at once, and nothing that
    /// carries no traffic was ever matched.
    fn remembered(&self) -> lifecycle::Facts {
        let networks = self.table.networks.keys().zip(1..);
        let networks = networks.map(|(id, number)| {
            let facts = NetworkFacts {
                uid: Uuid::from_u128(number),
                since: model::Moment::default(),
                gone: None,
            };
            (id.clone(), facts)
        });
        let consents = self.table.consents.values().zip(1..);
        let consents = consents.map(|(consent, number)| {
            let facts = ConsentFacts {
                uid: Uuid::from_u128(number),
                declared: consent.clone(),
                generation: 1,
                request: 1,
                requested_at: model::Moment::default(),
                peer_uid: None,
                expired_at: None,
                deleted_at: None,
                state: None,
                was_active: false,
            };
            (consent.id.clone(), facts)
        });
        let pairs = self.facts.active_since.iter().map(|(pair, since)| {
            let since = model::Moment {
                wall: 0,
                host: *since,
            };
            (pair.clone(), since)
        });
        lifecycle::Facts {
            networks: networks.collect(),
            consents: consents.collect(),
            active_since: pairs.collect(),
        }
    }

    /// The same world a moment later: what carries traffic is active, each pair
    /// since a time of its own, in the order it was admitted.
    pub(crate) fn settled(&self) -> Self {
        let carrying = Oracle::new(self).carrying().to_vec();
        let facts = Facts {
            active_since: (1u64..)
                .zip(&carrying)
                .map(|(at, pair)| (pair.clone(), at))
                .collect(),
            in_kernel: carrying.into_iter().collect(),
        };
        Self {
            facts,
            ..self.clone()
        }
    }

    pub(crate) fn declare(&mut self, network: Network) {
        self.table.networks.insert(network.id.clone(), network);
    }

    pub(crate) fn consent(&mut self, consent: Consent) {
        self.table.consents.insert(consent.id.clone(), consent);
    }

    /// Without this consent, or with it down.
    pub(crate) fn without(&self, consent: &ObjectRef, delete: bool) -> Self {
        let mut changed = self.clone();
        if delete {
            changed.table.consents.remove(consent);
        } else if let Some(consent) = changed.table.consents.get_mut(consent) {
            consent.admin_state = AdminState::Down;
        }
        changed
    }
}

/// The network a consent of these worlds names: never by an id.
pub(crate) fn peer_of(consent: &Consent) -> &ObjectRef {
    consent.peer.network().expect("a peer named by name")
}

/// The pair a consent of these worlds is one half of.
pub(crate) fn pair_of(consent: &Consent) -> PairLabel {
    consent.pair().expect("a peer named by name")
}

/// A peer named by name.
pub(crate) fn by_name(network: ObjectRef) -> PeerRef {
    PeerRef::Network(network)
}

/// `NAMESPACE/NAME` as a reference.
pub(crate) fn named(text: &str) -> ObjectRef {
    text.parse().expect("a valid name")
}
