//! One table: its prefixes, and how a change of some of them reaches its nodes.

use std::collections::BTreeMap;

use peer_common::trie::NODE;

use super::{
    build::{Builder, Entry},
    heap::{Heap, Memory, NoRoom},
    key::{Family, Key},
    node::Standing,
    reduce::reduce,
};

/// Changes without a whole rebuild, beside four for each prefix there is: nodes keep the
/// shape that suited what they held when they were made.
const SPARE_CHANGES: usize = 1024;

/// A place in a trie: what leads there, and by how many nodes.
#[derive(Clone, Copy, Debug)]
struct Spot {
    place: u32,
    at: Key,
    depth: usize,
}

impl Spot {
    /// Whether all that can be below it is so few nodes deep that the programs walk them.
    fn leaves_room(&self, family: Family) -> bool {
        let bits = usize::from(family.bits());
        let levels = family.levels();
        bits - usize::from(self.at.length)
            <= bits.div_ceil(levels) * levels.saturating_sub(self.depth)
    }
}

/// The prefixes with one root.
#[derive(Debug)]
pub(super) struct Table {
    family: Family,
    root: u32,
    entries: BTreeMap<Key, u32>,
    /// Prefixes when all nodes were made, and changes since.
    built: usize,
    changed: usize,
    /// Whether readers may find something else than what the prefixes say.
    stale: bool,
}

impl Table {
    pub(super) fn new(family: Family, root: u32) -> Self {
        Self {
            family,
            root,
            entries: BTreeMap::new(),
            built: 0,
            changed: 0,
            stale: false,
        }
    }

    /// Have a prefix lead to another leaf, or to none. Returns the one it led to. In force
    /// after [`Table::follow`].
    pub(super) fn set(&mut self, key: Key, leaf: Option<u32>) -> Option<u32> {
        match leaf {
            Some(leaf) => self.entries.insert(key, leaf),
            None => self.entries.remove(&key),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn family(&self) -> Family {
        self.family
    }

    /// The leaf of a prefix.
    pub(super) fn leaf(&self, key: Key) -> Option<u32> {
        self.entries.get(&key).copied()
    }

    pub(super) fn is_stale(&self) -> bool {
        self.stale
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = Entry> {
        self.entries.iter().map(|(key, leaf)| (*key, *leaf))
    }

    /// Have readers find what the prefixes say, of which `changed` differ from before.
    ///
    /// # Errors
    /// If there is no more memory. The table is stale then, until another time goes well.
    pub(super) fn follow<M: Memory>(
        &mut self,
        heap: &mut Heap<M>,
        changed: &[Key],
    ) -> Result<(), NoRoom<M::Error>> {
        self.changed += changed.len();
        let count = self.entries.len();
        let outgrown = count > 2 * self.built + 8 || count < self.built / 4;
        let worn = self.changed > 4 * count + SPARE_CHANGES;
        let all = self.stale || outgrown || worn || changed.len() > count / 8;
        self.stale = true;
        if all {
            let all = Spot {
                place: self.root,
                at: Key::ALL,
                depth: 0,
            };
            self.renew(heap, all)?;
            (self.built, self.changed) = (count, 0);
        } else {
            for key in changed {
                self.refresh(heap, *key)?;
            }
        }
        self.stale = false;
        Ok(())
    }

    /// Make anew what may lead differently for the sake of `key`: there, or where nodes that
    /// came one below the other would become more than the programs walk, further up.
    fn refresh<M: Memory>(&self, heap: &mut Heap<M>, key: Key) -> Result<(), NoRoom<M::Error>> {
        let mut spot = Spot {
            place: self.root,
            at: Key::ALL,
            depth: 0,
        };
        let mut shallow = spot;
        loop {
            if spot.leaves_room(self.family) {
                shallow = spot;
            }
            let entry = heap.entry(spot.place);
            if entry & NODE == 0 || self.inside(spot.at).next().is_none() {
                return self.renew(heap, shallow);
            }
            let node = Standing::read(heap, entry);
            let shape = node.shape;
            if !shape.prefix.covers(key) {
                return self.renew(heap, shallow);
            }
            let below = |heap: &Heap<M>, slot| Spot {
                place: node.place(heap, slot),
                at: shape.slot_prefix(slot),
                depth: spot.depth + 1,
            };
            let slots = shape.slots_of(key);
            if !slots.clone().all(|slot| node.is_sole(heap, slot)) {
                return self.renew(heap, shallow);
            }
            let first = below(heap, *slots.start());
            if key.length > shape.end() {
                spot = first;
                continue;
            }
            if !first.leaves_room(self.family) {
                return self.renew(heap, shallow);
            }
            for slot in slots {
                let spot = below(heap, slot);
                self.renew(heap, spot)?;
            }
            return Ok(());
        }
    }

    /// Put what the prefixes below `at` say at a place, and do without what was there.
    fn renew<M: Memory>(
        &self,
        heap: &mut Heap<M>,
        Spot { place, at, depth }: Spot,
    ) -> Result<(), NoRoom<M::Error>> {
        let below: Vec<Entry> = self.inside(at).collect();
        let inherited = self.covering(at);
        let family = self.family;
        let mut builder = Builder { heap, family };
        let mut reduced = Vec::new();
        let entry = match reduce(&below, at, inherited, &mut reduced) {
            Some(leaf) => leaf,
            // What covers everything is no longer than the root's place.
            None => builder.build(&reduced, at, inherited, depth)?,
        };
        let before = builder.heap.entry(place);
        if before != entry {
            builder.heap.publish(place, entry);
            builder.take_apart(before, Heap::retire);
        }
        Ok(())
    }

    /// The prefixes inside `at`, itself not among them.
    fn inside(&self, at: Key) -> impl Iterator<Item = Entry> {
        use std::ops::Bound::{Excluded, Included};
        let inside = self.entries.range((Excluded(at), Included(at.last())));
        inside.map(|(key, leaf)| (*key, *leaf))
    }

    /// The leaf of the longest prefix that covers all of `at`; 0 for none.
    ///
    /// What covers a prefix sorts before it. Where the entry before it does not, whatever
    /// does covers that entry as well, so it is no longer than what the two share.
    fn covering(&self, at: Key) -> u32 {
        let mut candidate = at;
        while let Some((found, leaf)) = self.entries.range(..=candidate).next_back() {
            if found.covers(at) {
                return *leaf;
            }
            let shared = found.common(at);
            candidate = Key::new(at.bits, shared);
        }
        0
    }
}
