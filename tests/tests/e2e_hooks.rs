//! Where peerd attaches, where it refuses to, and how it lets go.

use std::{fs, path::Path, time::Duration};

use anyhow::Result;
use peer_tests::{Daemon, Hook, Host, Scene, process, residue, udp_round_trips};

const HOOKS: [Hook; 3] = [Hook::Xdp, Hook::TcxIngress, Hook::TcxEgress];

/// How many programs of any kind sit on the router's ports.
fn attached(scene: &Scene) -> Result<u32> {
    let mut programs = 0;
    for host in [&scene.blue, &scene.green, &scene.red] {
        for hook in HOOKS {
            programs += scene.lab.router.programs_at(&host.port, hook)?;
        }
    }
    Ok(programs)
}

fn assert_udp(scene: &Scene) -> Result<()> {
    let Scene { blue, green, .. } = scene;
    for (from, to) in blue.addresses().into_iter().zip(green.addresses()) {
        assert_eq!(
            udp_round_trips((blue, from), (green, to), 10, 1000)?,
            10,
            "to {to}"
        );
    }
    Ok(())
}

#[test]
fn generic_xdp_forwards_where_it_is_asked_for() -> Result<()> {
    let scene = Scene::start_with("xdp-generic", |table| {
        table.with_all(|network| network.port_field("mode: xdp-generic"))
    })?;
    for host in [&scene.blue, &scene.green] {
        assert_eq!(
            scene.lab.router.programs_at(&host.port, Hook::Xdp)?,
            1,
            "{}",
            host.port
        );
    }
    scene.assert_connected(&scene.blue, &scene.green)?;
    assert_udp(&scene)
}

#[test]
fn native_xdp_forwards_where_it_is_asked_for() -> Result<()> {
    let mut scene = Scene::prepare("xdp")?;
    for host in [&scene.blue, &scene.green, &scene.red] {
        // A veth hands on redirected frames only with GRO at its far end, and
        // its sender leaves checksums to a card that XDP frames never meet.
        host.offload("gro", true)?;
        host.offload("tx", false)?;
    }
    scene.edit(|table| table.with_all(|network| network.port_field("mode: xdp")))?;
    scene.daemon.start()?;
    for host in [&scene.blue, &scene.green] {
        assert_eq!(
            scene.lab.router.programs_at(&host.port, Hook::Xdp)?,
            1,
            "{}",
            host.port
        );
    }
    scene.assert_connected(&scene.blue, &scene.green)?;
    assert_udp(&scene)?;
    scene.assert_separated(&scene.blue, &scene.red)
}

#[test]
fn the_first_packet_is_not_lost_in_xdp_either() -> Result<()> {
    let mut scene = Scene::prepare("first packet, XDP")?;
    let all: [&Host; 3] = [&scene.blue, &scene.green, &scene.red];
    all.into_iter()
        .try_for_each(|host| host.offload("gro", true))?;
    scene.edit(|table| table.with_all(|network| network.port_field("mode: xdp")))?;
    scene.daemon.start()?;
    for to in scene.green.addresses() {
        assert!(
            scene.blue.ping(to, 1)?.none_lost(),
            "the very first packet to {to}"
        );
    }
    Ok(())
}

#[test]
fn a_foreign_xdp_program_is_named_and_left_alone() -> Result<()> {
    let mut scene = Scene::prepare("foreign XDP")?;
    let _foreign = scene.lab.router.foreign_xdp(&scene.blue.port)?;
    scene.edit(|table| table.with("blue", |network| network.port_field("mode: xdp")))?;
    scene.daemon.start()?;
    scene.wait_said(&scene.blue.port, "XDP")?;
    for (hook, expected) in HOOKS.into_iter().zip([1, 0, 0]) {
        let there = scene.lab.router.programs_at(&scene.blue.port, hook)?;
        assert_eq!(there, expected, "{hook:?}: only the foreign program");
    }
    scene.assert_separated(&scene.blue, &scene.green)?;
    scene.assert_connected(&scene.green, &scene.red)
}

