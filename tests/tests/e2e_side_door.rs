//! On a host whose kernel routes too, nothing goes from one network to another that
//! the table does not let pass, whatever way the kernel would carry it.

use std::{
    fs::{self, DirEntry},
    net::IpAddr,
    path::PathBuf,
    time::Duration,
};

use anyhow::{Result, ensure};
use peer_tests::{
    Direction, Hook, Host, Network, PacketSocket, Scene, Table, Udp, process, tcp_transfer,
    wait_until,
};

const SOON: Duration = Duration::from_secs(10);
/// In no network.
const FAR: [&str; 2] = ["198.51.100.9", "2001:db8:9::9"];

/// The scene on a router that forwards whatever it has a route for.
fn routing(tag: &str, edit: impl FnOnce(Table) -> Table) -> Result<Scene> {
    let mut scene = Scene::prepare(tag)?;
    scene.lab.route_in_kernel(true)?;
    scene.edit(edit)?;
    scene.daemon.start()?;
    Ok(scene)
}

fn as_it_is(table: Table) -> Table {
    table
}

/// Send to each address from blue; see nothing of it at red, and each counted as a
/// side door.
fn assert_kept_in(scene: &Scene, to: &[IpAddr]) -> Result<()> {
    let Scene { blue, red, .. } = scene;
    let (sender, receiver) = (blue.frames()?, red.frames()?);
    scene.assert_drops(blue, "side-door", 3 * to.len() as u64, || {
        for to in to {
            let from = if to.is_ipv4() { blue.v4 } else { blue.v6 };
            for _ in 0..3 {
                sender.send(&scene.datagram(blue, from, *to)?.frame())?;
            }
        }
        Ok(())
    })?;
    assert_nothing_arrives(&receiver)
}

fn assert_nothing_arrives(receiver: &PacketSocket) -> Result<()> {
    let arrived = receiver.receive(Duration::from_millis(300), Udp::parse)?;
    ensure!(arrived.is_none(), "{arrived:?}");
    Ok(())
}

fn far() -> Result<[IpAddr; 2]> {
    Ok([FAR[0].parse()?, FAR[1].parse()?])
}

/// Have the router's kernel lead to [`FAR`] through a host.
fn route_far(scene: &Scene, through: &Host, table: &str) -> Result<()> {
    let Host { port, v4, v6, .. } = through;
    scene.lab.router.ip(&format!(
        "route add {}/32 via {v4} dev {port} table {table}\n\
         route add {}/128 via {v6} dev {port} table {table}",
        FAR[0], FAR[1]
    ))
}

fn nft(scene: &Scene, rules: &str) -> Result<()> {
    let mut nft = scene.lab.router.command("nft");
    process::run_with_input(nft.args(["-f", "-"]), rules, SOON)?
        .ok()
        .map(drop)
}

#[test]
fn a_kernel_route_leads_to_no_other_network() -> Result<()> {
    let scene = routing("kernel route", as_it_is)?;
    route_far(&scene, &scene.red, "main")?;
    assert_kept_in(&scene, &far()?)
}

#[test]
fn a_routing_policy_leads_to_no_other_network() -> Result<()> {
    let scene = routing("policy routing", as_it_is)?;
    route_far(&scene, &scene.red, "77")?;
    for family in ["-4", "-6"] {
        let rule = format!("ip {family} rule add iif {} table 77", scene.blue.port);
        scene.lab.router.run(&rule)?;
    }
    assert_kept_in(&scene, &far()?)
}

#[test]
fn a_peers_port_is_no_way_for_what_the_peering_does_not_carry() -> Result<()> {
    let scene = routing("far behind a peer", as_it_is)?;
    route_far(&scene, &scene.green, "main")?;
    let Scene { blue, green, .. } = &scene;
    let (sender, receiver) = (blue.frames()?, green.frames()?);
    scene.assert_drops(blue, "side-door", 2, || {
        for (from, to) in blue.addresses().into_iter().zip(far()?) {
            sender.send(&scene.datagram(blue, from, to)?.frame())?;
        }
        Ok(())
    })?;
    assert_nothing_arrives(&receiver)
}

