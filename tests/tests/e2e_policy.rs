//! `allow` and `allowOut`, with real connections through the real daemon.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use aya::maps::{Array, Map, MapData};
use peer_tests::{Direction, Host, SOON, Scene, tcp_transfer, udp_round_trips, wait_until};

/// How long a host waits for an answer that is not to come.
const PATIENCE: Duration = Duration::from_millis(700);

const OPEN: u16 = 443;
const CLOSED: u16 = 80;
const HTTPS: &str = "allow: [{ protocol: tcp, ports: [443] }]";

/// Accept one connection after another at an address of a host's, for as long as the
/// test runs.
fn listen(host: &Host, at: IpAddr, port: u16) -> Result<TcpListener> {
    let listener = host.ns.enter(|| TcpListener::bind((at, port)))??;
    Ok(listener)
}

fn connect(from: &Host, to: IpAddr, port: u16, limit: Duration) -> Result<TcpStream> {
    let to = SocketAddr::new(to, port);
    from.ns
        .enter(|| TcpStream::connect_timeout(&to, limit))?
        .with_context(|| format!("{} connects to {to}", from.name))
}

/// See a connection opened, and bytes cross it in both directions.
fn assert_talk(client: &Host, server: &Host, to: IpAddr, port: u16) -> Result<()> {
    let listener = listen(server, to, port)?;
    let mut here = connect(client, to, port, SOON)?;
    let (mut there, _) = listener.accept()?;
    assert_crosses(&mut here, &mut there)?;
    assert_crosses(&mut there, &mut here)
}

fn assert_crosses(from: &mut TcpStream, to: &mut TcpStream) -> Result<()> {
    from.write_all(b"text")?;
    to.set_read_timeout(Some(SOON))?;
    let mut text = [0; 4];
    to.read_exact(&mut text).context("nothing arrives")?;
    Ok(())
}

/// See that nothing arrives any more.
fn assert_cut(from: &mut TcpStream, to: &mut TcpStream) -> Result<()> {
    from.write_all(b"text")?;
    to.set_read_timeout(Some(PATIENCE))?;
    match to.read(&mut [0; 4]) {
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(()),
        other => anyhow::bail!("it is not cut: {other:?}"),
    }
}

fn assert_refused(from: &Host, to: IpAddr, port: u16) -> Result<()> {
    ensure!(
        connect(from, to, port, PATIENCE).is_err(),
        "{} reaches {to}:{port}",
        from.name
    );
    Ok(())
}

/// Blue declares `rules`; green may do what it likes.
fn scene(tag: &str, mode: &str, rules: &str) -> Result<Scene> {
    let mut scene = Scene::prepare(tag)?;
    if mode == "xdp" {
        for host in [&scene.blue, &scene.green, &scene.red] {
            // Without these a veth neither hands on XDP's frames nor sums TCP.
            host.offload("gro", true)?;
            host.offload("tx", false)?;
        }
    }
    scene.edit(|table| {
        table
            .with_all(|network| network.port_field(&format!("mode: {mode}")))
            .with_consent("blue", "green", rules)
    })?;
    scene.daemon.start()?;
    Ok(scene)
}

/// Replace blue's rules.
fn declare(scene: &mut Scene, rules: &str) -> Result<()> {
    scene.edit(|table| {
        table
            .without_consent("blue", "green")
            .consent("blue", "green")
            .with_consent("blue", "green", rules)
    })
}

fn an_allowed_port_is_open_and_no_other(mode: &str) -> Result<()> {
    let scene = scene(mode, mode, HTTPS)?;
    let Scene { blue, green, .. } = &scene;
    scene.wait_state("blue", "green", "active")?;
    for (to, from) in blue.addresses().into_iter().zip(green.addresses()) {
        assert_talk(green, blue, to, OPEN)?;
        let _listener = listen(blue, to, CLOSED)?;
        let before = scene.dropped(green, "policy")?;
        assert_refused(green, to, CLOSED)?;
        wait_until("the drops are counted", SOON, || {
            ensure!(scene.dropped(green, "policy")? > before, "none is");
            Ok(())
        })?;
        green.assert_unanswered(to)?;
        ensure!(udp_round_trips((green, from), (blue, to), 3, 100)? == 0);
        // The other direction has no rules, and gets its replies.
        blue.assert_reaches(from)?;
        assert_talk(blue, green, from, CLOSED)?;
        ensure!(udp_round_trips((blue, to), (green, from), 3, 100)? == 3);
    }
    let labels = [("from", &*green.network()), ("reason", "policy")];
    let metrics = scene.daemon.metrics()?;
    ensure!(metrics.count("peer_peering_dropped_packets_total", &labels) > 0);
    Ok(())
}

#[test]
fn an_allowed_port_is_open_and_no_other_by_tc() -> Result<()> {
    an_allowed_port_is_open_and_no_other("tc")
}

#[test]
fn an_allowed_port_is_open_and_no_other_by_xdp() -> Result<()> {
    an_allowed_port_is_open_and_no_other("xdp")
}

#[test]
fn pings_go_by_rules_as_well() -> Result<()> {
    let rules = "allow: [{ protocol: icmp }]";
    let mut scene = scene("ping", "tc", rules)?;
    scene.green.assert_reaches(scene.blue.v4)?;
    scene.green.assert_unanswered(scene.blue.v6)?;
    declare(&mut scene, "allowOut: [{ protocol: icmpv6 }]")?;
    wait_until("blue's IPv4 pings end", SOON, || {
        scene.blue.assert_unanswered(scene.green.v4)
    })?;
    scene.blue.assert_reaches(scene.green.v6)?;
    scene.assert_connected(&scene.green, &scene.red)
}

