//! Which units are free.

use std::collections::{BTreeMap, BTreeSet};

/// Free ranges of units. Those that touch become one, so that what was cut into pieces can
/// be had whole again.
#[derive(Debug, Default)]
pub(super) struct Free {
    /// Lengths by first unit.
    ranges: BTreeMap<u32, u32>,
    /// The same by length.
    by_length: BTreeSet<(u32, u32)>,
    units: u32,
}

impl Free {
    /// Take `units` in a row, from the smallest range that has them.
    pub(super) fn take(&mut self, units: u32) -> Option<u32> {
        let (length, first) = *self.by_length.range((units, 0)..).next()?;
        self.remove(first, length);
        if length > units {
            self.insert(first + units, length - units);
        }
        Some(first)
    }

    /// Give back units.
    pub(super) fn give(&mut self, mut first: u32, mut units: u32) {
        let before = self.ranges.range(..first).next_back();
        if let Some((start, length)) = before.map(|(start, length)| (*start, *length))
            && start + length == first
        {
            self.remove(start, length);
            (first, units) = (start, units + length);
        }
        let end = first + units;
        if let Some(length) = self.ranges.get(&end).copied() {
            self.remove(end, length);
            units += length;
        }
        self.insert(first, units);
    }

    fn insert(&mut self, first: u32, length: u32) {
        self.ranges.insert(first, length);
        self.by_length.insert((length, first));
        self.units += length;
    }

    fn remove(&mut self, first: u32, length: u32) {
        self.ranges.remove(&first);
        self.by_length.remove(&(length, first));
        self.units -= length;
    }

    /// All free units.
    pub(super) fn units(&self) -> u32 {
        self.units
    }
}
