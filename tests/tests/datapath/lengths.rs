//! Every prefix length there is, one inside the other (RFC 7608 for IPv6).

use ipnet::IpNet;

use super::{
    outcome::{Arrival, Hook, Verdict},
    packet::Packet,
    places::{FAMILIES, Places},
    rig::with_rig,
    route::on_link,
    transport::UDP,
    world::{self, BLUE, BLUE_TO_GREEN, GREEN},
};

/// The MAC behind the route of this length.
fn behind(length: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0xcc, length]
}

/// An address that has exactly the first `length` bits in common with the base.
fn address(at: &Places, length: u8) -> IpNet {
    let base: IpNet = format!("{}/{}", base(at), width(at)).parse().unwrap();
    let flipped = |bits: u8| 1u128 << (bits - 1 - length);
    match base {
        _ if length == width(at) => base,
        IpNet::V4(net) => {
            let bits = net.addr().to_bits() ^ flipped(32) as u32;
            IpNet::from(std::net::IpAddr::from(std::net::Ipv4Addr::from_bits(bits)))
        }
        IpNet::V6(net) => {
            let bits = net.addr().to_bits() ^ flipped(128);
            IpNet::from(std::net::IpAddr::from(std::net::Ipv6Addr::from_bits(bits)))
        }
    }
}

fn base(at: &Places) -> &'static str {
    if at.family == "IPv4" {
        "10.2.0.9"
    } else {
        "fd00:2::9"
    }
}

fn width(at: &Places) -> u8 {
    if at.family == "IPv4" { 32 } else { 128 }
}

#[test]
fn of_all_prefix_lengths_the_longest_that_matches_wins() {
    with_rig(|rig| {
        for at in &FAMILIES {
            let mut table = world::table();
            let fib = table.fibs.get_mut(&BLUE.network).unwrap();
            fib.clear();
            for length in 0..=width(at) {
                let prefix: IpNet = format!("{}/{length}", base(at)).parse().unwrap();
                let way = on_link(&GREEN).counted(BLUE_TO_GREEN).known(behind(length));
                fib.insert(prefix.trunc(), way.0);
            }
            // The sender is green's neighbour: what counts is where its packets go.
            rig.apply(&table);
            for hook in [Hook::Xdp, Hook::Tc] {
                for length in 0..=width(at) {
                    let to = address(at, length).addr().to_string();
                    let packet = Packet::new(at.host, &to, UDP, vec![0; 8]);
                    let outcome = rig.run(hook, &Arrival::new(BLUE.index, packet.bytes()));
                    assert_eq!(outcome.verdict, Verdict::Redirect, "{to}: {outcome:?}");
                    assert_eq!(outcome.frame[..6], behind(length), "{to} by {hook:?}");
                }
            }
        }
    });
}
