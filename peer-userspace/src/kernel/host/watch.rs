//! Word that the host changed. What changed is found by looking, not from the
//! message: a lost message then costs nothing.

use std::{
    io::{self, ErrorKind::WouldBlock},
    time::Duration,
};

use futures::{StreamExt as _, channel::mpsc::UnboundedReceiver};
use netlink_packet_core::{NetlinkMessage, NetlinkPayload};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};
use rtnetlink::MulticastGroup;
use tokio::{sync::mpsc, time::sleep};

use super::KernelError;

/// How long to wait before subscribing again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is announced: links, addresses, neighbours and routes, which is all that is dumped.
const GROUPS: [MulticastGroup; 6] = [
    MulticastGroup::Link,
    MulticastGroup::Neigh,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv6Route,
];

/// Why to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostChange {
    /// Something is different.
    Look,
    /// This interface went away. Another may have its ifindex by the time of the
    /// next look, and would not be seen to be another.
    Gone(u32),
}

/// Watch links, addresses, neighbours and routes.
pub(super) fn start(changed: mpsc::Sender<HostChange>) -> Result<(), KernelError> {
    let mut messages = subscribe().map_err(|error| KernelError::netlink("changes", error))?;
    tokio::spawn(async move {
        loop {
            while let Some((message, _)) = messages.next().await {
                if changed.send(of(message)).await.is_err() {
                    return;
                }
            }
            // The kernel ends a socket that overflowed. Whatever was lost is seen by
            // looking once more.
            sleep(AGAIN).await;
            if let Ok(again) = subscribe() {
                messages = again;
            }
            if changed.send(HostChange::Look).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Whether anything was announced since it was last asked. The kernel queues its messages
/// before the calls return that make them: whoever asks afterwards is told.
pub(super) struct Announced(Socket);

impl Announced {
    pub(super) fn open() -> Result<Self, KernelError> {
        let open = || -> io::Result<_> {
            let mut socket = Socket::new(NETLINK_ROUTE)?;
            let groups = GROUPS.map(|group| 1 << (group as u32 - 1));
            socket.bind(&SocketAddr::new(0, groups.into_iter().sum()))?;
            socket.set_non_blocking(true)?;
            Ok(Self(socket))
        };
        open().map_err(|error| KernelError::netlink("changes", error))
    }

    /// Asks, and forgets what was announced. A queue that overflowed is an announcement as
    /// well; nothing more gets into it until it was read to its end.
    pub(super) fn any(&self) -> bool {
        let mut any = false;
        loop {
            // A byte of each says enough; the kernel drops the rest.
            match self.0.recv(&mut [0].as_mut_slice(), 0) {
                Ok(_) => any = true,
                Err(error) => return any || error.kind() != WouldBlock,
            }
        }
    }
}

type Messages = UnboundedReceiver<(NetlinkMessage<RouteNetlinkMessage>, SocketAddr)>;

fn subscribe() -> io::Result<Messages> {
    let (connection, _, messages) = rtnetlink::new_multicast_connection(&GROUPS)?;
    tokio::spawn(connection);
    Ok(messages)
}

fn of(message: NetlinkMessage<RouteNetlinkMessage>) -> HostChange {
    match message.payload {
        // A port that leaves a bridge is announced so too, for AF_BRIDGE.
        NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelLink(link))
            if link.header.interface_family == AddressFamily::Unspec =>
        {
            HostChange::Gone(link.header.index)
        }
        _ => HostChange::Look,
    }
}
