//! One network's table: what it may reach, and how.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ipnet::IpNet;
use peer_common::{DropReason, Route, flags};

use super::{
    Routes,
    actions::Into,
    contested::Addresses,
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

impl Compiler<'_> {
    /// What one network may reach.
    pub(super) fn network(&self, network: &Network) -> Routes {
        let mut routes = self.own(network);
        let pairs = || self.now.states.pairs_of(&network.id);
        for (pair, state) in pairs().filter(|(_, state)| state.carries) {
            self.add_imports(&mut routes, network, pair, state);
        }
        // What comes later counts.
        let mut open: Routes = routes.into_iter().collect();
        let mut blocked = Routes::new();
        for (pair, state) in pairs().filter(|(_, state)| state.agreed && !state.carries) {
            self.add_blocked(&mut blocked, &open, network, pair, state);
        }
        open.extend(blocked);
        let local = local::addresses(self, &open, network);
        open.extend(local);
        open
    }

    fn own(&self, network: &Network) -> Vec<(IpNet, Route)> {
        let into = Into {
            owner: &network.id,
            counter: 0,
            flags: 0,
        };
        let paths = self.paths.get(&network.id).into_iter();
        let ways = paths.flat_map(|paths| paths.iter());
        self.routes(ways.map(|(at, way)| (*at, way.clone())), &into)
            .collect()
    }

    fn add_imports(
        &self,
        routes: &mut Vec<(IpNet, Route)>,
        network: &Network,
        pair: &PairLabel,
        state: &Pair,
    ) {
        let peer = pair.other(&network.id);
        let Some(paths) = self.paths.get(peer) else {
            return;
        };
        let exports = state.exports_of(pair, peer);
        let mut into = Into {
            owner: peer,
            counter: self.now.ids.counter(pair, &network.id),
            flags: 0,
        };
        let manual = self.manual(network, state);
        if manual.is_some() {
            let unrouted = self.refusal(DropReason::NoRoute, &into, flags::SOURCE);
            routes.extend(exports.iter().map(|export| (*export, unrouted)));
        }
        if policy::has_rules(self.now.table, state) {
            into.flags |= flags::POLICY;
        }
        // Who asks for a second router gets it, whatever the other side says.
        if policy::consents(self.now.table, state).any(|consent| consent.hops == 2) {
            into.flags |= flags::TWO_HOPS;
        }
        match manual {
            None => routes.extend(self.routes(within(paths, exports), &into)),
            Some(wanted) => {
                let clipped = wanted.iter().flat_map(|to| {
                    let exports = exports.iter();
                    exports.filter_map(|export| prefix::intersection(to, export))
                });
                let clipped: Vec<IpNet> = clipped.collect();
                routes.extend(self.routes(within(paths, &clipped), &into));
            }
        }
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
        blocked: &mut Routes,
        open: &Routes,
        network: &Network,
        pair: &PairLabel,
        state: &Pair,
    ) {
        let into = Into {
            owner: pair.other(&network.id),
            counter: self.now.ids.counter(pair, &network.id),
            flags: 0,
        };
        let down = self.refusal(DropReason::PeeringDown, &into, 0);
        for export in state.exports_of(pair, into.owner) {
            if longest_match(open, export).is_none() {
                blocked.entry(*export).or_insert(down);
            }
        }
    }
}
