//! Making the nodes for prefixes, and taking them apart.

use peer_common::trie::{MAX_INDEXED, MAX_STRIDE, NODE};

use super::{
    heap::{Heap, Memory, NoRoom},
    key::{Family, Key},
    node::{Shape, Standing, units},
};

/// Slots a prefix: the more, the fewer nodes are passed, and the more memory is taken.
const SLOTS_A_PREFIX: usize = 8;

/// A prefix and the unit of its leaf.
pub(super) type Entry = (Key, u32);

/// Makes nodes; none of them is in force until somebody publishes what is returned.
pub(super) struct Builder<'a, M> {
    pub(super) heap: &'a mut Heap<M>,
    pub(super) family: Family,
}

impl<M: Memory> Builder<'_, M> {
    /// The entry for a place that is reached by `at`, with `entries` in their order,
    /// which all lie in it and are longer. `inherited` is what counts where none of
    /// them does. `depth` nodes lead there.
    ///
    /// # Errors
    /// If there is no more memory; nothing is taken then.
    pub(super) fn build(
        &mut self,
        entries: &[Entry],
        at: Key,
        inherited: u32,
        depth: usize,
    ) -> Result<u32, NoRoom<M::Error>> {
        let (Some((first, _)), Some((last, _))) = (entries.first(), entries.last()) else {
            return Ok(inherited);
        };
        debug_assert!(at.covers(*first) && at.covers(*last) && depth < self.family.levels());
        // What covers all others, if one does, is the first of them.
        let prefix = Key::new(first.bits, first.common(*last));
        let (inside, rest) = match entries.split_first() {
            Some(((key, leaf), rest)) if *key == prefix => (*leaf, rest),
            _ => (inherited, entries),
        };
        let stride = self.stride(prefix.length, rest, depth);
        let shape = Shape { prefix, stride };
        let slots = self.slots(&shape, rest, inside, depth)?;
        let words = shape.words(inherited, &slots);
        match self.heap.take(units(words.len())) {
            Ok(unit) => {
                self.heap.fill(Heap::<M>::words_of(unit), &words);
                Ok(NODE | unit)
            }
            Err(error) => {
                self.abandon(slots);
                Err(error)
            }
        }
    }

    /// How many bits choose a slot: about as many as there are prefixes to tell apart, or where
    /// these are too many slots, as many as leave most of the prefixes to slots of bytes; and
    /// enough for the programs to be through in so many levels.
    fn stride(&self, from: u8, rest: &[Entry], depth: usize) -> u8 {
        let mut lengths: Vec<u8> = rest.iter().map(|(key, _)| key.length - from).collect();
        lengths.sort_unstable();
        let (Some(longest), Some(usual)) = (lengths.last(), lengths.get(lengths.len() / 2)) else {
            return 0;
        };
        let wanted = (rest.len() * SLOTS_A_PREFIX).ilog2() as u8;
        let wanted = if wanted.min(*usual) > MAX_STRIDE {
            usual.saturating_sub(MAX_INDEXED).min(MAX_STRIDE)
        } else {
            wanted.min(MAX_STRIDE)
        };
        let left = self.family.levels().saturating_sub(depth).max(1);
        let least = (self.family.bits() - from).div_ceil(left as u8);
        // A slot is chosen by bits of one word.
        let in_word = 64 - from % 64;
        wanted.max(least).min(*longest).min(in_word)
    }

    /// The entries of a node's slots.
    fn slots(
        &mut self,
        shape: &Shape,
        rest: &[Entry],
        inside: u32,
        depth: usize,
    ) -> Result<Vec<u32>, NoRoom<M::Error>> {
        let end = shape.end();
        let mut slots = vec![inside; 1 << shape.stride];
        // What covers a prefix comes before it.
        for (key, leaf) in rest.iter().filter(|(key, _)| key.length <= end) {
            let covered = shape.slots_of(*key);
            slots[*covered.start() as usize..=*covered.end() as usize].fill(*leaf);
        }
        let mut begin = 0;
        while let Some((key, _)) = rest.get(begin) {
            let slot = *shape.slots_of(*key).start();
            let there = rest[begin..].iter();
            let count = there
                .take_while(|(key, _)| *shape.slots_of(*key).start() == slot)
                .count();
            let group = &rest[begin..begin + count];
            begin += count;
            // Shorter ones sort first.
            let longer = group.iter().position(|(key, _)| key.length > end);
            let Some(longer) = longer else {
                continue;
            };
            let at = shape.slot_prefix(slot);
            let inherited = slots[slot as usize];
            match self.build(&group[longer..], at, inherited, depth + 1) {
                Ok(entry) => slots[slot as usize] = entry,
                Err(error) => {
                    self.abandon(slots);
                    return Err(error);
                }
            }
        }
        Ok(slots)
    }

    /// Do without slots of a node that there is no room for.
    fn abandon(&mut self, slots: Vec<u32>) {
        for entry in slots {
            self.take_apart(entry, Heap::give_back);
        }
    }

    /// Do without all nodes below an entry that nothing leads to any more, or ever did.
    pub(super) fn take_apart(&mut self, entry: u32, part: impl Fn(&mut Heap<M>, u32, u32) + Copy) {
        if entry & NODE == 0 {
            return;
        }
        let node = Standing::read(self.heap, entry);
        for place in node.places() {
            let below = self.heap.entry(place);
            self.take_apart(below, part);
        }
        part(self.heap, entry & !NODE, node.units());
    }
}
