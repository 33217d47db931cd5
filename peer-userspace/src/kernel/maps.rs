//! The flat maps: ports, tags, devices, elsewhere, and the layout version.

use std::{collections::BTreeMap, path::Path};

use aya::{
    Ebpf,
    maps::{Array, HashMap, LpmTrie, Map, MapData, MapError, lpm_trie::Key, xdp::DevMap},
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use peer_common::{DropReason, Port, Subinterface, limits};

use super::KernelError;

/// Handles of the flat maps.
pub(super) struct FlatMaps {
    ports: HashMap<MapData, u32, [u8; size_of::<Port>()]>,
    tags: HashMap<MapData, [u8; size_of::<Subinterface>()], u32>,
    devices: DevMap<MapData>,
    elsewhere4: LpmTrie<MapData, [u8; 4], u32>,
    elsewhere6: LpmTrie<MapData, [u8; 16], u32>,
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
            ports: take(object, "PORTS")?,
            tags: take(object, "TAGS")?,
            devices: take(object, "DEVICES")?,
            elsewhere4: take(object, "ELSEWHERE4")?,
            elsewhere6: take(object, "ELSEWHERE6")?,
        })
    }

    pub(super) fn ports(&self) -> Result<BTreeMap<u32, Port>, KernelError> {
        let entry = |entry: Result<(u32, _), MapError>| {
            let (index, bytes) = entry.map_err(|error| KernelError::map("ports", error))?;
            Ok((index, bytemuck::cast(bytes)))
        };
        self.ports.iter().map(entry).collect()
    }

    pub(super) fn put_port(&mut self, index: u32, port: &Port) -> Result<(), KernelError> {
        let bytes: [u8; size_of::<Port>()] = bytemuck::cast(*port);
        self.ports
            .insert(index, bytes, 0)
            .map_err(|error| KernelError::map("ports", error))
    }

    pub(super) fn remove_port(&mut self, index: u32) -> Result<(), KernelError> {
        absent_is_fine("ports", self.ports.remove(&index))
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

    pub(super) fn elsewhere(&self) -> Result<BTreeMap<IpNet, DropReason>, KernelError> {
        let mut all = BTreeMap::new();
        let reason = |number: u32| DropReason::from_number(number as u8);
        for entry in self.elsewhere4.iter() {
            let (key, number) = entry.map_err(|error| KernelError::map("elsewhere4", error))?;
            if let (Some(at), Some(reason)) = (v4(&key), reason(number)) {
                all.insert(at, reason);
            }
        }
        for entry in self.elsewhere6.iter() {
            let (key, number) = entry.map_err(|error| KernelError::map("elsewhere6", error))?;
            if let (Some(at), Some(reason)) = (v6(&key), reason(number)) {
                all.insert(at, reason);
            }
        }
        Ok(all)
    }

    pub(super) fn put_elsewhere(
        &mut self,
        at: IpNet,
        reason: DropReason,
    ) -> Result<(), KernelError> {
        let number = reason as u32;
        match at {
            IpNet::V4(at) => self.elsewhere4.insert(&key4(at), number, 0),
            IpNet::V6(at) => self.elsewhere6.insert(&key6(at), number, 0),
        }
        .map_err(|error| KernelError::map("elsewhere", error))
    }

    pub(super) fn remove_elsewhere(&mut self, at: IpNet) -> Result<(), KernelError> {
        let removed = match at {
            IpNet::V4(at) => self.elsewhere4.remove(&key4(at)),
            IpNet::V6(at) => self.elsewhere6.remove(&key6(at)),
        };
        absent_is_fine("elsewhere", removed)
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

pub(super) fn key4(at: Ipv4Net) -> Key<[u8; 4]> {
    Key::new(u32::from(at.prefix_len()), at.network().octets())
}

pub(super) fn key6(at: Ipv6Net) -> Key<[u8; 16]> {
    Key::new(u32::from(at.prefix_len()), at.network().octets())
}

pub(super) fn v4(key: &Key<[u8; 4]>) -> Option<IpNet> {
    let length = u8::try_from(key.prefix_len()).ok()?;
    Some(IpNet::V4(Ipv4Net::new(key.data().into(), length).ok()?))
}

pub(super) fn v6(key: &Key<[u8; 16]>) -> Option<IpNet> {
    let length = u8::try_from(key.prefix_len()).ok()?;
    Some(IpNet::V6(Ipv6Net::new(key.data().into(), length).ok()?))
}
