//! Maps of maps: which inner map a program finds in which slot.
//!
//! An inner map is pinned, since asking an outer map for it needs CAP_SYS_ADMIN; and
//! many are published at once, since each update waits as long as a thousand. The
//! kernel has no batch for taking them out.

use std::{
    io,
    os::fd::{AsFd as _, AsRawFd as _},
    path::{Path, PathBuf},
};

use aya::{
    Ebpf,
    maps::{Map, MapData},
};

use super::{KernelError, error::chain, syscall};

/// Make an outer map of this definition and pin it, where the loader will find it. It
/// would make one whose template has the object's type information. Before 6.2 such a
/// map takes no inner map without (`bpf_map_meta_equal`), and ours have none.
pub(super) fn create(definition: &aya_obj::Map, pin: &Path) -> Result<(), KernelError> {
    let error = |error: &dyn std::error::Error| KernelError::Map {
        map: pin.display().to_string(),
        reason: chain(error),
    };
    let Some(inner) = definition.inner() else {
        return Ok(());
    };
    let template = aya_obj::Map::new_from_params(
        inner.map_type(),
        inner.key_size(),
        inner.value_size(),
        inner.max_entries(),
        inner.map_flags(),
    );
    let template = MapData::create(template, "template", None).map_err(|e| error(&e))?;
    let (kind, slots) = (definition.map_type(), definition.max_entries());
    let outer = syscall::create_outer(kind, slots, template.fd().as_fd()).map_err(|e| error(&e))?;
    let outer = MapData::from_fd(outer).map_err(|e| error(&e))?;
    outer.pin(pin).map_err(|e| error(&e))
}

/// A map of maps.
pub(super) struct Outer {
    name: &'static str,
    data: MapData,
}

impl Outer {
    /// Take it out of the object, where its name is in upper case.
    pub(super) fn of(object: &mut Ebpf, name: &'static str) -> Result<Self, KernelError> {
        match object.take_map(&name.to_uppercase()) {
            Some(Map::ArrayOfMaps(data)) => Ok(Self { name, data }),
            _ => Err(KernelError::Map {
                map: name.into(),
                reason: "not in the object".into(),
            }),
        }
    }

    /// Lead the programs to the maps that are pinned for these slots.
    pub(super) fn publish(
        &self,
        slots: &[u32],
        pin: impl Fn(u32) -> PathBuf,
    ) -> Result<(), KernelError> {
        if slots.is_empty() {
            return Ok(());
        }
        let inners = slots
            .iter()
            .map(|slot| MapData::from_pin(pin(*slot)))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| KernelError::map(self.name, error))?;
        let fds: Vec<u32> = inners
            .iter()
            .map(|inner| inner.fd().as_fd().as_raw_fd() as u32)
            .collect();
        syscall::update_batch(self.data.fd().as_fd(), slots, &fds)
            .map_err(|error| KernelError::map(self.name, error))
    }

    /// Empty these slots.
    pub(super) fn withdraw(&self, slots: &[u32]) -> Result<(), KernelError> {
        for slot in slots {
            match syscall::delete(self.data.fd().as_fd(), *slot) {
                // What an earlier attempt took out is out.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                other => other.map_err(|error| KernelError::map(self.name, error))?,
            }
        }
        Ok(())
    }
}
