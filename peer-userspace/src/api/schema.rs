//! The shape of answers: serialized as they stand here, and described from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::documents::Rule;
use crate::{
    lifecycle::State,
    model::{ObjectRef, PairLabel},
};

/// `metadata` of an object.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct Metadata {
    /// The owner.
    pub(super) namespace: String,
    /// The object's name.
    pub(super) name: String,
    /// Labels.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    pub(super) labels: BTreeMap<String, String>,
    /// The object's random id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) uid: Option<Uuid>,
    /// Counts its versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) generation: Option<u64>,
}

impl Metadata {
    /// The object's name.
    pub(super) fn id(&self) -> Option<ObjectRef> {
        Some(ObjectRef {
            namespace: self.namespace.parse().ok()?,
            name: self.name.parse().ok()?,
        })
    }
}

/// A network or a peering.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource<T> {
    /// `peerd/v1`.
    pub(super) api_version: &'static str,
    /// `Network` or `Peering`.
    pub(super) kind: &'static str,
    pub(super) metadata: Metadata,
    /// As in the table.
    #[schema(value_type = Object)]
    pub(super) spec: Value,
    pub(super) status: T,
}

/// `status` of a network.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NetworkStatus {
    /// The networks it exchanges traffic with.
    pub(super) peered_networks: Vec<PeeredNetwork>,
    /// What they export to it.
    pub(super) imported_prefixes: Vec<String>,
    /// Its ports and what became of them.
    #[schema(value_type = Vec<Object>)]
    pub(super) ports: Vec<Value>,
    /// Why nothing of it is in force, if so.
    pub(super) error: Option<String>,
    /// The table file that declares it.
    pub(super) file: Option<String>,
}

/// A network by name.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct PeeredNetwork {
    pub(super) namespace: String,
    pub(super) name: String,
}

/// `status` of a peering.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PeeringStatus {
    /// The state.
    #[schema(value_type = String, example = "pending")]
    pub(super) state: State,
    /// The fact behind it.
    pub(super) reason: String,
    /// Since when.
    pub(super) since: Option<String>,
    /// When it ends by itself.
    pub(super) expires_at: Option<String>,
    /// The label of the pair of networks.
    #[schema(value_type = Option<String>)]
    pub(super) peering: Option<PairLabel>,
    /// The own network's uid, by which the other side may name it.
    pub(super) network_uid: Option<Uuid>,
    /// What made it: `native`, `upcloud`, `outscale`, or another system's document.
    pub(super) origin: String,
    /// The other network.
    pub(super) peer: PeerStatus,
    /// From the own network to the peer's.
    pub(super) forwarded: TrafficStatus,
    /// From the peer's network to the own one.
    pub(super) received: TrafficStatus,
    /// When it was asked for, in this form.
    pub(super) requested_at: Option<String>,
    /// Since when it carries traffic.
    pub(super) active_since: Option<String>,
    /// Whether it is another owner's request, to be accepted or rejected.
    pub(super) incoming: bool,
    /// Whether a hold over its table file disables it.
    pub(super) held: bool,
    /// The table file that declares it.
    pub(super) file: Option<String>,
}

/// The other side of a peering.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(super) struct PeerStatus {
    /// Its owner.
    pub(super) namespace: Option<String>,
    /// Its network.
    pub(super) network: Option<String>,
    /// The network's uid, once both sides consent.
    pub(super) uid: Option<Uuid>,
    /// The state of its consent, once both sides consent.
    #[schema(value_type = Option<String>)]
    pub(super) state: Option<State>,
    /// What it exports, once both sides consent; of a request, what it would export.
    pub(super) prefixes: Option<Vec<String>>,
}

/// A count of traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct TrafficStatus {
    /// Packets, as on the wire.
    pub(super) packets: u64,
    /// IP bytes in them.
    pub(super) bytes: u64,
}

/// A list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct List {
    /// `peerd/v1`.
    pub(super) api_version: &'static str,
    /// `List`.
    pub(super) kind: &'static str,
    /// The objects.
    #[schema(value_type = Vec<Object>)]
    pub(super) items: Vec<Value>,
    /// Where to go on (`after`), if there is more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next: Option<String>,
}

impl List {
    pub(super) fn of(items: Vec<Value>) -> Self {
        Self {
            api_version: "peerd/v1",
            kind: "List",
            items,
            next: None,
        }
    }
}

/// What an apply did or would do.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Applied {
    /// False for a dry run.
    pub(super) applied: bool,
    /// Objects, in the order of documents, then those pruned.
    pub(super) changes: Vec<AppliedChange>,
    /// Entries of all networks' tables.
    pub(super) routes: RouteChanges,
    /// What was skipped or has no effect.
    pub(super) warnings: Vec<String>,
    /// Until when it must be confirmed.
    pub(super) confirm_by: Option<String>,
}

/// One object of an apply.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct AppliedChange {
    /// What is done with it.
    pub(super) action: Action,
    /// `Network`, `Peering`, or another system's.
    pub(super) kind: String,
    /// Its owner; `default` of what is in no namespace.
    pub(super) namespace: String,
    pub(super) name: String,
    /// The state that a peering, or what is a single one, has afterwards.
    #[schema(value_type = Option<String>)]
    pub(super) state: Option<State>,
}

/// What an apply does with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Create,
    Update,
    Delete,
    Unchanged,
}

/// How many routes come, go and change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct RouteChanges {
    pub(super) added: usize,
    pub(super) removed: usize,
    pub(super) changed: usize,
}

/// How a request is accepted.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(super) struct Acceptance {
    /// Name of the consent to make; by default after the peer's network.
    #[schema(nullable = false)]
    pub(super) name: Option<String>,
    /// Its labels.
    #[schema(nullable = false)]
    pub(super) labels: Option<BTreeMap<String, String>>,
    /// Which own prefixes the peer gets; all by default.
    #[schema(nullable = false)]
    pub(super) export: Option<Vec<String>>,
    /// What the peer may open; everything by default.
    #[schema(value_type = Vec<Rule>, required = false)]
    pub(super) allow: Option<Vec<Value>>,
    /// What may be opened towards the peer; everything by default.
    #[schema(value_type = Vec<Rule>, required = false)]
    pub(super) allow_out: Option<Vec<Value>>,
}

/// How a request is rejected.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Refusal {
    /// A word to the requester.
    #[schema(nullable = false, max_length = 1000)]
    pub(super) reason: Option<String>,
}
