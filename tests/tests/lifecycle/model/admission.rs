//! Which of the pairs that may carry traffic do: the oldest first, each if both
//! receivers have room for what they are given.

use ipnet::IpNet;
use peer_userspace::lifecycle::State;

use super::{Model, Pair};
use crate::lifecycle::universe::{NETWORKS, namespace};

impl Model {
    /// The state each pair gets.
    pub(super) fn admit(&self, mut candidates: Vec<Pair>) -> Vec<(Pair, State)> {
        candidates.sort_by_key(|pair| {
            let since = self.senior(*pair);
            let requested = self
                .both(*pair)
                .map(|slot| self.consent_past[&slot].requested);
            (since.unwrap_or(u64::MAX), requested.max(), *pair)
        });
        let mut admitted: Vec<Pair> = Vec::new();
        let mut states = Vec::new();
        for pair in candidates {
            let (one, other) = pair;
            let state =
                if self.overlaps(&admitted, one, other) || self.overlaps(&admitted, other, one) {
                    State::Conflict
                } else if self.exceeds(&admitted, pair) {
                    State::Failed
                } else {
                    admitted.push(pair);
                    if self.in_kernel.contains(&pair) {
                        State::Active
                    } else {
                        State::Provisioning
                    }
                };
            states.push((pair, state));
        }
        states
    }

    /// Whether `receiver` has an address already that `giver` would give it.
    fn overlaps(&self, admitted: &[Pair], giver: usize, receiver: usize) -> bool {
        let mut has = self.networks[&receiver].prefixes.clone();
        for (one, other) in admitted {
            if *one == receiver {
                has.extend(self.given(*other, receiver));
            }
            if *other == receiver {
                has.extend(self.given(*one, receiver));
            }
        }
        self.given(giver, receiver).iter().any(|given| {
            has.iter()
                .any(|had| had.contains(given) || given.contains(had))
        })
    }

    /// Whether a namespace would import more with `pair` than it may.
    fn exceeds(&self, admitted: &[Pair], pair: Pair) -> bool {
        let gifts = |pair: &Pair| [(pair.0, pair.1), (pair.1, pair.0)];
        let owner = |network: usize| namespace(NETWORKS[network]);
        gifts(&pair).iter().any(|gift| {
            let new = gifts(&pair);
            let count: usize = admitted
                .iter()
                .flat_map(gifts)
                .chain(new)
                .filter(|(_, receiver)| owner(*receiver) == owner(gift.1))
                .map(|(giver, receiver)| self.given(giver, receiver).len())
                .sum();
            count > self.limits.imports
        })
    }

    /// What `giver` exports to `receiver`: what both it has and its consent says.
    pub(crate) fn given(&self, giver: usize, receiver: usize) -> Vec<IpNet> {
        let own = &self.networks[&giver].prefixes;
        let consent = self.counting(giver, receiver);
        let Some(export) = consent.and_then(|slot| self.consents[&slot].export.as_ref()) else {
            return own.clone();
        };
        let mut common: Vec<IpNet> = Vec::new();
        for (had, said) in own
            .iter()
            .flat_map(|had| export.iter().map(move |said| (had, said)))
        {
            if had.contains(said) {
                common.push(*said);
            } else if said.contains(had) {
                common.push(*had);
            }
        }
        common.sort();
        common.dedup();
        let inside = |net: &IpNet| {
            common
                .iter()
                .any(|other| other != net && other.contains(net))
        };
        common.iter().copied().filter(|net| !inside(net)).collect()
    }
}
