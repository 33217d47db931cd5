//! How things stand, as other systems' statuses need it.
//!
//! Owns the questions their words answer. The words are each system's own file's.

use uuid::Uuid;

use super::{
    kube_ovn::{Subnets, subnets},
    source_of,
    sources::Sources,
};
use crate::{
    lifecycle::State,
    model::{Foreign, Network, ObjectRef, Source, Table},
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
    /// When its time to succeed ends, in RFC 3339; of one that did not last, none.
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

/// Everything that is declared, translated, by what is asked of it for each object of a
/// list.
#[derive(Clone, Debug)]
pub struct Surroundings<'a> {
    /// Itself.
    pub table: &'a Table,
    pub(super) subnets: Subnets<'a>,
    pub(super) sources: Sources,
}

impl<'a> Surroundings<'a> {
    /// Those of the objects in a table that was translated.
    pub fn of(table: &'a Table) -> Self {
        Self {
            table,
            subnets: subnets(table),
            sources: Sources::of(table),
        }
    }

    /// The network that a foreign object stands for or belongs to.
    pub fn network_of(&self, foreign: &Foreign) -> Option<ObjectRef> {
        let source = source_of(foreign)?;
        self.sources.meant(self.table, &source).network()
    }
}

/// What is declared around an object.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Everything.
    pub all: &'a Surroundings<'a>,
    /// The network that the object stands for or belongs to, as it was written; none
    /// where no document declares it.
    pub network: Option<&'a Network>,
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
