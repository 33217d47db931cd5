//! The tc programs where the kernel has no tcx (before 6.6): filters of an interface's
//! clsact qdisc, one a direction, by rtnetlink.
//!
//! Such a filter outlives the daemon by itself and has no pin; it is ours by its name,
//! which contains the program's and the pin directory. Filters of another name are never touched, nor is
//! a qdisc ever removed: who else uses it is not to be known.

use std::{
    collections::BTreeSet,
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
    path::Path,
};

use aya::programs::{ProgramError, SchedClassifier, TcAttachType};
use netlink_packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REQUEST, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::{
    RouteNetlinkMessage,
    link::LinkMessage,
    tc::{TcAttribute, TcBpfFlags, TcFilterBpf, TcFilterBpfOption, TcHandle, TcMessage, TcOption},
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

/// Before whatever else looks at packets, as with tcx.
const PRIORITY: u16 = 1;
/// `peer`: nobody else's number, so that their filters of this priority stay theirs.
const HANDLE: u32 = 0x7065_6572;

/// What speaks of our filters.
#[derive(Debug)]
pub(super) struct Clsact {
    dir: String,
}

/// One of our filters on an interface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    /// ifindex.
    pub(super) index: u32,
    /// Which program's.
    pub(super) kind: &'static str,
    /// Ingress, or egress.
    pub(super) side: TcAttachType,
}

impl Clsact {
    /// The filters that belong to the pins in `dir`; `None` where the kernel has tcx.
    pub(super) fn if_needed(dir: &Path) -> Option<Self> {
        // A kernel that does not know an attach type calls it invalid.
        let lacks_tcx = matches!(
            SchedClassifier::query_tcx("lo", TcAttachType::Ingress),
            Err(ProgramError::SyscallError(error))
                if error.io_error.raw_os_error() == Some(libc::EINVAL)
        );
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        lacks_tcx.then(|| Self {
            dir: dir.display().to_string(),
        })
    }

    /// The interfaces that carry our filter of this kind.
    pub(super) fn interfaces(
        &self,
        kind: &'static str,
        side: TcAttachType,
    ) -> io::Result<BTreeSet<u32>> {
        let mut carrying = BTreeSet::new();
        let all = RouteNetlinkMessage::GetLink(LinkMessage::default());
        for reply in request(all, NLM_F_DUMP)? {
            if let RouteNetlinkMessage::NewLink(link) = reply {
                let index = link.header.index;
                if self.has(Filter { index, kind, side })? {
                    carrying.insert(index);
                }
            }
        }
        Ok(carrying)
    }

    /// Whether a filter of ours is there.
    pub(super) fn has(&self, filter: Filter) -> io::Result<bool> {
        let found = name_of(filter)?;
        Ok(found.is_some_and(|name| name == self.name(filter)))
    }

    fn name(&self, filter: Filter) -> String {
        format!("peerd-{}:{}", filter.kind, self.dir)
    }

    /// Have our filter run this program: made, or changed in place without a gap.
    pub(super) fn put(&self, filter: Filter, program: BorrowedFd<'_>) -> io::Result<()> {
        let own = self.name(filter);
        let flags = match name_of(filter)? {
            Some(name) if name == own => 0,
            Some(name) => {
                let another = format!("it carries a filter of another daemon's, {name}");
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, another));
            }
            None => {
                add_qdisc(filter.index)?;
                NLM_F_CREATE | NLM_F_EXCL
            }
        };
        let fd = u32::try_from(program.as_raw_fd()).map_err(io::Error::other)?;
        let mut message = message(filter);
        message.attributes.push(TcAttribute::Options(
            [
                TcFilterBpfOption::ProgFd(fd),
                TcFilterBpfOption::ProgName(own),
                TcFilterBpfOption::Flags(TcBpfFlags::DirectAction),
            ]
            .map(TcOption::Bpf)
            .into(),
        ));
        request(
            RouteNetlinkMessage::NewTrafficFilter(message),
            NLM_F_ACK | flags,
        )?;
        Ok(())
    }

    /// Take our filter off. It does not matter if it, or the interface, is gone already.
    pub(super) fn remove(&self, filter: Filter) -> io::Result<()> {
        if self.has(filter)? {
            let message = RouteNetlinkMessage::DelTrafficFilter(message(filter));
            let removed = request(message, NLM_F_ACK);
            // It may have gone since, alone or with its qdisc or interface.
            if self.has(filter)? {
                removed?;
            }
        }
        Ok(())
    }
}