#[test]
fn a_second_daemon_leaves_the_ports_of_the_first_alone() -> Result<()> {
    let scene = Scene::start_with("two daemons", |table| {
        table.with_all(|network| network.port_field("mode: xdp-generic"))
    })?;
    let before = attached(&scene)?;
    let mut second = Daemon::second(&scene.lab, scene.daemon.programs.clone())?;
    second.write_table(&scene.table.to_string())?;
    // Whether it stays up without a working port or ends, it says why.
    let _ = second.start();
    let (log, port) = (second.log(), &*scene.blue.port);
    let told = |line: &str| line.contains(port) && line.contains("XDP");
    assert!(log.lines().any(told), "{log}");
    assert_eq!(attached(&scene)?, before, "nothing was added or taken away");
    scene.assert_connected(&scene.blue, &scene.green)?;
    drop(second);
    assert_eq!(attached(&scene)?, before, "nor by its end");
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn detach_leaves_no_pin_and_no_program_and_stops_the_traffic() -> Result<()> {
    let mut scene = Scene::start("detach")?;
    scene.daemon.terminate()?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    assert!(attached(&scene)? > 0 && scene.daemon.bpffs.exists());
    scene.daemon.detach()?.ok()?;
    assert_eq!(attached(&scene)?, 0, "programs");
    assert_eq!(pins_below(&scene.daemon.bpffs), 0, "pins");
    scene.assert_separated(&scene.blue, &scene.green)?;
    scene.daemon.detach()?.ok()?;
    scene.daemon.start()?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn filters_of_others_are_left_alone() -> Result<()> {
    let mut scene = Scene::prepare("foreign filters")?;
    let (port, router) = (scene.blue.port.clone(), scene.lab.router.clone());
    let foreign = |place: &str| {
        let mut add = router.command("tc");
        add.args(["filter", "add", "dev", &port]);
        add.args(place.split_whitespace());
        // Classic BPF that matches nothing.
        add.args(["protocol", "all", "bpf", "bytecode", "1,6 0 0 0"]);
        process::run(&mut add, process::SHORT)?.ok()
    };
    let there = |place: &str| -> Result<usize> {
        let shown = router.run(&format!("tc filter show dev {port} {place}"))?;
        Ok(shown.matches("bytecode").count())
    };
    router.run(&format!("tc qdisc add dev {port} clsact"))?;
    // Where peerd's own would be without tcx, after it, and the other way.
    for place in ["ingress pref 1", "ingress pref 2", "egress pref 1"] {
        foreign(place)?;
    }
    scene.daemon.start()?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    scene.daemon.kill9()?;
    scene.daemon.start()?;
    scene.daemon.terminate()?;
    scene.daemon.detach()?.ok()?;
    assert_eq!((there("ingress")?, there("egress")?), (2, 1));
    scene.assert_separated(&scene.blue, &scene.green)
}

fn pins_below(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    paths
        .map(|path| if path.is_dir() { pins_below(&path) } else { 1 })
        .sum()
}

#[test]
fn without_privileges_it_says_what_is_missing_and_ends() -> Result<()> {
    const NOBODY: &str = "65534";
    let scene = Scene::prepare("privileges")?;
    // Where nobody may read it; a target folder may lie in a closed home.
    let program = scene.lab.folder().join("peerd");
    fs::copy(&scene.daemon.programs.peerd, &program)?;
    let mut command = scene.lab.router.command("setpriv");
    command.args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--"]);
    command.arg(program).args(scene.daemon.arguments());
    let done = process::run(&mut command, Duration::from_secs(10))?;
    assert!(done.code.is_some_and(|code| code != 0), "{done}");
    let said = done.said();
    let names = |line: &&str| line.contains("CAP_") || line.contains("root");
    assert_eq!(
        said.lines().filter(names).count(),
        1,
        "one sentence names what is missing:\n{said}"
    );
    assert!(!said.contains("panicked"), "{said}");
    assert_eq!((attached(&scene)?, pins_below(&scene.daemon.bpffs)), (0, 0));
    Ok(())
}

#[test]
fn ports_are_listed_with_the_hook_that_was_chosen() -> Result<()> {
    let scene = Scene::start("ports")?;
    let listed = scene.daemon.peerctl(&["get", "ports", "-A"])?.ok()?;
    let line = listed.lines().find(|line| line.contains(&scene.blue.port));
    assert!(line.is_some_and(|line| line.contains("tc")), "{listed}");
    Ok(())
}

#[test]
fn a_scene_that_ends_leaves_no_namespace_pin_or_process_behind() -> Result<()> {
    let scene = Scene::start("residue")?;
    let (id, daemon) = (scene.lab.id().to_owned(), scene.daemon.id());
    let process = daemon.map(|id| Path::new("/proc").join(id.to_string()));
    assert!(process.as_ref().is_some_and(|process| process.exists()));
    assert!(
        residue(&id).len() >= 6,
        "router, three hosts, pins and files"
    );
    drop(scene);
    assert!(residue(&id).is_empty(), "{:?}", residue(&id));
    assert!(process.is_some_and(|process| !process.exists()));
    Ok(())
}
