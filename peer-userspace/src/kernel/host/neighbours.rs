//! Managed neighbours.

use std::net::IpAddr;

use netlink_packet_route::{
    neighbour::{NeighbourAttribute, NeighbourExtFlags, NeighbourState},
    route::RouteProtocol,
};
use rtnetlink::Handle;
use tracing::debug;

/// Marks the entries that are there for us (NDA_PROTOCOL), so that nobody else's
/// is ever removed. Not in use by any daemon iproute2 knows (rt_protos).
pub(super) const PROTOCOL: RouteProtocol = RouteProtocol::Other(112);

/// Ask the kernel to keep these entries resolved. Their state and link address
/// stay as they are.
pub(super) async fn keep_fresh(
    handle: &Handle,
    next_hops: impl IntoIterator<Item = (u32, IpAddr)>,
) {
    for (interface, address) in next_hops {
        let mut request = handle
            .neighbours()
            .add(interface, address)
            .state(NeighbourState::None)
            .replace();
        request.message_mut().attributes.extend([
            NeighbourAttribute::ExtFlags(NeighbourExtFlags::Managed),
            NeighbourAttribute::Protocol(PROTOCOL),
        ]);
        // Without it the kernel still resolves when a packet asks.
        if let Err(error) = request.execute().await {
            debug!("the kernel does not keep neighbour {address} on {interface} fresh: {error}");
        }
    }
}

/// Delete entries; one that is still spoken to is learnt again at once.
pub(super) async fn release(handle: &Handle, neighbours: impl IntoIterator<Item = (u32, IpAddr)>) {
    for (interface, address) in neighbours {
        let message = handle
            .neighbours()
            .add(interface, address)
            .message_mut()
            .clone();
        if let Err(error) = handle.neighbours().del(message).execute().await {
            debug!("the kernel does not release neighbour {address} on {interface}: {error}");
        }
    }
}