#[test]
fn a_translated_destination_leads_to_no_other_network() -> Result<()> {
    let scene = routing("DNAT", as_it_is)?;
    let Scene { blue, red, .. } = &scene;
    nft(
        &scene,
        &format!(
            "table inet t {{\n chain p {{\n type nat hook prerouting priority -100\n\
             ip daddr {} udp dport 40001 dnat ip to {}\n\
             ip6 daddr {} udp dport 40001 dnat ip6 to {}\n}}\n}}\n",
            blue.gateway4, red.v4, blue.gateway6, red.v6
        ),
    )?;
    assert_kept_in(&scene, &blue.gateways())
}

#[test]
fn a_frame_handed_on_by_a_firewall_rule_leads_to_no_other_network() -> Result<()> {
    let scene = routing("fwd", as_it_is)?;
    let Scene { blue, red, .. } = &scene;
    nft(
        &scene,
        &format!(
            "table netdev t {{\n chain i {{\n type filter hook ingress device {} priority 0\n\
             udp dport 40001 fwd to {}\n}}\n}}\n",
            blue.port, red.port
        ),
    )?;
    assert_kept_in(&scene, &far()?)
}

#[test]
fn a_source_route_leads_to_no_other_network() -> Result<()> {
    let scene = routing("source route", as_it_is)?;
    let Scene { blue, red, .. } = &scene;
    for interface in ["all", &blue.port] {
        let key = format!("net/ipv4/conf/{interface}/accept_source_route");
        scene.lab.router.set_sysctl(&key, "1")?;
    }
    let (sender, receiver) = (blue.frames()?, red.frames()?);
    let IpAddr::V4(next) = red.v4 else {
        unreachable!("an IPv4 address is one")
    };
    let plain = scene.datagram(blue, blue.v4, blue.gateway4)?.frame();
    // Loose source route (RFC 791): type, length, pointer, one address; then the end.
    let option = [&[131, 7, 4][..], &next.octets(), &[0]].concat();
    let mut header = [&plain[14..34], &option].concat();
    header[0] = 0x47;
    header[3] += 8;
    header[10..12].fill(0);
    let words = header
        .chunks(2)
        .map(|two| u32::from(two[0]) << 8 | u32::from(two[1]));
    let sum: u32 = words.sum();
    let sum = !(((sum & 0xffff) + (sum >> 16)) as u16);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    let frame = [&plain[..14], &header, &plain[34..]].concat();
    for _ in 0..3 {
        sender.send(&frame)?;
    }
    // It keeps its options, so it is told by its MAC.
    let to = red.mac()?;
    let marked =
        |frame: &[u8]| (frame[..6] == to && frame.ends_with(b"from the lab")).then_some(());
    let arrived = receiver.receive(Duration::from_millis(500), marked)?;
    ensure!(arrived.is_none(), "it arrived");
    Ok(())
}

#[test]
fn broadcasts_and_multicasts_stay_where_they_are() -> Result<()> {
    let scene = routing("broadcast", as_it_is)?;
    let Scene { blue, red, .. } = &scene;
    for interface in ["all", &blue.port, &red.port] {
        let key = format!("net/ipv4/conf/{interface}/bc_forwarding");
        scene.lab.router.set_sysctl(&key, "1")?;
    }
    let (sender, receiver) = (blue.frames()?, red.frames()?);
    let plain = |to: &str| -> Result<Udp> {
        let to: IpAddr = to.parse()?;
        let from = if to.is_ipv4() { blue.v4 } else { blue.v6 };
        scene.datagram(blue, from, to)
    };
    for to in [
        "10.3.0.255",
        "255.255.255.255",
        "224.0.0.251",
        "ff02::fb",
        "ff05::2",
    ] {
        sender.send(&plain(to)?.frame())?;
    }
    for to in ["10.3.0.2", "10.3.0.255", "fd00:3::2"] {
        let to_mac = [0xff; 6];
        sender.send(
            &Udp {
                to_mac,
                ..plain(to)?
            }
            .frame(),
        )?;
    }
    assert_nothing_arrives(&receiver)
}