#[test]
fn a_change_of_rules_ends_what_they_permitted_and_opens_what_they_permit() -> Result<()> {
    let mut scene = scene("narrowing", "tc", HTTPS)?;
    let (green, blue) = (scene.green.clone(), scene.blue.clone());
    let listener = listen(&blue, blue.v4, OPEN)?;
    let mut here = connect(&green, blue.v4, OPEN, SOON)?;
    let (mut there, _) = listener.accept()?;
    assert_crosses(&mut here, &mut there)?;

    declare(&mut scene, "allow: [{ protocol: tcp, ports: [80] }]")?;
    let changed = Instant::now();
    wait_until("443 is closed", SOON, || {
        assert_refused(&green, blue.v4, OPEN)
    })?;
    println!("closed after {:?}", changed.elapsed());
    assert_cut(&mut here, &mut there)?;
    assert_cut(&mut there, &mut here)?;
    assert_talk(&green, &blue, blue.v4, CLOSED)?;

    // TCP sends again what was lost meanwhile.
    declare(&mut scene, "allow: [{ protocol: tcp, ports: [80, 443] }]")?;
    let mut text = [0; 4];
    wait_until("443 is open again", SOON, || {
        Ok(there.read_exact(&mut text)?)
    })?;
    assert_talk(&green, &blue, blue.v4, CLOSED)
}

#[test]
fn the_first_rules_of_a_peering_let_what_they_permit_go_on() -> Result<()> {
    let mut scene = Scene::start("first rules")?;
    let (green, blue) = (scene.green.clone(), scene.blue.clone());
    let mut open = Vec::new();
    for port in [OPEN, CLOSED] {
        let listener = listen(&blue, blue.v4, port)?;
        let here = connect(&green, blue.v4, port, SOON)?;
        let (there, _) = listener.accept()?;
        open.push((here, there));
    }
    declare(&mut scene, HTTPS)?;
    wait_until("the rules are in force", SOON, || {
        green.assert_unanswered(blue.v4)
    })?;
    let [(client, server), (refused_client, refused_server)] = &mut open[..] else {
        anyhow::bail!("two connections");
    };
    assert_crosses(client, server)?;
    assert_crosses(server, client)?;
    assert_cut(refused_client, refused_server)?;
    // Blue may send what it likes, but green's acknowledgements do not come back.
    let dropped = scene.dropped(&green, "policy")?;
    refused_server.write_all(b"text")?;
    wait_until("acknowledgements are dropped", SOON, || {
        ensure!(scene.dropped(&green, "policy")? > dropped, "they are not");
        Ok(())
    })
}

/// Of the rules of the first peering there is, from its smaller network to its larger.
fn generation(scene: &Scene) -> Result<u64> {
    type Bytes = [u8; size_of::<peer_common::Policy>()];
    let data = MapData::from_pin(scene.daemon.bpffs.join("policy_2"))?;
    let map: Array<_, Bytes> = Map::from_map_data(data)?.try_into()?;
    let policy: peer_common::Policy = bytemuck::pod_read_unaligned(&map.get(&0, 0)?);
    Ok(policy.generation)
}

#[test]
fn flows_outlive_the_daemon() -> Result<()> {
    let mut scene = scene(
        "flows and kill -9",
        "tc",
        "allow: [{ protocol: tcp, ports: [5201] }]",
    )?;
    let (green, blue) = (scene.green.clone(), scene.blue.clone());
    let transfer = {
        let (green, blue) = (green.clone(), blue.clone());
        thread::spawn(move || tcp_transfer(&green, &blue, blue.v4, Direction::Upload, 4))
    };
    thread::sleep(Duration::from_secs(1));
    let before = generation(&scene)?;
    scene.daemon.kill9()?;
    thread::sleep(Duration::from_millis(500));
    scene.daemon.start()?;
    ensure!(generation(&scene)? == before, "the rules were put anew");
    let moved = transfer
        .join()
        .map_err(|_| anyhow::anyhow!("the transfer panicked"))??;
    println!("{moved}");
    ensure!(moved.bytes > 1 << 20, "{} bytes", moved.bytes);
    ensure!(
        scene.dropped(&green, "policy")? == 0,
        "a part of it was refused"
    );
    assert_refused(&green, blue.v4, CLOSED)
}

#[test]
fn more_rules_than_can_be_enforced_fail_the_peering() -> Result<()> {
    let ports: Vec<String> = (1..=65).map(|port| port.to_string()).collect();
    let rules = format!(
        "allow: [{{ protocol: tcp, ports: [{}] }}]",
        ports.join(", ")
    );
    let scene = scene("too many rules", "tc", &rules)?;
    let status = scene.wait_state("blue", "green", "failed")?;
    ensure!(
        status.reason.contains("65") && status.reason.contains("64"),
        "{}",
        status.reason
    );
    ensure!(scene.status("green", "blue")?.state == "failed");
    scene.assert_separated(&scene.blue, &scene.green)?;
    scene.assert_connected(&scene.green, &scene.red)
}

#[test]
fn peerctl_shows_rules_as_they_were_declared() -> Result<()> {
    let scene = scene("rules shown", "tc", HTTPS)?;
    let shown = scene
        .daemon
        .peerctl(&["get", "peerings", "-A", "-o", "json"])?
        .ok()?;
    let shown: String = shown.split_whitespace().collect();
    ensure!(
        shown.contains(r#""allow":[{"ports":[443],"protocol":"tcp"}]"#),
        "{shown}"
    );
    Ok(())
}
