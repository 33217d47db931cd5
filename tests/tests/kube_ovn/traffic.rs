//! What flows between VPCs: both families, and only where a route leads.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use peer_tests::{SOON, wait_until};

use super::{
    documents::{network, subnet, vpc},
    scene::{Vpcs, condition, wait_entry, wait_peers},
};

/// Networks and subnets of both VPCs.
fn networks(of_one: &str, of_two: &str) -> String {
    [
        network("vpc-1", "vpc-1", "veth-one"),
        network("vpc-2", "vpc-2", "veth-two"),
        subnet("net1", "vpc-1", of_one),
        subnet("net2", "vpc-2", of_two),
    ]
    .concat()
}

/// The link's ends as Kube-OVN's users write them, and the routes by them.
struct Families<'a> {
    ends: [&'a str; 2],
    of_one: &'a [(&'a str, &'a str)],
    of_two: &'a [(&'a str, &'a str)],
}

const IPV6: Families<'_> = Families {
    ends: ["fd00:100::1/64", "fd00:100::2/64"],
    of_one: &[("fd00:2::/48", "fd00:100::2")],
    of_two: &[("fd00:1::/48", "fd00:100::1")],
};

const DUAL: Families<'_> = Families {
    ends: [
        "169.254.0.1/30,fd00:100::1/64",
        "169.254.0.2/30,fd00:100::2/64",
    ],
    of_one: &[
        ("172.31.0.0/16", "169.254.0.2"),
        ("fd00:2::/48", "fd00:100::2"),
    ],
    of_two: &[
        ("10.0.0.0/16", "169.254.0.1"),
        ("fd00:1::/48", "fd00:100::1"),
    ],
};

impl Families<'_> {
    fn vpcs(&self) -> String {
        let [one, two] = self.ends;
        let one = vpc("vpc-1", &[("vpc-2", one)], self.of_one);
        one + &vpc("vpc-2", &[("vpc-1", two)], self.of_two)
    }
}

#[test]
fn vpcs_of_ipv6_alone_ping_each_other_by_an_ipv6_link() -> Result<()> {
    let table = networks("fd00:1::/48", "fd00:2::/48") + &IPV6.vpcs();
    let vpcs = Vpcs::start("Kube-OVN IPv6", &table)?;
    wait_peers(&vpcs.daemon.api(), "vpc-1", &["vpc-2"])?;
    vpcs.one.assert_reaches(vpcs.two.v6)?;
    vpcs.two.assert_reaches(vpcs.one.v6)
}

#[test]
fn dual_stack_vpcs_ping_each_other_in_both_families() -> Result<()> {
    let subnets = networks("10.0.0.0/16,fd00:1::/48", "172.31.0.0/16,fd00:2::/48");
    let vpcs = Vpcs::start("Kube-OVN dual stack", &(subnets + &DUAL.vpcs()))?;
    wait_peers(&vpcs.daemon.api(), "vpc-1", &["vpc-2"])?;
    vpcs.assert_pings()?;
    for (from, to) in [(&vpcs.one, &vpcs.two), (&vpcs.two, &vpcs.one)] {
        let said = from
            .ns
            .run(&format!("ping -n -c 3 -i 0.2 -W 5 {}", to.v6))?;
        ensure!(said.matches("ttl=62").count() == 3, "{said}");
    }
    Ok(())
}

#[test]
fn a_cidr_with_host_bits_is_the_subnets_all_the_same() -> Result<()> {
    let subnets = networks("10.0.0.1/16,fd00:1::1/48", "172.31.7.7/16,fd00:2::/48");
    let vpcs = Vpcs::start("Kube-OVN host bits", &(subnets + &DUAL.vpcs()))?;
    wait_peers(&vpcs.daemon.api(), "vpc-1", &["vpc-2"])?;
    vpcs.assert_pings()?;
    ensure!(
        vpcs.daemon.log().contains("it is taken as 10.0.0.0/16"),
        "it is told"
    );
    Ok(())
}

