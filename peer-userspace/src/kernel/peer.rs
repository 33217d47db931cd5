//! Who is at the other end of a unix socket.

use std::{io, mem::size_of, os::fd::AsRawFd};

/// User and groups of a process, as they were when it connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Effective user.
    pub user: u32,
    /// Effective group, then the supplementary ones.
    pub groups: Vec<u32>,
}

/// The credentials of whoever connected to `stream` (unix(7), SO_PEERCRED).
///
/// # Errors
/// If the kernel does not say.
pub fn credentials(stream: &tokio::net::UnixStream) -> io::Result<Credentials> {
    let peer = stream.peer_cred()?;
    let mut groups = vec![peer.gid()];
    groups.extend(supplementary(stream)?);
    Ok(Credentials {
        user: peer.uid(),
        groups,
    })
}

/// SO_PEERGROUPS (Linux 4.13). The kernel says ERANGE and the size where the buffer
/// is too small.
#[expect(unsafe_code, reason = "no library reads this socket option")]
fn supplementary(stream: &impl AsRawFd) -> io::Result<Vec<u32>> {
    // NGROUPS_MAX of limits.h is 65,536.
    let mut groups = vec![0u32; 65_536];
    let mut bytes = (groups.len() * size_of::<u32>()) as libc::socklen_t;
    // SAFETY: the buffer is `bytes` long, and the kernel writes no more than that.
    let done = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERGROUPS,
            groups.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    groups.truncate(bytes as usize / size_of::<u32>());
    Ok(groups)
}
