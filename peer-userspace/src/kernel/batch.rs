//! Batch operations of bpf(2), which aya does not have.
//!
//! One update of a map of maps waits for an RCU grace period (8 to 40 ms on 6.18),
//! a batch of thousands waits once.
#![expect(unsafe_code, reason = "bpf(2) has no safe wrapper for batches")]

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

const BPF_MAP_UPDATE_BATCH: libc::c_int = 26;
const BPF_MAP_DELETE_BATCH: libc::c_int = 27;

/// The `batch` member of `union bpf_attr` (linux/bpf.h).
#[repr(C)]
#[derive(Default)]
struct BatchAttr {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// Put `values[i]` at `keys[i]` for every `i`.
pub(super) fn update(map: BorrowedFd<'_>, keys: &[u32], values: &[u32]) -> io::Result<()> {
    assert_eq!(keys.len(), values.len(), "a value for each key");
    let attr = BatchAttr {
        keys: keys.as_ptr() as u64,
        values: values.as_ptr() as u64,
        ..attr(map, keys)?
    };
    run(BPF_MAP_UPDATE_BATCH, &attr)
}

/// Remove every key.
pub(super) fn delete(map: BorrowedFd<'_>, keys: &[u32]) -> io::Result<()> {
    let attr = BatchAttr {
        keys: keys.as_ptr() as u64,
        ..attr(map, keys)?
    };
    run(BPF_MAP_DELETE_BATCH, &attr)
}

fn attr(map: BorrowedFd<'_>, keys: &[u32]) -> io::Result<BatchAttr> {
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidInput);
    Ok(BatchAttr {
        count: u32::try_from(keys.len()).map_err(invalid)?,
        map_fd: u32::try_from(map.as_raw_fd()).map_err(invalid)?,
        ..BatchAttr::default()
    })
}

fn run(command: libc::c_int, attr: &BatchAttr) -> io::Result<()> {
    // SAFETY: `attr` is laid out as the kernel reads it, its pointers point to
    // `count` elements of the map's own key and value size (four bytes both, the
    // callers' maps are arrays of maps), and they outlive the call. The kernel
    // writes back only `count`, which nobody reads.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command,
            std::ptr::from_ref(attr),
            size_of::<BatchAttr>(),
        )
    };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
