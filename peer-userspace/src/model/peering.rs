//! A consent: one side's half of a peering.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::Serialize;

use super::{Name, ObjectRef, PairLabel, Rule};

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
    /// How long an unmatched request waits, as written; no effect yet.
    pub ttl: Option<String>,
    /// Fields this version reads but does not implement (`hops: 2`). A consent with
    /// any is `failed`.
    pub unsupported: Vec<&'static str>,
}

/// The peer, as a network's namespace and name.
pub type PeerRef = ObjectRef;

impl Consent {
    /// The own network.
    pub fn own(&self) -> ObjectRef {
        ObjectRef {
            namespace: self.id.namespace.clone(),
            name: self.network.clone(),
        }
    }

    /// The pair this consent is one half of.
    pub fn pair(&self) -> PairLabel {
        PairLabel::of(&self.own(), &self.peer)
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
