//! What aya does not have of bpf(2): batches, making a map of maps, emptying a slot of
//! one, and the interface of a link.
//!
//! One update of a map of maps waits for an RCU grace period (8 to 40 ms on 6.18),
//! a batch of thousands waits once.
#![expect(unsafe_code, reason = "bpf(2) has no safe wrapper for these")]

use std::{
    ffi::CString,
    io,
    os::{
        fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

const BPF_MAP_CREATE: libc::c_int = 0;
const BPF_MAP_DELETE_ELEM: libc::c_int = 3;
const BPF_OBJ_GET: libc::c_int = 7;
const BPF_MAP_UPDATE_BATCH: libc::c_int = 26;

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
pub(super) fn update_batch(map: BorrowedFd<'_>, keys: &[u32], values: &[u32]) -> io::Result<()> {
    assert_eq!(keys.len(), values.len(), "a value for each key");
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let attr = BatchAttr {
        keys: keys.as_ptr() as u64,
        values: values.as_ptr() as u64,
        count: u32::try_from(keys.len()).map_err(invalid)?,
        map_fd: descriptor(map)?,
        ..BatchAttr::default()
    };
    // SAFETY: `attr` is laid out as the kernel reads it, its pointers point to
    // `count` elements of the map's own key and value size (four bytes both, the
    // callers' maps are arrays of maps), and they outlive the call. The kernel
    // writes back only `count`, which nobody reads.
    unsafe { run(BPF_MAP_UPDATE_BATCH, &attr) }.map(drop)
}

/// Put `inner` into the slot `key` of a map of maps.
pub(super) fn put_map(map: BorrowedFd<'_>, key: u32, inner: BorrowedFd<'_>) -> io::Result<()> {
    update_batch(map, &[key], &[descriptor(inner)?])
}

/// The beginning of the `map_type` members of `union bpf_attr`.
#[repr(C)]
struct CreateAttr {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
}

/// Make a map of maps like `template`, by four-byte keys.
pub(super) fn create_outer(
    map_type: u32,
    max_entries: u32,
    template: BorrowedFd<'_>,
) -> io::Result<OwnedFd> {
    let attr = CreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        max_entries,
        map_flags: 0,
        inner_map_fd: descriptor(template)?,
    };
    // SAFETY: `attr` is laid out as the kernel reads it, which takes what is missing
    // for noughts.
    let fd = unsafe { run(BPF_MAP_CREATE, &attr) }?;
    // SAFETY: the kernel just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

/// The `key` members of `union bpf_attr`.
#[repr(C)]
struct ElementAttr {
    map_fd: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

/// Remove a key. Maps of maps know no batch for this (6.18).
pub(super) fn delete(map: BorrowedFd<'_>, key: u32) -> io::Result<()> {
    let attr = ElementAttr {
        map_fd: descriptor(map)?,
        padding: 0,
        key: (&raw const key) as u64,
        value: 0,
        flags: 0,
    };
    // SAFETY: `attr` is laid out as the kernel reads it, and `key` has the size of the
    // map's keys (four bytes, as above) and outlives the call.
    unsafe { run(BPF_MAP_DELETE_ELEM, &attr) }.map(drop)
}

fn descriptor(map: BorrowedFd<'_>) -> io::Result<u32> {
    let invalid = |_| io::Error::from(io::ErrorKind::InvalidInput);
    u32::try_from(map.as_raw_fd()).map_err(invalid)
}

/// # Safety
/// `attr` is what the command takes, and what it points to outlives the call.
unsafe fn run<T>(command: libc::c_int, attr: &T) -> io::Result<libc::c_long> {
    let attr = std::ptr::from_ref(attr);
    // SAFETY: as the caller promises.
    match unsafe { libc::syscall(libc::SYS_bpf, command, attr, size_of::<T>()) } {
        outcome @ 0.. => Ok(outcome),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The `pathname` members of `union bpf_attr`.
#[repr(C)]
struct PathAttr {
    pathname: u64,
    bpf_fd: u32,
    file_flags: u32,
}

/// ifindex of the interface a pinned link is attached to; 0 once that is gone.
pub(super) fn link_interface(pin: &Path) -> io::Result<u32> {
    let path = CString::new(pin.as_os_str().as_bytes())?;
    let attr = PathAttr {
        pathname: path.as_ptr() as u64,
        bpf_fd: 0,
        file_flags: 0,
    };
    // SAFETY: `attr` is laid out as the kernel reads it, and `path` outlives the call.
    let fd = unsafe { run(BPF_OBJ_GET, &attr) }?;
    // SAFETY: the kernel just made this descriptor for us.
    let link = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", link.as_raw_fd()))?;
    let index = info.lines().find_map(|line| line.strip_prefix("ifindex:"));
    index
        .and_then(|index| index.trim().parse().ok())
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}
