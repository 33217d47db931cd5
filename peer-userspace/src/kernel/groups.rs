//! The next hops that share a destination's flows.

use std::collections::BTreeMap;

use aya::{
    Ebpf,
    maps::{Array, MapData, MapError},
};
use bytemuck::Zeroable as _;
use peer_common::{Group, limits};

use super::{KernelError, maps::take};

type Bytes = [u8; size_of::<Group>()];

pub(super) struct Groups {
    map: Array<MapData, Bytes>,
}

impl Groups {
    pub(super) fn of(object: &mut Ebpf) -> Result<Self, KernelError> {
        Ok(Self {
            map: take(object, "GROUPS")?,
        })
    }

    /// All groups that have hops.
    pub(super) fn content(&self) -> Result<BTreeMap<u32, Group>, KernelError> {
        let mut groups = BTreeMap::new();
        for id in 1..limits::MAX_GROUPS {
            let bytes = self.map.get(&id, 0).map_err(error)?;
            let group: Group = bytemuck::pod_read_unaligned(&bytes);
            if group.hops().next().is_some() {
                groups.insert(id, group);
            }
        }
        Ok(groups)
    }

    /// No program must know the id yet: it would see half of one and half of another.
    pub(super) fn put(&mut self, id: u32, group: &Group) -> Result<(), KernelError> {
        let bytes: Bytes = bytemuck::cast(*group);
        self.map.set(id, bytes, 0).map_err(error)
    }

    pub(super) fn remove(&mut self, id: u32) -> Result<(), KernelError> {
        self.put(id, &Group::zeroed())
    }
}

fn error(error: MapError) -> KernelError {
    KernelError::map("groups", error)
}
