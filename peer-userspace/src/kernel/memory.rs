//! The memory of the tables: a BPF array of one element, seen by this process as its own
//! memory. Writing is storing, without a system call.
#![expect(unsafe_code, reason = "memory that is shared with the kernel")]

use std::{
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
    ptr::{self, NonNull},
    slice,
    sync::atomic::AtomicU32,
};

use aya::maps::MapData;
use aya_obj::Map as Definition;
use peer_common::trie::OVERHANG;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use super::{KernelError, syscall};
use crate::trie::Memory;

/// `BPF_MAP_TYPE_ARRAY`, `BPF_MAP_TYPE_ARRAY_OF_MAPS` and `BPF_F_MMAPABLE` of linux/bpf.h.
const ARRAY: u32 = 2;
const ARRAY_OF_MAPS: u32 = 12;
const MMAPABLE: u32 = 1 << 10;

/// The memory.
#[derive(Debug)]
pub(super) struct TableMemory {
    start: NonNull<AtomicU32>,
    bytes: usize,
    grace: Grace,
}

// SAFETY: the memory is reached through atomics alone, and stays until it is dropped.
unsafe impl Send for TableMemory {}
// SAFETY: as above.
unsafe impl Sync for TableMemory {}

impl TableMemory {
    /// New memory of so many bytes, all noughts, pinned where the loader will find it.
    pub(super) fn create(bytes: usize, pin: &Path) -> Result<Self, KernelError> {
        let refused = |reason: String| KernelError::Map {
            map: "tables".into(),
            reason,
        };
        let size = u32::try_from(bytes + OVERHANG).map_err(|error| refused(error.to_string()))?;
        let definition = Definition::new_from_params(ARRAY, 4, size, 1, MMAPABLE);
        let map = MapData::create(definition, "tables", None)
            .map_err(|error| KernelError::map("tables", error))?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let (fd, anywhere) = (map.fd().as_fd(), ptr::null_mut());
        // SAFETY: a mapping of its own, where the kernel chooses.
        let start = unsafe { mmap(anywhere, bytes, access, MapFlags::SHARED, fd, 0) };
        let start = start.map_err(|error| refused(error.to_string()))?;
        let memory = Self {
            start: NonNull::new(start.cast()).ok_or_else(|| refused("nowhere".into()))?,
            bytes,
            grace: Grace::new()?,
        };
        map.pin(pin)
            .map_err(|error| KernelError::map("tables", error))?;
        Ok(memory)
    }
}

impl Memory for TableMemory {
    type Error = KernelError;

    fn words(&self) -> &[AtomicU32] {
        // SAFETY: the mapping is as long and begins at a page; every writer here writes
        // atomically, and the programs only read.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.bytes / 4) }
    }

    fn wait_for_readers(&mut self) -> Result<(), KernelError> {
        self.grace.pass()
    }
}

impl Drop for TableMemory {
    fn drop(&mut self) {
        // SAFETY: nothing borrowed from the mapping outlives it.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.bytes) };
    }
}

/// A way to wait until all programs that run now are through. Whoever changes a map of maps
/// returns only then (`maybe_wait_bpf_programs`, Linux 5.0), and be the change none.
#[derive(Debug)]
struct Grace {
    outer: OwnedFd,
    inner: MapData,
}

impl Grace {
    fn new() -> Result<Self, KernelError> {
        let error = |error| KernelError::map("grace", error);
        let inner = Definition::new_from_params(ARRAY, 4, 4, 1, 0);
        let inner = MapData::create(inner, "grace", None).map_err(error)?;
        let outer = syscall::create_outer(ARRAY_OF_MAPS, 1, inner.fd().as_fd());
        let outer = outer.map_err(|source| KernelError::Map {
            map: "grace".into(),
            reason: source.to_string(),
        })?;
        Ok(Self { outer, inner })
    }

    fn pass(&self) -> Result<(), KernelError> {
        syscall::put_map(self.outer.as_fd(), 0, self.inner.fd().as_fd())
            .map_err(|error| KernelError::map("grace", error))
    }
}
