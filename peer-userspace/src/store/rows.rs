//! How what is stored looks on disk: one JSON text an object.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::objects::{Applied, Declaration, Key, Object};
use crate::{
    lifecycle::{ConsentFacts, NetworkFacts, Rejection, State},
    model::{Consent, Kind, Moment, ObjectRef, Origin, PairLabel},
};

/// `KIND/NAMESPACE/NAME`.
pub(super) fn key_text((kind, id): &Key) -> String {
    format!("{kind}/{id}")
}

pub(super) fn read_key(text: &str) -> Option<Key> {
    let (word, id) = text.split_once('/')?;
    let mut kinds = Kind::ALL.into_iter();
    let kind = kinds.find(|kind| kind.to_string() == word)?;
    Some((kind, id.parse().ok()?))
}

#[derive(Serialize, Deserialize)]
pub(super) struct ObjectRow {
    uid: Uuid,
    generation: u64,
    /// What made it, if that is another system's call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<OriginRow>,
    document: Value,
}

impl ObjectRow {
    pub(super) fn of(object: &Object) -> Self {
        Self {
            uid: object.uid,
            generation: object.generation,
            origin: match &object.declared {
                Declaration::Peering(consent) => OriginRow::of(&consent.origin),
                _ => None,
            },
            document: object.declared.document(),
        }
    }

    pub(super) fn object(&self) -> Option<Object> {
        let mut declared = Declaration::read(&self.document.to_string())?;
        if let (Declaration::Peering(consent), Some(origin)) = (&mut declared, &self.origin) {
            consent.origin = origin.origin();
        }
        Some(Object {
            uid: self.uid,
            generation: self.generation,
            declared,
        })
    }
}

/// Where a consent comes from that no document of ours tells.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OriginRow {
    UpCloud,
    OutscaleRequest,
    OutscaleAnswer,
    Document(Kind, String, usize),
}

impl OriginRow {
    fn of(origin: &Origin) -> Option<Self> {
        match origin {
            Origin::Native => None,
            Origin::UpCloud => Some(Self::UpCloud),
            Origin::OutscaleRequest => Some(Self::OutscaleRequest),
            Origin::OutscaleAnswer => Some(Self::OutscaleAnswer),
            Origin::Document(kind, id, entry) => {
                Some(Self::Document(*kind, id.to_string(), *entry))
            }
        }
    }

    fn origin(&self) -> Origin {
        match self {
            Self::UpCloud => Origin::UpCloud,
            Self::OutscaleRequest => Origin::OutscaleRequest,
            Self::OutscaleAnswer => Origin::OutscaleAnswer,
            Self::Document(kind, id, entry) => id
                .parse()
                .map_or(Origin::Native, |id| Origin::Document(*kind, id, *entry)),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RejectionRow {
    uid: Uuid,
    request: u64,
    at: Moment,
    reason: Option<String>,
    #[serde(default)]
    impossible: bool,
}

impl RejectionRow {
    pub(super) fn of(rejection: &Rejection) -> Self {
        Self {
            uid: rejection.uid,
            request: rejection.request,
            at: rejection.at,
            reason: rejection.reason.clone(),
            impossible: rejection.impossible,
        }
    }

    pub(super) fn rejection(self) -> Rejection {
        Rejection {
            uid: self.uid,
            request: self.request,
            at: self.at,
            reason: self.reason,
            impossible: self.impossible,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AppliedRow {
    confirm_by: Option<u64>,
    at: Moment,
    changed: Vec<(String, [Option<ObjectRow>; 2])>,
}

impl AppliedRow {
    pub(super) fn of(applied: &Applied) -> Self {
        let row =
            |object: &Option<Arc<Object>>| object.as_ref().map(|object| ObjectRow::of(object));
        let changed = applied.changed.iter();
        Self {
            confirm_by: applied.confirm_by,
            at: applied.at,
            changed: changed
                .map(|(key, [before, after])| (key_text(key), [row(before), row(after)]))
                .collect(),
        }
    }

    pub(super) fn applied(&self) -> Option<Applied> {
        let object = |row: &Option<ObjectRow>| match row {
            None => Some(None),
            Some(row) => Some(Some(Arc::new(row.object()?))),
        };
        let changed = self.changed.iter().map(|(key, [before, after])| {
            Some((read_key(key)?, [object(before)?, object(after)?]))
        });
        Some(Applied {
            confirm_by: self.confirm_by,
            at: self.at,
            changed: changed.collect::<Option<_>>()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct NetworkFactsRow {
    uid: Uuid,
    since: Moment,
    gone: Option<Moment>,
}

impl NetworkFactsRow {
    pub(super) fn of(facts: &NetworkFacts) -> Self {
        Self {
            uid: facts.uid,
            since: facts.since,
            gone: facts.gone,
        }
    }

    pub(super) fn facts(self) -> NetworkFacts {
        NetworkFacts {
            uid: self.uid,
            since: self.since,
            gone: self.gone,
        }
    }
}

/// A label's two networks cannot be told apart in all labels.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct PairFactsRow {
    networks: [String; 2],
    active_since: Moment,
}

impl PairFactsRow {
    pub(super) fn of(label: &PairLabel, active_since: Moment) -> Self {
        let (smaller, larger) = label.networks();
        Self {
            networks: [smaller.to_string(), larger.to_string()],
            active_since,
        }
    }

    pub(super) fn facts(&self) -> Option<(PairLabel, Moment)> {
        let [smaller, larger] = &self.networks;
        let label = PairLabel::of(&smaller.parse().ok()?, &larger.parse().ok()?);
        Some((label, self.active_since))
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ConsentFactsRow {
    uid: Uuid,
    document: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    origin: Option<OriginRow>,
    /// The name of a peer that the document names otherwise.
    peer: Option<String>,
    generation: u64,
    request: u64,
    requested_at: Moment,
    peer_uid: Option<Uuid>,
    expired_at: Option<Moment>,
    deleted_at: Option<Moment>,
    state: Option<(State, Moment)>,
    #[serde(default)]
    was_active: bool,
}

impl ConsentFactsRow {
    pub(super) fn of(facts: &ConsentFacts) -> Self {
        let declared = Declaration::Peering(facts.declared.clone());
        Self {
            uid: facts.uid,
            document: declared.document(),
            origin: OriginRow::of(&facts.declared.origin),
            peer: facts.declared.peer.network().map(ObjectRef::to_string),
            generation: facts.generation,
            request: facts.request,
            requested_at: facts.requested_at,
            peer_uid: facts.peer_uid,
            expired_at: facts.expired_at,
            deleted_at: facts.deleted_at,
            state: facts.state,
            was_active: facts.was_active,
        }
    }

    pub(super) fn facts(self) -> Option<ConsentFacts> {
        let Declaration::Peering(mut declared) = Declaration::read(&self.document.to_string())?
        else {
            return None;
        };
        name_peer(&mut declared, self.peer.as_deref());
        if let Some(origin) = &self.origin {
            declared.origin = origin.origin();
        }
        Some(ConsentFacts {
            uid: self.uid,
            declared,
            generation: self.generation,
            request: self.request,
            requested_at: self.requested_at,
            peer_uid: self.peer_uid,
            expired_at: self.expired_at,
            deleted_at: self.deleted_at,
            state: self.state,
            was_active: self.was_active,
        })
    }
}

fn name_peer(consent: &mut Consent, name: Option<&str>) {
    use crate::model::PeerRef;
    if let PeerRef::Id(_, network) | PeerRef::Source(_, network) = &mut consent.peer {
        *network = name.and_then(|name| name.parse().ok());
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
