//! How many ICMP errors each port may still send, as the programs remember it.

use std::path::Path;

use aya::maps::{Array, Map, MapData};

/// When the next error is due, in nanoseconds since boot: long ago, or never.
const LONG_AGO: u64 = 0;
const NEVER: u64 = u64::MAX / 2;

pub(crate) struct Buckets {
    map: Array<MapData, u64>,
    /// What was written last, by slot, as long as no program may have changed it.
    known: Vec<Option<u64>>,
}

impl Buckets {
    pub(crate) fn open(dir: &Path) -> Self {
        let map = MapData::from_pin(dir.join("buckets")).unwrap();
        let map: Array<_, _> = Map::from_map_data(map).unwrap().try_into().unwrap();
        Self {
            known: vec![None; map.len() as usize],
            map,
        }
    }

    /// The port in this slot was quiet, or has told too much.
    pub(crate) fn set(&mut self, slot: u32, limited: bool) {
        let due = if limited { NEVER } else { LONG_AGO };
        let known = &mut self.known[slot as usize];
        if *known != Some(due) {
            self.map.set(slot, due, 0).unwrap();
            *known = Some(due);
        }
    }

    /// The port in this slot may have sent one.
    pub(crate) fn taken(&mut self, slot: u32) {
        self.known[slot as usize] = None;
    }

    /// Whether the port in this slot has sent none since [`Buckets::set`].
    pub(crate) fn is_untouched(&self, slot: u32) -> bool {
        self.known[slot as usize].is_none_or(|due| self.map.get(&slot, 0).unwrap() == due)
    }
}
