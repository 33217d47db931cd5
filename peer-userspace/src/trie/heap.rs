//! Memory that the programs read meanwhile: given out in units, and given out again only
//! when nobody can look at what was there.

use std::sync::atomic::{AtomicU32, Ordering};

use peer_common::trie::{FIRST_UNIT, UNIT};

use super::free::Free;

/// Words of a unit.
const WORDS: u32 = (UNIT / 4) as u32;

/// What tables are written to: all noughts at first, and as long as programs may look there.
pub trait Memory {
    /// Why one cannot know that readers are through.
    type Error;

    /// All of it, in words.
    fn words(&self) -> &[AtomicU32];
    /// Return when no reader is still where it was before the call.
    ///
    /// # Errors
    /// If that cannot be known.
    fn wait_for_readers(&mut self) -> Result<(), Self::Error>;
}

/// Why there is no room.
#[derive(Debug, PartialEq, Eq)]
pub enum NoRoom<E> {
    /// The memory is full.
    Full,
    /// What is free cannot be given out.
    Unknown(E),
}

/// The memory, and what of it is free.
#[derive(Debug)]
pub(super) struct Heap<M> {
    memory: M,
    free: Free,
    /// Unlinked, but perhaps still looked at.
    retired: Vec<(u32, u32)>,
    retired_units: u32,
    /// Sees the memory after every write that is in force.
    #[cfg(test)]
    pub(super) observer: Observer<M>,
}

#[cfg(test)]
type Observe<M> = Box<dyn FnMut(&M) + Send>;

#[cfg(test)]
pub(super) struct Observer<M>(pub(super) Option<Observe<M>>);

#[cfg(test)]
impl<M> std::fmt::Debug for Observer<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Observer")
    }
}

impl<M: Memory> Heap<M> {
    pub(super) fn new(memory: M) -> Self {
        let units = (memory.words().len() / WORDS as usize) as u32;
        let mut free = Free::default();
        free.give(FIRST_UNIT, units.saturating_sub(FIRST_UNIT));
        Self {
            memory,
            free,
            retired: Vec::new(),
            retired_units: 0,
            #[cfg(test)]
            observer: Observer(None),
        }
    }

    /// Units in a row, whose content is anything.
    pub(super) fn take(&mut self, units: u32) -> Result<u32, NoRoom<M::Error>> {
        if let Some(first) = self.free.take(units) {
            return Ok(first);
        }
        if !self.retired.is_empty() {
            self.reclaim().map_err(NoRoom::Unknown)?;
        }
        self.free.take(units).ok_or(NoRoom::Full)
    }

    /// Let go of units that no entry leads to any more.
    pub(super) fn retire(&mut self, first: u32, units: u32) {
        self.retired.push((first, units));
        self.retired_units += units;
    }

    /// Give back units that no entry ever led to.
    pub(super) fn give_back(&mut self, first: u32, units: u32) {
        self.free.give(first, units);
    }

    fn reclaim(&mut self) -> Result<(), M::Error> {
        self.memory.wait_for_readers()?;
        self.retired_units = 0;
        for (first, units) in std::mem::take(&mut self.retired) {
            self.give_back(first, units);
        }
        Ok(())
    }

    /// The number of a unit's first word.
    pub(super) fn words_of(unit: u32) -> u32 {
        unit * WORDS
    }

    /// Write to memory that no entry leads to yet.
    pub(super) fn fill(&self, first_word: u32, words: &[u32]) {
        let memory = &self.memory.words()[first_word as usize..];
        for (word, value) in memory.iter().zip(words) {
            word.store(*value, Ordering::Relaxed);
        }
    }

    /// Read memory.
    pub(super) fn read<const N: usize>(&self, first_word: u32) -> [u32; N] {
        std::array::from_fn(|n| self.entry(first_word + n as u32))
    }

    /// The entry at a place: the number of its word.
    pub(super) fn entry(&self, place: u32) -> u32 {
        self.memory.words()[place as usize].load(Ordering::Relaxed)
    }

    /// The byte that lies so many bytes behind a word's first.
    pub(super) fn byte(&self, first_word: u32, offset: u32) -> u8 {
        self.entry(first_word + offset / 4).to_ne_bytes()[offset as usize % 4]
    }

    /// Have readers find this entry from now on, and what it leads to as it is now.
    pub(super) fn publish(&mut self, place: u32, entry: u32) {
        self.memory.words()[place as usize].store(entry, Ordering::Release);
        #[cfg(test)]
        if let Some(observe) = &mut self.observer.0 {
            observe(&self.memory);
        }
    }

    /// Units that are given out, those that are not free yet among them.
    pub(super) fn used(&self) -> usize {
        self.units() - self.free.units() as usize
    }

    /// All units that can be given out.
    pub(super) fn units(&self) -> usize {
        let units = self.memory.words().len() / WORDS as usize;
        units.saturating_sub(FIRST_UNIT as usize)
    }

    #[cfg(test)]
    pub(super) fn memory(&self) -> &M {
        &self.memory
    }

    #[cfg(test)]
    pub(super) fn retired(&self) -> usize {
        self.retired_units as usize
    }
}
