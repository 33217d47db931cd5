//! Nodes: which slots they have, and where in memory each slot's entry is.

use std::{collections::HashMap, ops};

use peer_common::trie::{MAX_INDEXED, NODE, Node, UNIT};

use super::{
    heap::{Heap, Memory},
    key::{Key, mask},
};

/// Words of a node's head.
const HEAD: usize = size_of::<Node>() / 4;

/// Which slots a node has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// What all below begins with.
    pub(super) prefix: Key,
    /// Bits that choose a slot.
    pub(super) stride: u8,
}

impl Shape {
    /// How long a slot's prefix is.
    pub(super) fn end(&self) -> u8 {
        self.prefix.length + self.stride
    }

    /// The prefix of a slot.
    pub(super) fn slot_prefix(&self, slot: u32) -> Key {
        let length = self.end();
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
    pub(super) fn slots_of(&self, key: Key) -> ops::RangeInclusive<u32> {
        if self.stride == 0 {
            return 0..=0;
        }
        let shift = 128 - u32::from(self.end());
        let slot = |bits: u128| (bits >> shift) as u32 & ((1 << self.stride) - 1);
        slot(key.bits)..=slot(key.last().bits)
    }

    /// The words of such a node with these entries for its slots. `otherwise` is what counts
    /// outside its prefix.
    pub(super) fn words(&self, otherwise: u32, slots: &[u32]) -> Vec<u32> {
        let end = u32::from(self.end());
        let halves = |bits: u128| [(bits >> 64) as u64, bits as u64];
        // A node that chooses by no bits may end where a word does.
        let word = u8::from(end > 64);
        let indexed = by_index(slots);
        let entries = indexed.as_ref().map_or(slots, |(entries, _)| entries);
        let node = Node {
            prefix: halves(self.prefix.bits),
            mask: halves(mask(self.prefix.length)),
            slots: (1 << self.stride) - 1,
            shift: (64 * (u32::from(word) + 1) - end) as u8 & 63,
            word,
            reserved: 0,
            otherwise,
            indices: match indexed {
                Some(_) => (4 * (HEAD + entries.len())) as u32,
                None => 0,
            },
        };
        let head: [u32; HEAD] = bytemuck::cast(node);
        let mut words = [&head, entries].concat();
        if let Some((_, indices)) = indexed {
            words.extend(indices.chunks(4).map(|four| {
                let mut bytes = [0; 4];
                bytes[..four.len()].copy_from_slice(four);
                u32::from_ne_bytes(bytes)
            }));
        }
        words
    }
}

/// Distinct entries, and which of them is each slot's, if both take less room than an entry
/// for each slot. Not where slots beside each other mostly lead to one place, as in the first
/// node of most tables: of the lines that they are then, few are ever looked at.
fn by_index(slots: &[u32]) -> Option<(Vec<u32>, Vec<u8>)> {
    const A_LINE: usize = UNIT / 4;
    let changes = slots.windows(2).filter(|two| two[0] != two[1]).count();
    if slots.len() > 1 << MAX_INDEXED || changes < slots.len() / A_LINE {
        return None;
    }
    let mut entries = Vec::new();
    let mut known = HashMap::new();
    let mut indices = Vec::with_capacity(slots.len());
    for &entry in slots {
        let index = *known.entry(entry).or_insert_with(|| {
            entries.push(entry);
            entries.len() - 1
        });
        indices.push(u8::try_from(index).ok()?);
    }
    let taken = HEAD + entries.len() + indices.len().div_ceil(4);
    (units(taken) < units(HEAD + slots.len())).then_some((entries, indices))
}

/// Units that so many words take.
pub(super) fn units(words: usize) -> u32 {
    (4 * words).div_ceil(UNIT) as u32
}

/// A node in memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) shape: Shape,
    /// The first entry's word.
    entries: u32,
    /// How many entries there are.
    count: u32,
    /// Whether bytes behind them say which is a slot's.
    is_indexed: bool,
}

impl Standing {
    /// The node that `entry` leads to.
    pub(super) fn read<M: Memory>(heap: &Heap<M>, entry: u32) -> Self {
        let first = Heap::<M>::words_of(entry & !NODE);
        let node: Node = bytemuck::cast(heap.read::<HEAD>(first));
        let long = |words: [u64; 2]| u128::from(words[0]) << 64 | u128::from(words[1]);
        let is_indexed = node.indices != 0;
        Self {
            shape: Shape {
                // At most 128 ones, and 32.
                prefix: Key::new(long(node.prefix), long(node.mask).count_ones() as u8),
                stride: node.slots.count_ones() as u8,
            },
            entries: first + HEAD as u32,
            count: match is_indexed {
                true => node.indices / 4 - HEAD as u32,
                false => node.slots + 1,
            },
            is_indexed,
        }
    }

    /// Where all entries are.
    pub(super) fn places(&self) -> ops::Range<u32> {
        self.entries..self.entries + self.count
    }

    /// Where a slot's entry is.
    pub(super) fn place<M: Memory>(&self, heap: &Heap<M>, slot: u32) -> u32 {
        match self.is_indexed {
            true => self.entries + u32::from(heap.byte(self.entries + self.count, slot)),
            false => self.entries + slot,
        }
    }

    /// Whether that entry is no other slot's: bytes share what is no node.
    pub(super) fn is_sole<M: Memory>(&self, heap: &Heap<M>, slot: u32) -> bool {
        !self.is_indexed || heap.entry(self.place(heap, slot)) & NODE != 0
    }

    /// Units it takes.
    pub(super) fn units(&self) -> u32 {
        let indices = match self.is_indexed {
            true => (1usize << self.shape.stride).div_ceil(4),
            false => 0,
        };
        units(HEAD + self.count as usize + indices)
    }
}
