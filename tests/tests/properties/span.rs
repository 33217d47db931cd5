//! Addresses as numbers, and prefixes as runs of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// A run of addresses of one family, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    v6: bool,
    first: u128,
    last: u128,
}

impl Span {
    pub(crate) fn of(net: &IpNet) -> Self {
        let (v6, base) = number(net.addr());
        let width: u32 = if v6 { 128 } else { 32 };
        let free = width - u32::from(net.prefix_len());
        let low = if free == 128 {
            u128::MAX
        } else {
            (1 << free) - 1
        };
        Self {
            v6,
            first: base & !low,
            last: base | low,
        }
    }

    pub(crate) fn holds(&self, address: IpAddr) -> bool {
        let (v6, number) = number(address);
        self.v6 == v6 && self.first <= number && number <= self.last
    }

    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.v6 == other.v6 && self.first <= other.first && other.last <= self.last
    }

    /// What both hold.
    pub(crate) fn common(&self, other: &Self) -> Option<Self> {
        let (first, last) = (self.first.max(other.first), self.last.min(other.last));
        (self.v6 == other.v6 && first <= last).then_some(Self {
            v6: self.v6,
            first,
            last,
        })
    }

    /// The larger, the less specific.
    pub(crate) fn size(&self) -> u128 {
        self.last - self.first
    }

    /// Both ends, the second address, and the neighbours just outside.
    pub(crate) fn boundaries(&self) -> impl Iterator<Item = IpAddr> + use<> {
        let v6 = self.v6;
        [
            self.first,
            self.first.saturating_add(1).min(self.last),
            self.last,
            self.first.wrapping_sub(1),
            self.last.wrapping_add(1),
        ]
        .into_iter()
        .filter_map(move |number| address(v6, number))
    }
}

/// Whether a network that says so holds `address`.
pub(crate) fn any_holds(nets: &[IpNet], address: IpAddr) -> bool {
    nets.iter().any(|net| Span::of(net).holds(address))
}

fn number(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(v4) => (false, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (true, u128::from(v6)),
    }
}

fn address(v6: bool, number: u128) -> Option<IpAddr> {
    if v6 {
        Some(Ipv6Addr::from(number).into())
    } else {
        u32::try_from(number)
            .ok()
            .map(|number| Ipv4Addr::from(number).into())
    }
}
