//! Overlap, judged at the receiver: what a network imports must be disjoint from
//! its own prefixes and from everything else it imports.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::{
    free::nearest_free,
    quota::Quotas,
    reason::{Overlap, Reason},
    state::{State, Status},
};
use crate::{
    compile::prefix::{Span, overlap, span},
    model::{Name, Network, ObjectRef, PairLabel, Table},
};

/// Whether two networks share an address: whatever else their owners say, neither can
/// import all of the other.
pub fn networks_overlap(one: &Network, other: &Network) -> bool {
    let overlaps = |prefix| other.prefixes.iter().any(|theirs| overlap(prefix, theirs));
    one.prefixes.iter().any(overlaps)
}

/// What each network holds: its own prefixes and what it has been given.
pub(super) struct Imports<'a> {
    held: BTreeMap<&'a ObjectRef, Held>,
    /// Prefixes imported so far by each namespace, and how many it may.
    routes: BTreeMap<&'a Name, (usize, usize)>,
}

/// Disjoint prefixes by where they begin, each with where it ends and the network
/// it belongs to.
#[derive(Default)]
struct Held(BTreeMap<Span, (IpNet, ObjectRef)>);

impl Held {
    fn put(&mut self, prefix: IpNet, owner: &ObjectRef) {
        self.0.insert(span(&prefix), (prefix, owner.clone()));
    }

    /// What shares an address with `prefix`. Among disjoint spans that is the last
    /// that begins before `prefix` ends, if any.
    fn overlapping(&self, prefix: &IpNet) -> Option<&(IpNet, ObjectRef)> {
        let wanted = span(prefix);
        let (found, held) = self.0.range(..=wanted.to_end()).next_back()?;
        found.reaches(&wanted).then_some(held)
    }
}

impl<'a> Imports<'a> {
    /// Every network with its own prefixes only.
    pub(super) fn none(table: &'a Table, quotas: &Quotas) -> Self {
        let mut imports = Self {
            held: BTreeMap::new(),
            routes: BTreeMap::new(),
        };
        for network in table.networks.values() {
            let held = imports.held.entry(&network.id).or_default();
            for prefix in &network.prefixes {
                held.put(*prefix, &network.id);
            }
            let namespace = &network.id.namespace;
            let limit = quotas.of(namespace).routes;
            imports.routes.entry(namespace).or_insert((0, limit));
        }
        imports
    }

    /// Give each network of `pair` what the other exports (the smaller label's
    /// network first), or nothing and the reason.
    pub(super) fn admit(
        &mut self,
        pair: &PairLabel,
        [smaller_gives, larger_gives]: &[Vec<IpNet>; 2],
    ) -> Result<(), Box<Status>> {
        let (smaller, larger) = pair.networks();
        let gifts = [
            (larger, smaller, smaller_gives),
            (smaller, larger, larger_gives),
        ];
        self.refuse_overlap(larger, smaller, smaller_gives, larger_gives)?;
        self.refuse_overlap(smaller, larger, larger_gives, smaller_gives)?;
        let mut more: BTreeMap<&Name, usize> = BTreeMap::new();
        for (receiver, _, prefixes) in gifts {
            *more.entry(&receiver.namespace).or_default() += prefixes.len();
        }
        for (namespace, more) in more {
            self.refuse_excess(namespace, more)?;
        }
        for (receiver, giver, prefixes) in gifts {
            if let Some((used, _)) = self.routes.get_mut(&receiver.namespace) {
                *used += prefixes.len();
            }
            if let Some(held) = self.held.get_mut(receiver) {
                for prefix in prefixes {
                    held.put(*prefix, giver);
                }
            }
        }
        Ok(())
    }

    fn refuse_overlap(
        &self,
        receiver: &ObjectRef,
        giver: &ObjectRef,
        prefixes: &[IpNet],
        gives_back: &[IpNet],
    ) -> Result<(), Box<Status>> {
        let Some(held) = self.held.get(receiver) else {
            return Ok(());
        };
        for given in prefixes {
            if let Some((known, holder)) = held.overlapping(given) {
                let free = nearest_free(given, |candidate| {
                    let at = |network| self.held.get(network)?.overlapping(candidate);
                    at(receiver).or_else(|| at(giver)).map(|(taken, _)| *taken)
                });
                let overlap = Overlap {
                    receiver: receiver.clone(),
                    giver: giver.clone(),
                    given: *given,
                    held: *known,
                    holder: holder.clone(),
                    exported: gives_back.contains(known),
                    free,
                };
                let reason = Reason::Overlap(Box::new(overlap));
                return Err(Box::new(Status::new(State::Conflict, reason)));
            }
        }
        Ok(())
    }

    fn refuse_excess(&self, namespace: &Name, more: usize) -> Result<(), Box<Status>> {
        match self.routes.get(namespace) {
            Some((used, limit)) if used + more > *limit => {
                let reason = Reason::TooManyRoutes(namespace.clone(), *limit, used + more);
                Err(Box::new(Status::new(State::Failed, reason)))
            }
            _ => Ok(()),
        }
    }
}
