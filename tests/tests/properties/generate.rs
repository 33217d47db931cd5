//! Small random worlds in which overlaps, nesting and neighbours are frequent.
//!
//! Network K mostly lives in 10.K.0.0/16 and fd00:K::/32, behind interface ifK.
//! Addresses are built from few values, so that prefixes of different lengths
//! share their boundaries.

mod consents;
mod edits;
mod host;
mod networks;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use peer_userspace::model::Table;
use proptest::{option::weighted, prelude::*, sample::select};

pub(crate) use self::{
    consents::consent,
    edits::{Edit, edit},
    host::SPARE,
    networks::network,
};
use super::world::World;

/// `a-b/x` sorts before `a/x` as text and after it by parts.
pub(crate) const NETWORKS: [&str; 6] = ["a/x", "a/y", "a-b/x", "a-b/y", "b/x", "b/y"];

/// A world of up to six networks, mostly four or five.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let networks: Vec<_> = (0..NETWORKS.len())
        .map(|k| weighted(if k < 3 { 0.97 } else { 0.8 }, network(k)))
        .collect();
    (
        networks,
        consents::consents(),
        host::host(),
        consents::facts(),
    )
        .prop_map(|(networks, consents, host, facts)| {
            let networks = networks
                .into_iter()
                .flatten()
                .map(|one| (one.id.clone(), one));
            let table = Table {
                networks: networks.collect(),
                consents,
                ..Table::default()
            };
            World { table, host, facts }
        })
}

/// Which of [`NETWORKS`].
pub(crate) fn number() -> impl Strategy<Value = usize> {
    0..NETWORKS.len()
}

/// An address in network `k`'s usual space.
fn address(k: usize) -> impl Strategy<Value = IpAddr> {
    let third = select(vec![0, 16, 17, 128]);
    let fourth = select(vec![0, 1, 2, 15, 16, 17, 254, 255]);
    (any::<bool>(), third, fourth).prop_map(move |(v6, c, d)| at(v6, k, c, d))
}

fn at(v6: bool, k: usize, c: u8, d: u8) -> IpAddr {
    let k = u8::try_from(k).expect("few networks");
    if v6 {
        Ipv6Addr::new(0xfd00, k.into(), u16::from(c) << 8, 0, 0, 0, 0, d.into()).into()
    } else {
        Ipv4Addr::new(10, k, c, d).into()
    }
}

/// A prefix in that space: all of it or a part.
fn prefix(k: usize) -> impl Strategy<Value = IpNet> {
    let lengths = vec![
        (16, 32),
        (17, 33),
        (20, 36),
        (24, 40),
        (24, 64),
        (28, 124),
        (31, 127),
    ];
    (address(k), select(lengths)).prop_map(|(address, (v4, v6))| net(address, v4, v6))
}

fn any_prefix() -> impl Strategy<Value = IpNet> {
    number().prop_flat_map(prefix)
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    number().prop_flat_map(address)
}

/// The prefix of this length, by family, that holds `address`.
fn net(address: IpAddr, v4: u8, v6: u8) -> IpNet {
    with_length(address, v4, v6).trunc()
}

fn with_length(address: IpAddr, v4: u8, v6: u8) -> IpNet {
    match address {
        IpAddr::V4(address) => Ipv4Net::new(address, v4).map(IpNet::from),
        IpAddr::V6(address) => Ipv6Net::new(address, v6).map(IpNet::from),
    }
    .expect("a valid length")
}
