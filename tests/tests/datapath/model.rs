//! What a packet's fate should be, from the forwarding table alone.
//!
//! Written from docs/architecture.md and the meaning of the table's values. Shares
//! no code with the programs: tables are scanned, headers copied, and the checksum
//! follows from arithmetic modulo 65535.

mod addresses;
mod answers;
mod chain;
mod error;
mod headers;
mod hops;
mod policy;
mod talk;
mod telling;

use std::net::IpAddr;

use ipnet::IpNet;
use peer_common::{DropReason, Port, Route, UNMANAGED_PASS, flags, port_flags, verdict};
use peer_userspace::compile::ForwardingTable;

use super::outcome::{Arrival, Hook, Outcome};
use addresses::{is_link_local, is_martian};
use answers::Answer;
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
        Fate::Answer(_) if hook == Hook::Xdp => Outcome::up(frame),
        Fate::Answer(answer) => Outcome::answered(&answer),
        Fate::Drop {
            reason,
            network,
            counter,
            packets,
            answer,
        } => {
            let dropped = Outcome::dropped(frame, reason, network, counter, packets);
            let slot = table.ports[&arrival.ingress].slot;
            match (answer, hook) {
                (None, _) => dropped,
                (Some(_), _) if arrival.limited => dropped.untold(slot),
                (Some(_), Hook::Xdp) => Outcome::up(frame),
                (Some(answer), Hook::Tc) => dropped.told(slot, answer),
            }
        }
        Fate::Send {
            route,
            network,
            wire,
        } => {
            let resolved = route.has(flags::RESOLVED);
            let macs = resolved.then_some((route.dst_mac, route.src_mac));
            let whole = headers::trimmed(arrival, wire.bytes as usize);
            let out = headers::sent(whole, macs, telling::hops(&route));
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
    Answer(Vec<u8>),
    Drop {
        reason: DropReason,
        network: u32,
        counter: u32,
        packets: u64,
        /// The frame that tells the sender, where it is to be told.
        answer: Option<Vec<u8>>,
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
        Content::Asks(target) if world.is_answered(target) => world.answer(),
        Content::Asks(_) => Fate::Up,
        Content::Packet(ip) => match world.judge(&ip, flows) {
            Fate::Drop {
                reason,
                network,
                counter,
                packets,
                ..
            } => Fate::Drop {
                reason,
                network,
                counter,
                packets,
                answer: world.telling(&ip, reason),
            },
            other => other,
        },
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
            answer: None,
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
                if let Some(reason) = self.refusal(ip, &route, flows) {
                    return drop(reason, route.counter);
                }
                let Some(route) = hops::taken(self.table, &route, self.packet(ip)) else {
                    return drop(DropReason::NoRoute, route.counter);
                };
                match too_far(ip, &route) {
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
            _ if !is_link_local(ip.source) && !self.is_own(ip.source) => {
                drop(DropReason::SpoofedSource, 0)
            }
            _ if local_here || is_link_local(ip.destination) => match ip.asks {
                Some(target) if self.is_anothers(target) => {
                    self.drop(DropReason::ForeignLocal, 0, 1)
                }
                Some(target) if self.is_answered(target) => self.answer(),
                None if self.is_answered(ip.destination) => match self.answer() {
                    Fate::Drop { reason, .. } => drop(reason, 0),
                    fate => fate,
                },
                _ => Fate::Up,
            },
            Some(route) if route.verdict == verdict::LOCAL => drop(DropReason::ForeignLocal, 0),
            Some(route) => {
                let reason = DropReason::from_number(route.reason).unwrap_or(DropReason::NoRoute);
                drop(reason, route.counter)
            }
            None => match longest(self.table.elsewhere.iter(), ip.destination) {
                Some(reason) => drop(reason, 0),
                None if self.port.unmanaged == UNMANAGED_PASS => Fate::Up,
                None => drop(DropReason::Unmanaged, 0),
            },
        }
    }

    /// Why not to forward by this route.
    fn refusal(&self, ip: &Ip, route: &Route, flows: &mut Flows) -> Option<DropReason> {
        let enters = self.enters(ip.source);
        let taken = self.is_given(ip.source, route) || self.may_send(ip.source, route.network);
        if !enters || !taken {
            return Some(if is_martian(ip.source) || is_link_local(ip.source) {
                DropReason::Martian
            } else if enters && self.may_send(ip.source, self.port.network) {
                DropReason::NotExported
            } else {
                DropReason::SpoofedSource
            });
        }
        let packet = self.packet(ip);
        let refused = match ip.source {
            IpAddr::V4(_) => match ip.options(packet) {
                Some(options) => chain::options_refused(options),
                None => Some(DropReason::Malformed),
            },
            IpAddr::V6(_) => chain::chain(packet).refused(),
        };
        if refused.is_some() {
            return refused;
        }
        let permitted =
            !route.has(flags::POLICY) || flows.permit(route.counter, ip.source.is_ipv4(), packet);
        (!permitted).then_some(DropReason::Policy)
    }

    fn packet(&self, ip: &Ip) -> &[u8] {
        &self.arrival.frame[14..14 + ip.length]
    }

    /// Whether the source is one of the network's that comes in here.
    fn is_own(&self, source: IpAddr) -> bool {
        self.enters(source) && self.may_send(source, self.port.network)
    }

    /// Whether the port takes this source: any, or the one its closest entry allows.
    fn enters(&self, source: IpAddr) -> bool {
        let entries = self.table.sources.get(&self.arrival.ingress).into_iter();
        let entries = entries.flat_map(|entries| entries.iter());
        self.port.flags & port_flags::SOURCES == 0 || longest(entries, source) == Some(true)
    }

    /// Whether network `to` accepts this source from the port's network.
    fn may_send(&self, source: IpAddr, to: u32) -> bool {
        self.route(to, source)
            .is_some_and(|route| route.network == self.port.network && route.has(flags::SOURCE))
    }

    /// Whether the sender's own table says that who is behind `route` gets this source.
    fn is_given(&self, source: IpAddr, route: &Route) -> bool {
        self.route(self.port.network, source).is_some_and(|own| {
            own.network == self.port.network && own.has(flags::OPEN) && route.has(flags::OPEN)
        })
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
            None => longest(self.table.elsewhere.iter(), address) == Some(DropReason::ForeignLocal),
        }
    }

    /// Whether the programs speak for this address of the port's.
    fn is_answered(&self, address: IpAddr) -> bool {
        self.route(self.port.network, address).is_some_and(|route| {
            route.verdict == verdict::LOCAL && self.is_here(&route) && route.has(flags::ANSWERED)
        })
    }

    /// What they say to this frame, which is about such an address.
    fn answer(&self) -> Fate {
        match answers::to(&self.arrival.frame, self.port.mac) {
            Answer::Frame(frame) => Fate::Answer(frame),
            Answer::Kernels => Fate::Up,
            Answer::None => self.drop(DropReason::ForeignLocal, 0, 1),
            Answer::Malformed => self.drop(DropReason::Malformed, 0, 1),
        }
    }

    fn route(&self, network: u32, address: IpAddr) -> Option<Route> {
        longest(self.table.fibs.get(&network)?, address)
    }
}

/// Why not to send it by this way.
fn too_far(ip: &Ip, way: &Route) -> Option<DropReason> {
    if ip.hops <= telling::hops(way) {
        Some(DropReason::TtlExceeded)
    } else if ip.wire.largest > u64::from(way.mtu) {
        Some(DropReason::TooBig)
    } else {
        None
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
