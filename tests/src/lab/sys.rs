//! The few system calls std does not offer; the only unsafe code of the lab.
#![expect(
    unsafe_code,
    reason = "setns, setresuid, kill, CPU affinity, taps, packet sockets and bpf(2) have no safe form in std"
)]

use std::{
    ffi::CString,
    fs::File,
    io::{Error, Result},
    net::UdpSocket,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
    sync::atomic::{AtomicBool, Ordering},
};

/// Move the calling thread, and it alone, into a network namespace.
pub(crate) fn enter_namespace(namespace: &File) -> Result<()> {
    // SAFETY: setns reads no memory of ours; the descriptor lives through the call.
    check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) }).map(drop)
}

/// Make the calling thread, and it alone, a user's. What it connects to is told so
/// by the kernel. There is no way back.
pub(crate) fn become_user(user: u32, group: u32, groups: &[u32]) -> Result<()> {
    // Not libc's functions of these names, which change every thread of the process.
    // SAFETY: count and pointer describe `groups`, which outlives the call.
    check_call(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    // SAFETY: setresgid reads no memory of ours.
    check_call(unsafe { libc::syscall(libc::SYS_setresgid, group, group, group) })?;
    // SAFETY: setresuid reads no memory of ours.
    check_call(unsafe { libc::syscall(libc::SYS_setresuid, user, user, user) })
}

/// Keep the calling thread, and it alone, on one CPU. What it sends is received in
/// the order it was sent, since each CPU has a backlog of its own for what its
/// virtual devices receive.
pub(crate) fn stay_on_this_cpu() -> Result<()> {
    // SAFETY: sched_getcpu reads no memory of ours.
    let here = check(unsafe { libc::sched_getcpu() })?;
    // SAFETY: all-zero is a valid cpu_set_t, the empty one.
    let mut only: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    let here = usize::try_from(here).map_err(Error::other)?;
    // SAFETY: CPU_SET checks the index against the size of the set.
    unsafe { libc::CPU_SET(here, &mut only) };
    // SAFETY: pointer and length describe `only`, which outlives the call.
    check(unsafe { libc::sched_setaffinity(0, size_of_val(&only), &raw const only) }).map(drop)
}

fn check_call(outcome: libc::c_long) -> Result<()> {
    check(libc::c_int::try_from(outcome).map_err(Error::other)?).map(drop)
}

/// Send a signal to one process.
pub(crate) fn signal(process: u32, signal: i32) -> Result<()> {
    let process = i32::try_from(process).map_err(Error::other)?;
    // SAFETY: kill reads no memory of ours.
    check(unsafe { libc::kill(process, signal) }).map(drop)
}

/// Index of an interface in the calling thread's namespace.
pub(crate) fn interface_index(name: &str) -> Result<u32> {
    let name = CString::new(name)?;
    // SAFETY: the name is a NUL-terminated string that outlives the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(Error::last_os_error()),
        index => Ok(index),
    }
}

/// A tap in the calling thread's namespace, there as long as the file is open. What is
/// written begins with a `struct virtio_net_hdr`.
pub(crate) fn tap(name: &str) -> Result<File> {
    let file = File::options()
        .read(true)
        .write(true)
        .open("/dev/net/tun")?;
    // SAFETY: all-zero is a valid ifreq.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let room = request.ifr_name.len() - 1;
    for (to, byte) in request.ifr_name.iter_mut().zip(name.bytes().take(room)) {
        *to = byte as libc::c_char;
    }
    let flags = libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR;
    request.ifr_ifru.ifru_flags = flags as libc::c_short;
    // SAFETY: the request describes a `struct ifreq` that outlives the call.
    check(unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw const request) })?;
    Ok(file)
}