#[test]
fn a_bridge_of_two_ports_carries_nothing_of_any_kind() -> Result<()> {
    const EXPERIMENT: [u8; 2] = [0x88, 0xb5];
    let scene = routing("bridge", as_it_is)?;
    let Scene { blue, red, .. } = &scene;
    scene.lab.router.ip(&format!(
        "link add br0 type bridge\nlink set {} master br0\nlink set {} master br0\nlink set br0 up",
        blue.port, red.port
    ))?;
    wait_until("the bridge forwards", SOON, || {
        let shown = scene.lab.router.run("bridge link")?;
        ensure!(shown.matches("state forwarding").count() == 2, "{shown}");
        Ok(())
    })?;
    let (sender, receiver) = (blue.frames()?, red.frames()?);
    let before = scene.dropped(blue, "side-door")?;
    let (to, from) = (red.mac()?, blue.mac()?);
    for to in [to, [0xff; 6]] {
        let strange = [&to[..], &from, &EXPERIMENT, &[0; 50]].concat();
        sender.send(&strange)?;
        for (source, destination) in blue.addresses().into_iter().zip(red.addresses()) {
            let plain = scene.datagram(blue, source, destination)?;
            sender.send(
                &Udp {
                    to_mac: to,
                    ..plain
                }
                .frame(),
            )?;
        }
    }
    let theirs = |frame: &[u8]| (frame[6..12] == from).then(|| frame.to_vec());
    let arrived = receiver.receive(Duration::from_millis(300), theirs)?;
    ensure!(arrived.is_none(), "{arrived:?}");
    wait_until("six are counted", SOON, || {
        let counted = scene.dropped(blue, "side-door")? - before;
        // Blue's own kernel says something now and then.
        ensure!(counted >= 6, "{counted}");
        Ok(())
    })
}

/// A way that no network's port begins or ends is the host's own business.
#[test]
fn an_unmanaged_interface_is_reached_and_reaches() -> Result<()> {
    let scene = routing("unmanaged", as_it_is)?;
    let world = scene.lab.host("world")?;
    scene.assert_connected(&scene.blue, &world)?;
    assert_eq!(scene.dropped(&scene.blue, "side-door")?, 0);
    Ok(())
}

#[test]
fn the_routers_own_traffic_leaves_by_every_port() -> Result<()> {
    let scene = routing("own traffic", as_it_is)?;
    for host in [&scene.blue, &scene.red] {
        for address in host.addresses() {
            let line = format!("ping -n -c 2 -i 0.05 -W 2 {address}");
            scene.lab.router.run(&line)?;
        }
    }
    Ok(())
}

#[test]
fn peered_traffic_meets_no_guard() -> Result<()> {
    for mode in ["tc", "xdp-generic"] {
        let field = format!("mode: {mode}");
        let scene = routing("peered", |table| {
            table.with_all(|network| network.port_field(&field))
        })?;
        let Scene { blue, green, .. } = &scene;
        // The very first packets are resolved by the kernel.
        for to in green.addresses() {
            assert!(blue.ping(to, 1)?.none_lost(), "the first packet to {to}");
        }
        scene.assert_connected(blue, green)?;
        if mode == "tc" {
            for direction in [Direction::Upload, Direction::Download] {
                let moved = tcp_transfer(blue, green, green.v4, direction, 1)?;
                println!("{direction:?}: {moved}");
                assert!(moved.bytes > 10_000_000, "{moved}");
            }
        }
        for host in [blue, green] {
            assert_eq!(scene.dropped(host, "side-door")?, 0, "{mode}");
        }
        route_far(&scene, &scene.red, "main")?;
        assert_kept_in(&scene, &far()?)?;
    }
    Ok(())
}

