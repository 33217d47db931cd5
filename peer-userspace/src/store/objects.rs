//! What the API accepted.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use serde_json::Value;
use uuid::Uuid;

use crate::{
    dialect::{self, write},
    lifecycle::{Decisions, Facts, Uids},
    model::{Consent, Foreign, Kind, Moment, Network, ObjectRef, Origin, Table, uid},
};

/// Kind and name of an object.
pub type Key = (Kind, ObjectRef);

/// Everything that was accepted, as it is on disk, and who else has names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Grows with every write, since the daemon started.
    pub revision: u64,
    /// Objects by kind and name.
    pub objects: BTreeMap<Key, Arc<Object>>,
    /// Rejections, and holds over consents of files.
    pub decisions: Decisions,
    /// By who made it, the last apply.
    pub applies: BTreeMap<String, Arc<Applied>>,
    /// The file of every object that table files declare, which is not on disk. Kept
    /// here because it changes only with the store locked: a name is the API's or a
    /// file's, whoever came first, and whoever comes second sees that.
    pub files: Arc<Files>,
    /// What the uids of anything known so far begin with, which is not on disk: no other
    /// object's may.
    pub taken: Arc<BTreeSet<u32>>,
}

/// The table file of every object that one declares.
pub type Files = BTreeMap<Key, PathBuf>;

/// One object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its random id.
    pub uid: Uuid,
    /// Counts its versions, from 1.
    pub generation: u64,
    /// What it says.
    pub declared: Declaration,
}

/// What an object says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declaration {
    /// `kind: Network`.
    Network(Network),
    /// `kind: Peering`.
    Peering(Consent),
    /// A document of another system's.
    Foreign(Arc<Foreign>),
}

/// What an apply changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Until when it must be confirmed, in host time.
    pub confirm_by: Option<u64>,
    /// When.
    pub at: Moment,
    /// Each changed object, as it was and as the apply left it.
    pub changed: Vec<(Key, [Option<Arc<Object>>; 2])>,
}

impl Declaration {
    /// Kind and name.
    pub fn key(&self) -> Key {
        match self {
            Self::Network(network) => (Kind::Network, network.id.clone()),
            Self::Peering(consent) => (Kind::Peering, consent.id.clone()),
            Self::Foreign(foreign) => (foreign.kind(), foreign.id.clone()),
        }
    }

    /// The document.
    pub fn document(&self) -> Value {
        match self {
            Self::Network(network) => write::network(network),
            Self::Peering(consent) => write::consent(consent),
            Self::Foreign(foreign) => foreign.document.clone(),
        }
    }

    /// The one object a text that was kept declares; `None` if it is not exactly one.
    pub fn read(text: &str) -> Option<Self> {
        let declared = dialect::parse_stored(text).ok()?;
        let mut all = Self::all(declared);
        all.pop().filter(|_| all.is_empty())
    }

    /// Everything a text declares.
    pub fn all(declared: dialect::Declared) -> Vec<Self> {
        let networks = declared.networks.into_iter();
        let networks = networks.map(|(network, _)| Self::Network(network));
        let consents = declared.consents.into_iter();
        let consents = consents.map(|(consent, _)| Self::Peering(consent));
        let foreign = declared.foreign.into_iter();
        let foreign = foreign.map(|(foreign, _)| Self::Foreign(foreign.into()));
        networks.chain(consents).chain(foreign).collect()
    }

    /// The same, from the origin that `known` has: whoever changes a consent does not
    /// make it another system's.
    fn of_the_origin_of(mut self, known: Option<&Self>) -> Self {
        if let (Self::Peering(consent), Some(Self::Peering(known))) = (&mut self, known)
            && consent.origin == Origin::Native
        {
            consent.origin = known.origin.clone();
        }
        self
    }
}

impl Stored {
    /// The objects as a table.
    pub fn table(&self) -> Table {
        let mut table = Table::default();
        for object in self.objects.values() {
            match &object.declared {
                Declaration::Network(network) => {
                    table.networks.insert(network.id.clone(), network.clone());
                }
                Declaration::Peering(consent) => {
                    table.consents.insert(consent.id.clone(), consent.clone());
                }
                Declaration::Foreign(foreign) => {
                    let key = (foreign.kind(), foreign.id.clone());
                    table.foreign.insert(key, foreign.clone());
                }
            }
        }
        table
    }

    /// The objects' uids.
    pub fn uids(&self) -> Uids {
        let objects = self.objects.iter();
        objects
            .map(|(key, object)| (key.clone(), object.uid))
            .collect()
    }

    /// Put an object in place of what had its name, if that said something else.
    /// Returns whether it did.
    pub fn put(&mut self, declared: Declaration) -> bool {
        let key = declared.key();
        let known = self.objects.get(&key);
        let declared = declared.of_the_origin_of(known.map(|known| &known.declared));
        if known.is_some_and(|known| known.declared == declared) {
            return false;
        }
        let (uid, generation) = match known {
            Some(known) => (known.uid, known.generation + 1),
            None => (self.fresh_uid(), 1),
        };
        let object = Object {
            uid,
            generation,
            declared,
        };
        self.objects.insert(key, Arc::new(object));
        true
    }

    fn fresh_uid(&mut self) -> Uuid {
        let uid = uid::fresh(|short| self.taken.contains(&short), &mut Uuid::new_v4);
        Arc::make_mut(&mut self.taken).insert(uid::short(uid));
        uid
    }

    /// This, where no object is made whose uid begins as that of anything in `facts` does;
    /// `None` if it is so already.
    pub fn with_uids_of(&self, facts: &Facts) -> Option<Self> {
        let begins = facts.uids().map(uid::short);
        let new: Vec<u32> = begins.filter(|short| !self.taken.contains(short)).collect();
        if new.is_empty() {
            return None;
        }
        let mut with = self.clone();
        Arc::make_mut(&mut with.taken).extend(new);
        Some(with)
    }

    /// Whether there is an object of that name, in a file or here.
    pub fn declares(&self, key: &Key) -> bool {
        self.objects.contains_key(key) || self.files.contains_key(key)
    }

    /// Undo what `applied` changed. Returns the objects that were changed since, or
    /// whose name is a file's by now, which stay as they are.
    pub fn take_back(&mut self, applied: &Applied) -> Vec<Key> {
        let mut kept = Vec::new();
        for (key, [before, after]) in &applied.changed {
            if self.objects.get(key) != after.as_ref() || self.files.contains_key(key) {
                kept.push(key.clone());
                continue;
            }
            match before {
                // A version of its own: whoever read the one in between must notice.
                Some(before) => {
                    let known = after.as_ref().map_or(0, |after| after.generation);
                    let object = Object {
                        generation: known.max(before.generation) + 1,
                        ..Object::clone(before)
                    };
                    self.objects.insert(key.clone(), Arc::new(object));
                }
                None => {
                    self.objects.remove(key);
                }
            }
        }
        kept
    }

    /// When after `now` the next apply is to be taken back unless it is confirmed, in
    /// host time.
    pub fn next_deadline(&self, now: Moment) -> Option<u64> {
        let applies = self.applies.values();
        let times = applies.filter_map(|applied| applied.confirm_by);
        times.filter(|by| *by > now.host).min()
    }
}
