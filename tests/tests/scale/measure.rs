//! The measurement itself.

use std::{
    env, fs,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use peer_tests::{Scene, StoreClient, Table, process, wait_until};

use super::{memory, rounds, site, stream::Stream};

/// How long anything may take before it is called broken.
const LONGEST: Duration = Duration::from_secs(600);

fn number(variable: &str, default: usize) -> usize {
    let set = env::var(variable).ok();
    set.and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
#[ignore = "a measurement"]
fn measure_ten_thousand_peerings() -> Result<()> {
    let networks = number("PEERD_SCALE_NETWORKS", 150).min(site::MOST);
    let peerings = number("PEERD_SCALE_PEERINGS", 10_000);
    let (small, loaded) = (
        number("PEERD_SCALE_ROUNDS", 200),
        number("PEERD_SCALE_LOADED_ROUNDS", 30),
    );
    let maps = memory::maps();
    // blue, green and red are the API's, and red stays alone.
    let mut scene = Scene::start_with("scale", |_| Table::default())?;
    println!("daemon: {}", scene.daemon.programs.peerd.display());
    let api = StoreClient::at(&scene.daemon.socket);
    for host in [&scene.blue, &scene.green] {
        let owner = format!("{}-team", host.name);
        let document = site::network(&owner, &host.name, &host.prefixes(), &host.port);
        let answer = api.send("POST", "/v1/networks", &document.to_string())?;
        ensure!(answer.status == 201, "{answer:?}");
    }
    let request = site::consent(("blue-team", "blue"), ("green-team", "green"));
    let answer = api.send("POST", "/v1/peerings", &request.to_string())?;
    ensure!(answer.status == 201, "{answer:?}");
    let stream = Stream::start(&scene.blue, &scene.green)?;
    rounds::run(&api, &stream, 3)?;
    rounds::run(&api, &stream, small)?.print("2 networks");
    println!("  datagrams a second: {:.0}", stream.rate());
    show_memory(&scene, &maps)?;

    let begun = Instant::now();
    site::plug(&scene.lab, networks)?;
    println!("{networks} ports made in {:.1?}", begun.elapsed());
    let table = scene.lab.folder().join("scale.yaml");
    fs::write(&table, site::documents(networks, peerings))?;
    let begun = Instant::now();
    let mut peerctl = Command::new(&scene.daemon.programs.peerctl);
    peerctl.arg("--socket").arg(&scene.daemon.socket);
    let done = process::run(peerctl.args(["apply", "-f"]).arg(&table), LONGEST)?;
    println!(
        "peerctl apply of {peerings} peerings, {} KiB, ended after {:.2?} with {:?}",
        fs::metadata(&table)?.len() / 1024,
        begun.elapsed(),
        done.code
    );
    if !done.success() {
        println!("{}", done.said().chars().take(600).collect::<String>());
    }
    wait_until("all are active", LONGEST, || {
        let active = active(&api)?;
        ensure!(
            active == 2 * peerings as u64,
            "{active} consents are active"
        );
        Ok(())
    })?;
    println!("apply begun -> all active: {:.2?}", begun.elapsed());
    show_memory(&scene, &maps)?;

    rounds::run(&api, &stream, loaded)?.print(&format!("{peerings} peerings loaded"));
    drop(stream);
    for path in [
        "/v1/status",
        "/v1/peerings?limit=100",
        "/v1/peerings",
        "/v1/routes",
    ] {
        let begun = Instant::now();
        let answer = api.send("GET", path, "")?;
        println!("GET {path}: {} in {:.2?}", answer.status, begun.elapsed());
    }
    let answer = api.send("POST", "/v1/peerings/blue-team/to-green/accept", "")?;
    ensure!(answer.status == 201, "{answer:?}");
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    let begun = Instant::now();
    scene.daemon.kill9()?;
    scene.daemon.start()?;
    println!("kill -9 and restart until ready: {:.2?}", begun.elapsed());
    pings.assert_none_lost()?;
    ensure!(
        active(&api)? == 2 * peerings as u64 + 2,
        "not all are active"
    );
    show_memory(&scene, &maps)
}

fn active(api: &StoreClient) -> Result<u64> {
    let status = api.send("GET", "/v1/status", "")?;
    Ok(status.body["peerings"]["active"]
        .as_u64()
        .or_else(|| status.body["status"]["peerings"]["active"].as_u64())
        .unwrap_or_default())
}

fn show_memory(scene: &Scene, maps: &std::collections::BTreeSet<u32>) -> Result<()> {
    let process = scene.daemon.id().unwrap_or_default();
    let (now, most) = memory::of_process(process)?;
    let (count, bytes) = memory::of_new_maps(maps)?;
    let store = scene.lab.folder().join("state/store.redb");
    println!(
        "daemon {} MiB resident, {} at most; {count} maps of {} MiB; store {} KiB",
        now / 1024,
        most / 1024,
        bytes >> 20,
        fs::metadata(store).map_or(0, |file| file.len() / 1024)
    );
    Ok(())
}
