//! What must survive: on disk before anybody is told that it is accepted.
//!
//! Owns the file `store.redb`. One writer at a time; what readers see is what the
//! disk holds.

use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction,
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::watch;

use super::{
    clock::{Clock, Reading},
    objects::{Files, Stored},
    rows::{
        AppliedRow, ConsentFactsRow, NetworkFactsRow, ObjectRow, PairFactsRow, RejectionRow,
        key_text, read_key,
    },
};
use crate::{lifecycle::Facts, model::uid};

type Rows = TableDefinition<'static, &'static str, &'static str>;

const META: Rows = TableDefinition::new("meta");
const OBJECTS: Rows = TableDefinition::new("objects");
const REJECTIONS: Rows = TableDefinition::new("rejections");
const HOLDS: Rows = TableDefinition::new("holds");
const APPLIES: Rows = TableDefinition::new("applies");
const NETWORK_FACTS: Rows = TableDefinition::new("network-facts");
const CONSENT_FACTS: Rows = TableDefinition::new("consent-facts");
const PAIR_FACTS: Rows = TableDefinition::new("pair-facts");

/// The layout of all these, in `META`.
const VERSION: &str = "1";

/// Everything is in memory as well; pages need no cache of redb's default size.
const CACHE: usize = 8 << 20;

/// Why something could not be stored. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No space is left.
    #[error("the disk of {0} is full: nothing was changed")]
    Full(PathBuf),
    /// Another layout.
    #[error("{0} was written by another version of peerd")]
    Version(PathBuf),
    /// A row says nothing this version understands.
    #[error("{path} holds {key}, which this version cannot read")]
    Row {
        /// The file.
        path: PathBuf,
        /// The row.
        key: String,
    },
    /// Anything else.
    #[error("{path} cannot be used: {reason}; nothing was changed")]
    Failed {
        /// The file.
        path: PathBuf,
        /// What redb says.
        reason: String,
    },
}

/// The store.
pub struct Store {
    path: PathBuf,
    /// `None` after an error, until it is opened again.
    database: Mutex<Option<Database>>,
    stored: watch::Sender<Arc<Stored>>,
    clock: Clock,
}

impl Store {
    /// The store in `state_dir`, made if it is missing, and the facts in it.
    ///
    /// # Errors
    /// If it cannot be read, or another daemon has it.
    pub fn open(state_dir: &Path) -> Result<(Self, Facts), StoreError> {
        let path = state_dir.join("store.redb");
        let database = open(&path)?;
        let reader = Reader {
            path: &path,
            transaction: database
                .begin_read()
                .map_err(|error| failed(&path, error.into()))?,
        };
        let mut meta = reader.rows(META)?;
        if meta.remove("version").is_some_and(|found| found != VERSION) {
            return Err(StoreError::Version(path));
        }
        let last = meta.remove("clock");
        let last: Option<Reading> = last.and_then(|text| serde_json::from_str(&text).ok());
        let stored = reader.stored()?;
        let facts = reader.facts()?;
        let stored = stored.with_uids_of(&facts).unwrap_or(stored);
        drop(reader);
        let store = Self {
            clock: Clock::from(last.as_ref()),
            stored: watch::Sender::new(Arc::new(stored)),
            database: Mutex::new(Some(database)),
            path,
        };
        Ok((store, facts))
    }

    /// Host time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What is stored.
    pub fn stored(&self) -> Arc<Stored> {
        self.stored.borrow().clone()
    }

    /// Word of every write.
    pub fn subscribe(&self) -> watch::Receiver<Arc<Stored>> {
        self.stored.subscribe()
    }

