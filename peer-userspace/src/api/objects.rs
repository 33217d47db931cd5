//! Networks and peerings as a caller may see them.

use std::time::{Duration, UNIX_EPOCH};

use ipnet::IpNet;
use peer_common::Traffic;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    caller::Caller,
    schema::{
        Metadata, NetworkStatus, PeerStatus, PeeredNetwork, PeeringStatus, Resource, TrafficStatus,
    },
    views,
};
use crate::{
    daemon::Snapshot,
    dialect::write,
    lifecycle::{ConsentFacts, Pair, State},
    model::{Consent, Kind, Moment, Name, Network, ObjectRef, Origin, PairLabel, PeerRef},
    telemetry::Counters,
};

/// The networks in the caller's namespaces.
pub(super) fn networks<'a>(
    snapshot: &'a Snapshot,
    caller: &'a Caller,
) -> impl Iterator<Item = Resource<NetworkStatus>> + 'a {
    let networks = snapshot.declared.table.networks.values();
    networks
        .filter(|network| caller.sees(&network.id.namespace))
        .map(|declared| network(snapshot, declared))
}

/// One network.
pub(super) fn network(snapshot: &Snapshot, declared: &Network) -> Resource<NetworkStatus> {
    let id = &declared.id;
    let mut peered_networks = Vec::new();
    let mut imported: Vec<IpNet> = Vec::new();
    for (label, pair) in snapshot
        .states
        .pairs_of(id)
        .filter(|(_, pair)| pair.carries)
    {
        let peer = label.other(id);
        peered_networks.push(PeeredNetwork {
            namespace: peer.namespace.to_string(),
            name: peer.name.to_string(),
        });
        imported.extend(pair.exports_of(label, peer));
    }
    let key = (Kind::Network, id.clone());
    let object = snapshot.declared.stored.objects.get(&key);
    let facts = snapshot.facts.networks.get(id);
    let uid = object.map(|object| object.uid);
    Resource {
        api_version: "peerd/v1",
        kind: "Network",
        metadata: Metadata {
            namespace: id.namespace.to_string(),
            name: id.name.to_string(),
            labels: declared.labels.clone(),
            uid: uid.or(facts.map(|facts| facts.uid)),
            generation: object.map(|object| object.generation),
        },
        spec: write::network(declared)["spec"].take(),
        status: NetworkStatus {
            peered_networks,
            imported_prefixes: imported.iter().map(IpNet::to_string).collect(),
            ports: snapshot.ports.declared_by(id).map(views::port).collect(),
            error: snapshot.refused.networks.get(id).cloned(),
            file: file(snapshot, &key),
        },
    }
}

fn file(snapshot: &Snapshot, key: &(Kind, ObjectRef)) -> Option<String> {
    let file = snapshot.declared.stored.files.get(key)?;
    Some(file.display().to_string())
}

/// From where consents are looked at: whoever may see both sides has to say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Viewpoint<'a> {
    /// From this namespace only.
    pub(super) namespace: Option<&'a str>,
    /// Only as requests of others, or never so.
    pub(super) incoming: Option<bool>,
}

/// The consents in the caller's namespaces, and the requests made to its networks.
pub(super) fn peerings<'a>(
    snapshot: &'a Snapshot,
    counters: &'a Counters,
    caller: &'a Caller,
    from: Viewpoint<'a>,
) -> impl Iterator<Item = Resource<PeeringStatus>> + 'a {
    let all = snapshot.facts.consents.iter();
    all.filter_map(move |(id, facts)| peering(snapshot, counters, caller, from, (id, facts)))
}

/// A consent, if it exists for the caller.
pub(super) fn peering(
    snapshot: &Snapshot,
    counters: &Counters,
    caller: &Caller,
    from: Viewpoint<'_>,
    (id, facts): (&ObjectRef, &ConsentFacts),
) -> Option<Resource<PeeringStatus>> {
    let sees = |namespace: &Name| {
        let wanted = from
            .namespace
            .is_none_or(|wanted| wanted == namespace.as_str());
        wanted && caller.sees(namespace)
    };
    let resolved = snapshot.table.consents.get(id).unwrap_or(&facts.declared);
    let seen = Seen {
        snapshot,
        counters,
        caller,
        facts,
        resolved,
        pair: resolved.pair(),
        known_peer: knows_peer(caller, facts, resolved),
    };
    if from.incoming != Some(true) && sees(&id.namespace) {
        return seen.own();
    }
    let wanted = seen.resolved.peer.network()?;
    if from.incoming != Some(false) && sees(&wanted.namespace) {
        return seen.incoming(wanted, from.incoming == Some(true));
    }
    None
}

