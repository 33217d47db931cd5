//! How things stand, as other systems' statuses need it.
//!
//! Owns the questions their words answer. The words are each system's own file's.

use uuid::Uuid;

use crate::{
    lifecycle::State,
    model::{ObjectRef, Source},
};

/// How a consent stands, as far as who asks may know.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Which entry of its document it is.
    pub entry: usize,
    /// The consent.
    pub consent: ObjectRef,
    /// Its uid.
    pub uid: Uuid,
    /// Its state.
    pub state: State,
    /// Why, in a sentence.
    pub reason: String,
    /// When its time to be answered is over, answered or not, in RFC 3339.
    pub deadline: Option<String>,
    /// Its own network.
    pub network: Neighbour,
    /// The peer's, once that is known.
    pub peer: Option<Neighbour>,
}

/// A network, by all that it may be called.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its name.
    pub id: ObjectRef,
    /// Its uid.
    pub uid: Option<Uuid>,
    /// What another system calls it.
    pub source: Option<Source>,
}

/// Which words the Atlas operator's statuses are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AtlasWords {
    /// Those of the operator's code.
    #[default]
    Operator,
    /// Those of its documentation.
    Document,
}