/// The filter that is ours if anybody's, without its options.
fn message(filter: Filter) -> TcMessage {
    // Protocol in the lower half, in network byte order (tc(8)).
    const EVERYTHING: u16 = (libc::ETH_P_ALL as u16).to_be();
    let mut message = TcMessage::with_index(filter.index.cast_signed());
    message.header.parent = TcHandle {
        major: TcHandle::CLSACT.major,
        minor: match filter.side {
            TcAttachType::Egress => TcHandle::MIN_EGRESS,
            _ => TcHandle::MIN_INGRESS,
        },
    };
    message.header.handle = HANDLE.into();
    message.header.info = u32::from(PRIORITY) << 16 | u32::from(EVERYTHING);
    let kind = TcAttribute::Kind(TcFilterBpf::KIND.into());
    message.attributes.push(kind);
    message
}

/// Whose filter is where ours would be.
fn name_of(filter: Filter) -> io::Result<Option<String>> {
    let wanted = message(filter).header;
    let mut all = wanted.clone();
    (all.handle, all.info) = (TcHandle::UNSPEC, 0);
    let all = TcMessage::from_parts(all, Vec::new());
    let all = RouteNetlinkMessage::GetTrafficFilter(all);
    let replies = request(all, NLM_F_DUMP)?;
    Ok(replies.into_iter().find_map(|reply| match reply {
        RouteNetlinkMessage::NewTrafficFilter(found)
            if (found.header.handle, found.header.info) == (wanted.handle, wanted.info) =>
        {
            Some(name(&found).unwrap_or_default())
        }
        _ => None,
    }))
}

fn name(filter: &TcMessage) -> Option<String> {
    filter.attributes.iter().find_map(|attribute| {
        let TcAttribute::Options(options) = attribute else {
            return None;
        };
        options.iter().find_map(|option| match option {
            TcOption::Bpf(TcFilterBpfOption::ProgName(name)) => Some(name.clone()),
            _ => None,
        })
    })
}

/// What filters hang on; one that is there is as good as a new one.
fn add_qdisc(index: u32) -> io::Result<()> {
    let mut message = TcMessage::with_index(index.cast_signed());
    message.header.parent = TcHandle::CLSACT;
    message.header.handle = TcHandle {
        major: TcHandle::CLSACT.major,
        minor: 0,
    };
    message.attributes.push(TcAttribute::Kind("clsact".into()));
    let message = RouteNetlinkMessage::NewQueueDiscipline(message);
    match request(message, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Ask the kernel and hear it out. Not through rtnetlink: the programs of a port change
/// in one step of an apply, which waits for nothing else.
fn request(message: RouteNetlinkMessage, flags: u16) -> io::Result<Vec<RouteNetlinkMessage>> {
    let mut message = NetlinkMessage::from(message);
    message.header.flags = NLM_F_REQUEST | flags;
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    let mut socket = Socket::new(NETLINK_ROUTE)?;
    socket.bind_auto()?;
    socket.connect(&SocketAddr::new(0, 0))?;
    socket.send(&bytes, 0)?;

    let mut replies = Vec::new();
    loop {
        let (datagram, _) = socket.recv_from_full()?;
        let mut rest = datagram.as_slice();
        while let Some(length) = rest.first_chunk().map(|length| u32::from_ne_bytes(*length)) {
            let length = (length as usize).clamp(1, rest.len());
            // What cannot be read is a filter of a kind that is not ours.
            if let Ok(reply) = NetlinkMessage::deserialize(&rest[..length]) {
                match reply.payload {
                    NetlinkPayload::InnerMessage(reply) => replies.push(reply),
                    NetlinkPayload::Done(_) => return Ok(replies),
                    NetlinkPayload::Error(error) if error.code.is_none() => return Ok(replies),
                    NetlinkPayload::Error(error) => return Err(error.to_io()),
                    _ => {}
                }
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}
