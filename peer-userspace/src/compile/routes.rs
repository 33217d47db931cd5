//! One network's table: what it may reach, and how.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ipnet::IpNet;
use peer_common::{DropReason, Route, flags};

use super::{
    Fib, Routes,
    actions::Towards,
    contested::Addresses,
    diff::entries,
    groups::Groups,
    local,
    paths::{Paths, within},
    policy,
    prefix::{self, longest_match},
    recompile::Inputs,
};
use crate::{
    lifecycle::Pair,
    model::{Network, ObjectRef, PairLabel, RouteMode},
};

/// What networks' tables follow from.
pub(super) struct Compiler<'a> {
    pub(super) now: Inputs<'a>,
    pub(super) addresses: Addresses,
    /// Networks by their ids.
    pub(super) names: BTreeMap<u32, &'a ObjectRef>,
    pub(super) paths: BTreeMap<&'a ObjectRef, Arc<Paths>>,
    pub(super) groups: RefCell<Groups>,
    /// Pairs that are none of the network's own, and were asked about for its table.
    pub(super) asked: RefCell<BTreeSet<PairLabel>>,
}

/// The routes that have one origin.
#[derive(Debug, Default)]
pub(super) struct Part {
    routes: BTreeMap<IpNet, Route>,
    /// The groups that they name.
    pub(super) groups: BTreeSet<u32>,
}

impl Part {
    /// Of several routes to one destination the last counts.
    fn of(routes: impl Iterator<Item = (IpNet, Route)>) -> Arc<Self> {
        let routes = BTreeMap::from_iter(routes);
        let groups = routes.values().map(|route| route.group);
        let groups = groups.filter(|group| *group != 0).collect();
        Arc::new(Self { routes, groups })
    }
}

/// What a network's table is made of: its own, and what each peering that carries traffic
/// gives it. Later ones count.
pub(super) type Parts = BTreeMap<Option<PairLabel>, Arc<Part>>;

/// A network's table, and how it came about.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) parts: Parts,
    /// All parts.
    open: Routes,
    /// With what the host's addresses and peerings that are down add to it.
    pub(super) fib: Fib,
}