/// A socket that sends whole frames and sees every frame coming in on one
/// interface of the calling thread's namespace.
///
/// It wears std's `UdpSocket` for its send, recv and timeout, which do the same
/// system calls whatever the socket's family.
pub(crate) fn packet_socket(interface: &str) -> Result<UdpSocket> {
    const EVERYTHING: u16 = (libc::ETH_P_ALL as u16).to_be();
    let index = interface_index(interface)?;
    // Protocol 0 hears nothing, so nothing from elsewhere arrives before bind.
    // SAFETY: socket reads no memory of ours.
    let fd =
        check(unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) })?;
    // SAFETY: fd was just opened and belongs to nobody else.
    let socket = unsafe { OwnedFd::from_raw_fd(fd) };
    let yes: libc::c_int = 1;
    for option in [libc::PACKET_IGNORE_OUTGOING, libc::PACKET_AUXDATA] {
        // SAFETY: value and length describe `yes`, which outlives the call.
        check(unsafe {
            libc::setsockopt(
                fd,
                libc::SOL_PACKET,
                option,
                (&raw const yes).cast(),
                size_of_val(&yes) as u32,
            )
        })?;
    }
    // SAFETY: all-zero is a valid sockaddr_ll.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = EVERYTHING;
    address.sll_ifindex = i32::try_from(index).map_err(Error::other)?;
    // SAFETY: pointer and length describe `address`, which outlives the call.
    check(unsafe {
        libc::bind(
            fd,
            (&raw const address).cast(),
            size_of_val(&address) as u32,
        )
    })?;
    Ok(UdpSocket::from(socket))
}

/// Receive a frame from a [`packet_socket`] as it was on the wire: the kernel keeps
/// the outermost tag beside it.
pub(crate) fn receive_frame(socket: &UdpSocket, frame: &mut Vec<u8>) -> Result<()> {
    const VLAN_VALID: u32 = libc::TP_STATUS_VLAN_VALID;
    frame.resize(1 << 17, 0);
    let mut data = libc::iovec {
        iov_base: frame.as_mut_ptr().cast(),
        iov_len: frame.len(),
    };
    let mut control = [0_u64; 16];
    // SAFETY: all-zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut data;
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control);
    // SAFETY: the message describes `frame` and `control`, which outlive the call.
    let length = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, 0) };
    let length = usize::try_from(length).map_err(|_| Error::last_os_error())?;
    frame.truncate(length);
    // SAFETY: the kernel filled in control messages, and the macros keep within them.
    let auxdata = unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        if header.is_null() || (*header).cmsg_type != libc::PACKET_AUXDATA {
            return Ok(());
        }
        libc::CMSG_DATA(header)
            .cast::<libc::tpacket_auxdata>()
            .read_unaligned()
    };
    if auxdata.tp_status & VLAN_VALID != 0 && frame.len() >= 12 {
        let [a, b] = auxdata.tp_vlan_tpid.to_be_bytes();
        let [c, d] = auxdata.tp_vlan_tci.to_be_bytes();
        frame.splice(12..12, [a, b, c, d]);
    }
    Ok(())
}

/// A place in the kernel where a BPF program can sit on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// XDP, native or generic.
    Xdp,
    /// tcx, or clsact where there is none; packets coming in.
    TcxIngress,
    /// The same, packets going out.
    TcxEgress,
}

impl Hook {
    /// `enum bpf_attach_type`.
    fn attach_type(self) -> u32 {
        match self {
            Self::Xdp => 37,
            Self::TcxIngress => 46,
            Self::TcxEgress => 47,
        }
    }
}

/// `union bpf_attr`, of which the calls below fill the beginning.
#[repr(C, align(8))]
#[derive(Default)]
struct BpfAttr([u32; 24]);

fn bpf(command: libc::c_int, attr: &mut BpfAttr) -> Result<RawFd> {
    // SAFETY: pointer and length describe `attr`; what its fields point to
    // outlives the call at every call site.
    let outcome =
        unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut *attr, size_of::<BpfAttr>()) };
    check(libc::c_int::try_from(outcome).map_err(Error::other)?)
}

