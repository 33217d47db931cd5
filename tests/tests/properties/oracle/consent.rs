//! Who agreed to peer, which pairs carry traffic, and the state of each consent.

use peer_userspace::{
    lifecycle::State,
    model::{AdminState, Consent, Network, ObjectRef, PairLabel, Rule},
};

use super::Oracle;
use crate::properties::{
    span::Span,
    world::{pair_of, peer_of},
};

impl Oracle<'_> {
    /// The state of a consent: the first row of the contract's table that fits.
    pub(crate) fn state(&self, consent: &Consent) -> State {
        if consent.admin_state == AdminState::Down {
            return State::Disabled;
        }
        let Some(own) = self.table.networks.get(&consent.own()) else {
            return State::Failed;
        };
        let counts = self.consent(&own.id, peer_of(consent)) == Some(consent);
        let possible =
            own.id != *peer_of(consent) && enforceable(consent) && self.ports(own).next().is_some();
        if !counts || !possible {
            return State::Failed;
        }
        // A network that never was there is as one that has not answered.
        let peer = match self.table.networks.get(peer_of(consent)) {
            Some(peer) if self.agreed(own, peer) => peer,
            _ => return State::Pending,
        };
        if !self.possible(own, peer) {
            return State::Failed;
        }
        if !self.both_up(own, peer) {
            return State::PeerDisabled;
        }
        let label = pair_of(consent);
        match (
            self.carrying.contains(&label),
            self.facts.in_kernel.contains(&label),
        ) {
            (false, _) => State::Conflict,
            (true, false) => State::Provisioning,
            (true, true) => State::Active,
        }
    }

    /// The consent of `own` with `peer` that counts: one a pair, the first by name.
    pub(super) fn consent(&self, own: &ObjectRef, peer: &ObjectRef) -> Option<&Consent> {
        self.table
            .consents
            .values()
            .find(|one| &one.own() == own && peer_of(one) == peer)
    }

    /// Both said yes, one of them perhaps in advance.
    pub(super) fn agreed(&self, one: &Network, other: &Network) -> bool {
        let (from_one, from_other) = (
            self.consent(&one.id, &other.id),
            self.consent(&other.id, &one.id),
        );
        match (from_one, from_other) {
            (Some(_), Some(_)) => true,
            (Some(_), None) => accepts(other, one),
            (None, Some(_)) => accepts(one, other),
            (None, None) => false,
        }
    }

    /// Nothing but the owners' will and an overlap can keep this pair from traffic.
    fn possible(&self, one: &Network, other: &Network) -> bool {
        // One that is down is `disabled` before it is anything else.
        let enforceable = |own: &Network, peer: &Network| {
            self.consent(&own.id, &peer.id).is_none_or(|consent| {
                enforceable(consent) || consent.admin_state == AdminState::Down
            })
        };
        one.id != other.id
            && one.zone == other.zone
            && self.ports(one).next().is_some()
            && self.ports(other).next().is_some()
            && enforceable(one, other)
            && enforceable(other, one)
    }

    fn both_up(&self, one: &Network, other: &Network) -> bool {
        let up = |own: &Network, peer: &Network| {
            self.consent(&own.id, &peer.id)
                .is_none_or(|consent| consent.admin_state == AdminState::Up)
        };
        up(one, other) && up(other, one)
    }

    /// The pairs that carry traffic: the oldest first, each only if what either
    /// side imports is disjoint from its own and from all it imports already.
    pub(super) fn admit(&self) -> Vec<PairLabel> {
        let networks: Vec<&Network> = self.table.networks.values().collect();
        let mut candidates = Vec::new();
        for (position, one) in networks.iter().enumerate() {
            for other in &networks[position + 1..] {
                if self.agreed(one, other) && self.possible(one, other) && self.both_up(one, other)
                {
                    candidates.push(PairLabel::of(&one.id, &other.id));
                }
            }
        }
        candidates.sort_by_key(|label| {
            let since = self.facts.active_since.get(label).copied();
            (since.is_none(), since, label.to_string())
        });
        let mut admitted = Vec::new();
        for label in candidates {
            let (smaller, larger) = label.networks();
            if self.can_import(&admitted, smaller, larger)
                && self.can_import(&admitted, larger, smaller)
            {
                admitted.push(label);
            }
        }
        admitted
    }

    /// Whether what `giver` exports overlaps nothing that `receiver` has.
    fn can_import(&self, admitted: &[PairLabel], receiver: &ObjectRef, giver: &ObjectRef) -> bool {
        let (mine, gift) = (self.spans(receiver), self.exported(giver, receiver));
        let imports = admitted
            .iter()
            .filter(|label| {
                let (smaller, larger) = label.networks();
                smaller == receiver || larger == receiver
            })
            .flat_map(|label| self.exported(label.other(receiver), receiver));
        mine.into_iter()
            .chain(imports)
            .all(|had| gift.iter().all(|given| had.common(given).is_none()))
    }

    fn exported(&self, giver: &ObjectRef, receiver: &ObjectRef) -> Vec<Span> {
        let own = self.spans(giver);
        match self
            .consent(giver, receiver)
            .and_then(|consent| consent.export.as_ref())
        {
            None => own,
            Some(named) => named
                .iter()
                .flat_map(|net| own.iter().filter_map(|mine| mine.common(&Span::of(net))))
                .collect(),
        }
    }

    fn spans(&self, network: &ObjectRef) -> Vec<Span> {
        let network = self.table.networks.get(network);
        network
            .iter()
            .flat_map(|network| network.prefixes.iter())
            .map(Span::of)
            .collect()
    }
}

fn accepts(owner: &Network, asker: &Network) -> bool {
    owner
        .auto_accept
        .iter()
        .any(|named| named == "*" || *named == asker.id.namespace.to_string())
}

/// All that it asks for is there to be had. Only rules of 65 ports are too many here.
fn enforceable(consent: &Consent) -> bool {
    let few = |rules: &Option<Vec<Rule>>| {
        let mut rules = rules.iter().flatten();
        rules.all(|rule| rule.ports.len() <= 64)
    };
    few(&consent.allow) && few(&consent.allow_out)
}
