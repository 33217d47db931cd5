//! A consent: one side's half of a peering.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::Serialize;
use uuid::Uuid;

use super::{Name, ObjectRef, PairLabel, Rule, Ttl};

/// `kind: Peering`: one owner's consent that its network peers with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// `metadata.namespace` and `metadata.name`.
    pub id: ObjectRef,
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// Name of the own network, in the consent's namespace.
    pub network: Name,
    /// The network it consents to peer with.
    pub peer: PeerRef,
    /// Down keeps the object and stops the traffic.
    pub admin_state: AdminState,
    /// Which own prefixes the peer gets; `None` is all of them, empty is none.
    /// As declared: parts outside the network's prefixes export nothing.
    pub export: Option<Vec<IpNet>>,
    /// What the peer may open towards the own network; `None` is everything, empty is
    /// nothing.
    pub allow: Option<Vec<Rule>>,
    /// The same for what the own network may open towards the peer.
    pub allow_out: Option<Vec<Rule>>,
    /// How long it waits for the other side's; `None` is for its origin to say.
    pub ttl: Option<Ttl>,
    /// Logical routers between the networks, 1 or 2. A consent with 2 is `failed`: this
    /// version knows one.
    pub hops: u8,
}

/// The peer: by its name, or by its network's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeerRef {
    /// A network's namespace and name.
    Network(ObjectRef),
    /// A network's uid, and its name once that is known.
    Id(Uuid, Option<ObjectRef>),
}

impl PeerRef {
    /// The network, if its name is known.
    pub fn network(&self) -> Option<&ObjectRef> {
        match self {
            Self::Network(network) => Some(network),
            Self::Id(_, network) => network.as_ref(),
        }
    }
}

impl Consent {
    /// The own network.
    pub fn own(&self) -> ObjectRef {
        ObjectRef {
            namespace: self.id.namespace.clone(),
            name: self.network.clone(),
        }
    }

    /// The pair this consent is one half of; `None` while nobody knows whose id it
    /// names.
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
