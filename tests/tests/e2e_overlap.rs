//! Networks of the same addresses on one host: each has its gateway and its neighbours
//! to itself, and what one sends or claims never touches another.

use std::{
    net::{IpAddr, SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{
    Daemon, ETH0, Host, Lab, PacketSocket, Programs, Table, frame, udp_round_trips, wait_until,
};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(10);
const HOST_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
const FORGED_MAC: [u8; 6] = [2, 0, 0, 0, 0xee, 0xee];

/// Networks a, b and c have the same prefixes, gateway addresses, host addresses and
/// host MACs, each with a peer of its own: x, y and z. Network a has a second port.
struct Overlap {
    /// Declared first, since it has to end before its namespace does.
    daemon: Daemon,
    same: [Host; 3],
    peers: [Host; 3],
    second: Host,
    table: Table,
    lab: Lab,
}

const PREFIXES: [&str; 2] = ["10.0.0.0/16", "fd00::/48"];

impl Overlap {
    fn start(tag: &str, rp_filter: u8, mode: &str) -> Result<Self> {
        let lab = Lab::new(tag)?;
        for interface in ["all", "default"] {
            let key = format!("net/ipv4/conf/{interface}/rp_filter");
            lab.router.set_sysctl(&key, &rp_filter.to_string())?;
        }
        let plugged = |name: &str, [v4, v6, gateway4, gateway6]: [&str; 4]| -> Result<Host> {
            let mut host = lab.unplugged_host(name)?;
            (host.v4, host.v6) = (v4.parse()?, v6.parse()?);
            (host.gateway4, host.gateway6) = (gateway4.parse()?, gateway6.parse()?);
            lab.plug(&host)?;
            host.ns.ip("link set eth0 address 02:00:00:00:00:02")?;
            Ok(host)
        };
        let same = |name| plugged(name, ["10.0.0.2", "fd00::2", "10.0.0.1", "fd00::1"]);
        let same = [same("a")?, same("b")?, same("c")?];
        let second = plugged(
            "second",
            ["10.0.1.2", "fd00:0:0:1::2", "10.0.1.1", "fd00:0:0:1::1"],
        )?;
        let peers = [lab.host("x")?, lab.host("y")?, lab.host("z")?];
        let mut table = Table::of(same.iter().chain(&peers));
        for (one, peer) in same.iter().zip(&peers) {
            table = table
                .peered(&one.name, &peer.name)
                .with(&one.name, |network| {
                    network.prefixes = PREFIXES.map(str::to_owned).into();
                });
        }
        table = table.with("a", |network| {
            let prefixes = "prefixes: [10.0.1.0/24, \"fd00:0:0:1::/64\"]";
            network
                .ports
                .push(format!("interface: veth-second, {prefixes}"));
        });
        let table = table.with_all(|network| network.port_field(&format!("mode: {mode}")));
        let mut daemon = Daemon::new(&lab, Programs::find()?)?;
        daemon.write_table(&table.to_string())?;
        daemon.start()?;
        Ok(Self {
            daemon,
            same,
            peers,
            second,
            table,
            lab,
        })
    }

    /// Ping from each of the three in turn, with what tells whose pings they are, and
    /// see that only the one that asks gets answers.
    fn assert_own(&self, to: impl Fn(usize) -> Vec<IpAddr>) -> Result<()> {
        for (number, host) in self.same.iter().enumerate() {
            let pattern = 0xa0 + number as u8;
            let others = self.same.iter().chain(&self.peers).chain([&self.second]);
            let sees = |other: &&Host| !to(number).contains(&other.v4) && other.name != host.name;
            let sockets = others
                .filter(sees)
                .map(|other| Ok((other, other.frames()?)));
            let sockets: Vec<(&Host, PacketSocket)> = sockets.collect::<Result<_>>()?;
            for to in to(number) {
                let line = format!("ping -n -c 3 -i 0.05 -W 2 -p {pattern:02x} {to}");
                let said = host.ns.run(&line);
                said.with_context(|| format!("{} pings {to}", host.name))?;
            }
            for (other, socket) in sockets {
                let theirs = |frame: &[u8]| frame.ends_with(&[pattern; 16]).then(|| frame.to_vec());
                let leaked = socket.receive(Duration::from_millis(50), theirs)?;
                ensure!(leaked.is_none(), "{} saw {leaked:02x?}", other.name);
            }
        }
        Ok(())
    }

    fn assert_gateways(&self) -> Result<()> {
        self.assert_own(|number| self.same[number].gateways().to_vec())
    }

    fn assert_peers(&self) -> Result<()> {
        self.assert_own(|number| self.peers[number].addresses().to_vec())
    }

    fn dropped(&self, host: &Host, reason: &str) -> Result<u64> {
        let network = host.network();
        let labels = [("network", &*network), ("reason", reason)];
        let metrics = self.daemon.metrics()?;
        Ok(metrics.count("peer_dropped_packets_total", &labels))
    }

    /// What a host takes for the MAC of its gateway.
    fn gateway_mac(&self, host: &Host, gateway: IpAddr) -> Result<String> {
        let shown = host
            .ns
            .run(&format!("ip neigh show {gateway} dev {ETH0}"))?;
        let mut words = shown.split_whitespace();
        let known = words.by_ref().any(|word| word == "lladdr");
        ensure!(known, "{} does not know {gateway}: {shown}", host.name);
        Ok(words.next().unwrap_or_default().to_owned())
    }

    fn assert_gateway_macs(&self) -> Result<()> {
        for host in &self.same {
            let own = text(self.lab.router.mac(&host.port)?);
            for gateway in host.gateways() {
                let known = self.gateway_mac(host, gateway)?;
                ensure!(known == own, "{} takes {known} for {own}", host.name);
            }
        }
        Ok(())
    }
}

impl Drop for Overlap {
    fn drop(&mut self) {
        // Captured by the test runner, which shows it where a test failed.
        println!("--- peerd's log\n{}", self.daemon.log());
        for line in ["ip neigh", "ip route", "ip -6 route"] {
            println!(
                "--- {line}\n{}",
                self.lab.router.run(line).unwrap_or_default()
            );
        }
        if let Ok(drops) = self.daemon.peerctl(&["get", "drops", "-A"]) {
            println!("--- {drops}");
        }
    }
}

fn text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

fn each_is_served_alone(rp_filter: u8, mode: &str) -> Result<()> {
    let scene = Overlap::start(&format!("overlap, {rp_filter}, {mode}"), rp_filter, mode)?;
    scene.assert_gateways()?;
    scene.assert_gateway_macs()?;
    // Asked anew.
    for host in &scene.same {
        host.ns.run(&format!("ip neigh flush dev {ETH0}"))?;
    }
    scene.assert_gateways()?;
    scene.assert_gateway_macs()?;
    scene.assert_peers()?;
    for (host, peer) in scene.same.iter().zip(&scene.peers) {
        for address in host.addresses() {
            peer.assert_reaches(address)?;
        }
        for (from, to) in host.addresses().into_iter().zip(peer.addresses()) {
            assert_eq!(udp_round_trips((host, from), (peer, to), 5, 1000)?, 5);
        }
    }
    // Inside a network, from port to port.
    for address in scene.second.addresses() {
        scene.same[0].assert_reaches(address)?;
    }
    for address in scene.same[0].addresses() {
        scene.second.assert_reaches(address)?;
    }
    for host in &scene.same[1..] {
        for address in scene.second.addresses() {
            host.assert_unanswered(address)?;
        }
    }
    Ok(())
}

#[test]
fn each_network_is_served_alone_without_a_reverse_path_filter() -> Result<()> {
    each_is_served_alone(0, "tc")
}

#[test]
fn each_network_is_served_alone_with_a_strict_reverse_path_filter() -> Result<()> {
    each_is_served_alone(1, "tc")
}

#[test]
fn each_network_is_served_alone_with_a_loose_reverse_path_filter() -> Result<()> {
    each_is_served_alone(2, "tc")
}

#[test]
fn each_network_is_served_alone_by_generic_xdp() -> Result<()> {
    each_is_served_alone(1, "xdp-generic")
}

#[test]
fn pings_are_answered_rightly_whoever_fills_in_checksums() -> Result<()> {
    let scene = Overlap::start("overlap, checksums", 1, "tc")?;
    for on in [false, true] {
        for host in &scene.same {
            for feature in ["tx", "rx"] {
                host.offload(feature, on)?;
            }
        }
        scene.assert_gateways()?;
        let big = |host: &Host, to| {
            host.ns
                .run(&format!("ping -n -c 2 -i 0.1 -W 2 -s 1400 {to}"))
        };
        for host in &scene.same {
            for gateway in host.gateways() {
                big(host, gateway)?;
            }
        }
    }
    Ok(())
}

#[test]
fn neighbours_are_kept_apart() -> Result<()> {
    let scene = Overlap::start("overlap, neighbours", 1, "tc")?;
    // Different ones at last, to tell whose is whose.
    for (number, host) in scene.same.iter().enumerate() {
        host.ns
            .ip(&format!("link set {ETH0} address 02:00:00:00:00:a{number}"))?;
        host.assert_reaches(scene.peers[number].v4)?;
        host.assert_reaches(scene.peers[number].v6)?;
    }
    wait_until("each has its neighbour", Duration::from_secs(60), || {
        let listed = scene
            .daemon
            .peerctl(&["get", "neighbours", "-A", "-o", "json"])?;
        let listed: Value = serde_json::from_str(&listed.ok()?)?;
        let items = listed["items"].as_array().context("no list")?;
        for (number, host) in scene.same.iter().enumerate() {
            for address in host.addresses() {
                let mac = format!("02:00:00:00:00:a{number}");
                let own = |item: &&Value| {
                    item["interface"] == *host.port && item["address"] == address.to_string()
                };
                let found: Vec<_> = items.iter().filter(own).collect();
                ensure!(
                    found.len() == 1 && found[0]["mac"] == mac,
                    "{address} at {}: {found:?}",
                    host.port
                );
            }
        }
        Ok(())
    })
}

#[test]
fn what_one_network_claims_moves_nothing_of_anothers() -> Result<()> {
    let scene = Overlap::start("overlap, forged", 0, "tc")?;
    let [a, b, _] = &scene.same;
    scene.assert_gateways()?;
    scene.assert_peers()?;
    let meanwhile = b.ping_meanwhile(scene.peers[1].v4)?;
    let wire = a.frames()?;
    for _ in 0..5 {
        for address in [b.gateway4, b.v4, scene.peers[1].v4] {
            for (operation, sender) in [(1, address), (2, address)] {
                wire.send(&arp(operation, sender, address))?;
            }
            wire.send(&arp(2, address, b.gateway4))?;
            wire.send(&arp(1, address, b.gateway4))?;
        }
        for address in ["fd00::1", "fd00::2"] {
            wire.send(&frame::claims(
                FORGED_MAC,
                address.parse()?,
                "ff02::1".parse()?,
            ))?;
            wire.send(&frame::who_has(FORGED_MAC, address.parse()?, b.gateway6))?;
        }
    }
    scene.assert_own(|number| match number {
        // Its own neighbours are a's to deceive.
        0 => Vec::new(),
        _ => [
            scene.same[number].gateways(),
            scene.peers[number].addresses(),
        ]
        .concat(),
    })?;
    let known = scene
        .lab
        .router
        .run(&format!("ip neigh show dev {}", b.port))?;
    assert!(known.contains(&text(HOST_MAC)), "{known}");
    assert!(!known.contains(&text(FORGED_MAC)), "{known}");
    let taken = scene.gateway_mac(b, b.gateway4)?;
    assert_eq!(taken, text(scene.lab.router.mac(&b.port)?));
    meanwhile.assert_none_lost()?;
    Ok(())
}

/// An ARP packet to all, from whom it is not.
fn arp(operation: u8, sender: IpAddr, target: IpAddr) -> Vec<u8> {
    let octets = |address| match address {
        IpAddr::V4(v4) => v4.octets(),
        IpAddr::V6(_) => unreachable!("ARP is IPv4's"),
    };
    let head = [8, 6, 0, 1, 8, 0, 6, 4, 0, operation];
    let ends = [&FORGED_MAC[..], &octets(sender), &[0; 6], &octets(target)].concat();
    [&[0xff; 6][..], &FORGED_MAC, &head, &ends].concat()
}

#[test]
fn the_host_itself_is_not_reached_by_such_an_address_and_says_so() -> Result<()> {
    let mut scene = Overlap::start("overlap, the host", 0, "tc")?;
    let [a, b, c] = &scene.same;
    // Of two that reach the kernel one would be answered into the other.
    let connect = |host: &Host| {
        let to = SocketAddr::new(host.gateway4, 9);
        host.ns
            .enter(|| TcpStream::connect_timeout(&to, Duration::from_millis(300)))
    };
    let before = scene.dropped(b, "foreign-local")?;
    assert!(connect(b)?.is_err_and(|error| error.kind() == std::io::ErrorKind::TimedOut));
    wait_until("it is counted", SOON, || {
        let now = scene.dropped(b, "foreign-local")?;
        ensure!(now > before, "{now}");
        Ok(())
    })?;
    let said = scene.daemon.peerctl(&["get", "ports", "-A"])?.ok()?;
    for host in [a, b, c] {
        let line = said.lines().find(|line| line.contains(&host.port));
        let says = |line: &str| line.contains("10.0.0.1/24") && line.contains("foreign-local");
        assert!(line.is_some_and(says), "{said}");
    }
    // Where nothing overlaps any more, the kernel speaks again.
    scene.lab.unplug(b)?;
    scene.lab.unplug(c)?;
    wait_until("the kernel refuses the connection", SOON, || {
        let error = connect(a)?.err().context("it connected")?;
        ensure!(
            error.kind() == std::io::ErrorKind::ConnectionRefused,
            "{error}"
        );
        Ok(())
    })?;
    a.assert_reaches(a.gateway4)?;
    a.assert_reaches(a.gateway6)?;
    scene.daemon.terminate()
}

#[test]
fn who_would_import_the_same_twice_gets_it_once() -> Result<()> {
    let scene = Overlap::start("overlap, conflict", 0, "tc")?;
    let table = scene.table.clone().peered("b", "x");
    scene.daemon.write_table(&table.to_string())?;
    wait_until("b and x are in conflict", SOON, || {
        let status = scene.daemon.status("x-team", "to-b")?;
        ensure!(
            status.state == "conflict",
            "{}: {}",
            status.state,
            status.reason
        );
        Ok(())
    })?;
    scene.assert_peers()?;
    scene.assert_gateways()
}
