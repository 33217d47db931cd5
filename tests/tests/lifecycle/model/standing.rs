//! Who is there and who said what: what states are judged by.

use super::{Model, Pair};
use crate::lifecycle::universe::{CONSENTS, INTERFACES, NETWORKS, NetworkSpec, Peer, namespace};

impl Model {
    /// A network that is declared and within its owner's quota.
    pub(super) fn present(&self, network: usize) -> Option<&NetworkSpec> {
        let spec = self.networks.get(&network)?;
        self.allowed_networks().contains(&network).then_some(spec)
    }

    /// The networks within the quotas, oldest first.
    fn allowed_networks(&self) -> Vec<usize> {
        let mut oldest: Vec<usize> = self.networks.keys().copied().collect();
        oldest.sort_by_key(|network| (self.network_past[network].since, *network));
        let mut allowed: Vec<usize> = Vec::new();
        for network in oldest {
            let same =
                |other: &&usize| namespace(NETWORKS[**other]) == namespace(NETWORKS[network]);
            let count = allowed.iter().filter(same).count();
            let held: usize = allowed
                .iter()
                .filter(same)
                .map(|other| self.networks[other].prefixes.len())
                .sum();
            if count < self.limits.networks
                && held + self.networks[&network].prefixes.len() <= self.limits.prefixes
            {
                allowed.push(network);
            }
        }
        allowed
    }

    /// Whether a consent is one too many of its owner's.
    pub(super) fn is_excess(&self, slot: usize) -> bool {
        let age = |slot: usize| (self.consent_past[&slot].requested, slot);
        let older = self.consents.keys().filter(|other| {
            namespace(CONSENTS[**other]) == namespace(CONSENTS[slot]) && age(**other) < age(slot)
        });
        older.count() >= self.limits.consents
    }

    /// Whether a network has a port that works: an interface is the oldest network's
    /// that names it.
    pub(super) fn has_port(&self, network: usize) -> bool {
        let spec = &self.networks[&network];
        spec.ports.iter().any(|port| {
            let first = self
                .allowed_networks()
                .into_iter()
                .find(|one| self.networks[one].ports.contains(port));
            *port < INTERFACES.len() - 1 && first == Some(network)
        })
    }

    /// The network a consent asks for, if it is known whose the name or the id is.
    pub(crate) fn asked(&self, slot: usize) -> Option<usize> {
        match self.consents[&slot].peer {
            Peer::Name(network) => Some(network),
            Peer::Id(made) => {
                let mut past = self.network_past.iter();
                past.find(|(_, past)| past.made == made)
                    .map(|(network, _)| *network)
            }
        }
    }

    /// Whether its owner, or a hold, stops it.
    pub(super) fn is_disabled(&self, slot: usize) -> bool {
        !self.consents[&slot].up || self.holds.contains(&slot)
    }

    fn has_ended(&self, slot: usize) -> bool {
        let past = &self.consent_past[&slot];
        past.rejected.is_some() || past.expired.is_some()
    }

    /// The consent of `own` with `peer` that counts: the oldest that has not ended.
    pub(crate) fn counting(&self, own: usize, peer: usize) -> Option<usize> {
        let given = self.consents.keys().copied().filter(|slot| {
            self.consents[slot].own == own
                && self.asked(*slot) == Some(peer)
                && !self.has_ended(*slot)
        });
        given.min_by_key(|slot| (self.consent_past[slot].requested, *slot))
    }

    /// The consents of a pair that count.
    pub(crate) fn both(&self, (one, other): Pair) -> impl Iterator<Item = usize> {
        let counting = [self.counting(one, other), self.counting(other, one)];
        counting.into_iter().flatten()
    }

    /// Whether `own` consents to peer with `peer`, by an object or in advance.
    fn consents_to(&self, own: usize, peer: usize) -> bool {
        let Some(spec) = self.present(own) else {
            return false;
        };
        let asking = namespace(NETWORKS[peer]);
        let in_advance = || {
            spec.auto_accept
                .iter()
                .any(|who| *who == "*" || *who == asking)
        };
        self.counting(own, peer).is_some() || in_advance()
    }

    /// Whether two networks agreed to peer: at least one of them asked.
    pub(super) fn have_agreed(&self, one: usize, other: usize) -> bool {
        one != other
            && self.consents_to(one, other)
            && self.consents_to(other, one)
            && (self.counting(one, other).is_some() || self.counting(other, one).is_some())
    }
}
