//! Everything a forwarding table follows from, and the table that follows.

use std::collections::{BTreeMap, BTreeSet};

use peer_userspace::{
    compile::{ForwardingTable, Ids, Ports, compile},
    host::HostView,
    lifecycle::{Facts, States, judge},
    model::{AdminState, Consent, Network, ObjectRef, Table},
};

use super::oracle::Oracle;

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

impl World {
    pub(crate) fn compile(&self) -> Compiled {
        self.compile_after(&Ids::default())
    }

    /// As the daemon does it: what has an id already keeps it.
    pub(crate) fn compile_after(&self, known: &Ids) -> Compiled {
        let ports = Ports::resolve(&self.table, &self.host, &BTreeMap::new());
        let states = judge(&self.table, &ports, &self.facts);
        let ids = known.assigned(
            self.table.networks.keys().cloned(),
            states.pairs.keys().cloned(),
            ports
                .working()
                .map(|(index, _, _)| index)
                .collect::<BTreeSet<_>>(),
            &ForwardingTable::default(),
        );
        let table = compile(&self.table, &ports, &self.host, &states, &ids);
        Compiled { ids, states, table }
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

/// `NAMESPACE/NAME` as a reference.
pub(crate) fn named(text: &str) -> ObjectRef {
    text.parse().expect("a valid name")
}
