//! The daemon may come, go and change its mind without a packet being lost.

use std::{fs, net::Ipv4Addr, path::PathBuf, thread, time::Duration};

use anyhow::{Result, ensure};
use peer_tests::{Hook, SOON, Scene, wait_until};

/// Long enough for pings on either side of an event.
const A_WHILE: Duration = Duration::from_millis(500);

#[test]
fn kill_9_and_restart_lose_no_packet_and_no_count() -> Result<()> {
    let mut scene = Scene::start("kill -9")?;
    let pings = [
        scene.blue.ping_meanwhile(scene.green.v4)?,
        scene.blue.ping_meanwhile(scene.green.v6)?,
    ];
    thread::sleep(A_WHILE);
    let before = scene.forwarded(&scene.blue, &scene.green)?;
    ensure!(before.0 > 0, "nothing was counted before");
    scene.daemon.kill9()?;
    thread::sleep(A_WHILE);
    scene.daemon.start()?;
    thread::sleep(A_WHILE);
    let mut sent = 0;
    for pings in pings {
        sent += u64::from(pings.assert_none_lost()?.sent);
    }
    wait_until("all pings are counted", SOON, || {
        let (packets, _) = scene.forwarded(&scene.blue, &scene.green)?;
        // The requests under way when ping stopped may have been counted.
        ensure!(
            (sent..=sent + 2).contains(&packets),
            "{packets} counted, {sent} sent"
        );
        Ok(())
    })
}

#[test]
fn a_restart_takes_over_what_is_attached_and_adds_nothing() -> Result<()> {
    let mut scene = Scene::start("take over")?;
    let (port, router) = (scene.blue.port.clone(), scene.lab.router.clone());
    let attached = || -> Result<[u32; 2]> {
        let hooks = [Hook::TcxIngress, Hook::TcxEgress];
        Ok([
            router.programs_at(&port, hooks[0])?,
            router.programs_at(&port, hooks[1])?,
        ])
    };
    let before = attached()?;
    assert!(before[0] > 0, "the tcx program is attached");
    scene.daemon.kill9()?;
    assert_eq!(attached()?, before, "while it is dead");
    scene.daemon.start()?;
    assert_eq!(attached()?, before, "after its restart");
    Ok(())
}

#[test]
fn an_orderly_end_and_a_new_start_lose_no_packet() -> Result<()> {
    let mut scene = Scene::start("SIGTERM")?;
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    thread::sleep(A_WHILE);
    scene.daemon.terminate()?;
    thread::sleep(A_WHILE);
    scene.daemon.start()?;
    thread::sleep(A_WHILE);
    pings.assert_none_lost()?;
    Ok(())
}

/// Tables are made anew at each start, and the old ones must not outlive it.
#[test]
fn a_consent_that_ended_is_not_kept_by_tables_that_do_not_fit_their_memory() -> Result<()> {
    let mut scene = Scene::start("full tables")?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    scene.daemon.kill9()?;
    let many = (0..6000u32).map(|n| Ipv4Addr::from_bits(0x6440_0000 + n * 697 % (1 << 22)));
    let many: Vec<String> = many.map(|address| format!("{address}/32")).collect();
    scene.edit(|table| {
        let table = table.without_consent("blue", "green");
        table.with("red", |network| network.prefixes.extend(many))
    })?;
    scene.daemon.configure("tableMemory: 1")?;
    scene.daemon.ready_within = Duration::from_secs(5);
    assert!(scene.daemon.start().is_err(), "it is not ready");
    let status = scene.daemon.api().get("/v1/status")?;
    let why = status["lastApply"]["error"].as_str().unwrap_or_default();
    assert!(why.contains("raise tableMemory"), "{status}");
    scene.assert_separated(&scene.blue, &scene.green)?;
    // With more memory all is well.
    scene.daemon.terminate()?;
    scene.daemon.ready_within = SOON;
    scene.daemon.configure("tableMemory: 8")?;
    scene.edit(|table| table.consent("blue", "green"))?;
    scene.daemon.start()?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn a_consent_withdrawn_while_the_daemon_is_down_is_enforced_at_its_start() -> Result<()> {
    let mut scene = Scene::start("withdrawn while down")?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    scene.daemon.kill9()?;
    scene.edit(|table| table.without_consent("blue", "green"))?;
    scene.daemon.start()?;
    assert_eq!(scene.status("green", "blue")?.state, "pending");
    scene.assert_separated(&scene.blue, &scene.green)?;
    scene.assert_connected(&scene.green, &scene.red)
}

#[test]
fn editing_the_table_loses_no_packet_of_an_unchanged_peering() -> Result<()> {
    let mut scene = Scene::start("table edit")?;
    let azure = scene.lab.host("azure")?;
    let pings = [
        scene.blue.ping_meanwhile(scene.green.v4)?,
        scene.blue.ping_meanwhile(scene.green.v6)?,
    ];
    for _ in 0..3 {
        scene.edit(|table| {
            table
                .and(&azure)
                .peered("azure", "red")
                .peered("azure", "green")
        })?;
        scene.wait_state("azure", "red", "active")?;
        scene.wait_reachable(&azure, &scene.red)?;
        scene.edit(|table| {
            let table = table.without("azure");
            table
                .without_consent("red", "azure")
                .without_consent("green", "azure")
        })?;
        wait_until("azure's consents are gone", SOON, || {
            let active = scene
                .status("azure", "red")
                .is_ok_and(|status| status.state == "active");
            ensure!(!active, "azure-team/to-red is still active");
            Ok(())
        })?;
    }
    for pings in pings {
        pings.assert_none_lost()?;
    }
    scene.assert_separated(&azure, &scene.red)
}

fn links(scene: &Scene) -> Result<Vec<PathBuf>> {
    let pins = fs::read_dir(&scene.daemon.bpffs)?;
    let paths = pins.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(paths
        .filter(|path| path.to_string_lossy().contains("/link_"))
        .collect())
}

#[test]
fn a_filter_somebody_removed_is_made_again() -> Result<()> {
    let scene = Scene::start("removed filter")?;
    if !links(&scene)?.is_empty() {
        // With tcx there is none; its links are the next test's.
        return Ok(());
    }
    let (port, router) = (&scene.blue.port, &scene.lab.router);
    router.run(&format!("tc filter del dev {port} ingress"))?;
    wait_until("the filter is back", Duration::from_secs(15), || {
        let there = router.programs_at(port, Hook::TcxIngress)?;
        ensure!(there == 1, "{there} are there");
        Ok(())
    })?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn a_pin_somebody_removed_is_made_again() -> Result<()> {
    // Pins of XDP links are there with tcx and without.
    let scene = Scene::start_with("removed pin", |table| {
        table.with_all(|network| network.port_field("mode: xdp-generic"))
    })?;
    let links = || links(&scene);
    let removed = links()?;
    assert!(!removed.is_empty());
    removed.iter().try_for_each(fs::remove_file)?;
    // The kernel lets the programs go a moment after their pins: that packets pass
    // just now would prove nothing.
    wait_until("the pins are back", SOON, || {
        let there = links()?.len();
        ensure!(there == removed.len(), "{there} of {}", removed.len());
        Ok(())
    })?;
    scene.assert_connected(&scene.blue, &scene.green)
}