#[test]
fn without_its_route_nothing_flows_and_no_route_is_counted() -> Result<()> {
    let subnets = networks("10.0.0.0/16,fd00:1::/48", "172.31.0.0/16,fd00:2::/48");
    let vpcs = Vpcs::start("Kube-OVN routes", &(subnets.clone() + &DUAL.vpcs()))?;
    let api = vpcs.daemon.api();
    wait_peers(&api, "vpc-1", &["vpc-2"])?;
    vpcs.assert_pings()?;
    let less = Families {
        of_one: &DUAL.of_one[1..],
        ..DUAL
    };
    vpcs.daemon.write_table(&(subnets.clone() + &less.vpcs()))?;
    let labels = [("network", "default/vpc-1"), ("reason", "no-route")];
    let dropped = || -> Result<u64> {
        let metrics = vpcs.daemon.metrics()?;
        Ok(metrics.count("peer_dropped_packets_total", &labels))
    };
    wait_until("nothing is answered", SOON, || {
        let pings = vpcs.one.ping(vpcs.two.v4, 1)?;
        ensure!(pings.received == 0, "{pings}");
        Ok(())
    })?;
    let before = dropped()?;
    vpcs.one.assert_unanswered(vpcs.two.v4)?;
    wait_until("all three are counted", SOON, || {
        let counted = dropped()? - before;
        ensure!(counted == 3, "{counted}");
        Ok(())
    })?;
    // The other family has its route, and the peering is what it was.
    vpcs.one.assert_reaches(vpcs.two.v6)?;
    wait_entry(&api, "vpc-1", "vpc-2", "active")?;
    // A route of a part leads to that part alone.
    let part = Families {
        of_one: &[("172.31.0.0/30", "169.254.0.2")],
        ..DUAL
    };
    vpcs.daemon.write_table(&(subnets + &part.vpcs()))?;
    wait_until("the part is reached", SOON, || {
        vpcs.one.assert_reaches(vpcs.two.v4)
    })?;
    vpcs.one.assert_unanswered(vpcs.two.v6)
}

#[test]
fn a_route_to_nobody_is_told_in_the_status_and_harms_no_other() -> Result<()> {
    let stray = Families {
        of_one: &[
            ("172.31.0.0/16", "169.254.0.2"),
            ("0.0.0.0/0", "10.0.0.254"),
            ("172.31.8.0/24", "169.254.0.1"),
        ],
        ..DUAL
    };
    let subnets = networks("10.0.0.0/16,fd00:1::/48", "172.31.0.0/16,fd00:2::/48");
    let vpcs = Vpcs::start("Kube-OVN stray route", &(subnets + &stray.vpcs()))?;
    let status = wait_peers(&vpcs.daemon.api(), "vpc-1", &["vpc-2"])?;
    vpcs.assert_pings()?;
    assert_eq!(
        condition(&status, "Validated"),
        Some((
            "False".to_owned(),
            "the static route to 0.0.0.0/0 has no effect: its next hop 10.0.0.254 is on no \
             peering's link, and peerd routes to peers only; the static route to 172.31.8.0/24 \
             has no effect: its next hop 169.254.0.1 is the VPC's own localConnectIP; write the \
             remote VPC's"
                .to_owned()
        ))
    );
    Ok(())
}

#[test]
fn an_entry_that_comes_before_another_interrupts_nothing() -> Result<()> {
    let subnets = networks("10.0.0.0/16", "172.31.0.0/16");
    let before = vpc("vpc-1", &[("vpc-2", DUAL.ends[0])], &DUAL.of_one[..1]);
    let two = vpc("vpc-2", &[("vpc-1", DUAL.ends[1])], &DUAL.of_two[..1]);
    let vpcs = Vpcs::start("Kube-OVN entries", &format!("{subnets}{before}{two}"))?;
    let api = vpcs.daemon.api();
    wait_peers(&api, "vpc-1", &["vpc-2"])?;
    let pings = vpcs.one.ping_meanwhile(vpcs.two.v4)?;
    let entries = [("vpc-3", ""), ("vpc-2", DUAL.ends[0])];
    let after = vpc("vpc-1", &entries, &DUAL.of_one[..1]);
    vpcs.daemon.write_table(&format!("{subnets}{after}{two}"))?;
    wait_entry(&api, "vpc-1", "vpc-3", "failed")?;
    wait_entry(&api, "vpc-1", "vpc-2", "active")?;
    thread::sleep(Duration::from_millis(500));
    pings.assert_none_lost().map(drop)
}
