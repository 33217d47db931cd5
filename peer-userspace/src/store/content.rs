//! What the file `store.redb` holds, read whole.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use redb::{Database, ReadTransaction, ReadableDatabase as _, ReadableTable as _};
use serde::de::DeserializeOwned;

use super::{
    clock::Reading,
    disk::{
        APPLIES, CONSENT_FACTS, HOLDS, META, NETWORK_FACTS, OBJECTS, PAIR_FACTS, REJECTIONS, Rows,
        VERSION,
    },
    error::StoreError,
    objects::Stored,
    rows::{
        AppliedRow, ConsentFactsRow, NetworkFactsRow, ObjectRow, PairFactsRow, RejectionRow,
        read_key,
    },
};
use crate::{lifecycle::Facts, model::uid};

/// All of it.
pub(super) struct Content {
    /// What the API accepted.
    pub(super) stored: Stored,
    /// What was observed.
    pub(super) facts: Facts,
    /// When it was last written.
    pub(super) last: Option<Reading>,
}

impl Content {
    pub(super) fn read(path: &Path, database: &Database) -> Result<Self, StoreError> {
        let transaction = database.begin_read();
        let transaction = transaction.map_err(|error| StoreError::of(path, error))?;
        let reader = Reader { path, transaction };
        let mut meta = reader.rows(META)?;
        if meta.remove("version").is_some_and(|found| found != VERSION) {
            return Err(StoreError::Version(path.to_owned()));
        }
        let last = meta.remove("clock");
        let stored = reader.stored()?;
        let facts = reader.facts()?;
        Ok(Self {
            stored: stored.with_uids_of(&facts).unwrap_or(stored),
            facts,
            last: last.and_then(|text| serde_json::from_str(&text).ok()),
        })
    }
}

/// One moment of the file.
struct Reader<'a> {
    path: &'a Path,
    transaction: ReadTransaction,
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
        rows().map_err(|error| StoreError::of(self.path, error))
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
