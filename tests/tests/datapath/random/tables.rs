//! A table no compiler would make, but the programs must obey.

use std::sync::Arc;

use ipnet::IpNet;
use peer_common::{
    DropReason, Route, Subinterface, UNMANAGED_DROP, UNMANAGED_PASS, UNMANAGED_REJECT, flags,
    port_flags, verdict,
};
use peer_userspace::compile::ForwardingTable;

use super::{Random, rules};
use crate::datapath::{
    route::group,
    world::{self, PORTS, next_hop},
};

/// The hand-written table with some of its routes changed, others added and others
/// gone. Networks and devices stay, for their maps are made once.
pub(crate) fn table(random: &mut Random) -> ForwardingTable {
    let mut table = world::table();
    for port in table.ports.values_mut() {
        if random.percent(20) {
            // 5 has no table at all.
            port.network = random.below(6) as u32;
        }
        port.unmanaged = random.pick(&[UNMANAGED_PASS, UNMANAGED_DROP, UNMANAGED_REJECT]);
        if random.percent(15) {
            port.address4 = [0; 4];
        }
        if random.percent(15) {
            port.address6 = [0; 16];
        }
    }
    world::change_routes(&mut table, |route| {
        if random.percent(5) {
            return None;
        }
        if random.percent(30) {
            change(random, route);
        }
        if random.percent(30) {
            route.flags |= flags::TWO_HOPS;
        }
        if route.verdict == verdict::LOCAL && random.percent(50) {
            route.flags |= flags::ANSWERED;
        }
        if route.verdict == verdict::FORWARD && random.percent(25) {
            // 4 holds nothing.
            route.group = 1 + random.below(4) as u32;
        }
        if route.counter > 1 && random.percent(70) {
            route.flags |= flags::POLICY;
        }
        Some(())
    });
    for fib in table.fibs.values_mut() {
        for _ in 0..8 {
            let (prefix, mut route) = (prefix(random), any(random));
            change(random, &mut route);
            fib.insert(prefix, route);
        }
    }
    let elsewhere = Arc::make_mut(&mut table.elsewhere);
    elsewhere.retain(|_, _| !random.percent(10));
    for _ in 0..4 {
        let reason = random.pick(&[DropReason::NotPeered, DropReason::ForeignLocal]);
        elsewhere.insert(prefix(random), reason);
    }
    for id in 1..4 {
        let hops: Vec<(Route, u32)> = (0..1 + random.below(16))
            .map(|_| {
                let mut hop = any(random);
                change(random, &mut hop);
                (hop, 1 + random.below(5) as u32)
            })
            .collect();
        table.groups.insert(id, group(&hops));
    }
    for port in table.ports.values_mut() {
        port.flags = u8::from(random.percent(30)) * port_flags::SOURCES;
    }
    for _ in 0..20 {
        let port = random.pick(&PORTS).index;
        world::claim(&mut table, port, prefix(random), random.percent(60));
    }
    for port in PORTS {
        for all in ["10.0.0.0/8", "fd00::/16"] {
            world::claim(&mut table, port.index, all.parse().unwrap(), true);
        }
    }
    let ports = &table.ports;
    table.sources.retain(|index, _| ports.contains_key(index));
    for counter in 2..8 {
        if random.percent(90) {
            table.policies.insert(counter, rules::policy(random));
        }
    }
    table
}

/// Of any length inside 10/8 or fd00::/8, among the prefixes that are there. No
/// table may hold one that includes addresses no router forwards.
pub(super) fn prefix(random: &mut Random) -> IpNet {
    let network = random.below(4);
    let (text, longest) = if random.percent(50) {
        (
            format!(
                "10.{network}.{}.{}",
                random.pick(&[0, 7, 128]),
                random.below(12)
            ),
            32,
        )
    } else {
        (
            format!(
                "fd00:{network}:0:{}::{}",
                random.pick(&[0, 7, 8000]),
                random.below(12)
            ),
            128,
        )
    };
    let length = 8 + random.below(longest - 7) as u8;
    IpNet::new(text.parse().unwrap(), length).unwrap().trunc()
}

fn any(random: &mut Random) -> Route {
    let fib = random.pick(&[1, 2, 3, 4]);
    let routes: Vec<Route> = world::table().fibs[&fib].values().copied().collect();
    random.pick(&routes)
}

/// Change a few fields.
fn change(random: &mut Random, route: &mut Route) {
    let port = random.pick(&PORTS);
    for _ in 0..1 + random.below(3) {
        match random.below(9) {
            0 => route.verdict = random.pick(&[verdict::FORWARD, verdict::DROP, verdict::LOCAL]),
            1 => route.reason = random.below(18) as u8,
            2 => route.flags ^= 1 << random.pick(&[0, 1, 2, 3, 4, 5, 8]),
            3 => route.flags |= flags::RESOLVED | flags::XDP_EGRESS | flags::SOURCE,
            4 => route.network = random.below(6) as u32,
            5 => route.counter = random.below(8) as u32,
            6 if random.percent(30) => route.port = 0,
            6 => {
                (route.port, route.src_mac) = (port.index, port.mac);
                route.egress = Subinterface::untagged(port.index);
            }
            7 => route.device = random.pick(&[port.slot, 9, 0]),
            _ => route.mtu = random.pick(&[0, 20, 40, 68, 90, 1280, 1300, 1500, 9000]),
        }
    }
    if route.verdict == verdict::FORWARD && route.dst_mac == [0; 6] {
        route.dst_mac = next_hop(random.byte());
    }
}
