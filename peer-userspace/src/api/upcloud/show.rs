//! Consents as UpCloud's network peerings, as far as a caller may know.

use ipnet::IpNet;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    super::{
        caller::Caller,
        objects::{agreement, knows_peer},
    },
    labels, words,
};
use crate::{
    daemon::Snapshot,
    lifecycle::{self, ConsentFacts, State},
    model::{AdminState, Consent, Network, PeerRef},
};

/// One consent and what there is to know about it.
#[derive(Clone, Copy)]
pub(super) struct Peering<'a> {
    snapshot: &'a Snapshot,
    caller: &'a Caller,
    pub(super) facts: &'a ConsentFacts,
    /// With its peer's name, where that is known.
    pub(super) consent: &'a Consent,
}

impl<'a> Peering<'a> {
    /// The consents that are the caller's own and not deleted.
    pub(super) fn all(
        snapshot: &'a Snapshot,
        caller: &'a Caller,
    ) -> impl Iterator<Item = Self> + 'a {
        let known = snapshot.facts.consents.iter();
        known.filter_map(move |(id, facts)| {
            let status = snapshot.states.consents.get(id)?;
            let is_there = caller.sees(&id.namespace) && status.state != State::Deleted;
            is_there.then(|| Self {
                snapshot,
                caller,
                facts,
                consent: snapshot.table.consents.get(id).unwrap_or(&facts.declared),
            })
        })
    }

    /// The one with this uuid.
    pub(super) fn find(snapshot: &'a Snapshot, caller: &'a Caller, uuid: Uuid) -> Option<Self> {
        Self::all(snapshot, caller).find(|peering| peering.facts.uid == uuid)
    }

    /// What people call it.
    pub(super) fn name(&self) -> &'a str {
        let description = self.consent.description.as_deref();
        description.unwrap_or(self.consent.id.name.as_str())
    }

    /// The own network's uuid.
    pub(super) fn network(&self) -> Option<Uuid> {
        let facts = self.snapshot.facts.networks.get(&self.consent.own())?;
        Some(facts.uid)
    }

    /// The peer network's uuid: the one that the consent names, or was matched with. Of
    /// a stranger's network, its name tells nothing else.
    pub(super) fn peer(&self) -> Option<Uuid> {
        if let PeerRef::Id(uuid, _) = self.consent.peer {
            return Some(uuid);
        }
        let visible = || {
            let peer = self.visible_peer()?;
            Some(self.snapshot.facts.networks.get(&peer.id)?.uid)
        };
        self.facts.peer_uid.or_else(visible)
    }

    /// The peer's network where the caller sees it, or knows its random uuid: who does
    /// may know as well whether it could peer at all.
    fn visible_peer(&self) -> Option<&'a Network> {
        let peer = self.consent.peer.network()?;
        let by_uuid = matches!(self.consent.peer, PeerRef::Id(..));
        let knows = by_uuid || self.caller.sees(&peer.namespace);
        let network = self.snapshot.table.networks.get(peer);
        network.filter(|_| knows)
    }

    /// Whether the two networks' own prefixes overlap, whatever the peer says.
    fn overlaps(&self) -> bool {
        let own = self.snapshot.table.networks.get(&self.consent.own());
        let pair = own.zip(self.visible_peer());
        pair.is_some_and(|(own, peer)| lifecycle::networks_overlap(own, peer))
    }

    /// What the peer exports, once both sides consent.
    fn peer_prefixes(&self) -> Option<&'a [IpNet]> {
        let peer = knows_peer(self.caller, self.facts, self.consent)?;
        let (label, pair) = agreement(self.snapshot, self.consent)?;
        Some(pair.exports_of(label, peer))
    }

    /// In UpCloud's form.
    pub(super) fn show(&self) -> Value {
        let id = &self.consent.id;
        let status = self.snapshot.states.consents.get(id);
        let held = self.snapshot.declared.stored.decisions.holds.contains(id);
        let disabled = held || self.consent.admin_state == AdminState::Down;
        let own = self
            .snapshot
            .declared
            .table
            .networks
            .get(&self.consent.own());
        let own = own.map(|network| &*network.prefixes);
        let mut network = side(self.network(), Some(own.unwrap_or_default()));
        if own.is_none_or(<[_]>::is_empty) {
            // `upctl network-peering list` ends in a panic where there is no first one.
            let nothing = json!([{ "address": "", "family": "IPv4" }]);
            network["ip_networks"]["ip_network"] = nothing;
        }
        json!({
            "uuid": self.facts.uid,
            "name": self.name(),
            "configured_status": if disabled { "disabled" } else { "active" },
            "state": status.and_then(|status| words::state(status, self.overlaps())),
            "labels": labels::show(&self.consent.labels),
            "network": network,
            "peer_network": side(self.peer(), self.peer_prefixes()),
        })
    }
}

/// One of the two networks.
fn side(uuid: Option<Uuid>, prefixes: Option<&[IpNet]>) -> Value {
    let mut side = json!({});
    if let Some(uuid) = uuid {
        side["uuid"] = json!(uuid);
    }
    if let Some(prefixes) = prefixes {
        let all: Vec<Value> = prefixes.iter().map(ip_network).collect();
        side["ip_networks"] = json!({ "ip_network": all });
    }
    side
}

/// A prefix and its family.
pub(super) fn ip_network(prefix: &IpNet) -> Value {
    let family = match prefix {
        IpNet::V4(_) => "IPv4",
        IpNet::V6(_) => "IPv6",
    };
    json!({ "address": prefix, "family": family })
}
