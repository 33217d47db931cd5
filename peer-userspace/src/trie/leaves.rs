//! Leaves: few distinct ones, each in memory once, however many prefixes lead there.

use std::collections::HashMap;

use peer_common::trie::UNIT;

use super::heap::{Heap, Memory, NoRoom};

/// What a prefix leads to: a unit.
pub type Leaf = [u32; UNIT / 4];

/// The leaves in memory.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    /// Units, and how many prefixes have them.
    known: HashMap<Leaf, (u32, usize)>,
    content: HashMap<u32, Leaf>,
}

impl Leaves {
    /// The unit of a leaf, for one more prefix.
    pub(super) fn acquire<M: Memory>(
        &mut self,
        heap: &mut Heap<M>,
        leaf: &Leaf,
    ) -> Result<u32, NoRoom<M::Error>> {
        if let Some((unit, prefixes)) = self.known.get_mut(leaf) {
            *prefixes += 1;
            return Ok(*unit);
        }
        let unit = heap.take(1)?;
        heap.fill(Heap::<M>::words_of(unit), leaf);
        self.known.insert(*leaf, (unit, 1));
        self.content.insert(unit, *leaf);
        Ok(unit)
    }

    /// One prefix less has the leaf at `unit`, and no entry leads there for it any more.
    pub(super) fn release<M: Memory>(&mut self, heap: &mut Heap<M>, unit: u32) {
        let Some(leaf) = self.content.get(&unit) else {
            return;
        };
        let Some((_, prefixes)) = self.known.get_mut(leaf) else {
            return;
        };
        *prefixes -= 1;
        if *prefixes == 0 {
            self.known.remove(leaf);
            self.content.remove(&unit);
            heap.retire(unit, 1);
        }
    }

    /// The leaf at a unit.
    pub(super) fn at(&self, unit: u32) -> Option<&Leaf> {
        self.content.get(&unit)
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }
}
