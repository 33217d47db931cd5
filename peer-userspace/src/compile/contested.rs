//! Addresses of the host's that the kernel cannot speak for: it looks up whose an
//! address is, and the way back to whoever asked, in tables that all networks share.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;

use super::prefix::is_global;
use crate::host::HostView;

/// Every address of the host's, as the kernel sees them: without regard to networks.
#[derive(Debug)]
pub(super) struct Addresses {
    /// Interfaces by address.
    holders: BTreeMap<IpAddr, Vec<u32>>,
    /// Interfaces by subnet; no subnets of one address.
    subnets: BTreeMap<IpNet, Vec<u32>>,
}

impl Addresses {
    pub(super) fn of(host: &HostView) -> Self {
        let mut holders: BTreeMap<IpAddr, Vec<u32>> = BTreeMap::new();
        let mut subnets: BTreeMap<IpNet, Vec<u32>> = BTreeMap::new();
        for (interface, net) in host.addresses().filter(|(_, net)| is_global(net.addr())) {
            holders.entry(net.addr()).or_default().push(interface);
            if net.prefix_len() < net.max_prefix_len() {
                subnets.entry(net.trunc()).or_default().push(interface);
            }
        }
        Self { holders, subnets }
    }

    /// Whether an interface that is not one of `own` carries the address too, or has
    /// all or a part of its subnet on its link, where the kernel may send answers.
    pub(super) fn is_contested(&self, address: IpNet, own: impl Fn(u32) -> bool) -> bool {
        let others = |interfaces: &Vec<u32>| interfaces.iter().any(|index| !own(*index));
        let subnet = address.trunc();
        // What a prefix holds sorts right behind it.
        let inside = self.subnets.range(subnet..);
        self.holders.get(&address.addr()).is_some_and(others)
            || inside
                .take_while(|(net, _)| subnet.contains(*net))
                .any(|(_, interfaces)| others(interfaces))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Address, Interface};

    #[test]
    fn an_address_is_contested_where_the_kernel_may_answer_by_another_interface() {
        let interface = |(index, nets): (u32, &[&str])| {
            let address = |net: &&str| Address {
                net: net.parse().unwrap(),
                tentative: false,
            };
            let addresses = nets.iter().map(address).collect();
            let interface = Interface {
                index,
                addresses,
                ..Interface::default()
            };
            (index, interface)
        };
        let host = HostView {
            interfaces: [
                (1, &["10.0.0.1/24", "fe80::1/64"][..]),
                (2, &["10.0.0.254/25", "fe80::1/64"]),
                (3, &["10.1.0.1/24", "10.3.0.1/32"]),
                (4, &["10.1.0.7/32", "10.0.0.0/8"]),
                (5, &["10.3.0.1/32"]),
            ]
            .into_iter()
            .map(interface)
            .collect(),
            ..HostView::default()
        };
        let addresses = Addresses::of(&host);
        let contested = |net: &str, own: &[u32]| {
            addresses.is_contested(net.parse().unwrap(), |index| own.contains(&index))
        };
        assert!(
            contested("10.0.0.1/24", &[1]),
            "a part of its subnet is another's"
        );
        assert!(!contested("10.0.0.1/24", &[1, 2]), "both are the network's");
        assert!(!contested("10.0.0.254/25", &[2]), "the longer subnet wins");
        assert!(
            !contested("10.1.0.1/24", &[3]),
            "an address of the host's in it"
        );
        assert!(contested("10.3.0.1/32", &[3]), "the same address");
        assert!(
            !contested("fe80::1/64", &[1]),
            "means another on every link"
        );
    }
}
