//! What a packet's fate should be, from the forwarding table alone.
//!
//! Written from docs/architecture.md and the meaning of the table's values. Shares
//! no code with the programs: tables are scanned, headers copied, and the checksum
//! follows from arithmetic modulo 65535.

mod addresses;
mod headers;
mod policy;
mod talk;

use std::net::IpAddr;

use ipnet::IpNet;
use peer_common::{DropReason, Port, Route, UNMANAGED_DROP, flags, verdict};
use peer_userspace::compile::ForwardingTable;

use super::outcome::{Arrival, Hook, Outcome};
use addresses::{is_link_local, is_martian};
use headers::{Content, Ip, Wire};
pub(crate) use policy::Flows;

/// What an entry should do with a frame, after all that `flows` remembers.
pub(crate) fn outcome(
    table: &ForwardingTable,
    flows: &mut Flows,
    hook: Hook,
    arrival: &Arrival,
) -> Outcome {
    let frame = &arrival.frame;
    match fate(table, flows, arrival) {
        Fate::Up => Outcome::up(frame),
        Fate::Drop {
            reason,
            network,
            counter,
            packets,
        } => Outcome::dropped(frame, reason, network, counter, packets),
        Fate::Send {
            route,
            network,
            wire,
        } => {
            let resolved = route.has(flags::RESOLVED);
            let out = headers::sent(frame, resolved.then_some((route.dst_mac, route.src_mac)));
            match hook {
                Hook::Xdp if !resolved || !route.has(flags::XDP_EGRESS) => Outcome::up(frame),
                Hook::Xdp if !table.devices.contains_key(&route.device) => {
                    let reason = DropReason::RedirectFailed;
                    Outcome::dropped(&out, reason, network, route.counter, wire.packets)
                }
                _ => Outcome::sent(&out, route.counter, wire.packets, wire.bytes),
            }
        }
    }
}

enum Fate {
    Up,
    Drop {
        reason: DropReason,
        network: u32,
        counter: u32,
        packets: u64,
    },
    Send {
        route: Route,
        network: u32,
        wire: Wire,
    },
}

fn fate(table: &ForwardingTable, flows: &mut Flows, arrival: &Arrival) -> Fate {
    let Some(port) = table.ports.get(&arrival.ingress) else {
        return Fate::Up;
    };
    let world = World {
        table,
        arrival,
        port,
    };
    let drop = |reason| world.drop(reason, 0, 1);
    match headers::read(arrival, port.mac) {
        Content::Other => Fate::Up,
        Content::Malformed => drop(DropReason::Malformed),
        Content::Asks(target) if world.is_anothers(target) => drop(DropReason::ForeignLocal),
        Content::Asks(_) => Fate::Up,
        Content::Packet(ip) => world.judge(&ip, flows),
    }
}

/// One frame at its port.
struct World<'a> {
    table: &'a ForwardingTable,
    arrival: &'a Arrival,
    port: &'a Port,
}

impl World<'_> {
    fn drop(&self, reason: DropReason, counter: u32, packets: u64) -> Fate {
        Fate::Drop {
            reason,
            network: self.port.network,
            counter,
            packets,
        }
    }

    /// A packet sent to the router's MAC.
    fn judge(&self, ip: &Ip, flows: &mut Flows) -> Fate {
        let network = self.port.network;
        let drop = |reason, counter| self.drop(reason, counter, ip.wire.packets);
        let route = self.route(network, ip.destination);
        let martian = is_martian(ip.source) || is_martian(ip.destination);
        let local_here =
            route.is_some_and(|route| route.verdict == verdict::LOCAL && self.is_here(&route));
        match route {
            Some(route) if route.verdict == verdict::FORWARD => {
                match self.refusal(ip, &route, flows) {
                    Some(reason) => drop(reason, route.counter),
                    None => Fate::Send {
                        route,
                        network,
                        wire: ip.wire,
                    },
                }
            }
            _ if martian => drop(DropReason::Martian, 0),
            // What is meaningful on one link is between that link and the router.
            _ if is_link_local(ip.source) && !is_link_local(ip.destination) && !local_here => {
                drop(DropReason::Martian, 0)
            }
            _ if !is_link_local(ip.source) && !self.may_send(ip.source, network) => {
                drop(DropReason::SpoofedSource, 0)
            }
            _ if local_here || is_link_local(ip.destination) => match ip.asks {
                Some(target) if self.is_anothers(target) => {
                    self.drop(DropReason::ForeignLocal, 0, 1)
                }
                _ => Fate::Up,
            },
            Some(route) if route.verdict == verdict::LOCAL => drop(DropReason::ForeignLocal, 0),
            Some(route) => {
                let reason = DropReason::from_number(route.reason).unwrap_or(DropReason::NoRoute);
                drop(reason, route.counter)
            }
            None => match longest(&self.table.elsewhere, ip.destination) {
                Some(reason) => drop(reason, 0),
                None if self.port.unmanaged == UNMANAGED_DROP => drop(DropReason::Unmanaged, 0),
                None => Fate::Up,
            },
        }
    }

    /// Why not to forward by this route.
    fn refusal(&self, ip: &Ip, route: &Route, flows: &mut Flows) -> Option<DropReason> {
        if !self.may_send(ip.source, route.network) {
            return Some(if is_martian(ip.source) || is_link_local(ip.source) {
                DropReason::Martian
            } else if self.may_send(ip.source, self.port.network) {
                DropReason::NotExported
            } else {
                DropReason::SpoofedSource
            });
        }
        let packet = &self.arrival.frame[14..14 + ip.length];
        let ruled = route.has(flags::POLICY);
        if ruled && !flows.permit(route.counter, ip.source.is_ipv4(), packet) {
            Some(DropReason::Policy)
        } else if ip.hops <= 1 {
            Some(DropReason::TtlExceeded)
        } else if ip.wire.largest > u64::from(route.mtu) {
            Some(DropReason::TooBig)
        } else {
            None
        }
    }

    /// Whether network `to` accepts this source from the port's network.
    fn may_send(&self, source: IpAddr, to: u32) -> bool {
        self.route(to, source)
            .is_some_and(|route| route.network == self.port.network && route.has(flags::SOURCE))
    }

    /// Whether a local address is the port's: its alone, or shared.
    fn is_here(&self, local: &Route) -> bool {
        [self.arrival.ingress, 0].contains(&local.port)
    }

    /// Whether this is the host's address but not the port's.
    fn is_anothers(&self, address: IpAddr) -> bool {
        match self.route(self.port.network, address) {
            Some(route) if route.verdict == verdict::LOCAL => !self.is_here(&route),
            Some(route) => {
                route.verdict == verdict::DROP && route.reason == DropReason::ForeignLocal as u8
            }
            None => longest(&self.table.elsewhere, address) == Some(DropReason::ForeignLocal),
        }
    }

    fn route(&self, network: u32, address: IpAddr) -> Option<Route> {
        longest(self.table.fibs.get(&network)?, address)
    }
}

/// The value of the longest prefix that holds `address`.
fn longest<'a, T: Copy + 'a>(
    entries: impl IntoIterator<Item = (&'a IpNet, &'a T)>,
    address: IpAddr,
) -> Option<T> {
    let holding = entries
        .into_iter()
        .filter(|(prefix, _)| prefix.contains(&address));
    holding
        .max_by_key(|(prefix, _)| prefix.prefix_len())
        .map(|(_, value)| *value)
}