    /// Change what is stored, whole or not at all. `change` sees what is stored and
    /// may refuse; nobody else writes meanwhile. Returns the revision that holds it.
    ///
    /// # Errors
    /// `change`'s refusal, or a [`StoreError`]; nothing is changed then.
    pub fn write<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut Stored) -> Result<T, E>,
    ) -> Result<(T, Arc<Stored>), E> {
        let mut database = self.lock();
        let before = self.stored();
        let mut after = Stored::clone(&before);
        let answer = change(&mut after)?;
        if after == *before {
            return Ok((answer, before));
        }
        after.revision += 1;
        self.commit(&mut database, |transaction| {
            put_stored(transaction, &before, &after)
        })?;
        let after = Arc::new(after);
        self.stored.send_replace(after.clone());
        Ok((answer, after))
    }

    /// Have table files read: `read` sees what is stored, whose names no file may take,
    /// and returns the names that files have from now on, which nobody may take here.
    pub fn claim<T>(&self, read: impl FnOnce(&Stored) -> (T, Files)) -> T {
        let _alone = self.lock();
        let before = self.stored();
        let (answer, files) = read(&before);
        if files != *before.files {
            self.stored.send_replace(Arc::new(Stored {
                files: Arc::new(files),
                ..Stored::clone(&before)
            }));
        }
        answer
    }

    /// Keep what was observed.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_facts(&self, before: &Facts, after: &Facts) -> Result<(), StoreError> {
        let mut database = self.lock();
        // Nobody need look again for it.
        self.stored.send_if_modified(|stored| {
            if let Some(with) = stored.with_uids_of(after) {
                *stored = Arc::new(with);
            }
            false
        });
        self.commit(&mut database, |transaction| {
            put_facts(transaction, before, after)
        })
    }

    /// Keep the time alone, which every other write keeps as well.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_time(&self) -> Result<(), StoreError> {
        self.commit(&mut self.lock(), |_| Ok(()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Database>> {
        self.database.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Run one transaction, with the time on it. redb refuses everything after an I/O
    /// error, until the file is opened anew.
    fn commit(
        &self,
        database: &mut Option<Database>,
        write: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
    ) -> Result<(), StoreError> {
        let open = match database.take() {
            Some(open) => open,
            None => open(&self.path)?,
        };
        let outcome = (|| {
            let transaction = open.begin_write()?;
            write(&transaction)?;
            {
                let mut meta = transaction.open_table(META)?;
                meta.insert("version", VERSION)?;
                meta.insert("clock", json(&self.clock.reading()).as_str())?;
            }
            transaction.commit()?;
            Ok(())
        })();
        match outcome {
            Ok(()) => {
                *database = Some(open);
                Ok(())
            }
            Err(error) => Err(failed(&self.path, error)),
        }
    }
}

fn open(path: &Path) -> Result<Database, StoreError> {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE);
    let database = builder
        .create(path)
        .map_err(|error| failed(path, error.into()))?;
    // What owners declare is between them and the host.
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path, private).map_err(|error| failed(path, error.into()))?;
    Ok(database)
}

fn failed(path: &Path, error: redb::Error) -> StoreError {
    if let redb::Error::Io(error) = &error
        && error.kind() == io::ErrorKind::StorageFull
    {
        return StoreError::Full(path.to_owned());
    }
    StoreError::Failed {
        path: path.to_owned(),
        reason: error.to_string(),
    }
}

struct Reader<'a> {
    path: &'a Path,
    transaction: redb::ReadTransaction,
}

impl Reader<'_> {
    fn rows(&self, table: Rows) -> Result<BTreeMap<String, String>, StoreError> {
        let rows = || -> Result<_, redb::Error> {
            let table = match self.transaction.open_table(table) {
                Err(redb::TableError::TableDoesNotExist(_)) => return Ok(BTreeMap::new()),
                table => table?,
            };
            let mut rows = BTreeMap::new();
            for row in table.iter()? {
                let (key, value) = row?;
                rows.insert(key.value().to_owned(), value.value().to_owned());
            }
            Ok(rows)
        };
        rows().map_err(|error| failed(self.path, error))
    }

    /// A table's rows, each made something of.
    fn read<R: DeserializeOwned, T>(
        &self,
        table: Rows,
        make: impl Fn(&str, R) -> Option<T>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = self.rows(table)?.into_iter();
        rows.map(|(key, text)| {
            let row = serde_json::from_str(&text).ok();
            row.and_then(|row| make(&key, row))
                .ok_or_else(|| StoreError::Row {
                    path: self.path.to_owned(),
                    key: key.clone(),
                })
        })
        .collect()
    }

    fn stored(&self) -> Result<Stored, StoreError> {
        let objects = self.read(OBJECTS, |key, row: ObjectRow| {
            Some((read_key(key)?, Arc::new(row.object()?)))
        })?;
        let rejections = self.read(REJECTIONS, |key, row: RejectionRow| {
            Some((key.parse().ok()?, row.rejection()))
        })?;
        let holds = self.read(HOLDS, |key, (): ()| key.parse().ok())?;
        let applies = self.read(APPLIES, |key, row: AppliedRow| {
            Some((key.to_owned(), Arc::new(row.applied()?)))
        })?;
        let mut stored = Stored {
            objects: objects.into_iter().collect(),
            applies: applies.into_iter().collect(),
            ..Stored::default()
        };
        let uids = stored.objects.values().map(|object| object.uid);
        stored.taken = Arc::new(uids.map(uid::short).collect());
        stored.decisions.rejections = rejections.into_iter().collect();
        stored.decisions.holds = holds.into_iter().collect();
        Ok(stored)
    }

    fn facts(&self) -> Result<Facts, StoreError> {
        let networks = self.read(NETWORK_FACTS, |key, row: NetworkFactsRow| {
            Some((key.parse().ok()?, row.facts()))
        })?;
        let consents = self.read(CONSENT_FACTS, |key, row: ConsentFactsRow| {
            Some((key.parse().ok()?, row.facts()?))
        })?;
        let pairs = self.read(PAIR_FACTS, |_, row: PairFactsRow| row.facts())?;
        Ok(Facts {
            networks: networks.into_iter().collect(),
            consents: consents.into_iter().collect(),
            active_since: pairs.into_iter().collect(),
        })
    }
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
