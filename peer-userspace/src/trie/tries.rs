//! All tables in one memory.

use std::collections::BTreeMap;

use super::{
    heap::{Heap, Memory, NoRoom},
    key::{Family, Key},
    leaves::{Leaf, Leaves},
    table::Table,
};

/// A prefix and what it leads to from now on; nothing for a prefix that goes.
pub type Change = (Key, Option<Leaf>);

/// The tables with a root each.
#[derive(Debug)]
pub struct Tries<M> {
    heap: Heap<M>,
    leaves: Leaves,
    tables: BTreeMap<u32, Table>,
}

impl<M: Memory> Tries<M> {
    /// No tables, in memory whose roots are all nought.
    pub fn new(memory: M) -> Self {
        Self {
            heap: Heap::new(memory),
            leaves: Leaves::default(),
            tables: BTreeMap::new(),
        }
    }

    /// Change the table with this root. A reader meets, wherever it looks, what the table
    /// said before or what it says after.
    ///
    /// # Errors
    /// If there is no more memory. [`Tries::content`] tells how far it got, and
    /// [`Tries::repair`] brings it into force.
    pub fn change(
        &mut self,
        root: u32,
        family: Family,
        changes: impl IntoIterator<Item = Change>,
    ) -> Result<(), NoRoom<M::Error>> {
        let table = self.tables.entry(root);
        let table = table.or_insert_with(|| Table::new(family, root));
        let mut changed = Vec::new();
        let mut released = Vec::new();
        let mut failed = Ok(());
        for (key, leaf) in changes {
            let acquired = leaf.map(|leaf| self.leaves.acquire(&mut self.heap, &leaf));
            let leaf = match acquired.transpose() {
                Ok(leaf) => leaf,
                Err(error) => {
                    failed = Err(error);
                    break;
                }
            };
            released.extend(table.set(key, leaf));
            changed.push(key);
        }
        // Leaves that a stale table may still lead to stay for ever.
        table.follow(&mut self.heap, &changed)?;
        for unit in released {
            self.leaves.release(&mut self.heap, unit);
        }
        if table.is_empty() {
            self.tables.remove(&root);
        }
        failed
    }

    /// Do without the table with this root.
    ///
    /// # Errors
    /// As [`Tries::change`].
    pub fn remove(&mut self, root: u32) -> Result<(), NoRoom<M::Error>> {
        let Some(table) = self.tables.get(&root) else {
            return Ok(());
        };
        let gone: Vec<Change> = table.entries().map(|(key, _)| (key, None)).collect();
        let family = table.family();
        self.change(root, family, gone)
    }

    /// Have a place lead to the leaf of one prefix of a table, or nowhere if it has none. To
    /// be done anew after each change of it.
    pub fn lead(&mut self, place: u32, root: u32, key: Key) {
        let table = self.tables.get(&root);
        let unit = table.and_then(|table| table.leaf(key));
        self.heap.publish(place, unit.unwrap_or(0));
    }

    /// Bring into force what an earlier change could not.
    ///
    /// # Errors
    /// If there still is no more memory.
    pub fn repair(&mut self) -> Result<(), NoRoom<M::Error>> {
        let stale = self.tables.values_mut().filter(|table| table.is_stale());
        // What one table has no room for, another may not need.
        stale
            .map(|table| table.follow(&mut self.heap, &[]))
            .fold(Ok(()), Result::and)
    }

    /// What the table with this root says.
    pub fn content(&self, root: u32) -> impl Iterator<Item = (Key, &Leaf)> {
        let entries = self.tables.get(&root).into_iter().flat_map(Table::entries);
        entries.filter_map(|(key, unit)| Some((key, self.leaves.at(unit)?)))
    }

    /// Units of memory that are given out.
    pub fn used(&self) -> usize {
        self.heap.used()
    }

    /// Units of memory there are.
    pub fn units(&self) -> usize {
        self.heap.units()
    }

    /// The roots of tables that say anything, and the lengths of their keys.
    pub fn roots(&self) -> impl Iterator<Item = (u32, Family)> {
        let tables = self.tables.iter();
        tables.map(|(root, table)| (*root, table.family()))
    }
}

#[cfg(test)]
impl<M: Memory> Tries<M> {
    pub(super) fn memory(&self) -> &M {
        self.heap.memory()
    }

    /// Units that are neither free nor waiting to be.
    pub(super) fn held(&self) -> usize {
        self.heap.used() - self.heap.retired()
    }

    pub(super) fn leaves(&self) -> usize {
        self.leaves.len()
    }

    /// Have the memory looked at after every write that is in force.
    pub(super) fn observe(&mut self, observer: impl FnMut(&M) + Send + 'static) {
        self.heap.observer.0 = Some(Box::new(observer));
    }
}
