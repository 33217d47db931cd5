//! What the sender of a dropped packet is told: which ICMP error it is owed, if any.

use std::net::IpAddr;

use peer_common::{DropReason, Port, Route, UNMANAGED_REJECT, flags, verdict};

use super::{World, addresses::is_link_local, chain::chain, error::Error, headers::Ip, hops};

impl World<'_> {
    /// The frame that answers a packet dropped for `reason`.
    pub(super) fn telling(&self, ip: &Ip, reason: DropReason) -> Option<Vec<u8>> {
        let route = self.route(self.port.network, ip.destination);
        let forwards = route.filter(|route| route.verdict == verdict::FORWARD);
        let here = route.is_some_and(|at| at.verdict == verdict::LOCAL && self.is_here(&at));
        let to_router = here || is_link_local(ip.destination);
        if forwards.is_none() && to_router && ip.asks.is_some() {
            // A neighbour's question, which is for nobody but the one it asks.
            return None;
        }
        let packet = self.packet(ip);
        let forwards = forwards.and_then(|route| hops::taken(self.table, &route, packet));
        let error = self.error(ip, forwards, reason)?;
        if !is_answerable(packet, ip.source.is_ipv4()) {
            return None;
        }
        // A port that has no address does not speak, not even for the next router.
        let own = speaker(self.port, ip.source)?;
        let spent_further_on = reason == DropReason::TtlExceeded && ip.hops > 1;
        let there = forwards.filter(|_| spent_further_on).and_then(|route| {
            let port = self.table.ports.get(&route.port)?;
            speaker(port, ip.source)
        });
        let speaker = there.unwrap_or(own);
        Some(error.about(self.arrival, self.port.mac, speaker, packet))
    }

    fn error(&self, ip: &Ip, forwards: Option<Route>, reason: DropReason) -> Option<Error> {
        let rejects = self.port.unmanaged == UNMANAGED_REJECT;
        let (v4, v6, word) = match (reason, forwards) {
            (DropReason::TtlExceeded, Some(_)) => ((11, 0), (3, 0), 0),
            (DropReason::TooBig, Some(route)) => ((3, 4), (2, 0), route.mtu),
            (
                DropReason::NotPeered
                | DropReason::PeeringDown
                | DropReason::NotExported
                | DropReason::ForeignLocal
                | DropReason::Policy
                | DropReason::Unmanaged,
                _,
            ) if rejects => ((3, 13), (1, 1), 0),
            (DropReason::NoRoute, _) if rejects => ((3, 0), (1, 0), 0),
            _ => return None,
        };
        let (kind, code) = if ip.source.is_ipv4() { v4 } else { v6 };
        Some(Error { kind, code, word })
    }
}

/// Logical routers on a route.
pub(super) fn hops(route: &Route) -> u8 {
    1 + u8::from(route.has(flags::TWO_HOPS))
}

/// The address a port speaks from to such as `to`.
fn speaker(port: &Port, to: IpAddr) -> Option<IpAddr> {
    let address = match to {
        IpAddr::V4(_) => IpAddr::from(port.address4),
        IpAddr::V6(_) => IpAddr::from(port.address6),
    };
    (!address.is_unspecified()).then_some(address)
}

/// Not an ICMP error or redirect, and no later fragment (RFC 1812 section 4.3.2.7,
/// RFC 4443 section 2.4 e). What is left of a message that is cut short may be of one.
fn is_answerable(packet: &[u8], v4: bool) -> bool {
    if v4 {
        let later = u16::from_be_bytes([packet[6], packet[7]]) & 0x1fff > 0;
        let message = packet
            .get(usize::from(packet[0] & 15) * 4..)
            .unwrap_or_default();
        let asks = |kind| !matches!(kind, 3 | 4 | 5 | 11 | 12);
        return !later && (packet[9] != 1 || message.len() >= 8 && asks(message[0]));
    }
    let chain = chain(packet);
    let message = chain.body;
    let asks = |kind| kind > 127 && kind != 137;
    let answerable = chain.protocol != 58 || message.len() >= 8 && asks(message[0]);
    !chain.ends_in_a_later_fragment() && answerable
}
