//! Which id stands for which object, kept in pinned maps (docs/adr/0001).

use std::{collections::BTreeMap, path::Path};

use aya::maps::{HashMap, Map, MapData, MapError};
use bytemuck::Zeroable as _;
use peer_common::{NetworkRecord, PeeringRecord, limits};

use super::{KernelError, maps::absent_is_fine};
use crate::{
    compile::Ids,
    model::{ObjectRef, PairLabel},
};

/// What stands in the map `peerings`. A pair with a network that has no id, one
/// not declared (any more), is not told from others by its record, and gets none.
fn peering_records(ids: &Ids) -> BTreeMap<u32, PeeringRecord> {
    let id_of = |network: &ObjectRef| ids.networks.get(network).copied();
    let record = |(pair, id): (&PairLabel, &u32)| {
        let (smaller, larger) = pair.networks();
        let record = PeeringRecord {
            smaller: id_of(smaller)?,
            larger: id_of(larger)?,
        };
        Some((*id, record))
    };
    ids.peerings.iter().filter_map(record).collect()
}

fn fresh<K: PartialEq>(old: &BTreeMap<K, u32>, new: &BTreeMap<K, u32>) -> Vec<u32> {
    let (old, new) = (by_id(old), by_id(new));
    new.into_iter()
        .filter(|(id, key)| old.get(id) != Some(key))
        .map(|(id, _)| id)
        .collect()
}

type Records<const SIZE: usize> = HashMap<MapData, u32, [u8; SIZE]>;

pub(super) struct Registry {
    networks: Records<{ size_of::<NetworkRecord>() }>,
    peerings: Records<{ size_of::<PeeringRecord>() }>,
    known: Ids,
}

impl Registry {
    /// The registry pinned in `dir`, made if it is not there.
    pub(super) fn open(dir: &Path) -> Result<Self, KernelError> {
        let networks = records(&dir.join("networks"), limits::MAX_NETWORKS)?;
        let peerings = records(&dir.join("peerings"), limits::MAX_PEERINGS)?;
        let mut registry = Self {
            networks,
            peerings,
            known: Ids::default(),
        };
        registry.known = registry.read()?;
        Ok(registry)
    }

    pub(super) fn known(&self) -> &Ids {
        &self.known
    }

    /// Ids in `wanted` that are not whose they are now: of networks, then of peerings.
    pub(super) fn fresh(&self, wanted: &Ids) -> (Vec<u32>, Vec<u32>) {
        (
            fresh(&self.known.networks, &wanted.networks),
            fresh(&self.known.peerings, &wanted.peerings),
        )
    }

    /// Make the maps say `wanted`.
    pub(super) fn store(&mut self, wanted: &Ids) -> Result<(), KernelError> {
        let old = by_id(&self.known.networks);
        let new = by_id(&wanted.networks);
        for (id, network) in &new {
            if old.get(id) != Some(network) {
                let bytes: [u8; size_of::<NetworkRecord>()] = bytemuck::cast(record(network));
                self.networks.insert(id, bytes, 0).map_err(networks_error)?;
            }
        }
        let old_pairs = peering_records(&self.known);
        let new_pairs = peering_records(wanted);
        for (id, record) in &new_pairs {
            if old_pairs.get(id) != Some(record) {
                let bytes: [u8; size_of::<PeeringRecord>()] = bytemuck::cast(*record);
                self.peerings.insert(id, bytes, 0).map_err(peerings_error)?;
            }
        }
        for id in old_pairs.keys().filter(|id| !new_pairs.contains_key(id)) {
            absent_is_fine("peerings", self.peerings.remove(id))?;
        }
        for id in old.keys().filter(|id| !new.contains_key(id)) {
            absent_is_fine("networks", self.networks.remove(id))?;
        }
        self.known = wanted.clone();
        Ok(())
    }

    fn read(&self) -> Result<Ids, KernelError> {
        let mut names = BTreeMap::new();
        for entry in self.networks.iter() {
            let (id, bytes) = entry.map_err(networks_error)?;
            if let Some(network) = name(&bytemuck::cast(bytes)) {
                names.insert(id, network);
            }
        }
        let mut ids = Ids::default();
        for entry in self.peerings.iter() {
            let (id, bytes) = entry.map_err(peerings_error)?;
            let record: PeeringRecord = bytemuck::cast(bytes);
            if let (Some(smaller), Some(larger)) =
                (names.get(&record.smaller), names.get(&record.larger))
            {
                ids.peerings.insert(PairLabel::of(smaller, larger), id);
            }
        }
        ids.networks = names.into_iter().map(|(id, name)| (name, id)).collect();
        Ok(ids)
    }
}

fn records<const SIZE: usize>(path: &Path, entries: u32) -> Result<Records<SIZE>, KernelError> {
    let error = |error: MapError| KernelError::map("registry", error);
    if !path.exists() {
        let made = Records::<SIZE>::create(entries, 0).map_err(error)?;
        made.pin(path)
            .map_err(|error| KernelError::map("registry", error))?;
    }
    let data = MapData::from_pin(path).map_err(error)?;
    Map::from_map_data(data)
        .and_then(TryInto::try_into)
        .map_err(error)
}

fn by_id<K>(ids: &BTreeMap<K, u32>) -> BTreeMap<u32, &K> {
    ids.iter().map(|(key, id)| (*id, key)).collect()
}

fn record(network: &ObjectRef) -> NetworkRecord {
    let mut record = NetworkRecord::zeroed();
    for (byte, written) in record.name.iter_mut().zip(network.to_string().bytes()) {
        *byte = written;
    }
    record
}

fn name(record: &NetworkRecord) -> Option<ObjectRef> {
    let text = std::str::from_utf8(&record.name).ok()?;
    text.trim_end_matches('\0').parse().ok()
}

fn networks_error(error: MapError) -> KernelError {
    KernelError::map("networks", error)
}

fn peerings_error(error: MapError) -> KernelError {
    KernelError::map("peerings", error)
}
