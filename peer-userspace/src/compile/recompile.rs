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
    Elsewhere, ForwardingTable, Ids, Ports, Sources,
    contested::Addresses,
    diff::entries,
    groups::Groups,
    paths::{HostRoutes, Paths, paths},
    policy,
    routes::{Body, Compiler, Part},
    sources::sources,
};
use crate::{
    host::HostView,
    lifecycle::States,
    model::{Consent, Network, ObjectRef, PairLabel, Table},
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
    /// Nothing where there is no number left for the network.
    body: Option<Arc<Body>>,
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
        let known = before.and_then(|before| before.body(&compiler, network));
        let (body, asked) = match known {
            Some(known) => (known.body.clone(), known.asked.clone()),
            None => {
                let part = |origin: Option<&PairLabel>| {
                    before.and_then(|before| before.part(&compiler, network, origin))
                };
                let then = before.and_then(|before| before.made.networks.get(id));
                let then = then.and_then(|then| then.body.as_deref());
                let has_id = now.ids.networks.contains_key(id);
                let body = has_id.then(|| Arc::new(compiler.network(network, then, part)));
                let asked = compiler.asked.take().into_iter();
                (body, asked.map(|pair| with_answer(&now, pair)).collect())
            }
        };
        let paths = compiler.paths[id].clone();
        let sources = sources_of.remove(id).unwrap_or_default();
        let made_of = Made {
            paths,
            sources,
            body,
            asked,
        };
        made.insert(id.clone(), made_of);
    }
    let sources = made
        .values()
        .flat_map(|made| made.sources.clone())
        .collect();
    let fibs = made.iter().filter_map(|(name, made)| {
        let body = made.body.as_ref()?;
        Some((*now.ids.networks.get(name)?, body.fib.clone()))
    });
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
    fn body(&self, compiler: &Compiler<'_>, network: &Network) -> Option<&'a Made> {
        let known = self.network(&compiler.now, network)?;
        let mut pairs = compiler.now.states.pairs_of(&network.id);
        let same_answers = |known: &(PairLabel, bool)| {
            let (pair, _) = known;
            with_answer(&compiler.now, pair.clone()) == *known
        };
        let groups = |body: &Arc<Body>| {
            let mut parts = body.parts.values();
            parts.all(|part| self.groups(compiler, &part.groups))
        };
        let is_same = self.place(compiler, &network.id)
            && pairs.all(|(pair, _)| self.pair(compiler, network, pair))
            && known.asked.iter().all(same_answers)
            && known.body.iter().all(groups);
        is_same.then_some(known)
    }

    /// A part of a network's table that is what it was.
    fn part(
        &self,
        compiler: &Compiler<'_>,
        network: &Network,
        origin: Option<&PairLabel>,
    ) -> Option<Arc<Part>> {
        let body = self.made.networks.get(&network.id)?.body.as_ref()?;
        let part = body.parts.get(&origin.cloned())?;
        let is_same = match origin {
            None => self.place(compiler, &network.id),
            Some(pair) => {
                self.then.table.networks.get(&network.id) == Some(network)
                    && self.pair(compiler, network, pair)
            }
        };
        (is_same && self.groups(compiler, &part.groups)).then(|| part.clone())
    }

    /// Whether a network's number is what it was, and so is where everything in it lies.
    fn place(&self, compiler: &Compiler<'_>, network: &ObjectRef) -> bool {
        let paths = self.made.networks.get(network).map(|made| &made.paths);
        let same_paths = match (compiler.paths.get(network), paths) {
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            (now, then) => now.is_none() && then.is_none(),
        };
        let [now, then] = [&compiler.now, &self.then].map(|at| at.ids.networks.get(network));
        same_paths && now == then
    }

    /// Whether what a pair gives to `network`, which says what it said, is what it was.
    fn pair(&self, compiler: &Compiler<'_>, network: &Network, pair: &PairLabel) -> bool {
        let (now, then) = (&compiler.now, &self.then);
        let states = [now, then].map(|at| at.states.pairs.get(pair));
        self.place(compiler, pair.other(&network.id))
            && states[0] == states[1]
            && now.ids.counter(pair, &network.id) == then.ids.counter(pair, &network.id)
            && consents(now, pair).eq(consents(then, pair))
    }

    /// Whether the groups with these numbers are what they were, and be they so.
    fn groups(&self, compiler: &Compiler<'_>, named: &BTreeSet<u32>) -> bool {
        let in_kernel = &compiler.now.ids.groups;
        let group = |id: &u32| -> Option<Group> {
            let group = self.made.table.groups.get(id)?;
            (in_kernel.get(id) == Some(group)).then_some(*group)
        };
        let Some(named) = named.iter().map(group).collect::<Option<Vec<Group>>>() else {
            return false;
        };
        let mut groups = compiler.groups.borrow_mut();
        named.into_iter().all(|group| groups.id(group).is_some())
    }

    /// What lies in any network, if that is what it was.
    fn elsewhere(&self, now: &Inputs<'_>) -> Option<Arc<Elsewhere>> {
        let prefixes = |network: &'_ Network| network.prefixes.clone();
        let of_now = now.table.networks.values().map(prefixes);
        let of_then = self.then.table.networks.values().map(prefixes);
        of_now
            .eq(of_then)
            .then(|| self.made.table.elsewhere.clone())
    }
}

/// The consents of a pair that count.
fn consents<'a>(at: &Inputs<'a>, pair: &PairLabel) -> impl Iterator<Item = &'a Consent> {
    let (table, state) = (at.table, at.states.pairs.get(pair));
    let state = state.into_iter();
    state.flat_map(|state| policy::consents(table, state))
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
