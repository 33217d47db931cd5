//! A scenario: hosts of blue's and green's that send packets one after another.

use aya::maps::{HashMap, Map, MapData};
use peer_common::{DropReason, Flow, FlowKey, flags, verdict};
use peer_userspace::{
    compile::{ForwardingTable, Policy},
    dialect,
    model::Consent,
};

use crate::datapath::{
    outcome::{Arrival, Gso, Hook, Outcome},
    packet::Packet,
    places::{FAMILIES, Places},
    rig::{Rig, with_rig},
    transport::{ICMP, ICMPV6, TCP, UDP, with_checksum},
    world::{self, BLUE, BLUE_TO_GREEN, GREEN, GREEN_TO_BLUE, HOST, next_hop},
};

pub(super) const SYN: u8 = 0x02;
pub(super) const SYN_ACK: u8 = 0x12;
pub(super) const ACK: u8 = 0x10;

/// What blue and green declare, as lines of a consent's `spec`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Rules<'a> {
    pub(crate) blue: &'a str,
    pub(crate) green: &'a str,
}

pub(super) const fn blue(rules: &'static str) -> Rules<'static> {
    Rules {
        blue: rules,
        green: "",
    }
}

/// Play a scenario with these rules by each hook in each family.
pub(super) fn play(rules: Rules<'_>, scenario: impl Fn(&mut Talk<'_>) + Send + Sync) {
    with_rig(|rig| {
        for at in &FAMILIES {
            for hook in [Hook::Xdp, Hook::Tc] {
                // Without the rules first, so that no flow is left.
                rig.apply(&world::table());
                let mut talk = Talk { rig, at, hook };
                talk.declare(rules);
                scenario(&mut talk);
            }
        }
    });
}

fn consent(lines: &str) -> Consent {
    let text = format!(
        "apiVersion: peerd/v1\nkind: Peering\nmetadata: {{ name: a }}\n\
         spec:\n  network: a\n  peer: {{ network: b }}\n  {lines}\n"
    );
    dialect::parse(&text).expect(lines).consents.remove(0).0
}

fn has_rules(consent: &Consent) -> bool {
    consent.allow.is_some() || consent.allow_out.is_some()
}

/// The world's table, with what blue and green declare for their peering.
pub(crate) fn ruled(rules: Rules<'_>) -> ForwardingTable {
    let (blue, green) = (consent(rules.blue), consent(rules.green));
    let mut table = world::table();
    let policy =
        |to: &Consent, from: &Consent| Policy::of(to.allow.as_deref(), from.allow_out.as_deref());
    let mut declared = 0;
    if [&blue, &green].map(has_rules).contains(&true) {
        table.policies.insert(BLUE_TO_GREEN, policy(&green, &blue));
        table.policies.insert(GREEN_TO_BLUE, policy(&blue, &green));
        declared |= flags::POLICY;
    }
    if [&blue, &green].map(|consent| consent.hops).contains(&2) {
        declared |= flags::TWO_HOPS;
    }
    world::change_routes(&mut table, |route| {
        if route.verdict == verdict::FORWARD && route.counter / 2 == BLUE_TO_GREEN / 2 {
            route.flags |= declared;
        }
        Some(())
    });
    table
}

pub(super) struct Talk<'a> {
    pub(super) rig: &'a mut Rig,
    pub(super) at: &'a Places,
    pub(super) hook: Hook,
}

