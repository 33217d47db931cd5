//! One side of a pair: whether it consents, and what stands against its consent
//! before other pairs are looked at.

use super::state::{State, Status};
use crate::{
    compile::{Ports, policy},
    model::{AdminState, Consent, Network, ObjectRef, PairLabel, Table},
};

/// One network of a pair, with the consents it gave to the other. The first by
/// name counts.
#[derive(Clone, Debug)]
pub(super) struct Side<'a> {
    pub(super) own: &'a ObjectRef,
    pub(super) consents: Vec<&'a Consent>,
}

impl<'a> Side<'a> {
    /// The smaller label's side, then the larger's.
    pub(super) fn both(table: &'a Table, pair: &'a PairLabel) -> [Self; 2] {
        let side = |own: &'a ObjectRef| Self {
            own,
            consents: table
                .consents
                .values()
                .filter(|consent| &consent.own() == own && &consent.pair() == pair)
                .collect(),
        };
        let (smaller, larger) = pair.networks();
        [side(smaller), side(larger)]
    }

    /// The consent that counts, if it was given by an object.
    pub(super) fn first(&self) -> Option<&'a Consent> {
        self.consents.first().copied()
    }

    /// The network, if it exists.
    pub(super) fn network(&self, table: &'a Table) -> Option<&'a Network> {
        table.networks.get(self.own)
    }

    /// Whether this side consents to peer with `other`: by an object, or in advance.
    pub(super) fn agrees(&self, table: &Table, other: &ObjectRef) -> bool {
        let network = table.networks.get(self.own);
        let in_advance = |network: &Network| network.accepts_by_itself(&other.namespace);
        network.is_some_and(|network| !self.consents.is_empty() || in_advance(network))
    }

    /// The first state that applies to `consent`, down to `peer-disabled`; `None` if
    /// nothing but an overlap can stand against traffic.
    pub(super) fn status(
        &self,
        consent: &Consent,
        peer: &Side<'a>,
        table: &'a Table,
        ports: &Ports,
    ) -> Option<Status> {
        if consent.admin_state == AdminState::Down {
            return Some(Status::new(State::Disabled, "its adminState is down"));
        }
        if let Some(first) = self.first().filter(|first| first.id != consent.id) {
            return failed(format!(
                "{} peers with {} by {} already",
                self.own, peer.own, first.id
            ));
        }
        if self.own == peer.own {
            return failed(format!("network {} cannot peer with itself", self.own));
        }
        if !consent.unsupported.is_empty() {
            let fields = consent.unsupported.join(", ");
            return failed(format!(
                "{fields}: not supported by this version; nothing is forwarded"
            ));
        }
        if let Some(reason) = policy::excess(consent) {
            return failed(reason);
        }
        let Some(network) = self.network(table) else {
            return failed(format!("network {} does not exist", self.own));
        };
        if let Some(reason) = ports.none_of(self.own) {
            return failed(format!(
                "network {} has no working port: {reason}",
                self.own
            ));
        }
        if peer.network(table).is_none() && !peer.consents.is_empty() {
            return failed(format!("network {} does not exist any more", peer.own));
        }
        // Before it consents, nothing of the peer is looked at.
        match peer.network(table).filter(|_| peer.agrees(table, self.own)) {
            None => Some(Status::new(
                State::Pending,
                format!("{} has not consented", peer.own),
            )),
            Some(other) => peer.against(network, other, ports),
        }
    }

    /// What stands against traffic on this side, which consented, seen from `network`.
    fn against(&self, network: &Network, own: &Network, ports: &Ports) -> Option<Status> {
        if let Some(reason) = ports.none_of(self.own) {
            return failed(format!(
                "network {} has no working port: {reason}",
                self.own
            ));
        }
        if network.zone != own.zone {
            return failed(format!(
                "{} is in zone {}, {} in zone {}",
                network.id, network.zone, own.id, own.zone
            ));
        }
        match self.first() {
            Some(consent) if consent.admin_state == AdminState::Down => Some(Status::new(
                State::PeerDisabled,
                "the peer's adminState is down",
            )),
            Some(consent) if !consent.unsupported.is_empty() => {
                failed("the peer's consent asks for what this version does not support".to_owned())
            }
            Some(consent) if policy::excess(consent).is_some() => {
                failed("the peer's consent has more rules than can be enforced".to_owned())
            }
            _ => None,
        }
    }
}

fn failed(reason: String) -> Option<Status> {
    Some(Status::new(State::Failed, reason))
}
