//! What follows from declarations on this host: the same computation for what is
//! declared and for what somebody thinks of declaring. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;

use crate::{
    compile::{Needs, Ports},
    dialect::translate,
    host::HostView,
    lifecycle::{Circumstances, Facts, Quotas, Refused, States, Uids, judge, note, refuse, settle},
    model::{Kind, Moment, Network, ObjectRef, PairLabel, Table},
    store::{Declaration, Key, Stored},
};

/// All that is declared at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Every object, as written, and what documents of other systems mean.
    pub table: Table,
    /// What table files declare of it, as written.
    pub files: Arc<Table>,
    /// What the API holds: the objects that no file declares, rejections, holds.
    pub stored: Arc<Stored>,
}

impl Declared {
    /// The objects of table files and of the API together.
    pub fn new(files: Arc<Table>, stored: Arc<Stored>) -> Self {
        // No name is in both: it is refused where it comes second.
        let mut table = stored.table();
        let Table {
            networks,
            consents,
            foreign,
        } = Table::clone(&files);
        table.networks.extend(networks);
        table.consents.extend(consents);
        table.foreign.extend(foreign);
        Self {
            table: translate(table),
            files,
            stored,
        }
    }

    /// The object that says what the consent `id` does: itself, or the document of
    /// another system's that it is made of.
    pub fn object_of(&self, id: &ObjectRef) -> Key {
        let consent = self.table.consents.get(id);
        let document = consent.and_then(|consent| consent.origin.document());
        match document {
            Some((kind, document)) => (kind, document.clone()),
            None => (Kind::Peering, id.clone()),
        }
    }

    /// A network as its own document has it; none of what other documents say of it.
    pub fn written(&self, id: &ObjectRef) -> Option<&Network> {
        let of_api = || {
            let object = self.stored.objects.get(&(Kind::Network, id.clone()))?;
            match &object.declared {
                Declaration::Network(network) => Some(network),
                _ => None,
            }
        };
        self.files.networks.get(id).or_else(of_api)
    }

    /// The uids that objects of the API gave what they say.
    fn uids(&self) -> Uids {
        let mut uids = self.stored.uids();
        for (id, consent) in &self.table.consents {
            // A request that is made again after it ended is another one.
            if consent.origin.collects_failed()
                && let Some(object) = self.stored.objects.get(&self.object_of(id))
            {
                uids.insert((Kind::Peering, id.clone()), object.uid);
            }
        }
        uids
    }
}

/// What does not come from declarations.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The host.
    pub host: &'a HostView,
    /// How much each owner may have.
    pub quotas: &'a Quotas,
    /// Pairs the kernel holds.
    pub in_kernel: &'a BTreeSet<PairLabel>,
    /// The time.
    pub now: Moment,
}

/// What follows.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What counts of the declarations: peers named, networks beyond a quota left out.
    pub table: Table,
    /// What exceeds a quota.
    pub refused: Refused,
    /// The ports.
    pub ports: Ports,
    /// The state of everything.
    pub states: States,
    /// What is known from now on.
    pub facts: Facts,
}

/// What follows from `declared`, with what was known before. `ports` resolves the
/// declared ports of the networks it is given, oldest first.
pub fn plan(
    declared: &Declared,
    facts: &Facts,
    given: &Given<'_>,
    ports: impl FnOnce(&Table, &Facts, &Refused) -> Ports,
) -> Plan {
    let decisions = &declared.stored.decisions;
    let (noted, table, refused) = noted(declared, facts, given);
    let ports = ports(&table, &noted, &refused);
    let table = refused.without(table);
    let judged = |facts: &Facts| {
        let states = judge(&Circumstances {
            table: &table,
            ports: &ports,
            facts,
            decisions,
            quotas: given.quotas,
            refused: &refused,
            in_kernel: given.in_kernel,
            now: given.now,
        });
        let settled = settle(facts, &states, given.now);
        (states, settled)
    };
    let (mut states, mut facts) = judged(&noted);
    let expired = |facts: &Facts| {
        let consents = facts.consents.values();
        consents.filter(|known| known.expired_at.is_some()).count()
    };
    let mut before = expired(&noted);
    // What has just expired makes room for the pair's next at once.
    while expired(&facts) > before {
        before = expired(&facts);
        (states, facts) = judged(&facts);
    }
    Plan {
        table,
        refused,
        ports,
        states,
        facts,
    }
}

/// What `declared` is, and what of it exceeds a quota.
fn noted(declared: &Declared, facts: &Facts, given: &Given<'_>) -> (Facts, Table, Refused) {
    let noted = note(
        facts,
        &declared.table,
        &declared.uids(),
        &declared.stored.decisions,
        given.now,
        &mut Uuid::new_v4,
    );
    let table = noted.resolve(declared.table.clone());
    let refused = refuse(&table, &noted, given.quotas);
    (noted, table, refused)
}

/// What the host has to provide before the ports of `declared` can work.
pub fn needs(declared: &Declared, facts: &Facts, given: &Given<'_>) -> Needs {
    let (noted, table, refused) = noted(declared, facts, given);
    resolve_ports(&table, &noted, &refused, given.host, &BTreeMap::new()).needs
}

/// The ports of `table`'s networks on `host`; `failures` as for [`Ports::resolve`].
pub fn resolve_ports(
    table: &Table,
    facts: &Facts,
    refused: &Refused,
    host: &HostView,
    failures: &BTreeMap<u32, String>,
) -> Ports {
    let by_age = facts.by_age(table).into_iter();
    let networks = by_age.filter_map(|id| table.networks.get(id));
    Ports::resolve(networks, &refused.networks, host, failures)
}