impl Compiler<'_> {
    /// What one network may reach. `known` are parts that are what they were in the table
    /// `before`.
    pub(super) fn body(
        &self,
        network: &Network,
        before: Option<&Body>,
        known: impl Fn(Option<&PairLabel>) -> Option<Arc<Part>>,
    ) -> Body {
        let mut parts = Parts::new();
        parts.insert(None, known(None).unwrap_or_else(|| self.own(network)));
        let pairs = || self.now.states.pairs_of(&network.id);
        for (pair, state) in pairs().filter(|(_, state)| state.carries) {
            let imports = || self.imports(network, pair, state);
            parts.insert(
                Some(pair.clone()),
                known(Some(pair)).unwrap_or_else(imports),
            );
        }
        let edited = before.and_then(|before| edited(before, &parts));
        let open = edited.unwrap_or_else(|| {
            let routes = parts.values().flat_map(|part| part.routes.iter());
            routes.map(|(at, route)| (*at, *route)).collect()
        });
        let mut blocked = BTreeMap::new();
        for (pair, state) in pairs().filter(|(_, state)| state.agreed && !state.carries) {
            self.add_blocked(&mut blocked, &open, network, pair, state);
        }
        let mut all = open.clone();
        all.extend(blocked);
        let local = local::addresses(self, &all, network);
        all.extend(local);
        let fib = all.into();
        Body { parts, open, fib }
    }

    fn own(&self, network: &Network) -> Arc<Part> {
        let towards = Towards {
            owner: &network.id,
            counter: 0,
            flags: 0,
        };
        let open = Towards {
            flags: flags::OPEN,
            ..towards
        };
        let Some(paths) = self.paths.get(&network.id) else {
            return Arc::default();
        };
        let exported: BTreeMap<_, _> = within(paths, &network.prefixes).collect();
        // Transfer nets are no peer's to know.
        let others = paths.iter().filter(|(at, _)| !exported.contains_key(at));
        let copied = |(at, way): (&IpNet, &_)| (*at, Option::clone(way));
        let others = self.routes(others.map(copied), &towards);
        let exported = self.routes(exported.iter().map(copied), &open);
        Part::of(others.chain(exported))
    }

    fn imports(&self, network: &Network, pair: &PairLabel, state: &Pair) -> Arc<Part> {
        let peer = pair.other(&network.id);
        let Some(paths) = self.paths.get(peer) else {
            return Arc::default();
        };
        let exports = state.exports_of(pair, peer);
        let mut towards = Towards {
            owner: peer,
            counter: self.now.ids.counter(pair, &network.id),
            flags: 0,
        };
        let unrouted = self.refusal(DropReason::NoRoute, &towards, flags::SOURCE);
        let given = state.exports_of(pair, &network.id);
        if std::ptr::eq(given, &*network.prefixes) || *given == *network.prefixes {
            towards.flags |= flags::OPEN;
        }
        if policy::has_rules(self.now.table, state) {
            towards.flags |= flags::POLICY;
        }
        // Who asks for a second router gets it, whatever the other side says.
        if policy::consents(self.now.table, state).any(|consent| consent.hops == 2) {
            towards.flags |= flags::TWO_HOPS;
        }
        let Some(wanted) = self.manual(network, state) else {
            return Part::of(self.routes(within(paths, exports), &towards));
        };
        let clipped = wanted.iter().flat_map(|to| {
            let exports = exports.iter();
            exports.filter_map(|export| prefix::intersection(to, export))
        });
        let clipped: Vec<IpNet> = clipped.collect();
        let unrouted = exports.iter().map(|export| (*export, unrouted));
        let routed = self.routes(within(paths, &clipped), &towards);
        Part::of(unrouted.chain(routed))
    }

    /// The only routes to a peer there are to be, if that is what the network wants.
    fn manual(&self, network: &Network, state: &Pair) -> Option<Vec<IpNet>> {
        let own: Vec<_> = policy::consents(self.now.table, state)
            .filter(|consent| consent.own() == network.id)
            .collect();
        let by_consent = own.iter().find_map(|consent| consent.routes.clone());
        by_consent.or_else(|| {
            let statics = network.static_routes.iter();
            let named = statics.filter(|route| own.iter().any(|own| own.id.name == route.peering));
            (network.routes == RouteMode::Manual).then(|| named.map(|route| route.to).collect())
        })
    }

    /// Where both sides agreed and yet nothing flows, the reason is not that they
    /// do not peer. Nothing that carries traffic is covered by it.
    fn add_blocked(
        &self,
        blocked: &mut BTreeMap<IpNet, Route>,
        open: &Routes,
        network: &Network,
        pair: &PairLabel,
        state: &Pair,
    ) {
        let towards = Towards {
            owner: pair.other(&network.id),
            counter: self.now.ids.counter(pair, &network.id),
            flags: 0,
        };
        let down = self.refusal(DropReason::PeeringDown, &towards, 0);
        for export in state.exports_of(pair, towards.owner) {
            if longest_match(open, export).is_none() {
                blocked.entry(*export).or_insert(down);
            }
        }
    }
}

/// The table `before`, with what is different in its parts. Nothing if a destination is in
/// two of them.
fn edited(before: &Body, parts: &Parts) -> Option<Routes> {
    let size = |parts: &Parts| parts.values().map(|part| part.routes.len()).sum::<usize>();
    if before.open.len() != size(&before.parts) {
        return None;
    }
    let mut open = before.open.clone();
    let mut put = Vec::new();
    let none = Arc::default();
    let origins: BTreeSet<_> = before.parts.keys().chain(parts.keys()).collect();
    for origin in origins {
        let then = before.parts.get(origin).unwrap_or(&none);
        let now = parts.get(origin).unwrap_or(&none);
        if !Arc::ptr_eq(then, now) {
            let (new, gone) = entries(&then.routes, &now.routes);
            put.extend(new);
            for at in gone {
                open.remove(&at);
            }
        }
    }
    open.extend(put);
    (open.len() == size(parts)).then_some(open)
}
