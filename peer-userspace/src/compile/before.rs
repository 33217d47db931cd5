//! What the last look's table leaves to the next one: the answers to whether anything that
//! a part of it follows from is different.

use std::{collections::BTreeSet, sync::Arc};

use peer_common::Group;

use super::{
    Compiled, Elsewhere, Inputs,
    diff::entries,
    policy,
    recompile::{Made, with_answer},
    routes::{Body, Compiler, Part},
};
use crate::model::{Consent, Network, ObjectRef, PairLabel};

/// What was made before, where the host as a whole is as it was then.
pub(super) struct Before<'a> {
    then: Inputs<'a>,
    pub(super) made: &'a Compiled,
    /// Interfaces with other neighbours than then.
    met: BTreeSet<u32>,
}

impl<'a> Before<'a> {
    pub(super) fn new(now: &Inputs<'_>, then: Inputs<'a>, made: &'a Compiled) -> Option<Self> {
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
    pub(super) fn network(&self, now: &Inputs<'_>, network: &Network) -> Option<&'a Made> {
        let id = &network.id;
        let is_same = self.then.table.networks.get(id) == Some(network)
            && now.states.pairs_of(id).eq(self.then.states.pairs_of(id));
        self.made.networks.get(id).filter(|_| is_same)
    }

    /// Whether the neighbours on a network's ports are what they were.
    pub(super) fn has_same_neighbours(&self, network: &Network) -> bool {
        let mut ports = self.then.ports.of(&network.id);
        ports.all(|(interface, _)| !self.met.contains(&interface))
    }

    /// Whether the table of a network is what it was, which is `known` to be what it was
    /// itself.
    pub(super) fn has_same_body(
        &self,
        compiler: &Compiler<'_>,
        network: &Network,
        known: &Made,
    ) -> bool {
        let mut pairs = compiler.now.states.pairs_of(&network.id);
        let same_answers = |known: &(PairLabel, bool)| {
            let (pair, _) = known;
            with_answer(&compiler.now, pair.clone()) == *known
        };
        let keeps_groups = |body: &Arc<Body>| {
            let mut parts = body.parts.values();
            parts.all(|part| self.keeps_groups(compiler, &part.groups))
        };
        self.has_same_place(compiler, &network.id)
            && pairs.all(|(pair, _)| self.is_same_pair(compiler, network, pair))
            && known.asked.iter().all(same_answers)
            && known.body.iter().all(keeps_groups)
    }

    /// A part of a network's table that is what it was.
    pub(super) fn part(
        &self,
        compiler: &Compiler<'_>,
        network: &Network,
        origin: Option<&PairLabel>,
    ) -> Option<Arc<Part>> {
        let body = self.made.networks.get(&network.id)?.body.as_ref()?;
        let part = body.parts.get(&origin.cloned())?;
        let is_same = match origin {
            None => self.has_same_place(compiler, &network.id),
            Some(pair) => self.is_same_pair(compiler, network, pair),
        };
        let says_the_same = self.then.table.networks.get(&network.id) == Some(network);
        (says_the_same && is_same && self.keeps_groups(compiler, &part.groups))
            .then(|| part.clone())
    }

    /// Whether a network's number is what it was, and so is where everything in it lies.
    fn has_same_place(&self, compiler: &Compiler<'_>, network: &ObjectRef) -> bool {
        let paths = self.made.networks.get(network).map(|made| &made.paths);
        let same_paths = match (compiler.paths.get(network), paths) {
            (Some(now), Some(then)) => Arc::ptr_eq(now, then),
            (now, then) => now.is_none() && then.is_none(),
        };
        let [now, then] = [&compiler.now, &self.then].map(|at| at.ids.networks.get(network));
        same_paths && now == then
    }

    /// Whether what a pair gives to `network`, which says what it said, is what it was.
    fn is_same_pair(&self, compiler: &Compiler<'_>, network: &Network, pair: &PairLabel) -> bool {
        let (now, then) = (&compiler.now, &self.then);
        let states = [now, then].map(|at| at.states.pairs.get(pair));
        self.has_same_place(compiler, pair.other(&network.id))
            && states[0] == states[1]
            && now.ids.counter(pair, &network.id) == then.ids.counter(pair, &network.id)
            && consents(now, pair).eq(consents(then, pair))
    }

    /// Whether the groups with these numbers are what they were, and be they so.
    fn keeps_groups(&self, compiler: &Compiler<'_>, named: &BTreeSet<u32>) -> bool {
        let in_kernel = &compiler.now.ids.groups;
        let group = |id: &u32| -> Option<(u32, Group)> {
            let group = self.made.table.groups.get(id)?;
            (in_kernel.get(id) == Some(group)).then_some((*id, *group))
        };
        let Some(named) = named.iter().map(group).collect::<Option<Vec<_>>>() else {
            return false;
        };
        let mut groups = compiler.groups.borrow_mut();
        let mut named = named.into_iter();
        named.all(|(id, group)| groups.id(group) == Some(id))
    }

    /// What lies in any network, if that is what it was.
    pub(super) fn elsewhere(&self, now: &Inputs<'_>) -> Option<Arc<Elsewhere>> {
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