/// A veth with both ends on the router: whoever sends into the far end chooses the mark.
#[test]
fn a_mark_brought_along_opens_nothing_and_other_bits_are_left_alone() -> Result<()> {
    let mut scene = Scene::prepare("forged mark")?;
    scene.daemon.configure("markBit: 27\n")?;
    scene.lab.route_in_kernel(true)?;
    scene.lab.router.ip(
        "link add here type veth peer name there\naddr add 10.9.0.1/24 dev here\n\
         link set here up\nlink set there up\n\
         link add away type veth peer name beyond\naddr add 10.8.0.1/24 dev away\n\
         link set away up\nlink set beyond up",
    )?;
    let beyond = scene.lab.router.mac("beyond")?;
    let [a, b, c, d, e, f] = beyond;
    scene.lab.router.ip(&format!(
        "neigh add 10.8.0.7 dev away lladdr {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}"
    ))?;
    let also = |interface: &str, prefix: &str| {
        let port = format!("interface: {interface}, prefixes: [{prefix}]");
        let prefix = prefix.to_owned();
        move |network: &mut Network| {
            network.prefixes.push(prefix);
            network.ports.push(port);
        }
    };
    scene.edit(|table| {
        let table = table.with("blue", also("here", "10.9.0.0/16"));
        table.with("green", also("away", "10.8.0.0/16"))
    })?;
    scene.daemon.start()?;
    route_far(&scene, &scene.red, "main")?;
    let (green, red) = (&scene.green, &scene.red);
    nft(
        &scene,
        &format!(
            "table netdev t {{\n\
             chain e {{\n type filter hook egress device there priority 0\n\
             meta mark set 0x08000030\n}}\n\
             chain r {{\n type filter hook egress device {} priority 0\n\
             meta mark 0x30 counter comment \"kernel\"\n}}\n\
             chain b {{\n type filter hook ingress device beyond priority 0\n\
             meta mark 0x08000030 counter drop comment \"ours\"\n}}\n}}\n",
            red.port
        ),
    )?;
    let (sender, receiver) = (
        PacketSocket::open(&scene.lab.router, "there")?,
        red.frames()?,
    );
    let datagram = |to| -> Result<Vec<u8>> {
        Ok(Udp {
            to_mac: scene.lab.router.mac("here")?,
            from_mac: scene.lab.router.mac("there")?,
            ..scene.datagram(green, "10.9.0.7".parse()?, to)?
        }
        .frame())
    };
    scene.assert_drops(&scene.blue, "side-door", 1, || {
        sender.send(&datagram(FAR[0].parse()?)?)
    })?;
    assert_nothing_arrives(&receiver)?;
    sender.send(&datagram("10.8.0.7".parse()?)?)?;
    wait_until("each mark is seen where it should be", SOON, || {
        let rules = scene.lab.router.run("nft list table netdev t")?;
        for whose in ["kernel", "ours"] {
            let line = rules.lines().find(|line| line.contains(whose));
            let once = line.is_some_and(|line| line.contains("packets 1 "));
            ensure!(once, "{rules}");
        }
        Ok(())
    })
}

#[test]
fn the_guard_survives_restarts_is_put_back_and_goes_with_a_detach() -> Result<()> {
    let mut scene = routing("guard's life", as_it_is)?;
    route_far(&scene, &scene.red, "main")?;
    let guards = |scene: &Scene| {
        scene
            .lab
            .router
            .programs_at(&scene.red.port, Hook::TcxEgress)
    };
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    scene.daemon.kill9()?;
    assert_kept_in_uncounted(&scene)?;
    scene.daemon.start()?;
    assert_eq!(guards(&scene)?, 1);
    pings.assert_none_lost()?;
    assert_kept_in(&scene, &far()?)?;

    let pins = guard_pins(&scene)?;
    assert_eq!(pins.len(), 3);
    pins.iter().try_for_each(fs::remove_file)?;
    wait_until("the guards are back", SOON, || {
        ensure!(
            guard_pins(&scene)? == pins && guards(&scene)? == 1,
            "they are not"
        );
        Ok(())
    })?;
    scene.wait_reachable(&scene.blue, &scene.green)?;
    assert_kept_in(&scene, &far()?)?;

    scene.daemon.terminate()?;
    scene.daemon.detach()?.ok()?;
    assert_eq!(guards(&scene)?, 0);
    Ok(())
}

fn guard_pins(scene: &Scene) -> Result<Vec<PathBuf>> {
    let pins = fs::read_dir(&scene.daemon.bpffs)?.collect::<Result<Vec<_>, _>>()?;
    let mut paths: Vec<PathBuf> = pins.iter().map(DirEntry::path).collect();
    paths.retain(|path| path.to_string_lossy().contains("link_guard_"));
    paths.sort();
    Ok(paths)
}

/// Without a daemon nobody tells what was counted.
fn assert_kept_in_uncounted(scene: &Scene) -> Result<()> {
    let (sender, receiver) = (scene.blue.frames()?, scene.red.frames()?);
    for (from, to) in scene.blue.addresses().into_iter().zip(far()?) {
        sender.send(&scene.datagram(&scene.blue, from, to)?.frame())?;
    }
    assert_nothing_arrives(&receiver)
}
