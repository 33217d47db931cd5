//! What follows from declarations on this host: the same computation for what is
//! declared and for what somebody thinks of declaring. Pure.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;

use crate::{
    compile::{Needs, Ports},
    host::HostView,
    lifecycle::{Circumstances, Facts, Quotas, Refused, States, judge, note, refuse, settle},
    model::{Moment, PairLabel, Table},
    store::Stored,
};

/// All that is declared at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Declared {
    /// Every object, as written.
    pub table: Table,
    /// What the API holds: the objects that no file declares, rejections, holds.
    pub stored: Arc<Stored>,
}

impl Declared {
    /// The objects of table files and of the API together.
    pub fn new(files: Table, stored: Arc<Stored>) -> Self {
        // No name is in both: it is refused where it comes second.
        let mut table = stored.table();
        table.networks.extend(files.networks);
        table.consents.extend(files.consents);
        Self { table, stored }
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
        &declared.stored.uids(),
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
