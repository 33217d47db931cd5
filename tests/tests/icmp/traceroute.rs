//! Spent TTLs: the hops that traceroute and tracepath show.

use std::{net::IpAddr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use peer_tests::{Host, Scene, process};

/// The port mode of each hook, and whether hosts must do without offloads there.
const HOOKS: [(&str, bool); 3] = [("tc", false), ("xdp", true), ("xdp-generic", false)];

/// A scene whose ports forward by one hook.
pub(super) fn scene(tag: &str, (mode, plain): (&str, bool)) -> Result<Scene> {
    let mut scene = Scene::prepare(tag)?;
    if plain {
        for host in [&scene.blue, &scene.green, &scene.red] {
            host.offload("gro", true)?;
            host.offload("tx", false)?;
        }
    }
    let field = format!("mode: {mode}");
    scene.edit(|table| table.with_all(|network| network.port_field(&field)))?;
    scene.daemon.start()?;
    Ok(scene)
}

/// The addresses that answered, hop by hop; a hop that did not is an error.
fn hops(from: &Host, to: IpAddr, how: &str) -> Result<Vec<IpAddr>> {
    let line = format!("traceroute -n -q 1 -w 2 -m 5 {how} {to}");
    let mut words = line.split_whitespace();
    let mut command = from.ns.command(words.next().context("no command")?);
    let told = process::run(command.args(words), Duration::from_secs(30))?.ok()?;
    println!("{told}");
    told.lines()
        .skip(1)
        .map(|line| {
            let address = line.split_whitespace().nth(1).context("an empty line")?;
            address.parse().with_context(|| format!("`{line}`"))
        })
        .collect()
}

#[test]
fn traceroute_shows_the_router_by_its_address_on_the_senders_side() -> Result<()> {
    for hook in HOOKS {
        let scene = scene("traceroute", hook)?;
        let Scene { blue, green, .. } = &scene;
        for (gateway, to) in blue.gateways().into_iter().zip(green.addresses()) {
            for how in ["", "-T -p 80", "-I"] {
                let shown = hops(blue, to, how)?;
                ensure!(shown == [gateway, to], "{hook:?} {how}: {shown:?}");
            }
        }
        for (gateway, to) in green.gateways().into_iter().zip(blue.addresses()) {
            ensure!(hops(green, to, "")? == [gateway, to], "{hook:?}, back");
        }
    }
    Ok(())
}

#[test]
fn two_logical_routers_are_two_hops_and_cost_two() -> Result<()> {
    for hook in HOOKS {
        let mut scene = scene("two hops", hook)?;
        scene.edit(|table| table.with_consent("blue", "green", "hops: 2"))?;
        let Scene { blue, green, .. } = &scene;
        for ((first, second), to) in (blue.gateways().into_iter())
            .zip(green.gateways())
            .zip(green.addresses())
        {
            peer_tests::wait_until("there are two hops", Duration::from_secs(10), || {
                let shown = hops(blue, to, "")?;
                ensure!(shown == [first, second, to], "{hook:?}: {shown:?}");
                Ok(())
            })?;
            let ping = blue.ns.run(&format!("ping -n -c 1 -W 5 {to}"))?;
            ensure!(ping.contains("ttl=62"), "{hook:?}: {ping}");
        }
        for ((first, second), to) in (green.gateways().into_iter())
            .zip(blue.gateways())
            .zip(blue.addresses())
        {
            let shown = hops(green, to, "-I")?;
            ensure!(shown == [first, second, to], "{hook:?}, back: {shown:?}");
        }
        // Other peerings stay what they are.
        let ping = green
            .ns
            .run(&format!("ping -n -c 1 -W 5 {}", scene.red.v4))?;
        ensure!(ping.contains("ttl=63"), "{hook:?}: {ping}");
    }
    Ok(())
}
