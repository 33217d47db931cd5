//! The daemon keeps up with what happens to the host around it.

use std::{
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Api, Bare, ETH0, Host, SOON, Scene, Udp, wait_until};
use serde_json::{Value, json};

/// Less than the daemon lets pass between two looks at a host that says nothing.
const TOLD: Duration = Duration::from_secs(3);

/// Addresses of blue's prefix that lie behind a gateway host, not on its link.
const BEHIND: [&str; 2] = ["10.1.50.2", "fd00:1:0:50::2"];

/// Make a host the gateway to [`BEHIND`]: the addresses are its own, but it does
/// not speak for them on the link.
fn make_gateway(host: &Host) -> Result<()> {
    host.ns.set_sysctl("net/ipv4/conf/all/arp_ignore", "1")?;
    host.ns.ip(&format!(
        "addr add {}/32 dev lo\naddr add {}/128 dev lo nodad",
        BEHIND[0], BEHIND[1]
    ))
}

fn behind() -> Result<[IpAddr; 2]> {
    Ok([BEHIND[0].parse()?, BEHIND[1].parse()?])
}

#[test]
fn a_missing_interface_is_named_and_served_once_it_appears() -> Result<()> {
    let mut scene = Scene::prepare("missing interface")?;
    scene.lab.unplug(&scene.blue)?;
    scene.daemon.start()?;
    let status = scene.wait_state("blue", "green", "failed")?;
    assert!(
        status.reason.contains(&scene.blue.port),
        "it names the interface: {}",
        status.reason
    );
    scene.assert_connected(&scene.green, &scene.red)?;
    scene.lab.plug(&scene.blue)?;
    scene.wait_state("blue", "green", "active")?;
    scene.wait_reachable(&scene.blue, &scene.green)?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn an_interface_deleted_and_made_again_is_served_again() -> Result<()> {
    let scene = Scene::start("replugged")?;
    let pings = scene.green.ping_meanwhile(scene.red.v4)?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    scene.lab.unplug(&scene.blue)?;
    scene.wait_state("blue", "green", "failed")?;
    scene.lab.plug(&scene.blue)?;
    scene.wait_state("blue", "green", "active")?;
    scene.wait_reachable(&scene.blue, &scene.green)?;
    pings.assert_none_lost()?;
    Ok(())
}

#[test]
fn an_interface_renamed_away_and_back_is_served_again() -> Result<()> {
    let scene = Scene::start("renamed")?;
    let (port, router) = (&scene.blue.port, &scene.lab.router);
    router.ip(&format!(
        "link set {port} down\nlink set {port} name elsewhere\nlink set elsewhere up"
    ))?;
    scene.wait_state("blue", "green", "failed")?;
    scene.assert_separated(&scene.blue, &scene.green)?;
    router.ip(&format!(
        "link set elsewhere down\nlink set elsewhere name {port}\nlink set {port} up"
    ))?;
    // Going down took its IPv6 address, as it does on every host.
    let _ = router.ip(&format!(
        "addr add {}/64 dev {port} nodad",
        scene.blue.gateway6
    ));
    scene.wait_reachable(&scene.blue, &scene.green)
}

#[test]
fn a_neighbour_that_changes_its_mac_is_followed() -> Result<()> {
    let scene = Scene::start("new MAC")?;
    let Scene { blue, green, .. } = &scene;
    scene.assert_connected(blue, green)?;
    // As a replaced or migrated machine does, it announces itself.
    green
        .ns
        .set_sysctl(&format!("net/ipv4/conf/{ETH0}/arp_notify"), "1")?;
    green
        .ns
        .set_sysctl(&format!("net/ipv6/conf/{ETH0}/ndisc_notify"), "1")?;
    green
        .ns
        .ip(&format!("link set {ETH0} address 02:00:00:00:77:77"))?;
    scene.wait_reachable(blue, green)?;
    scene.assert_connected(blue, green)
}

#[test]
fn a_declared_next_hop_is_used() -> Result<()> {
    let mut scene = Scene::prepare("via")?;
    make_gateway(&scene.blue)?;
    let via = format!("via: [{}, \"{}\"]", scene.blue.v4, scene.blue.v6);
    scene.edit(|table| table.with("blue", |network| network.port_field(&via)))?;
    scene.daemon.start()?;
    for address in behind()? {
        scene.green.assert_reaches(address)?;
    }
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn the_hosts_own_route_is_followed_and_so_is_its_change() -> Result<()> {
    let mut scene = Scene::prepare("host route")?;
    let second = scene.lab.host("blue2")?;
    make_gateway(&scene.blue)?;
    make_gateway(&second)?;
    scene.edit(|table| {
        table.with("blue", |network| {
            network.prefixes.extend(second.prefixes());
            network.ports.push(format!("interface: {}", second.port));
        })
    })?;
    scene.daemon.start()?;
    for address in behind()? {
        scene.green.assert_unanswered(address)?;
    }
    for gateway in [&scene.blue, &second, &scene.blue] {
        scene.lab.router.ip(&format!(
            "route replace 10.1.50.0/24 via {} dev {port}\n\
             route replace fd00:1:0:50::/64 via {} dev {port}",
            gateway.v4,
            gateway.v6,
            port = gateway.port
        ))?;
        for address in behind()? {
            arrives_at(&scene, gateway, address)?;
            scene.green.assert_reaches(address)?;
        }
    }
    Ok(())
}

/// Wait until what green sends to an address arrives at a certain host.
fn arrives_at(scene: &Scene, host: &Host, to: IpAddr) -> Result<()> {
    let from = if to.is_ipv4() {
        scene.green.v4
    } else {
        scene.green.v6
    };
    let (sender, receiver) = (scene.green.frames()?, host.frames()?);
    let frame = scene.datagram(&scene.green, from, to)?.frame();
    wait_until(
        &format!("packets to {to} arrive at {}", host.name),
        SOON,
        || {
            sender.send(&frame)?;
            let ours = |frame: &[u8]| Udp::parse(frame).filter(|udp| udp.to == to).map(drop);
            receiver
                .receive(Duration::from_millis(100), ours)?
                .context("nothing came")
        },
    )
}

const BLUE: &str = "/v1/networks/blue-team/blue";

/// Have blue's interface be there, or not.
fn plug(bare: &Bare, is_there: bool) -> Result<()> {
    bare.lab.router.ip(if is_there {
        "link add p1 type veth peer name end-of-p1\nlink set p1 up"
    } else {
        "link del p1"
    })
}

fn ensure_shown(network: &Value, is_there: bool) -> Result<()> {
    let port = &network["status"]["ports"][0];
    ensure!(port["ifindex"].is_u64() == is_there, "it is {port}");
    Ok(())
}

/// Change something that has nothing to do with the host; returns the answer.
fn relabel(api: &Api, label: &str) -> Result<Value> {
    let patch = json!({ "metadata": { "labels": { "turn": label } } });
    api.put("PATCH", BLUE, &patch)?.expect(200)
}

#[test]
fn a_call_amid_others_is_answered_from_the_host_as_it_is_when_the_call_is_made() -> Result<()> {
    let bare = Bare::with_networks("answers")?;
    let api = bare.daemon.api();
    let is_over = AtomicBool::new(false);
    let call = |caller: usize| -> Result<()> {
        for call in 0.. {
            if is_over.load(Ordering::Relaxed) {
                break;
            }
            relabel(&api, &format!("call-{caller}-{call}"))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let call = &call;
        let callers = [0, 1, 2, 3].map(|caller| scope.spawn(move || call(caller)));
        let answered = (0..60).try_for_each(|turn| {
            let is_there = turn % 2 == 1;
            plug(&bare, is_there)?;
            let answer = relabel(&api, &format!("turn-{turn}"))?;
            ensure_shown(&answer, is_there).with_context(|| format!("turn {turn}"))
        });
        is_over.store(true, Ordering::Relaxed);
        let called = callers.map(|caller| caller.join().expect("a caller ends"));
        called.into_iter().collect::<Result<()>>().and(answered)
    })
}

#[test]
fn more_is_announced_than_the_daemon_can_hear_and_the_last_of_it_is_followed() -> Result<()> {
    let bare = Bare::with_networks("overflow")?;
    let api = bare.daemon.api();
    let daemon = bare.daemon.id().context("it runs")?;
    let signal = |name| bare.lab.router.run(&format!("kill -{name} {daemon}"));
    for turn in 0..4 {
        let is_there = turn % 2 == 1;
        signal("STOP")?;
        let noise = (0..=255).flat_map(|third| {
            let to = move |fourth| format!("192.168.{third}.{fourth}");
            (0..20).map(move |fourth| format!("route replace blackhole {}\n", to(fourth)))
        });
        let quiet = "route flush type blackhole\n";
        bare.lab
            .router
            .ip(&noise.chain([quiet.to_owned()]).collect::<String>())?;
        plug(&bare, is_there)?;
        signal("CONT")?;
        if turn < 2 {
            ensure_shown(&relabel(&api, &format!("turn-{turn}"))?, is_there)?;
        }
        wait_until(&format!("it is followed in turn {turn}"), TOLD, || {
            ensure_shown(&api.get(BLUE)?, is_there)
        })?;
    }
    Ok(())
}
