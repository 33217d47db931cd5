//! The scenes of the demo.
//!
//! Every command shown is really run and every claim checked: a demo that ends
//! well has proved what it says.

use std::net::IpAddr;

use anyhow::{Result, ensure};
use peer_tests::{Direction, Host, Scene, interrupt, process, tcp_transfer};

use super::stage::Stage;

pub(super) fn all(scene: &mut Scene, stage: &mut Stage) -> Result<()> {
    show_networks(scene, stage)?;
    start_daemon(scene, stage)?;
    show_traffic(scene, stage)?;
    show_hops(scene, stage)?;
    show_separation(scene, stage)?;
    show_counters(scene, stage)?;
    withdraw_consent(scene, stage)?;
    ask_and_answer(scene, stage)
}

fn show_networks(scene: &Scene, stage: &mut Stage) -> Result<()> {
    stage.scene("Three networks, one router");
    stage.say("Each is a network namespace; so is the router, whose kernel forwards nothing:");
    stage.quote(
        "blue   10.1.0.2  fd00:1::2 ──┐\n\
         green  10.2.0.2  fd00:2::2 ──┼── router\n\
         red    10.3.0.2  fd00:3::2 ──┘",
    );
    for key in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
        let value = scene.lab.router.sysctl(key)?;
        let claim = format!("{} is {value}", key.replace('/', "."));
        stage.check(value == "0", &claim)?;
    }
    ping(stage, &scene.blue, &scene.green, Expect::Silence)
}

fn start_daemon(scene: &mut Scene, stage: &mut Stage) -> Result<()> {
    stage.scene("Owners declare who peers with whom, and peerd starts");
    stage.say("Blue–green and green–red peer. Blue's network, and the two consents it takes:");
    let table = scene.table.to_string();
    let shown: Vec<_> = table
        .split("---\n")
        .filter(|document| document.contains("blue"))
        .collect();
    stage.quote(&shown.join("---\n"));
    let arguments = scene.daemon.arguments().join(" ");
    stage.prompt("router", &format!("peerd {arguments}"));
    scene.daemon.start()?;
    peerctl(scene, stage, &["get", "ports", "-A"])?;
    peerctl(scene, stage, &["get", "peerings", "-A"])?;
    expect_state(scene, stage, ("blue", "green"), "active")?;
    expect_state(scene, stage, ("green", "red"), "active")
}

fn show_traffic(scene: &Scene, stage: &mut Stage) -> Result<()> {
    stage.scene("Blue reaches green, in the kernel's fast path");
    ping(stage, &scene.blue, &scene.green, Expect::Replies)?;
    for to in scene.green.addresses() {
        stage.prompt("blue", &format!("iperf3 --client {to} --time 1"));
        let moved = tcp_transfer(&scene.blue, &scene.green, to, Direction::Upload, 1)?;
        interrupt::check()?;
        stage.quote(&format!("{} MB received, {moved}", moved.bytes / 1_000_000));
        let claim = format!("TCP over {} with every offload left on", family(to));
        stage.check(moved.bytes > 0, &claim)?;
    }
    Ok(())
}

fn show_hops(scene: &Scene, stage: &mut Stage) -> Result<()> {
    stage.scene("To hosts it is a router: traceroute shows it");
    let Scene { blue, green, .. } = scene;
    for (gateway, to) in blue.gateways().into_iter().zip(green.addresses()) {
        let line = format!("traceroute -n -q 1 {to}");
        stage.prompt(&blue.name, &line);
        let mut words = line.split(' ');
        let mut traceroute = blue.ns.command(words.next().unwrap_or_default());
        let done = process::run(traceroute.args(words), process::SHORT)?;
        interrupt::check()?;
        stage.quote(&done.said());
        let hops: Vec<_> = done.stdout.lines().skip(1).collect();
        let shown = |hop: usize, address: IpAddr| {
            hops.get(hop)
                .is_some_and(|line| line.contains(&format!(" {address} ")))
        };
        let claim = format!("the router is the one hop between, over {}", family(to));
        stage.check(hops.len() == 2 && shown(0, gateway) && shown(1, to), &claim)?;
    }
    Ok(())
}

