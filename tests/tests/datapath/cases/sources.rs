//! Which sources may come in by which port.

use ipnet::IpNet;
use peer_common::{DropReason, port_flags};

use crate::datapath::{
    outcome::{Arrival, Hook, Outcome},
    packet::Packet,
    places::FAMILIES,
    rig::with_rig,
    world::{self, BLUE, BLUE_B, BLUE_TO_GREEN, INSIDE, Port, next_hop},
};

/// Blue's first port takes all of blue's but the longer prefix the second claims; of
/// that it takes one address.
#[test]
fn the_longest_entry_of_the_very_port_says_whether_a_source_comes_in() {
    with_rig(|rig| {
        let mut table = world::table();
        let mut claim = |port: &Port, prefix: &str, may| {
            let prefix: IpNet = prefix.parse().unwrap();
            world::claim(&mut table, port.index, prefix, may);
        };
        for (wide, narrow, single) in [
            ("10.1.0.0/16", "10.1.0.0/24", "10.1.0.6/32"),
            ("fd00:1::/48", "fd00:1::/64", "fd00:1::6/128"),
        ] {
            claim(&BLUE, wide, true);
            claim(&BLUE, narrow, false);
            claim(&BLUE, single, true);
            claim(&BLUE_B, narrow, true);
        }
        for port in [&BLUE, &BLUE_B] {
            table.ports.get_mut(&port.index).unwrap().flags = port_flags::SOURCES;
        }
        rig.apply(&table);
        for at in &FAMILIES {
            let v4 = at.family == "IPv4";
            let behind_b = at.host;
            let single = if v4 { "10.1.0.6" } else { "fd00:1::6" };
            let wide = if v4 { "10.1.5.5" } else { "fd00:1:0:5::5" };
            for (port, source, enters) in [
                (&BLUE, behind_b, false),
                (&BLUE_B, behind_b, true),
                (&BLUE, single, true),
                (&BLUE, wide, true),
                (&BLUE_B, wide, false),
            ] {
                for (destination, counter, mac) in
                    [(at.known, BLUE_TO_GREEN, 9), (at.sibling, INSIDE, 1)]
                {
                    let packet = Packet::udp(source, destination, b"hello").to(port.mac);
                    let arrival = Arrival::new(port.index, packet.bytes());
                    let egress = if counter == INSIDE {
                        &BLUE
                    } else {
                        &world::GREEN
                    };
                    let out = packet.sent(egress, next_hop(mac));
                    let expected = if enters {
                        Outcome::sent(&out.bytes(), counter, 1, out.ip_bytes().into())
                    } else {
                        let reason = DropReason::SpoofedSource;
                        Outcome::dropped(&packet.bytes(), reason, BLUE.network, counter, 1)
                    };
                    for hook in [Hook::Xdp, Hook::Tc] {
                        let got = rig.run(hook, &arrival);
                        assert_eq!(got, expected, "{source} to {destination} by {}", port.name);
                    }
                }
                let own = if port.index == BLUE.index {
                    at.own
                } else {
                    at.own_b
                };
                let packet = Packet::ping(source, own).to(port.mac);
                let arrival = Arrival::new(port.index, packet.bytes());
                let expected = if enters {
                    Outcome::up(&arrival.frame)
                } else {
                    let reason = DropReason::SpoofedSource;
                    Outcome::dropped(&arrival.frame, reason, BLUE.network, 0, 1)
                };
                assert_eq!(rig.run(Hook::Tc, &arrival), expected, "{source} to {own}");
            }
        }
    });
}
