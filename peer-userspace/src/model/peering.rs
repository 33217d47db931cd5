//! A consent: one side's half of a peering.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::Serialize;
use uuid::Uuid;

use super::{Kind, Name, ObjectRef, PairLabel, Rule, Source, Ttl};

/// `kind: Peering`: one owner's consent that its network peers with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// `metadata.namespace` and `metadata.name`.
    pub id: ObjectRef,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// What people call it, in their own words.
    pub description: Option<String>,
    /// Name of the own network, in the consent's namespace.
    pub network: Name,
    /// The network it consents to peer with.
    pub peer: PeerRef,
    /// Down keeps the object and stops the traffic.
    pub admin_state: AdminState,
    /// Which own prefixes the peer gets; `None` is all of them, empty is none.
    /// As declared: parts outside the network's prefixes export nothing.
    pub export: Option<Vec<IpNet>>,
    /// What of the peer's is routed; `None` is for the network's own `routes` to say.
    /// What is not routed is still accepted as a source.
    pub routes: Option<Vec<IpNet>>,
    /// What the peer may open towards the own network; `None` is everything, empty is
    /// nothing.
    pub allow: Option<Vec<Rule>>,
    /// The same for what the own network may open towards the peer.
    pub allow_out: Option<Vec<Rule>>,
    /// How long it waits for the other side's; `None` is for its origin to say.
    pub ttl: Option<Ttl>,
    /// Logical routers between the networks, 1 or 2.
    pub hops: u8,
    /// Where it comes from.
    pub origin: Origin,
    /// What the rules of the system that it comes from have against it.
    pub objection: Option<String>,
}

/// Where a consent comes from. A consent keeps its origin, whoever changes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Our own documents and API.
    #[default]
    Native,
    /// A call of UpCloud's API.
    UpCloud,
    /// Outscale's CreateNetPeering, which another of its kind does not answer.
    OutscaleRequest,
    /// Outscale's AcceptNetPeering.
    OutscaleAnswer,
    /// It is what a document of another system's says: its kind and name, and which of
    /// its entries.
    Document(Kind, ObjectRef, usize),
}

impl Origin {
    /// Whether it is Outscale's, where nothing flows that no route and no rule opens.
    pub fn is_outscale(&self) -> bool {
        matches!(self, Self::OutscaleRequest | Self::OutscaleAnswer)
    }

    /// Whether its time to be answered ends what has failed as well, and is set once
    /// for all (OEP-8's `status.ttl`).
    pub fn collects_failed(&self) -> bool {
        matches!(self, Self::Document(Kind::NetworkPeeringRequest, ..))
    }

    /// The document it is made of.
    pub fn document(&self) -> Option<(Kind, &ObjectRef)> {
        match self {
            Self::Document(kind, id, _) => Some((*kind, id)),
            _ => None,
        }
    }
}

/// The peer: by its name, by its network's id, or by what another system calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerRef {
    /// A network's namespace and name.
    Network(ObjectRef),
    /// A network's uid, and its name once that is known.
    Id(Uuid, Option<ObjectRef>),
    /// A network's name in another system, and our own once that is known.
    Source(Source, Option<ObjectRef>),
}

impl PeerRef {
    /// The network, if its name is known.
    pub fn network(&self) -> Option<&ObjectRef> {
        match self {
            Self::Network(network) => Some(network),
            Self::Id(_, network) | Self::Source(_, network) => network.as_ref(),
        }
    }
}

impl Consent {
    /// One that says nothing but whom it is between.
    pub fn between(id: ObjectRef, network: Name, peer: PeerRef) -> Self {
        Self {
            id,
            labels: BTreeMap::new(),
            description: None,
            network,
            peer,
            admin_state: AdminState::Up,
            export: None,
            routes: None,
            allow: None,
            allow_out: None,
            ttl: None,
            hops: 1,
            origin: Origin::Native,
            objection: None,
        }
    }

    /// The own network.
    pub fn own(&self) -> ObjectRef {
        ObjectRef {
            namespace: self.id.namespace.clone(),
            name: self.network.clone(),
        }
    }

    /// The pair this consent is one half of; `None` while nobody knows whom it names.
    pub fn pair(&self) -> Option<PairLabel> {
        Some(PairLabel::of(&self.own(), self.peer.network()?))
    }
}

/// `adminState` of a consent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdminState {
    /// Traffic may flow once both sides consent.
    #[default]
    Up,
    /// No traffic in either direction.
    Down,
}
