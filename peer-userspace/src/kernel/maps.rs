//! The flat maps: tags, devices, and the layout version.

use std::{collections::BTreeMap, path::Path};

use aya::{
    Ebpf,
    maps::{Array, HashMap, Map, MapData, MapError, xdp::DevMap},
};
use peer_common::{Subinterface, limits};

use super::KernelError;

/// Handles of the flat maps.
pub(super) struct FlatMaps {
    tags: HashMap<MapData, [u8; size_of::<Subinterface>()], u32>,
    devices: DevMap<MapData>,
}

/// Take a map out of the object.
pub(super) fn take<T: TryFrom<Map, Error = MapError>>(
    object: &mut Ebpf,
    name: &str,
) -> Result<T, KernelError> {
    let absent = || KernelError::Map {
        map: name.into(),
        reason: "not in the object".into(),
    };
    let map = object.take_map(name).ok_or_else(absent)?;
    T::try_from(map).map_err(|error| KernelError::map(name, error))
}

/// Write the layout version beside the maps it speaks of.
pub(super) fn set_abi(object: &mut Ebpf, version: u32) -> Result<(), KernelError> {
    let mut abi: Array<_, u32> = take(object, "ABI")?;
    abi.set(0, version, 0)
        .map_err(|error| KernelError::map("abi", error))
}

/// The version the pinned maps were written with.
pub(super) fn pinned_abi(dir: &Path) -> Option<u32> {
    let data = MapData::from_pin(dir.join("abi")).ok()?;
    let abi: Array<_, u32> = Map::from_map_data(data).ok()?.try_into().ok()?;
    abi.get(&0, 0).ok()
}

impl FlatMaps {
    pub(super) fn of(object: &mut Ebpf) -> Result<Self, KernelError> {
        Ok(Self {
            tags: take(object, "TAGS")?,
            devices: take(object, "DEVICES")?,
        })
    }

    pub(super) fn tags(&self) -> Result<BTreeMap<Subinterface, u32>, KernelError> {
        let entry = |entry: Result<(_, u32), MapError>| {
            let (place, index) = entry.map_err(|error| KernelError::map("tags", error))?;
            Ok((bytemuck::cast::<[u8; 8], _>(place), index))
        };
        self.tags.iter().map(entry).collect()
    }

    pub(super) fn put_tags(&mut self, place: Subinterface, index: u32) -> Result<(), KernelError> {
        self.tags
            .insert(bytemuck::cast::<_, [u8; 8]>(place), index, 0)
            .map_err(|error| KernelError::map("tags", error))
    }

    pub(super) fn remove_tags(&mut self, place: Subinterface) -> Result<(), KernelError> {
        let place: [u8; 8] = bytemuck::cast(place);
        absent_is_fine("tags", self.tags.remove(&place))
    }

    /// The devices that are there. The kernel takes one out when its interface
    /// goes away, so this is not always what was put.
    pub(super) fn devices(&self) -> BTreeMap<u32, u32> {
        (0..limits::MAX_PORTS)
            .filter_map(|slot| Some((slot, self.devices.get(slot, 0).ok()?.if_index)))
            .collect()
    }

    pub(super) fn put_device(&mut self, slot: u32, index: u32) -> Result<(), KernelError> {
        self.devices
            .set(slot, index, None, 0)
            .map_err(|error| KernelError::map("devices", error))
    }
}

/// Removing is idempotent: what is gone is gone.
pub(super) fn absent_is_fine(map: &str, removed: Result<(), MapError>) -> Result<(), KernelError> {
    match removed {
        Err(MapError::KeyNotFound) => Ok(()),
        Err(MapError::SyscallError(error))
            if error.io_error.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok(())
        }
        other => other.map_err(|error| KernelError::map(map, error)),
    }
}
