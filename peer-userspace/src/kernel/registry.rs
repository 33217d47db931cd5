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

/// What the kernel knows of ids and seniority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    /// Ids of networks and peerings; device slots come from `devices`.
    pub ids: Ids,
    /// Since when a pair carries traffic, in milliseconds of Unix time.
    pub active_since: BTreeMap<PairLabel, u64>,
}

type Records<const SIZE: usize> = HashMap<MapData, u32, [u8; SIZE]>;

pub(super) struct Registry {
    networks: Records<{ size_of::<NetworkRecord>() }>,
    peerings: Records<{ size_of::<PeeringRecord>() }>,
    known: Registered,
}

impl Registry {
    /// The registry pinned in `dir`, made if it is not there.
    pub(super) fn open(dir: &Path) -> Result<Self, KernelError> {
        let networks = records(&dir.join("networks"), limits::MAX_NETWORKS)?;
        let peerings = records(&dir.join("peerings"), limits::MAX_PEERINGS)?;
        let mut registry = Self {
            networks,
            peerings,
            known: Registered::default(),
        };
        registry.known = registry.read()?;
        Ok(registry)
    }

    pub(super) fn known(&self) -> &Registered {
        &self.known
    }

    /// Make the maps say `wanted`, and return the ids that are new: of networks,
    /// then of peerings.
    pub(super) fn store(
        &mut self,
        wanted: &Registered,
    ) -> Result<(Vec<u32>, Vec<u32>), KernelError> {
        let old_networks = by_id(&self.known.ids.networks);
        let new_networks = by_id(&wanted.ids.networks);
        let mut fresh_networks = Vec::new();
        for (id, network) in &new_networks {
            if old_networks.get(id) != Some(network) {
                let bytes: [u8; size_of::<NetworkRecord>()] = bytemuck::cast(record(network));
                self.networks.insert(id, bytes, 0).map_err(networks_error)?;
                fresh_networks.push(*id);
            }
        }
        let old_pairs = by_id(&self.known.ids.peerings);
        let new_pairs = by_id(&wanted.ids.peerings);
        let mut fresh_pairs = Vec::new();
        for (id, pair) in &new_pairs {
            let is_new = old_pairs.get(id) != Some(pair);
            let since = |known: &Registered| known.active_since.get(*pair).copied();
            if is_new || since(&self.known) != since(wanted) {
                let (smaller, larger) = pair.networks();
                let id_of = |network| {
                    wanted
                        .ids
                        .networks
                        .get(network)
                        .copied()
                        .unwrap_or_default()
                };
                let record = PeeringRecord {
                    smaller: id_of(smaller),
                    larger: id_of(larger),
                    active_since: since(wanted).unwrap_or_default(),
                };
                let bytes: [u8; size_of::<PeeringRecord>()] = bytemuck::cast(record);
                self.peerings.insert(id, bytes, 0).map_err(peerings_error)?;
            }
            if is_new {
                fresh_pairs.push(*id);
            }
        }
        for id in old_pairs.keys().filter(|id| !new_pairs.contains_key(id)) {
            absent_is_fine("peerings", self.peerings.remove(id))?;
        }
        for id in old_networks
            .keys()
            .filter(|id| !new_networks.contains_key(id))
        {
            absent_is_fine("networks", self.networks.remove(id))?;
        }
        self.known = wanted.clone();
        Ok((fresh_networks, fresh_pairs))
    }

    fn read(&self) -> Result<Registered, KernelError> {
        let mut names = BTreeMap::new();
        for entry in self.networks.iter() {
            let (id, bytes) = entry.map_err(networks_error)?;
            if let Some(network) = name(&bytemuck::cast(bytes)) {
                names.insert(id, network);
            }
        }
        let mut registered = Registered::default();
        for entry in self.peerings.iter() {
            let (id, bytes) = entry.map_err(peerings_error)?;
            let record: PeeringRecord = bytemuck::cast(bytes);
            if let (Some(smaller), Some(larger)) =
                (names.get(&record.smaller), names.get(&record.larger))
            {
                let pair = PairLabel::of(smaller, larger);
                if record.active_since > 0 {
                    registered
                        .active_since
                        .insert(pair.clone(), record.active_since);
                }
                registered.ids.peerings.insert(pair, id);
            }
        }
        registered.ids.networks = names.into_iter().map(|(id, name)| (name, id)).collect();
        Ok(registered)
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
