//! The file `store.redb`: opened, and changed by one transaction after the other.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{Database, TableDefinition, WriteTransaction};
use serde::Serialize;

use super::{
    clock::Reading,
    content::Content,
    error::StoreError,
    objects::Stored,
    rows::{
        AppliedRow, ConsentFactsRow, NetworkFactsRow, ObjectRow, PairFactsRow, RejectionRow,
        key_text,
    },
};
use crate::lifecycle::Facts;

pub(super) type Rows = TableDefinition<'static, &'static str, &'static str>;

pub(super) const META: Rows = TableDefinition::new("meta");
pub(super) const OBJECTS: Rows = TableDefinition::new("objects");
pub(super) const REJECTIONS: Rows = TableDefinition::new("rejections");
pub(super) const HOLDS: Rows = TableDefinition::new("holds");
pub(super) const APPLIES: Rows = TableDefinition::new("applies");
pub(super) const NETWORK_FACTS: Rows = TableDefinition::new("network-facts");
pub(super) const CONSENT_FACTS: Rows = TableDefinition::new("consent-facts");
pub(super) const PAIR_FACTS: Rows = TableDefinition::new("pair-facts");

/// The layout of all these, in `META`.
pub(super) const VERSION: &str = "1";

/// Everything is in memory as well; pages need no cache of redb's default size.
const CACHE: usize = 8 << 20;

/// The file.
pub(super) struct Disk {
    path: PathBuf,
    /// `None` after an error, until it is opened again: redb refuses everything after one
    /// of the disk's.
    pub(super) database: Option<Database>,
}

/// What one transaction changes, each from what is on disk to what is to be.
#[derive(Default)]
pub(super) struct Change {
    /// What is stored.
    pub(super) stored: Option<[Arc<Stored>; 2]>,
    /// What was observed, one after the other.
    pub(super) facts: Vec<[Arc<Facts>; 2]>,
}

impl Change {
    /// Whether there is nothing to write.
    pub(super) fn is_empty(&self) -> bool {
        self.stored.is_none() && self.facts.is_empty()
    }
}

impl Disk {
    /// The file at `path`, made if it is missing, and all that it holds.
    pub(super) fn open(path: PathBuf) -> Result<(Self, Content), StoreError> {
        let database = open(&path)?;
        let content = Content::read(&path, &database)?;
        let database = Some(database);
        Ok((Self { path, database }, content))
    }

    /// Make a change, whole or not at all, with the time on it.
    pub(super) fn commit(&mut self, change: &Change, time: &Reading) -> Result<(), StoreError> {
        let database = match self.database.take() {
            Some(database) => database,
            None => open(&self.path)?,
        };
        let outcome = write(&database, change, time);
        outcome.map_err(|error| StoreError::of(&self.path, error))?;
        self.database = Some(database);
        Ok(())
    }
}

fn open(path: &Path) -> Result<Database, StoreError> {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    let database = builder
        .create(path)
        .map_err(|error| StoreError::of(path, error))?;
    // What owners declare is between them and the host.
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path, private).map_err(|error| StoreError::of(path, error))?;
    Ok(database)
}

fn write(database: &Database, change: &Change, time: &Reading) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    if let Some([before, after]) = &change.stored {
        put_stored(&transaction, before, after)?;
    }
    for [before, after] in &change.facts {
        put_facts(&transaction, before, after)?;
    }
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert("version", VERSION)?;
        meta.insert("clock", json(time).as_str())?;
    }
    transaction.commit()?;
    Ok(())
}

fn put_stored(
    transaction: &WriteTransaction,
    before: &Stored,
    after: &Stored,
) -> Result<(), redb::Error> {
    let (old, new) = (&before.objects, &after.objects);
    put(transaction, OBJECTS, old, new, key_text, |object| {
        json(&ObjectRow::of(object))
    })?;
    let (old, new) = (&before.decisions.rejections, &after.decisions.rejections);
    put(
        transaction,
        REJECTIONS,
        old,
        new,
        ToString::to_string,
        |rejection| json(&RejectionRow::of(rejection)),
    )?;
    let held = |stored: &Stored| -> BTreeMap<_, _> {
        let holds = stored.decisions.holds.iter();
        holds.map(|id| (id.clone(), ())).collect()
    };
    put(
        transaction,
        HOLDS,
        &held(before),
        &held(after),
        ToString::to_string,
        json,
    )?;
    let (old, new) = (&before.applies, &after.applies);
    put(transaction, APPLIES, old, new, Clone::clone, |applied| {
        json(&AppliedRow::of(applied))
    })
}

fn put_facts(
    transaction: &WriteTransaction,
    before: &Facts,
    after: &Facts,
) -> Result<(), redb::Error> {
    let (old, new) = (&before.networks, &after.networks);
    put(
        transaction,
        NETWORK_FACTS,
        old,
        new,
        ToString::to_string,
        |facts| json(&NetworkFactsRow::of(facts)),
    )?;
    let (old, new) = (&before.consents, &after.consents);
    put(
        transaction,
        CONSENT_FACTS,
        old,
        new,
        ToString::to_string,
        |facts| json(&ConsentFactsRow::of(facts)),
    )?;
    let rows = |facts: &Facts| -> BTreeMap<String, PairFactsRow> {
        let pairs = facts.active_since.iter();
        pairs
            .map(|(label, since)| (label.to_string(), PairFactsRow::of(label, *since)))
            .collect()
    };
    put(
        transaction,
        PAIR_FACTS,
        &rows(before),
        &rows(after),
        Clone::clone,
        json,
    )
}

/// Make a table's rows those of `after`, where they differ from `before`.
fn put<K: Ord, V: PartialEq>(
    transaction: &WriteTransaction,
    table: Rows,
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    key_text: impl Fn(&K) -> String,
    row: impl Fn(&V) -> String,
) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(table)?;
    for (key, value) in after {
        if before.get(key) != Some(value) {
            table.insert(key_text(key).as_str(), row(value).as_str())?;
        }
    }
    for key in before.keys().filter(|key| !after.contains_key(key)) {
        table.remove(key_text(key).as_str())?;
    }
    Ok(())
}

/// Rows are made of texts, numbers and lists, which JSON always can write.
fn json(row: &impl Serialize) -> String {
    serde_json::to_string(row).unwrap_or_default()
}