fn show_separation(scene: &Scene, stage: &mut Stage) -> Result<()> {
    stage.scene("Blue does not reach red: both peer with green, not with each other");
    let before = scene.dropped(&scene.blue, "not-peered")?;
    ping(stage, &scene.blue, &scene.red, Expect::Silence)?;
    let counted = scene.dropped(&scene.blue, "not-peered")? - before;
    metrics(scene, stage, |line| line.contains(r#"reason="not-peered""#))?;
    let claim = format!("blue's {counted} packets are counted as not-peered");
    stage.check(counted == 4, &claim)
}

fn show_counters(scene: &Scene, stage: &mut Stage) -> Result<()> {
    stage.scene("Every packet is accounted for, per peering and direction");
    metrics(scene, stage, |line| line.starts_with("peer_forwarded"))
}

fn withdraw_consent(scene: &mut Scene, stage: &mut Stage) -> Result<()> {
    stage.scene("Green takes its consent back, and both directions close");
    stage.say("The document green-team/to-blue leaves the table file, and peerd acts:");
    scene.edit(|table| table.without_consent("green", "blue"))?;
    expect_state(scene, stage, ("blue", "green"), "pending")?;
    peerctl(scene, stage, &["get", "peerings", "-A"])?;
    ping(stage, &scene.blue, &scene.green, Expect::Silence)?;
    ping(stage, &scene.green, &scene.blue, Expect::Silence)?;
    stage.say("It comes back:");
    scene.edit(|table| table.consent("green", "blue"))?;
    expect_state(scene, stage, ("blue", "green"), "active")?;
    ping(stage, &scene.blue, &scene.green, Expect::Replies)
}

fn ask_and_answer(scene: &Scene, stage: &mut Stage) -> Result<()> {
    stage.scene("Without any file: red asks blue, and blue allows it to ping, no more");
    let networks = [scene.red.network(), scene.blue.network()];
    let request = ["request", &networks[0], &networks[1], "--ttl", "1h"];
    peerctl(scene, stage, &request)?;
    let incoming = ["get", "peerings", "-n", "blue-team", "--incoming"];
    peerctl(scene, stage, &incoming)?;
    ping(stage, &scene.red, &scene.blue, Expect::Silence)?;
    let accept = [
        "accept",
        "red-team/to-blue",
        "--allow",
        "icmp",
        "--allow",
        "icmpv6",
    ];
    peerctl(scene, stage, &accept)?;
    ping(stage, &scene.red, &scene.blue, Expect::Replies)?;
    let to = scene.blue.v4;
    stage.prompt("red", &format!("iperf3 --client {to} --time 1"));
    let moved = tcp_transfer(&scene.red, &scene.blue, to, Direction::Upload, 1);
    interrupt::check()?;
    stage.check(moved.is_err(), "red opens no TCP connection to blue")?;
    metrics(scene, stage, |line| line.contains(r#"reason="policy""#))?;
    peerctl(scene, stage, &["disable", "blue-team/to-red"])?;
    ping(stage, &scene.red, &scene.blue, Expect::Silence)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Replies,
    Silence,
}

/// Ping in both families; every request must be answered, or none.
fn ping(stage: &mut Stage, from: &Host, to: &Host, expect: Expect) -> Result<()> {
    for address in to.addresses() {
        let line = format!("ping -n -c 2 -i 0.2 -W 1 {address}");
        stage.prompt(&from.name, &line);
        let mut words = line.split(' ');
        let mut ping = from.ns.command(words.next().unwrap_or_default());
        let done = process::run(ping.args(words), process::SHORT)?;
        interrupt::check()?;
        stage.quote(&done.said());
        let (summary, verb) = match expect {
            Expect::Replies => (" 2 received", "reaches"),
            Expect::Silence => (" 0 received", "does not reach"),
        };
        let claim = format!("{} {verb} {} over {}", from.name, to.name, family(address));
        stage.check(done.stdout.contains(summary), &claim)?;
    }
    Ok(())
}

fn peerctl(scene: &Scene, stage: &Stage, arguments: &[&str]) -> Result<()> {
    stage.prompt("router", &format!("peerctl {}", arguments.join(" ")));
    stage.quote(&scene.daemon.peerctl(arguments)?.ok()?);
    interrupt::check()
}

/// Show the metrics wanted that are not 0, of which there must be some.
fn metrics(scene: &Scene, stage: &Stage, wanted: impl Fn(&str) -> bool) -> Result<()> {
    stage.prompt(
        "router",
        &format!("GET http://{}/metrics", scene.daemon.metrics_address),
    );
    let text = scene.daemon.metrics()?.text;
    let lines: Vec<_> = text
        .lines()
        .filter(|line| wanted(line) && !line.ends_with(" 0"))
        .collect();
    ensure!(!lines.is_empty(), "there is no such metric in\n{text}");
    stage.quote(&lines.join("\n"));
    interrupt::check()
}

fn expect_state(
    scene: &Scene,
    stage: &mut Stage,
    (from, to): (&str, &str),
    state: &str,
) -> Result<()> {
    scene.wait_state(from, to, state)?;
    stage.check(true, &format!("{from}-team/to-{to} is {state}"))
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "IPv4" } else { "IPv6" }
}
