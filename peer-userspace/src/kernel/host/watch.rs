//! Word that the host changed. What changed is found by looking, not from the
//! message: a lost message then costs nothing.

use futures::StreamExt as _;
use netlink_packet_core::NetlinkPayload;
use netlink_packet_route::RouteNetlinkMessage;
use rtnetlink::MulticastGroup;
use tokio::sync::mpsc;

use super::KernelError;

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
    let groups = [
        MulticastGroup::Link,
        MulticastGroup::Neigh,
        MulticastGroup::Ipv4Ifaddr,
        MulticastGroup::Ipv6Ifaddr,
        MulticastGroup::Ipv4Route,
        MulticastGroup::Ipv6Route,
    ];
    let (connection, _, mut messages) = rtnetlink::new_multicast_connection(&groups)
        .map_err(|error| KernelError::netlink("changes", error))?;
    tokio::spawn(connection);
    tokio::spawn(async move {
        while let Some((message, _)) = messages.next().await {
            let change = match message.payload {
                NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelLink(link)) => {
                    HostChange::Gone(link.header.index)
                }
                _ => HostChange::Look,
            };
            if changed.send(change).await.is_err() {
                break;
            }
        }
    });
    Ok(())
}