/// How many tcx programs sit on an interface of the calling thread's namespace.
pub(crate) fn attached_programs(interface: &str, hook: Hook) -> Result<u32> {
    const BPF_PROG_QUERY: libc::c_int = 16;
    const PROGRAM_COUNT: usize = 6;
    let mut attr = BpfAttr::default();
    attr.0[0] = interface_index(interface)?;
    attr.0[1] = hook.attach_type();
    match bpf(BPF_PROG_QUERY, &mut attr) {
        // We offer no room for the ids; the count is told all the same.
        Err(error) if error.raw_os_error() != Some(libc::ENOSPC) => Err(error),
        _ => Ok(attr.0[PROGRAM_COUNT]),
    }
}

/// Somebody else's XDP program, which passes every packet. It stays on its
/// interface until dropped.
#[derive(Debug)]
pub struct ForeignXdp {
    _link: OwnedFd,
}

impl ForeignXdp {
    /// Attach natively to an interface of the calling thread's namespace.
    pub(crate) fn attach(interface: &str) -> Result<Self> {
        const BPF_PROG_TYPE_XDP: u32 = 6;
        const XDP_FLAGS_DRV_MODE: u32 = 1 << 2;
        // r0 = XDP_PASS; exit
        let program: [u64; 2] = [0x0000_0002_0000_00b7, 0x0000_0000_0000_0095];
        let _link = attach(
            (BPF_PROG_TYPE_XDP, &program),
            (interface, Hook::Xdp, XDP_FLAGS_DRV_MODE),
        )?;
        Ok(Self { _link })
    }
}

/// Put a program on an interface of the calling thread's namespace, where it stays
/// until what is returned is dropped.
pub(crate) fn attach_tcx(interface: &str, hook: Hook, program: &[u64]) -> Result<OwnedFd> {
    const BPF_PROG_TYPE_SCHED_CLS: u32 = 3;
    attach((BPF_PROG_TYPE_SCHED_CLS, program), (interface, hook, 0))
}

fn attach(
    (kind, program): (u32, &[u64]),
    (interface, hook, flags): (&str, Hook, u32),
) -> Result<OwnedFd> {
    const BPF_PROG_LOAD: libc::c_int = 5;
    const BPF_LINK_CREATE: libc::c_int = 28;
    let licence = c"GPL";
    let mut load = BpfAttr::default();
    load.0[0] = kind;
    load.0[1] = u32::try_from(program.len()).map_err(Error::other)?;
    (load.0[2], load.0[3]) = halves(program.as_ptr().addr());
    (load.0[4], load.0[5]) = halves(licence.as_ptr().addr());
    let program = bpf(BPF_PROG_LOAD, &mut load)?;
    // SAFETY: the kernel just gave us this descriptor.
    let program = unsafe { OwnedFd::from_raw_fd(program) };
    let mut link = BpfAttr::default();
    link.0[0] = u32::try_from(program.as_raw_fd()).map_err(Error::other)?;
    link.0[1] = interface_index(interface)?;
    link.0[2] = hook.attach_type();
    link.0[3] = flags;
    let link = bpf(BPF_LINK_CREATE, &mut link)?;
    // SAFETY: the kernel just gave us this descriptor.
    Ok(unsafe { OwnedFd::from_raw_fd(link) })
}

/// A pointer as the two words it fills in a `BpfAttr`.
fn halves(address: usize) -> (u32, u32) {
    let bytes = (address as u64).to_ne_bytes();
    let [a, b, c, d, e, f, g, h] = bytes;
    (
        u32::from_ne_bytes([a, b, c, d]),
        u32::from_ne_bytes([e, f, g, h]),
    )
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

extern "C" fn note_interrupt(_signal: libc::c_int) {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// From now on these signals are noted instead of ending this process.
pub(crate) fn catch_signals(signals: &[libc::c_int]) {
    let handler = note_interrupt as extern "C" fn(libc::c_int);
    for &signal in signals {
        // SAFETY: the handler only stores to an atomic, which signals may do.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) };
    }
}

pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn check(outcome: libc::c_int) -> Result<libc::c_int> {
    if outcome < 0 {
        Err(Error::last_os_error())
    } else {
        Ok(outcome)
    }
}
