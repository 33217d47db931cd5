//! The whole table, and the next one from it: what did not change is taken over, network
//! by network.
//!
//! Law: a table that was made from the one before is the same as one made from nothing.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ipnet::IpNet;
use peer_common::Group;

use super::{
    Fib, ForwardingTable, Ids, Ports, Sources,
    contested::Addresses,
    diff::entries,
    groups::Groups,
    paths::{HostRoutes, Paths, paths},
    policy,
    routes::Compiler,
    sources::sources,
};
use crate::{
    host::HostView,
    lifecycle::States,
    model::{Network, ObjectRef, PairLabel, Table},
};

/// All that a forwarding table follows from.
#[derive(Clone, Copy, Debug)]
pub struct Inputs<'a> {
    /// What is declared and counts.
    pub table: &'a Table,
    /// The ports of its networks.
    pub ports: &'a Ports,
    /// The host.
    pub host: &'a HostView,
    /// Which pairs carry traffic.
    pub states: &'a States,
    /// The numbers of everything.
    pub ids: &'a Ids,
}

/// A forwarding table, and what the next one may take from it.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// What the kernel should hold.
    pub table: ForwardingTable,
    networks: BTreeMap<ObjectRef, Made>,
    /// There was no room for a group: the next time there may be.
    crowded: bool,
}

/// What was made of one network.
#[derive(Clone, Debug)]
struct Made {
    paths: Arc<Paths>,
    sources: Sources,
    fib: Option<Fib>,
    /// Pairs that are none of its own, and whether they carried traffic.
    asked: Vec<(PairLabel, bool)>,
}

/// What the kernel should hold.
pub fn compile(now: Inputs<'_>) -> ForwardingTable {
    recompile(now, None).table
}

/// The same, with what was made before, and of what.
pub fn recompile(now: Inputs<'_>, before: Option<(Inputs<'_>, &Compiled)>) -> Compiled {
    let before = before.and_then(|(then, made)| Before::new(&now, then, made));
    let before = before.as_ref();
    let networks = || now.table.networks.values();
    let routes = HostRoutes::of(now.host);
    let mut compiler = Compiler {
        now,
        addresses: Addresses::of(now.host),
        names: now
            .ids
            .networks
            .iter()
            .map(|(name, id)| (*id, name))
            .collect(),
        paths: BTreeMap::new(),
        groups: RefCell::new(Groups::new(&now.ids.groups, &now.ids.groups_named)),
        asked: RefCell::default(),
    };
    let mut sources_of = BTreeMap::new();
    for network in networks() {
        let known = before.and_then(|before| before.network(&now, network));
        let reached = || reached(network, now.states);
        let same_paths = known.filter(|_| before.is_some_and(|before| before.neighbours(network)));
        let paths = match same_paths {
            Some(known) => known.paths.clone(),
            None => {
                let found = paths(network, now.ports, (now.host, &routes), &reached());
                let then = before.and_then(|before| before.made.networks.get(&network.id));
                // The same again is known by its address.
                let same = then.filter(|then| *then.paths == found);
                same.map_or_else(|| Arc::new(found), |then| then.paths.clone())
            }
        };
        let sources = match known {
            Some(known) => known.sources.clone(),
            None => sources(network, now.ports, now.host, &reached()),
        };
        compiler.paths.insert(&network.id, paths);
        sources_of.insert(&network.id, sources);
    }
    let mut made = BTreeMap::new();
    for network in networks() {
        let id = &network.id;
        let known = before.and_then(|before| before.fib(&compiler, network));
        let (fib, asked) = match known {
            Some(known) => (known.fib.clone(), known.asked.clone()),
            None => {
                let has_id = now.ids.networks.contains_key(id);
                let fib = has_id.then(|| compiler.network(network).into());
                let asked = compiler.asked.take().into_iter();
                (fib, asked.map(|pair| with_answer(&now, pair)).collect())
            }
        };
        let paths = compiler.paths[id].clone();
        let sources = sources_of.remove(id).unwrap_or_default();
        let made_of = Made {
            paths,
            sources,
            fib,
            asked,
        };
        made.insert(id.clone(), made_of);
    }
    let sources = made
        .values()
        .flat_map(|made| made.sources.clone())
        .collect();
    let fibs = made
        .iter()
        .filter_map(|(name, made)| Some((*now.ids.networks.get(name)?, made.fib.clone()?)));
    let working = now.ports.working();
    let tags = working.map(|(index, ..)| (now.host.place_of(index), index));
    let devices = now.ids.devices.iter();
    let elsewhere = before.and_then(|before| before.elsewhere(&now));
    let elsewhere = elsewhere.unwrap_or_else(|| Arc::new(compiler.elsewhere()));
    let fibs = fibs.collect();
    let ports = compiler.ports(&sources);
    let groups = compiler.groups.into_inner();
    Compiled {
        crowded: groups.crowded(),
        table: ForwardingTable {
            ports,
            tags: tags.filter(|(place, _)| place.is_tagged()).collect(),
            sources,
            fibs,
            devices: devices.map(|(index, slot)| (*slot, *index)).collect(),
            policies: policy::policies(now.table, now.states, now.ids),
            elsewhere,
            groups: groups.used(),
        },
        networks: made,
    }
}

