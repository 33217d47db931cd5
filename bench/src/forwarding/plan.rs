//! What the generator is told: the packets of a scenario. Pure.

use bench_ebpf::{FIRST_PORT, LENGTH_SLOTS, Plan};

use peer_tests::Udp;

use super::addresses::{self, BASE4, Family, PREFIX};

const ETHERNET: usize = 14;
const UDP_HEADER: usize = 8;
/// Discard (RFC 863).
const PORT: u16 = 9;
const UDP: u8 = 17;
/// Position of the host that sends.
const SENDER: u32 = 10;
const HOP_LIMIT: u8 = 64;
/// Bytes of a frame's checksum, which the kernel does not see.
const FRAME_CHECKSUM: u32 = 4;

/// How long frames are on the wire, with their checksum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Frames {
    /// All so many bytes.
    Of(u32),
    /// Seven of 64 bytes, four of 570, one of 1500.
    Imix,
}

/// The packets of a scenario.
#[derive(Clone, Copy, Debug)]
pub(super) struct Packets {
    pub(super) family: Family,
    /// The network they come from is 0; the first that gets any is 1.
    pub(super) networks: u32,
    /// Prefixes of each network.
    pub(super) prefixes: u32,
    /// Where in a network the first destination is.
    pub(super) offset: u32,
    /// Destinations in each network, spread over all its prefixes; `None` for every
    /// address there is.
    pub(super) destinations: Option<u32>,
    /// UDP flows to each.
    pub(super) flows: u32,
    pub(super) frames: Frames,
}

impl Packets {
    /// For the generator.
    pub(super) fn plan(&self) -> Plan {
        let span = self.prefixes * PREFIX;
        let destinations = self.destinations.unwrap_or(span).min(span);
        let mut plan = Plan {
            header: [0; 8],
            sum: 0,
            base: BASE4,
            v6: u32::from(self.family == Family::V6),
            networks: self.networks,
            span,
            first: span + self.offset,
            step: span / destinations,
            destinations,
            flows: self.flows,
            uncut: match self.frames {
                Frames::Of(_) => 0,
                Frames::Imix => self.longest(),
            },
            lengths: self.lengths(),
            gap: 0,
        };
        let header = self.header();
        let words = header.chunks_exact(8);
        for (word, bytes) in plan.header.iter_mut().zip(words) {
            *word = u64::from_ne_bytes(std::array::from_fn(|at| bytes[at]));
        }
        plan.sum = self.sum(&header);
        plan
    }

    /// The longest frame, for the generator to write its headers into and to cut.
    pub(super) fn frame(&self) -> Vec<u8> {
        vec![0; self.longest() as usize]
    }

    fn longest(&self) -> u32 {
        self.lengths().into_iter().max().unwrap_or_default()
    }

    /// Bytes of a frame as the kernel sees it, by turns.
    fn lengths(&self) -> [u32; LENGTH_SLOTS] {
        // IPv6 and UDP do not fit the shortest frame.
        let shortest = (ETHERNET + self.ip_header() + UDP_HEADER) as u32;
        let seen = |length: u32| (length - FRAME_CHECKSUM).max(shortest);
        match self.frames {
            Frames::Of(length) => [seen(length); LENGTH_SLOTS],
            Frames::Imix => std::array::from_fn(|turn| match turn {
                0..7 => seen(64),
                7..11 => seen(570),
                _ => seen(1500),
            }),
        }
    }

    fn ip_header(&self) -> usize {
        match self.family {
            Family::V4 => 20,
            Family::V6 => 40,
        }
    }

    /// The headers of the first packet, without what differs from packet to packet.
    fn header(&self) -> [u8; 64] {
        let mut header = [0; 64];
        let (ip, udp) = (ETHERNET, ETHERNET + self.ip_header());
        let frame = self.packet(HOP_LIMIT);
        header[..udp + UDP_HEADER].copy_from_slice(&frame[..udp + UDP_HEADER]);
        header[udp..udp + 2].copy_from_slice(&FIRST_PORT.to_be_bytes());
        header[udp + 2..udp + 4].copy_from_slice(&PORT.to_be_bytes());
        header[udp + 6..udp + 8].fill(0);
        match self.family {
            Family::V4 => {
                header[ip + 10..ip + 12].fill(0);
                header[ip + 16..ip + 20].fill(0);
            }
            // Which prefix, and which host in it.
            Family::V6 => {
                header[ip + 28..ip + 32].fill(0);
                header[ip + 38..ip + 40].fill(0);
            }
        }
        if self.frames == Frames::Imix {
            let length = if self.family == Family::V4 {
                ip + 2
            } else {
                ip + 4
            };
            header[length..length + 2].fill(0);
            header[udp + 4..udp + 6].fill(0);
        }
        header
    }

