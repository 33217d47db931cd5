//! Overlap, judged at the receiver: what a network imports must be disjoint from
//! its own prefixes and from everything else it imports.

use std::{collections::BTreeMap, sync::Arc};

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
    held: BTreeMap<&'a ObjectRef, Held<'a>>,
    /// Prefixes imported so far by each namespace, and how many it may.
    routes: BTreeMap<&'a Name, (usize, usize)>,
}

/// Disjoint prefixes, each with the network it belongs to.
#[derive(Default)]
struct Held<'a> {
    /// Most of them, in order.
    settled: Vec<Prefix<'a>>,
    /// Those that came since, by where they begin.
    recent: BTreeMap<Span, Prefix<'a>>,
}

/// A prefix, its addresses, and whose it is.
#[derive(Clone, Copy)]
struct Prefix<'a> {
    span: Span,
    prefix: IpNet,
    owner: &'a ObjectRef,
}

impl<'a> Held<'a> {
    /// Put many in about the time that their number takes, and few in less than going
    /// through all there are takes.
    fn put(&mut self, prefixes: &[IpNet], owner: &'a ObjectRef) {
        let added = prefixes.iter().map(|prefix| Prefix {
            span: span(prefix),
            prefix: *prefix,
            owner,
        });
        if 4 * (self.recent.len() + prefixes.len()) < self.settled.len() {
            self.recent.extend(added.map(|held| (held.span, held)));
        } else {
            let recent = std::mem::take(&mut self.recent);
            self.settled.extend(recent.into_values().chain(added));
            // Merges what is in order already.
            self.settled.sort_by_key(|held| held.span);
        }
    }

    /// What shares an address with `prefix`. Among disjoint spans that is the last
    /// that begins before `prefix` ends, if any.
    fn overlapping(&self, prefix: &IpNet) -> Option<Prefix<'a>> {
        let wanted = span(prefix);
        let end = wanted.to_end();
        let settled = self.settled.partition_point(|held| held.span <= end);
        let settled = settled.checked_sub(1).map(|last| self.settled[last]);
        let recent = self.recent.range(..=end).next_back().map(|(_, held)| *held);
        let both = settled.into_iter().chain(recent);
        both.filter(|held| held.span.reaches(&wanted))
            .max_by_key(|held| held.span)
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
            held.put(&network.prefixes, &network.id);
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
        pair: &'a PairLabel,
        [smaller_gives, larger_gives]: &[Arc<[IpNet]>; 2],
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
                held.put(prefixes, giver);
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
            if let Some(known) = held.overlapping(given) {
                let free = nearest_free(given, |candidate| {
                    let at = |network| self.held.get(network)?.overlapping(candidate);
                    at(receiver).or_else(|| at(giver)).map(|taken| taken.prefix)
                });
                let overlap = Overlap {
                    receiver: receiver.clone(),
                    giver: giver.clone(),
                    given: *given,
                    held: known.prefix,
                    holder: known.owner.clone(),
                    exported: gives_back.contains(&known.prefix),
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
