//! Several next hops for one destination.

use std::{net::IpAddr, time::Instant};

use anyhow::Result;
use peer_tests::ETH0;

use super::stage::{PATIENCE, Stage, far};

const ROUTES: [&str; 2] = ["10.1.48.0/20", "fd00:1:0:50::/64"];

#[test]
fn flows_are_shared_by_weight_keep_their_way_and_survive_a_hops_link() -> Result<()> {
    let stage = Stage::start("weights", "")?;
    stage.route([1, 3])?;
    for (v6, to) in [(false, ROUTES[0]), (true, ROUTES[1])] {
        stage.wait_hops(to, &[(1, true), (3, true)])?;
        let flows = far(v6, 1000)?;
        let first = stage.arrivals(&flows)?;
        let share = first.values().filter(|place| **place == 0).count();
        println!("{to}: {share} of 1000 flows at weight 1, the others at weight 3");
        // A quarter is 250, with a standard deviation of 14.
        assert!((180..=320).contains(&share), "{share}");
        assert_eq!(stage.arrivals(&flows)?, first, "a flow keeps its way");
    }
    let flows = [far(false, 200)?, far(true, 200)?].concat();
    let before = stage.arrivals(&flows)?;
    let moved = |v6: bool| {
        let mut flows = before.iter().filter(|(to, _)| to.is_ipv6() == v6);
        flows.find(|(_, place)| **place == 1).map(|(to, _)| *to)
    };
    stage.second.ns.ip(&format!("link set {ETH0} down"))?;
    let lost = Instant::now();
    for to in [moved(false), moved(true)].into_iter().flatten() {
        stage.wait_arrives(to, 0)?;
        println!("link down: {to} has another way after {:?}", lost.elapsed());
    }
    let meanwhile = stage.arrivals(&flows)?;
    assert!(meanwhile.values().all(|place| *place == 0));
    stage.second.ns.ip(&format!("link set {ETH0} up"))?;
    // Its IPv6 address went with the link, as on every host.
    let _ = stage
        .second
        .ns
        .ip(&format!("addr add {}/64 dev {ETH0} nodad", stage.second.v6));
    for to in ROUTES {
        stage.wait_hops(to, &[(1, true), (3, true)])?;
    }
    assert_eq!(
        stage.arrivals(&flows)?,
        before,
        "all are back where they were"
    );
    Ok(())
}

#[test]
fn flows_leave_a_hop_that_answers_no_more_and_others_stay() -> Result<()> {
    let stage = Stage::start("silent hop", "")?;
    let port = &stage.second.port;
    // The kernel's own pace is a minute.
    for (key, value) in [
        ("base_reachable_time_ms", "1000"),
        ("delay_first_probe_time", "1"),
        ("retrans_time_ms", "250"),
        ("interval_probe_time_ms", "1000"),
    ] {
        let key = format!("net/ipv4/neigh/{port}/{key}");
        stage.scene.lab.router.set_sysctl(&key, value)?;
    }
    stage.route([1, 1])?;
    stage.wait_hops(ROUTES[0], &[(1, true), (1, true)])?;
    let flows = far(false, 100)?;
    let before = stage.arrivals(&flows)?;
    stage.second.ns.ip(&format!("link set {ETH0} arp off"))?;
    let silent = Instant::now();
    stage.wait_hops(ROUTES[0], &[(1, false), (1, true)])?;
    println!(
        "a silent neighbour is left out after {:?}",
        silent.elapsed()
    );
    assert!(stage.arrivals(&flows)?.values().all(|place| *place == 0));
    stage.second.ns.ip(&format!("link set {ETH0} arp on"))?;
    let back = Instant::now();
    stage.wait_hops(ROUTES[0], &[(1, true), (1, true)])?;
    println!("it has its flows again after {:?}", back.elapsed());
    assert_eq!(stage.arrivals(&flows)?, before);
    Ok(())
}

#[test]
fn hops_of_a_nexthop_object_are_followed_and_so_is_its_change() -> Result<()> {
    let stage = Stage::start("nexthop object", "")?;
    let (blue, second, router) = (&stage.scene.blue, &stage.second, &stage.scene.lab.router);
    router.ip(&format!(
        "nexthop add id 1 via {} dev {}\nnexthop add id 2 via {} dev {}\n\
         nexthop add id 10 group 1,1/2,3\nroute add 10.1.48.0/20 nhid 10",
        blue.v4, blue.port, second.v4, second.port
    ))?;
    stage.wait_hops(ROUTES[0], &[(1, true), (3, true)])?;
    let flows = far(false, 100)?;
    let share = stage
        .arrivals(&flows)?
        .values()
        .filter(|place| **place == 0)
        .count();
    assert!((5..=50).contains(&share), "{share} of 100 at weight 1 of 4");
    router.ip("nexthop replace id 10 group 2")?;
    stage.wait_hops(ROUTES[0], &[(1, true)])?;
    assert!(stage.arrivals(&flows)?.values().all(|place| *place == 1));
    Ok(())
}

#[test]
fn an_ipv4_route_by_an_ipv6_neighbour_is_followed() -> Result<()> {
    let stage = Stage::start("RFC 8950", "")?;
    let (second, router) = (&stage.second, &stage.scene.lab.router);
    let to: IpAddr = "10.1.48.9".parse()?;
    router.ip(&format!(
        "route add 10.1.48.0/20 via inet6 {} dev {}",
        second.v6, second.port
    ))?;
    stage.wait_arrives(to, 1)?;
    // Known by now, or not yet: it goes on.
    stage.wait_hops(ROUTES[0], &[(1, true)])?;
    stage.arrivals(&far(false, 50)?)?;
    router.ip(&format!("neigh flush dev {}", second.port))?;
    stage.wait_arrives(to, 1)?;
    Ok(())
}

#[test]
fn a_host_route_that_comes_and_goes_is_followed() -> Result<()> {
    let stage = Stage::start("host route", "")?;
    let (second, router) = (&stage.second, &stage.scene.lab.router);
    for (length, far) in [(32, "10.1.48.9"), (128, "fd00:1:0:50::9")] {
        let to: IpAddr = far.parse()?;
        let via = second.addresses()[usize::from(to.is_ipv6())];
        let route = format!("{far}/{length} via {via} dev {}", second.port);
        router.ip(&format!("route add {route}"))?;
        println!("{far}: added, used after {:?}", stage.wait_arrives(to, 1)?);
        let via = stage.scene.blue.addresses()[usize::from(to.is_ipv6())];
        let other = format!("{far}/{length} via {via} dev {}", stage.scene.blue.port);
        router.ip(&format!("route replace {other}"))?;
        println!(
            "{far}: changed, used after {:?}",
            stage.wait_arrives(to, 0)?
        );
        router.ip(&format!("route del {other}"))?;
        // On-link at blue's first port, and nobody is there.
        peer_tests::wait_until("nothing arrives", PATIENCE, || {
            anyhow::ensure!(stage.wait_quiet(to)?, "it still arrives");
            Ok(())
        })?;
    }
    Ok(())
}
