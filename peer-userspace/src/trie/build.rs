//! Making the nodes for prefixes, and taking them apart.

use peer_common::trie::{MAX_STRIDE, NODE, Node, UNIT};

use super::{
    heap::{Heap, Memory, NoRoom},
    key::{Family, Key, mask},
};

/// Slots a prefix: the more, the fewer nodes are passed, and the more memory is taken.
const SLOTS_A_PREFIX: usize = 8;

/// Words of a node's head.
const HEAD: u32 = (size_of::<Node>() / 4) as u32;

/// A prefix and the unit of its leaf.
pub(super) type Entry = (Key, u32);

/// The shape of a node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// What all below begins with.
    pub(super) prefix: Key,
    /// Bits that choose a slot.
    pub(super) stride: u8,
    /// The number of the first slot's word.
    slots: u32,
}

impl Shape {
    /// Of the node that `entry` leads to.
    pub(super) fn read<M: Memory>(heap: &Heap<M>, entry: u32) -> Self {
        let first = Heap::<M>::words_of(entry & !NODE);
        let node: Node = bytemuck::cast(heap.read::<{ HEAD as usize }>(first));
        let long = |words: [u64; 2]| u128::from(words[0]) << 64 | u128::from(words[1]);
        Self {
            // At most 128 ones, and 32.
            prefix: Key::new(long(node.prefix), long(node.mask).count_ones() as u8),
            stride: node.slots.count_ones() as u8,
            slots: first + HEAD,
        }
    }

    /// Where a slot's entry is.
    pub(super) fn place(&self, slot: u32) -> u32 {
        self.slots + slot
    }

    /// The prefix of a slot.
    pub(super) fn slot_prefix(&self, slot: u32) -> Key {
        let length = self.prefix.length + self.stride;
        let bits = match length {
            0 => 0,
            _ => u128::from(slot) << (128 - u32::from(length)),
        };
        Key {
            bits: self.prefix.bits | bits,
            length,
        }
    }

    /// The slots that `key`, which lies in the node's prefix, covers or lies in.
    pub(super) fn slots_of(&self, key: Key) -> std::ops::RangeInclusive<u32> {
        if self.stride == 0 {
            return 0..=0;
        }
        let shift = 128 - u32::from(self.prefix.length + self.stride);
        let slot = |bits: u128| (bits >> shift) as u32 & ((1 << self.stride) - 1);
        slot(key.bits)..=slot(key.last().bits)
    }

    fn units(&self) -> u32 {
        units(self.stride)
    }
}

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
        let unit = self.heap.take(units(stride))?;
        let shape = Shape {
            prefix,
            stride,
            slots: Heap::<M>::words_of(unit) + HEAD,
        };
        match self.slots(&shape, rest, inside, depth) {
            Ok(slots) => {
                self.fill(unit, &shape, inherited, &slots);
                Ok(NODE | unit)
            }
            Err(error) => {
                self.heap.give_back(unit, shape.units());
                Err(error)
            }
        }
    }

    /// How many bits choose a slot: about as many as there are prefixes to tell apart, and
    /// enough for the programs to be through in so many levels.
    fn stride(&self, from: u8, rest: &[Entry], depth: usize) -> u8 {
        let longest = rest.iter().map(|(key, _)| key.length - from).max();
        let Some(longest) = longest else {
            return 0;
        };
        let wanted = (rest.len() * SLOTS_A_PREFIX).ilog2().min(MAX_STRIDE) as u8;
        let left = self.family.levels().saturating_sub(depth).max(1);
        let least = (self.family.bits() - from).div_ceil(left as u8);
        // A slot is chosen by bits of one word.
        let in_word = 64 - from % 64;
        wanted.max(least).min(longest).min(in_word)
    }

    /// The entries of a node's slots.
    fn slots(
        &mut self,
        shape: &Shape,
        rest: &[Entry],
        inside: u32,
        depth: usize,
    ) -> Result<Vec<u32>, NoRoom<M::Error>> {
        let end = shape.prefix.length + shape.stride;
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
                    for made in slots.into_iter().filter(|entry| entry & NODE != 0) {
                        self.take_apart(made, Heap::give_back);
                    }
                    return Err(error);
                }
            }
        }
        Ok(slots)
    }

    fn fill(&mut self, unit: u32, shape: &Shape, otherwise: u32, slots: &[u32]) {
        let end = u32::from(shape.prefix.length + shape.stride);
        let words = |bits: u128| [(bits >> 64) as u64, bits as u64];
        // A node that chooses by no bits may end where a word does.
        let word = u8::from(end > 64);
        let node = Node {
            prefix: words(shape.prefix.bits),
            mask: words(mask(shape.prefix.length)),
            slots: (1 << shape.stride) - 1,
            shift: (64 * (u32::from(word) + 1) - end) as u8 & 63,
            word,
            reserved: 0,
            otherwise,
            padding: 0,
        };
        let first = Heap::<M>::words_of(unit);
        let head: [u32; HEAD as usize] = bytemuck::cast(node);
        self.heap.fill(first, &head);
        self.heap.fill(first + HEAD, slots);
    }

    /// Do without all nodes below an entry that nothing leads to any more, or ever did.
    pub(super) fn take_apart(&mut self, entry: u32, part: impl Fn(&mut Heap<M>, u32, u32) + Copy) {
        if entry & NODE == 0 {
            return;
        }
        let shape = Shape::read(self.heap, entry);
        for slot in 0..1 << shape.stride {
            let below = self.heap.entry(shape.place(slot));
            self.take_apart(below, part);
        }
        part(self.heap, entry & !NODE, shape.units());
    }
}

/// Units of a node with so many bits.
fn units(stride: u8) -> u32 {
    (HEAD * 4 + (4 << stride)).div_ceil(UNIT as u32)
}