impl Talk<'_> {
    /// Change the rules.
    pub(super) fn declare(&mut self, rules: Rules<'_>) {
        self.rig.apply(&ruled(rules));
    }

    pub(super) fn is_v4(&self) -> bool {
        self.at.family == "IPv4"
    }

    /// A packet from green's host to blue's, or the other way.
    pub(super) fn packet(&self, from_green: bool, protocol: u8, payload: Vec<u8>) -> Packet {
        let checksum = match protocol {
            TCP => Some(16),
            UDP => Some(6),
            ICMP | ICMPV6 => Some(2),
            _ => None,
        };
        let (source, destination) = if from_green {
            (self.at.known, self.at.host)
        } else {
            (self.at.host, self.at.known)
        };
        let packet = match checksum.filter(|at| at + 2 <= payload.len()) {
            Some(at) => with_checksum(source, destination, protocol, payload, at),
            None => Packet::new(source, destination, protocol, payload),
        };
        packet.to(if from_green { GREEN.mac } else { BLUE.mac })
    }

    pub(super) fn tcp_from_green(&self, ports: (u16, u16), flags: u8) -> Packet {
        self.packet(true, TCP, segment(ports, flags))
    }

    pub(super) fn tcp_from_blue(&self, ports: (u16, u16), flags: u8) -> Packet {
        self.packet(false, TCP, segment(ports, flags))
    }

    pub(super) fn udp_from_green(&self, ports: (u16, u16)) -> Packet {
        self.packet(true, UDP, datagram(ports))
    }

    pub(super) fn udp_from_blue(&self, ports: (u16, u16)) -> Packet {
        self.packet(false, UDP, datagram(ports))
    }

    pub(super) fn icmp(&self) -> u8 {
        if self.is_v4() { ICMP } else { ICMPV6 }
    }

    /// An echo request, or a reply.
    pub(super) fn echo(&self, from_green: bool, is_reply: bool, identifier: u16) -> Packet {
        let kind = match (self.is_v4(), is_reply) {
            (true, false) => 8,
            (true, true) => 0,
            (false, false) => 128,
            (false, true) => 129,
        };
        let [high, low] = identifier.to_be_bytes();
        self.packet(
            from_green,
            self.icmp(),
            vec![kind, 0, 0, 0, high, low, 0, 1],
        )
    }

    pub(super) fn passes(&mut self, why: &str, packet: &Packet) {
        let (counter, out) = if self.is_from_blue(packet) {
            (BLUE_TO_GREEN, packet.sent(&GREEN, next_hop(9)))
        } else {
            (GREEN_TO_BLUE, packet.sent(&BLUE, HOST))
        };
        let expected = Outcome::sent(&out.bytes(), counter, 1, out.ip_bytes().into());
        self.fares(why, packet, Gso::default(), &expected);
    }

    pub(super) fn refused(&mut self, why: &str, packet: &Packet) {
        self.all_refused(why, packet, Gso::default(), 1);
    }

    pub(super) fn all_refused(&mut self, why: &str, packet: &Packet, gso: Gso, packets: u64) {
        let (counter, network) = if self.is_from_blue(packet) {
            (BLUE_TO_GREEN, BLUE.network)
        } else {
            (GREEN_TO_BLUE, GREEN.network)
        };
        let reason = DropReason::Policy;
        let expected = Outcome::dropped(&packet.bytes(), reason, network, counter, packets);
        self.fares(why, packet, gso, &expected);
    }

    pub(super) fn fares(&mut self, why: &str, packet: &Packet, gso: Gso, expected: &Outcome) {
        let ingress = if self.is_from_blue(packet) {
            BLUE
        } else {
            GREEN
        };
        let arrival = Arrival {
            gso,
            ..Arrival::new(ingress.index, packet.bytes())
        };
        let got = self.rig.run(self.hook, &arrival);
        let (hook, family) = (self.hook, self.at.family);
        assert!(
            got == *expected,
            "{hook:?} {family}: {why}\n  got {got:?}\n  not {expected:?}"
        );
    }

    fn is_from_blue(&self, packet: &Packet) -> bool {
        packet.bytes()[..6] == BLUE.mac
    }

    /// The flows there are.
    pub(super) fn flows(&self) -> Vec<(FlowKey, Flow)> {
        let flows = open_flows(self.rig, BLUE_TO_GREEN / 2);
        let entries = flows.iter().map(|entry| entry.unwrap());
        entries
            .map(|(key, flow)| (bytemuck::cast(key), bytemuck::cast(flow)))
            .collect()
    }

    /// Have every flow last seen so long ago.
    pub(super) fn age_flows(&self, seconds: u64) {
        let mut flows = open_flows(self.rig, BLUE_TO_GREEN / 2);
        for (key, mut flow) in self.flows() {
            flow.seen = flow.seen.saturating_sub(seconds * 1_000_000_000);
            let (key, flow): (Key, Value) = (bytemuck::cast(key), bytemuck::cast(flow));
            flows.insert(key, flow, 0).unwrap();
        }
    }
}

pub(super) type Key = [u8; size_of::<FlowKey>()];
pub(super) type Value = [u8; size_of::<Flow>()];
type FlowMap = HashMap<MapData, Key, Value>;

/// A peering's flows.
pub(super) fn open_flows(rig: &Rig, peering: u32) -> FlowMap {
    let data = MapData::from_pin(rig.pins.join(format!("flows_{peering}"))).unwrap();
    Map::from_map_data(data).unwrap().try_into().unwrap()
}

/// A TCP segment with nothing in it.
pub(super) fn segment((from, to): (u16, u16), flags: u8) -> Vec<u8> {
    let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
    let rest = [
        0,
        0,
        0,
        1,
        0,
        0,
        0,
        1,
        5 << 4,
        flags,
        0xff,
        0xff,
        0,
        0,
        0,
        0,
    ];
    [ports, rest.to_vec()].concat()
}

pub(super) fn datagram((from, to): (u16, u16)) -> Vec<u8> {
    let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
    [ports, vec![0, 12, 0, 0], b"text".to_vec()].concat()
}

/// The first bytes of an IP packet, as an ICMP error quotes them.
pub(super) fn quote(packet: &Packet, bytes: usize) -> Vec<u8> {
    packet.bytes()[14..].iter().copied().take(bytes).collect()
}
