//! Two commands of bpf(2). aya has a test run too, but not the flag that has the
//! kernel check a packet's CHECKSUM_COMPLETE afterwards, and no batches, without
//! which looking at every counter around every packet would take minutes.
#![expect(unsafe_code, reason = "bpf(2) has no safe form")]

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

/// Have the packet carry the sum of its bytes, as hardware reports it, and see
/// that it is right afterwards (tc).
pub(crate) const CHECKSUM_COMPLETE: u32 = 1 << 2;
/// Do with the packet what the program says (XDP).
pub(crate) const LIVE_FRAMES: u32 = 1 << 1;

const BPF_PROG_TEST_RUN: libc::c_int = 10;

/// The `test` member of `union bpf_attr` (linux/bpf.h).
#[repr(C)]
#[derive(Default)]
struct TestRun {
    program: u32,
    returned: u32,
    frame_length: u32,
    room: u32,
    frame: u64,
    out: u64,
    repeat: u32,
    duration: u32,
    context_length: u32,
    context_room: u32,
    context: u64,
    context_out: u64,
    flags: u32,
    cpu: u32,
    batch: u32,
    /// The kernel refuses anything but noughts behind what it knows.
    nought: u32,
}

/// Run a program on a frame. Returns what it returned, and the frame afterwards,
/// which a live one does not show.
pub(crate) fn test_run(
    program: BorrowedFd<'_>,
    frame: &[u8],
    context: &[u32],
    flags: u32,
) -> io::Result<(i32, Vec<u8>)> {
    // More than goes in, so that a frame that grew is seen as it is.
    let room = if flags & LIVE_FRAMES == 0 {
        frame.len() + 64
    } else {
        0
    };
    let mut out = vec![0; room];
    let mut attr = TestRun {
        room: room as u32,
        out: if room == 0 {
            0
        } else {
            out.as_mut_ptr().addr() as u64
        },
        repeat: 1,
        flags,
        ..TestRun::of(program, frame, context)?
    };
    // SAFETY: pointers and lengths describe `frame`, `out` and `context`, which
    // outlive the call; the kernel writes to `attr` and to `out` only.
    unsafe { bpf(BPF_PROG_TEST_RUN, &mut attr) }?;
    out.truncate(attr.room as usize);
    Ok((attr.returned as i32, out))
}

/// Run a program many times on a frame it does not change. Returns what it took, in
/// nanoseconds a run.
pub(crate) fn timed_run(
    program: BorrowedFd<'_>,
    frame: &[u8],
    context: &[u32],
    repeat: u32,
) -> io::Result<u32> {
    let mut attr = TestRun {
        repeat,
        ..TestRun::of(program, frame, context)?
    };
    // SAFETY: as in `test_run`, and no frame is to be returned.
    unsafe { bpf(BPF_PROG_TEST_RUN, &mut attr) }?;
    Ok(attr.duration)
}

impl TestRun {
    fn of(program: BorrowedFd<'_>, frame: &[u8], context: &[u32]) -> io::Result<Self> {
        Ok(Self {
            program: program.as_raw_fd().try_into().map_err(io::Error::other)?,
            frame_length: frame.len() as u32,
            frame: frame.as_ptr().addr() as u64,
            context_length: size_of_val(context) as u32,
            context: context.as_ptr().addr() as u64,
            ..Self::default()
        })
    }
}

/// The `batch` member of `union bpf_attr`.
#[repr(C)]
#[derive(Default)]
struct Batch {
    begin: u64,
    end: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    element_flags: u64,
    flags: u64,
}

/// The first `count` elements of an array whose values have `words` words each, all
/// CPUs' together.
pub(crate) fn lookup(map: BorrowedFd<'_>, count: u32, words: usize) -> io::Result<Vec<u64>> {
    const BPF_MAP_LOOKUP_BATCH: libc::c_int = 24;
    let mut last: u32 = 0;
    let mut keys = vec![0u32; count as usize];
    let mut values = vec![0u64; count as usize * words];
    let mut attr = Batch {
        end: (&raw mut last).addr() as u64,
        keys: keys.as_mut_ptr().addr() as u64,
        values: values.as_mut_ptr().addr() as u64,
        count,
        map: map.as_raw_fd().try_into().map_err(io::Error::other)?,
        ..Batch::default()
    };
    // SAFETY: the kernel writes to `attr`, one key to `last`, and at most `count`
    // keys and values, for which there is room if `words` is the map's.
    unsafe { bpf(BPF_MAP_LOOKUP_BATCH, &mut attr) }?;
    Ok(values)
}

/// # Safety
/// `attr` is what the command takes, and what it points to outlives the call.
unsafe fn bpf<T>(command: libc::c_int, attr: &mut T) -> io::Result<()> {
    let attr = std::ptr::from_mut(attr);
    // SAFETY: as the caller promises.
    match unsafe { libc::syscall(libc::SYS_bpf, command, attr, size_of::<T>()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