/// A consent and what there is to know about it.
struct Seen<'a> {
    snapshot: &'a Snapshot,
    counters: &'a Counters,
    caller: &'a Caller,
    facts: &'a ConsentFacts,
    /// With its peer's name, where that is known.
    resolved: &'a Consent,
    pair: Option<PairLabel>,
    /// The peer, if the owner may know it.
    known_peer: Option<&'a ObjectRef>,
}

/// Whose an id is, only the answer to a request tells.
pub(super) fn knows_peer<'a>(
    caller: &Caller,
    facts: &ConsentFacts,
    consent: &'a Consent,
) -> Option<&'a ObjectRef> {
    let peer = consent.peer.network()?;
    let by_name = matches!(consent.peer, PeerRef::Network(_));
    let knows = by_name || facts.peer_uid.is_some() || caller.sees(&peer.namespace);
    knows.then_some(peer)
}

/// The pair that a consent is one half of, once both sides consent and it is one they
/// do so by.
pub(super) fn agreement<'a>(
    snapshot: &'a Snapshot,
    consent: &Consent,
) -> Option<(&'a PairLabel, &'a Pair)> {
    let pairs = &snapshot.states.pairs;
    let (label, pair) = pairs.get_key_value(&consent.pair()?)?;
    let counts = pair.agreed && pair.consents.contains(&consent.id);
    counts.then_some((label, pair))
}

impl Seen<'_> {
    /// For its owner.
    fn own(&self) -> Option<Resource<PeeringStatus>> {
        let id = &self.resolved.id;
        let status = self.snapshot.states.consents.get(id)?;
        let key = self.snapshot.declared.object_of(id);
        let (_, since) = self.facts.state?;
        let peer = self.known_peer;
        Some(Resource {
            api_version: "peerd/v1",
            kind: "Peering",
            metadata: Metadata {
                namespace: id.namespace.to_string(),
                name: id.name.to_string(),
                labels: self.resolved.labels.clone(),
                uid: Some(self.facts.uid),
                generation: Some(generation(self.snapshot, id, self.facts)),
            },
            spec: write::consent(self.resolved)["spec"].take(),
            status: PeeringStatus {
                state: status.state,
                reason: status.reason.text(|namespace| self.caller.sees(namespace)),
                since: Some(time(since)),
                expires_at: status.until.map(|until| time(self.snapshot.wall(until))),
                peering: self.pair.clone().filter(|_| peer.is_some()),
                network_uid: self.uid_of(&self.resolved.own()),
                origin: origin(&self.resolved.origin),
                peer: self.peer(),
                forwarded: self.traffic(&self.resolved.own()),
                received: peer.map(|peer| self.traffic(peer)).unwrap_or_default(),
                requested_at: Some(time(self.facts.requested_at)),
                active_since: self.active_since().map(time),
                incoming: false,
                held: self.snapshot.declared.stored.decisions.holds.contains(id),
                file: file(self.snapshot, &key),
            },
        })
    }

    /// For the owner of the network it asks for, as long as that owner has not
    /// consented itself: what it asks, and what it would give.
    fn incoming(&self, wanted: &ObjectRef, open: bool) -> Option<Resource<PeeringStatus>> {
        let label = self.pair.as_ref()?;
        let id = &self.resolved.id;
        let status = self.snapshot.states.consents.get(id)?;
        let pair = self.snapshot.states.pairs.get(label);
        let answered = pair.is_some_and(|pair| {
            let mut consents = pair.consents.iter();
            consents.any(|consent| consent.namespace == wanted.namespace && consent != id)
        });
        // Accepted in advance: the only sign of it on this side.
        let accepted = pair.is_some_and(|pair| pair.agreed && pair.consents.contains(id));
        let is_refused = status.state == State::Rejected;
        if answered && !is_refused
            || accepted && open
            || matches!(status.state, State::Deleted | State::Disabled)
        {
            return None;
        }
        let own = self.resolved.own();
        // What stands against it on the other side is the other side's.
        let (state, reason) = if accepted {
            (
                status.state,
                status.reason.text(|namespace| self.caller.sees(namespace)),
            )
        } else if status.is_terminal() {
            (status.state, status.reason.text(|_| false))
        } else {
            (
                State::Pending,
                format!("{own} asks to peer; {wanted} has not consented"),
            )
        };
        let until = if status.is_terminal() {
            status.until
        } else {
            self.facts.deadline()
        };
        let network = self.snapshot.table.networks.get(&own);
        let would = network.map(|network| crate::lifecycle::exports(network, Some(self.resolved)));
        Some(Resource {
            api_version: "peerd/v1",
            kind: "Peering",
            metadata: Metadata {
                namespace: id.namespace.to_string(),
                name: id.name.to_string(),
                labels: Default::default(),
                uid: Some(self.facts.uid),
                generation: Some(generation(self.snapshot, id, self.facts)),
            },
            spec: json!({
                "network": self.resolved.network,
                "peer": { "namespace": wanted.namespace, "network": wanted.name },
            }),
            status: PeeringStatus {
                state,
                reason,
                since: Some(time(self.facts.requested_at)),
                expires_at: until.map(|until| time(self.snapshot.wall(until))),
                peering: Some(label.clone()),
                network_uid: self.uid_of(&own),
                origin: origin(&self.resolved.origin),
                peer: PeerStatus {
                    namespace: Some(own.namespace.to_string()),
                    network: Some(own.name.to_string()),
                    prefixes: would.map(|prefixes| texts(&prefixes)),
                    ..PeerStatus::default()
                },
                forwarded: self.traffic(wanted),
                received: self.traffic(&own),
                requested_at: Some(time(self.facts.requested_at)),
                active_since: self.active_since().filter(|_| accepted).map(time),
                incoming: !accepted,
                held: false,
                file: None,
            },
        })
    }

    /// Since when the pair carries traffic, if this consent is one it does so by.
    fn active_since(&self) -> Option<Moment> {
        let label = self.pair.as_ref()?;
        let pair = self.snapshot.states.pairs.get(label)?;
        let counts = pair.consents.contains(&self.resolved.id);
        let since = self.snapshot.facts.active_since.get(label);
        since.copied().filter(|_| counts)
    }

    fn uid_of(&self, network: &ObjectRef) -> Option<Uuid> {
        let facts = self.snapshot.facts.networks.get(network)?;
        Some(facts.uid)
    }

    fn traffic(&self, from: &ObjectRef) -> TrafficStatus {
        let key = self.pair.clone().map(|pair| (pair, from.clone()));
        let counted = key.and_then(|key| self.counters.forwarded.get(&key));
        traffic(counted.copied().unwrap_or_default())
    }

    /// Of the peer nothing but its name is told before both sides consent.
    fn peer(&self) -> PeerStatus {
        let Some(network) = self.known_peer else {
            return PeerStatus::default();
        };
        let named = PeerStatus {
            namespace: Some(network.namespace.to_string()),
            network: Some(network.name.to_string()),
            ..PeerStatus::default()
        };
        let states = &self.snapshot.states;
        let Some((label, pair)) = agreement(self.snapshot, self.resolved) else {
            return named;
        };
        let theirs = pair.consents.iter().find(|id| **id != self.resolved.id);
        let theirs = theirs.and_then(|id| states.consents.get(id));
        let facts = self.snapshot.facts.networks.get(network);
        PeerStatus {
            uid: facts.map(|facts| facts.uid),
            state: theirs.map(|status| status.state),
            prefixes: Some(texts(pair.exports_of(label, network))),
            ..named
        }
    }
}

