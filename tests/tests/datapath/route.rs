//! Routes of a hand-written table.

use peer_common::{DropReason, Group, Hop, MAX_HOPS, Route, Subinterface, flags, verdict};

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
        egress: Subinterface::untagged(port.index),
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
    group: 0,
    port: 0,
    egress: Subinterface::untagged(0),
    device: 0,
    mtu: 0,
    dst_mac: [0; 6],
    src_mac: [0; 6],
    gateway: [0; 16],
};

/// These ways, each with its weight: of a thousand flows so many, of those whose way is
/// down again so many.
pub(crate) fn group(ways: &[(Route, u32)]) -> Group {
    let is_up = |way: &&(Route, u32)| way.0.verdict == verdict::FORWARD;
    let all: u32 = ways.iter().map(|way| way.1).sum();
    let up: u32 = ways.iter().filter(is_up).map(|way| way.1).sum();
    let part = |sum: u32, all: u32| (f64::from(sum) / f64::from(all.max(1)) * 2f64.powi(31)) as u32;
    let hop = |at: usize| {
        let till = &ways[..=at];
        Hop {
            end: part(till.iter().map(|way| way.1).sum(), all),
            spare_end: part(till.iter().filter(is_up).map(|way| way.1).sum(), up),
            weight: ways[at].1,
            route: ways[at].0,
        }
    };
    let none = Hop {
        end: 0,
        spare_end: 0,
        weight: 0,
        route: NOTHING,
    };
    let mut hops = [none; MAX_HOPS];
    for (at, place) in hops.iter_mut().enumerate().take(ways.len()) {
        *place = hop(at);
    }
    Group { hops }
}

/// A route in the making.
#[derive(Clone, Copy)]
pub(crate) struct Way(pub(crate) Route);

impl Way {
    /// The programs answer for this address of the host's.
    pub(crate) fn answered(mut self) -> Self {
        self.0.flags |= flags::ANSWERED;
        self
    }

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

    /// It is down.
    pub(crate) fn down(mut self) -> Self {
        self.0.verdict = verdict::DROP;
        self.0.reason = DropReason::NoRoute as u8;
        self
    }

    /// By the hops of this group.
    pub(crate) fn shared_by(mut self, group: u32) -> Self {
        self.0.group = group;
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
