//! Kinds of objects, our own and other systems'.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ObjectRef;

/// A kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// `kind: Network`.
    Network,
    /// `kind: Peering`.
    Peering,
    /// OEP-8's `NetworkPeeringRequest`.
    NetworkPeeringRequest,
    /// OEP-8's `Network`.
    OnmetalNetwork,
    /// Kube-OVN's `Vpc`.
    Vpc,
    /// Kube-OVN's `Subnet`.
    Subnet,
    /// The Atlas operator's `AtlasProject`.
    AtlasProject,
    /// What Outscale's calls set for a Net.
    Net,
}

const NATIVE: &str = "peerd/v1";
const ONMETAL: &str = "networking.api.onmetal.de/v1alpha1";
const KUBE_OVN: &str = "kubeovn.io/v1";
const ATLAS: &str = "atlas.mongodb.com/v1";

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Network,
        Self::Peering,
        Self::NetworkPeeringRequest,
        Self::OnmetalNetwork,
        Self::Vpc,
        Self::Subnet,
        Self::AtlasProject,
        Self::Net,
    ];

    /// `apiVersion` and `kind` of its documents.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Network => (NATIVE, "Network"),
            Self::Peering => (NATIVE, "Peering"),
            Self::NetworkPeeringRequest => (ONMETAL, "NetworkPeeringRequest"),
            Self::OnmetalNetwork => (ONMETAL, "Network"),
            Self::Vpc => (KUBE_OVN, "Vpc"),
            Self::Subnet => (KUBE_OVN, "Subnet"),
            Self::AtlasProject => (ATLAS, "AtlasProject"),
            Self::Net => ("outscale/v1", "Net"),
        }
    }

    /// The kind that documents of this `apiVersion` and `kind` are of.
    pub fn of(words: (&str, &str)) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.words() == words)
    }

    /// What lists of it are called, as in Kubernetes: with the group where two kinds
    /// share a word.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Network => "networks",
            Self::Peering => "peerings",
            Self::NetworkPeeringRequest => "networkpeeringrequests",
            Self::OnmetalNetwork => "networks.networking.api.onmetal.de",
            Self::Vpc => "vpcs",
            Self::Subnet => "subnets",
            Self::AtlasProject => "atlasprojects",
            Self::Net => "nets",
        }
    }

    /// Whether other systems' documents are of it.
    pub const fn is_foreign(self) -> bool {
        !matches!(self, Self::Network | Self::Peering)
    }

    /// Whether its objects are in a namespace, and not the whole cluster's.
    pub const fn is_namespaced(self) -> bool {
        !matches!(self, Self::Vpc | Self::Subnet)
    }

    /// What users call one of it: without a namespace where it has none.
    pub fn label(self, id: &ObjectRef) -> String {
        if self.is_namespaced() {
            format!("{self} {id}")
        } else {
            format!("{self} {}", id.name)
        }
    }

    /// Whether users write its documents.
    pub const fn is_written(self) -> bool {
        !matches!(self, Self::Net)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OnmetalNetwork => f.write_str("OnMetal Network"),
            _ => f.write_str(self.words().1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_kinds_share_their_words_or_their_list() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(Kind::of(kind.words()), Some(kind));
            for other in Kind::ALL.into_iter().skip(index + 1) {
                assert_ne!(kind.plural(), other.plural());
                assert_ne!(kind.to_string(), other.to_string());
            }
        }
    }
}