/// What made a consent, in a word or two.
fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Native => "native".to_owned(),
        Origin::UpCloud => "upcloud".to_owned(),
        Origin::OutscaleRequest | Origin::OutscaleAnswer => "outscale".to_owned(),
        Origin::Document(kind, id, _) => format!("{kind} {id}"),
    }
}

/// Which version of the consent this is.
pub(super) fn generation(snapshot: &Snapshot, id: &ObjectRef, facts: &ConsentFacts) -> u64 {
    let key = (Kind::Peering, id.clone());
    let stored = snapshot.declared.stored.objects.get(&key);
    let stored = stored.filter(|stored| stored.uid == facts.uid);
    stored.map_or(facts.generation, |stored| stored.generation)
}

fn texts(prefixes: &[IpNet]) -> Vec<String> {
    prefixes.iter().map(IpNet::to_string).collect()
}

fn traffic(traffic: Traffic) -> TrafficStatus {
    TrafficStatus {
        packets: traffic.packets,
        bytes: traffic.bytes,
    }
}

/// RFC 3339, in UTC.
pub(super) fn time(at: Moment) -> String {
    // The last second that four-digit years have; times beyond are as good as never.
    const LAST: u64 = 253_402_300_799_000;
    let at = UNIX_EPOCH + Duration::from_millis(at.wall.min(LAST));
    humantime::format_rfc3339_millis(at).to_string()
}

/// `ETag` of an object (RFC 9110 section 8.8.3).
pub(super) fn tag<T>(object: &Resource<T>) -> Option<String> {
    let metadata = &object.metadata;
    Some(format!("\"{}.{}\"", metadata.uid?, metadata.generation?))
}

/// An object as JSON.
pub(super) fn json<T: serde::Serialize>(object: &Resource<T>) -> Value {
    serde_json::to_value(object).unwrap_or_default()
}