    /// A packet to the first destination, as it would be sent with this hop limit.
    pub(super) fn packet(&self, hop_limit: u8) -> Vec<u8> {
        let [first, ..] = self.lengths();
        let headers = ETHERNET + self.ip_header() + UDP_HEADER;
        let datagram = Udp {
            to_mac: addresses::router_mac(0),
            from_mac: addresses::far_mac(0),
            from: self.family.address(SENDER),
            to: self.family.address(self.prefixes * PREFIX + self.offset),
            ttl: hop_limit,
            payload: vec![0; first as usize - headers],
        };
        datagram.frame()
    }

    /// Of what the checksum covers and no packet changes.
    fn sum(&self, header: &[u8; 64]) -> u32 {
        let words = |bytes: &[u8]| -> u32 {
            let words = bytes.chunks_exact(2);
            words
                .map(|word| u32::from(u16::from_be_bytes([word[0], word[1]])))
                .sum()
        };
        match self.family {
            Family::V4 => words(&header[14..34]),
            // Addresses, protocol, UDP's length twice, its destination port.
            Family::V6 => {
                let length = words(&header[58..60]);
                words(&header[22..54]) + u32::from(UDP) + 2 * length + words(&header[56..58])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packets(family: Family, frames: Frames) -> Packets {
        Packets {
            family,
            networks: 1,
            prefixes: 1000,
            offset: 0,
            destinations: Some(512),
            flows: 1,
            frames,
        }
    }

    /// What the checksum would be if the packet were to go to position 0.
    fn checksum(plan: &Plan, address: u32) -> u16 {
        let sum = plan.sum + (address >> 16) + (address & 0xffff);
        let sum = (sum & 0xffff) + (sum >> 16);
        !((sum & 0xffff) + (sum >> 16)) as u16
    }

    #[test]
    fn the_sum_and_the_destination_give_ipv4s_checksum() {
        let packets = packets(Family::V4, Frames::Of(64));
        let plan = packets.plan();
        let frame = packets.packet(HOP_LIMIT);
        let wanted = u16::from_be_bytes([frame[24], frame[25]]);
        assert_eq!(checksum(&plan, plan.base + plan.first), wanted);
    }

    #[test]
    fn the_sum_destination_and_port_give_udps_checksum_over_ipv6() {
        let packets = packets(Family::V6, Frames::Of(64));
        let mut plan = packets.plan();
        let mut frame = packets.packet(HOP_LIMIT);
        frame[54..56].copy_from_slice(&FIRST_PORT.to_be_bytes());
        frame[56..58].copy_from_slice(&PORT.to_be_bytes());
        plan.sum += u32::from(FIRST_PORT);
        frame[60..62].copy_from_slice(&checksum(&plan, plan.first / PREFIX).to_be_bytes());
        assert!(Udp::parse(&frame).is_some());
    }

    #[test]
    fn hot_destinations_are_spread_over_all_prefixes_and_cold_ones_are_all_addresses() {
        let hot = packets(Family::V4, Frames::Of(64));
        let plan = hot.plan();
        assert_eq!((plan.first, plan.step), (256_000, 500));
        let cold = Packets {
            destinations: None,
            ..hot
        }
        .plan();
        assert_eq!((cold.destinations, cold.step), (256_000, 1));
    }

    #[test]
    fn imix_is_seven_to_four_to_one() {
        let plan = packets(Family::V4, Frames::Imix).plan();
        let count = |length| {
            plan.lengths[..12]
                .iter()
                .filter(|one| **one == length)
                .count()
        };
        assert_eq!([count(60), count(566), count(1496)], [7, 4, 1]);
        assert_eq!(plan.uncut, 1496);
    }
}