/// What was made before, where the host as a whole is as it was then.
struct Before<'a> {
    then: Inputs<'a>,
    made: &'a Compiled,
    /// Interfaces with other neighbours than then.
    met: BTreeSet<u32>,
}

impl<'a> Before<'a> {
    fn new(now: &Inputs<'_>, then: Inputs<'a>, made: &'a Compiled) -> Option<Self> {
        let same_host = now.host.interfaces == then.host.interfaces
            && now.host.routes == then.host.routes
            && now.ports == then.ports
            && now.ids.devices == then.ids.devices;
        let (put, gone) = entries(&then.host.neighbours, &now.host.neighbours);
        let put = put.into_iter().map(|(at, _)| at);
        (same_host && !made.crowded).then(|| Self {
            then,
            made,
            met: put.chain(gone).map(|(interface, _)| interface).collect(),
        })
    }

    /// What was made of a network that is what it was, as are its pairs.
    fn network(&self, now: &Inputs<'_>, network: &Network) -> Option<&'a Made> {
        let id = &network.id;
        let is_same = self.then.table.networks.get(id) == Some(network)
            && now.states.pairs_of(id).eq(self.then.states.pairs_of(id));
        self.made.networks.get(id).filter(|_| is_same)
    }

    /// Whether the neighbours on a network's ports are what they were.
    fn neighbours(&self, network: &Network) -> bool {
        let mut ports = self.then.ports.of(&network.id);
        ports.all(|(interface, _)| !self.met.contains(&interface))
    }

    /// What was made of a network whose table is what it was.
    fn fib(&self, compiler: &Compiler<'_>, network: &Network) -> Option<&'a Made> {
        let (now, then) = (&compiler.now, &self.then);
        let id = &network.id;
        let known = self.network(now, network)?;
        let same_place = |network: &ObjectRef| {
            let paths = self.made.networks.get(network).map(|made| &made.paths);
            let same_paths = match (compiler.paths.get(network), paths) {
                (Some(now), Some(then)) => Arc::ptr_eq(now, then),
                (now, then) => now.is_none() && then.is_none(),
            };
            same_paths && now.ids.networks.get(network) == then.ids.networks.get(network)
        };
        let mut pairs = now.states.pairs_of(id);
        let same_pairs = pairs.all(|(pair, state)| {
            let consents = |table| policy::consents(table, state);
            same_place(pair.other(id))
                && now.ids.counter(pair, id) == then.ids.counter(pair, id)
                && consents(now.table).eq(consents(then.table))
        });
        let mut asked = known.asked.iter();
        let same_answers = asked.all(|known| *known == with_answer(now, known.0.clone()));
        let is_same = same_place(id) && same_pairs && same_answers && self.groups(compiler, known);
        is_same.then_some(known)
    }

    /// Whether the groups that a network's table names are there, and be they so.
    fn groups(&self, compiler: &Compiler<'_>, known: &Made) -> bool {
        let Some(fib) = &known.fib else {
            return true;
        };
        let in_kernel = &compiler.now.ids.groups;
        let group = |id: &u32| -> Option<Group> {
            let group = self.made.table.groups.get(id)?;
            (in_kernel.get(id) == Some(group)).then_some(*group)
        };
        let named = fib.named().groups.iter().filter(|id| **id != 0);
        let Some(named) = named.map(group).collect::<Option<Vec<Group>>>() else {
            return false;
        };
        let mut groups = compiler.groups.borrow_mut();
        named.into_iter().all(|group| groups.id(group).is_some())
    }

    /// What lies in any network, if that is what it was.
    fn elsewhere(&self, now: &Inputs<'_>) -> Option<Arc<super::Elsewhere>> {
        let prefixes = |network: &'_ Network| network.prefixes.clone();
        let of_now = now.table.networks.values().map(prefixes);
        let of_then = self.then.table.networks.values().map(prefixes);
        of_now
            .eq(of_then)
            .then(|| self.made.table.elsewhere.clone())
    }
}

fn with_answer(now: &Inputs<'_>, pair: PairLabel) -> (PairLabel, bool) {
    let carries = now.states.pairs.get(&pair).is_some_and(|pair| pair.carries);
    (pair, carries)
}

/// The network's own prefixes, and what its peers give it.
fn reached(network: &Network, states: &States) -> Vec<IpNet> {
    let mut reached = network.prefixes.to_vec();
    for (pair, state) in states
        .pairs_of(&network.id)
        .filter(|(_, state)| state.agreed)
    {
        reached.extend(state.exports_of(pair, pair.other(&network.id)));
    }
    reached
}
