//! From a way to what programs do with a packet: the finished action.

use std::{net::IpAddr, sync::Arc};

use bytemuck::Zeroable as _;
use ipnet::IpNet;
use peer_common::{DropReason, Route, flags, verdict};

use super::{groups::group, hops::Hop, paths::Way, routes::Compiler};
use crate::{host::Interface, model::ObjectRef};

/// What all routes to a network have in common, its own or those of a peering.
#[derive(Clone, Copy, Debug)]
pub(super) struct Towards<'a> {
    /// The network.
    pub(super) owner: &'a ObjectRef,
    /// The traffic counter of the direction; 0 inside a network.
    pub(super) counter: u32,
    /// The flags that all of a peering's routes have.
    pub(super) flags: u16,
}

impl Compiler<'_> {
    /// A route that refuses.
    pub(super) fn refusal(&self, reason: DropReason, towards: &Towards<'_>, flags: u16) -> Route {
        let network = self.now.ids.networks.get(towards.owner);
        Route {
            verdict: verdict::DROP,
            reason: reason as u8,
            flags,
            network: network.copied().unwrap_or_default(),
            counter: towards.counter,
            ..Route::zeroed()
        }
    }

    /// Routes with the finished actions for these ways.
    pub(super) fn routes(
        &self,
        ways: impl Iterator<Item = (IpNet, Option<Arc<Way>>)>,
        towards: &Towards<'_>,
    ) -> impl Iterator<Item = (IpNet, Route)> {
        // Most are the one before.
        let mut last: Option<(Option<Arc<Way>>, Route)> = None;
        ways.map(move |(at, way)| {
            let known = last.as_ref().filter(|(known, _)| *known == way);
            let route = known.map(|(_, route)| *route);
            let route = route.unwrap_or_else(|| self.route(way.as_deref(), towards));
            last = Some((way, route));
            (at, route)
        })
    }

    /// The finished action for a way.
    fn route(&self, way: Option<&Way>, towards: &Towards<'_>) -> Route {
        let unreachable = self.refusal(DropReason::NoRoute, towards, flags::SOURCE);
        let hops = way.map_or(&[][..], |way| &way.hops);
        let single = |hop| self.action(hop, unreachable, towards.flags);
        let first = hops.iter().find(|hop| hop.live).or(hops.first());
        let Some(first) = first.map(single) else {
            return unreachable;
        };
        if hops.len() < 2 {
            return first;
        }
        let actions: Vec<(Route, u32)> = hops
            .iter()
            .map(|hop| {
                let mut action = single(hop);
                if !hop.live {
                    action.verdict = verdict::DROP;
                    action.reason = DropReason::NoRoute as u8;
                }
                (action, hop.weight)
            })
            .collect();
        match self.groups.borrow_mut().id(group(&actions)) {
            Some(group) => Route {
                verdict: verdict::FORWARD,
                reason: 0,
                flags: flags::SOURCE | towards.flags,
                group,
                ..unreachable
            },
            None => first,
        }
    }

    /// The finished action for one hop, or `unreachable`.
    fn action(&self, hop: &Hop, unreachable: Route, of_peering: u16) -> Route {
        let interface = self.now.host.interfaces.get(&hop.port);
        let device = self.now.ids.devices.get(&hop.port);
        let (
            Some(Interface {
                mac: Some(mac),
                mtu,
                xdp,
                ..
            }),
            Some(device),
        ) = (interface, device)
        else {
            return unreachable;
        };
        let mut set = flags::SOURCE | of_peering;
        set |= if hop.mac.is_some() {
            flags::RESOLVED
        } else {
            0
        };
        set |= match hop.gateway {
            None => 0,
            Some(IpAddr::V4(_)) => flags::GATEWAY,
            Some(IpAddr::V6(_)) => flags::GATEWAY | flags::GATEWAY_V6,
        };
        set |= if xdp.egress { flags::XDP_EGRESS } else { 0 };
        Route {
            verdict: verdict::FORWARD,
            reason: 0,
            flags: set,
            port: hop.port,
            egress: self.now.host.place_of(hop.port),
            device: *device,
            mtu: *mtu,
            dst_mac: hop.mac.map_or([0; 6], |mac| mac.0),
            src_mac: mac.0,
            gateway: hop.gateway.map_or([0; 16], octets),
            ..unreachable
        }
    }
}

/// IPv4 in the first four bytes.
fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        IpAddr::V6(v6) => v6.octets(),
    }
}
