//! The whole table, and the next one from it: what did not change is taken over, network
//! by network.
//!
//! Law: a table that was made from the one before is the same as one made from nothing.

use std::{cell::RefCell, collections::BTreeMap, sync::Arc};

use ipnet::IpNet;

use super::{
    ForwardingTable, Ids, Ports, Sources,
    before::Before,
    contested::Addresses,
    groups::Groups,
    host_routes::HostRoutes,
    paths::{Paths, paths},
    policy,
    routes::{Body, Compiler},
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
    pub(super) networks: BTreeMap<ObjectRef, Made>,
    /// There was no room for a group: the next time there may be.
    pub(super) crowded: bool,
}

/// What was made of one network.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) paths: Arc<Paths>,
    sources: Sources,
    /// Nothing where there is no number left for the network.
    pub(super) body: Option<Arc<Body>>,
    /// Pairs that are none of its own, and whether they carried traffic.
    pub(super) asked: Vec<(PairLabel, bool)>,
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
    let mut laid: BTreeMap<&ObjectRef, Laid<'_>> = networks()
        .map(|network| (&network.id, lay(&now, before, network, &routes)))
        .collect();
    let names = now.ids.networks.iter();
    let compiler = Compiler {
        now,
        addresses: Addresses::of(now.host),
        names: names.map(|(name, id)| (*id, name)).collect(),
        paths: laid
            .iter()
            .map(|(name, laid)| (*name, laid.paths.clone()))
            .collect(),
        groups: RefCell::new(Groups::new(&now.ids.groups, &now.ids.groups_named)),
        asked: RefCell::default(),
    };
    let made: BTreeMap<ObjectRef, Made> = networks()
        .filter_map(|network| Some((network, laid.remove(&network.id)?)))
        .map(|(network, laid)| (network.id.clone(), make(&compiler, before, network, laid)))
        .collect();
    let sources = made.values().flat_map(|made| made.sources.clone());
    let sources = sources.collect();
    let fibs = made.iter().filter_map(|(name, made)| {
        let body = made.body.as_ref()?;
        Some((*now.ids.networks.get(name)?, body.fib.clone()))
    });
    let working = now.ports.working();
    let tags = working.map(|(index, ..)| (now.host.place_of(index), index));
    let devices = now.ids.devices.iter();
    let elsewhere = before.and_then(|before| before.elsewhere(&now));
    let elsewhere = elsewhere.unwrap_or_else(|| Arc::new(compiler.elsewhere()));
    let ports = compiler.ports(&sources);
    let groups = compiler.groups.into_inner();
    Compiled {
        crowded: groups.crowded(),
        table: ForwardingTable {
            ports,
            tags: tags.filter(|(place, _)| place.is_tagged()).collect(),
            sources,
            fibs: fibs.collect(),
            devices: devices.map(|(index, slot)| (*slot, *index)).collect(),
            policies: policy::policies(now.table, now.states, now.ids),
            elsewhere,
            groups: groups.used(),
        },
        networks: made,
    }
}

/// Where everything in a network lies, which its table and its peers' tables follow from.
struct Laid<'a> {
    /// What was made of it before, if it and its pairs are what they were.
    known: Option<&'a Made>,
    paths: Arc<Paths>,
    sources: Sources,
}

fn lay<'a>(
    now: &Inputs<'_>,
    before: Option<&Before<'a>>,
    network: &Network,
    routes: &HostRoutes<'_>,
) -> Laid<'a> {
    let known = before.and_then(|before| before.network(now, network));
    let reached = || reached(network, now.states);
    let has_same_neighbours = before.is_some_and(|before| before.has_same_neighbours(network));
    let paths = match known.filter(|_| has_same_neighbours) {
        Some(known) => known.paths.clone(),
        None => {
            let found = paths(network, now.ports, routes, &reached());
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
    Laid {
        known,
        paths,
        sources,
    }
}

fn make(
    compiler: &Compiler<'_>,
    before: Option<&Before<'_>>,
    network: &Network,
    laid: Laid<'_>,
) -> Made {
    let same = before.zip(laid.known);
    let same = same.filter(|(before, known)| before.has_same_body(compiler, network, known));
    let (body, asked) = match same {
        Some((_, known)) => (known.body.clone(), known.asked.clone()),
        None => {
            let part = |origin: Option<&PairLabel>| {
                before.and_then(|before| before.part(compiler, network, origin))
            };
            let then = before.and_then(|before| before.made.networks.get(&network.id));
            let then = then.and_then(|then| then.body.as_deref());
            let has_id = compiler.now.ids.networks.contains_key(&network.id);
            let body = has_id.then(|| Arc::new(compiler.body(network, then, part)));
            let asked = compiler.asked.take().into_iter();
            let asked = asked.map(|pair| with_answer(&compiler.now, pair));
            (body, asked.collect())
        }
    };
    Made {
        paths: laid.paths,
        sources: laid.sources,
        body,
        asked,
    }
}

pub(super) fn with_answer(now: &Inputs<'_>, pair: PairLabel) -> (PairLabel, bool) {
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
