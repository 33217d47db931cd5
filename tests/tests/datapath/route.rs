//! Routes of a hand-written table.

use peer_common::{DropReason, Route, flags, verdict};

use super::{
    packet::Mac,
    world::{self, Port},
};

/// A route to hosts on `port`'s link, which the kernel resolves: what every route
/// is until it is said otherwise. Its prefix is the port's network's own.
pub(crate) fn on_link(port: &Port) -> Way {
    Way(Route {
        verdict: verdict::FORWARD,
        flags: flags::SOURCE,
        network: port.network,
        port: port.index,
        device: port.slot,
        mtu: 1500,
        src_mac: port.mac,
        ..NOTHING
    })
}

/// An address of the host's on `port`.
pub(crate) fn local(port: &Port) -> Way {
    Way(Route {
        verdict: verdict::LOCAL,
        port: port.index,
        ..NOTHING
    })
}

/// An address of the host's that several ports of one network have.
pub(crate) fn shared() -> Way {
    Way(Route {
        verdict: verdict::LOCAL,
        ..NOTHING
    })
}

/// A prefix of `network` that is refused for `reason`.
pub(crate) fn refused(reason: DropReason, network: u32) -> Way {
    Way(Route {
        verdict: verdict::DROP,
        reason: reason as u8,
        network,
        ..NOTHING
    })
}

const NOTHING: Route = Route {
    verdict: 0,
    reason: 0,
    flags: 0,
    network: 0,
    counter: 0,
    port: 0,
    device: 0,
    mtu: 0,
    dst_mac: [0; 6],
    src_mac: [0; 6],
    gateway: [0; 16],
};

/// A route in the making.
#[derive(Clone, Copy)]
pub(crate) struct Way(pub(crate) Route);

impl Way {
    /// Count what it does here.
    pub(crate) fn counted(mut self, counter: u32) -> Self {
        self.0.counter = counter;
        self
    }

    /// The next hop has this MAC, and the egress device takes XDP frames.
    pub(crate) fn known(mut self, mac: Mac) -> Self {
        self.0.dst_mac = mac;
        self.0.flags |= flags::RESOLVED | flags::XDP_EGRESS;
        self
    }

    /// The next hop's MAC is not known any more; XDP frames go out as before.
    pub(crate) fn unresolved(mut self) -> Self {
        self.0.flags &= !flags::RESOLVED;
        self
    }

    /// The egress device takes no XDP frames.
    pub(crate) fn without_xdp(mut self) -> Self {
        self.0.flags &= !flags::XDP_EGRESS;
        self
    }

    /// The next hop is this one.
    pub(crate) fn through(mut self, gateway: &str) -> Self {
        self.0.flags |= flags::GATEWAY;
        match world::address(gateway) {
            std::net::IpAddr::V4(address) => self.0.gateway[..4].copy_from_slice(&address.octets()),
            std::net::IpAddr::V6(address) => self.0.gateway = address.octets(),
        }
        self
    }

    /// The egress MTU.
    pub(crate) fn mtu(mut self, mtu: u32) -> Self {
        self.0.mtu = mtu;
        self
    }

    /// The egress device's slot.
    pub(crate) fn slot(mut self, slot: u32) -> Self {
        self.0.device = slot;
        self
    }

    /// Nobody may send from there.
    pub(crate) fn no_source(mut self) -> Self {
        self.0.flags &= !flags::SOURCE;
        self
    }

    /// One may send from there, whatever is done with packets to it.
    pub(crate) fn source(mut self) -> Self {
        self.0.flags |= flags::SOURCE;
        self
    }
}
