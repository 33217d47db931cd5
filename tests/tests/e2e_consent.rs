//! Traffic flows while both owners say so, and never otherwise.

use anyhow::Result;
use peer_tests::{Scene, Table};

#[test]
fn withdrawing_one_consent_closes_both_directions() -> Result<()> {
    let mut scene = Scene::start("withdrawal")?;
    scene.assert_connected(&scene.blue, &scene.green)?;
    scene.edit(|table| table.without_consent("green", "blue"))?;
    scene.wait_state("blue", "green", "pending")?;
    scene.assert_separated(&scene.blue, &scene.green)?;
    scene.assert_connected(&scene.green, &scene.red)?;
    scene.edit(|table| table.consent("green", "blue"))?;
    scene.wait_state("blue", "green", "active")?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn one_consent_alone_is_pending_and_carries_nothing() -> Result<()> {
    let scene = Scene::start_with("one consent", |table| {
        table.without_consent("blue", "green")
    })?;
    assert_eq!(scene.status("green", "blue")?.state, "pending");
    scene.assert_separated(&scene.blue, &scene.green)
}

#[test]
fn admin_state_down_stops_the_traffic_and_keeps_the_peering() -> Result<()> {
    let mut scene = Scene::start("adminState")?;
    scene.edit(|table| table.with_consent("blue", "green", "adminState: down"))?;
    scene.wait_state("blue", "green", "disabled")?;
    scene.wait_state("green", "blue", "peer-disabled")?;
    for (from, to) in [(&scene.blue, &scene.green), (&scene.green, &scene.blue)] {
        scene.assert_drops(from, "peering-down", 20, || {
            for address in to.addresses() {
                assert_eq!(
                    from.ping(address, 10)?.received,
                    0,
                    "{} to {address}",
                    from.name
                );
            }
            Ok(())
        })?;
    }
    Ok(())
}

#[test]
fn the_newer_of_two_overlapping_peerings_conflicts_and_the_older_is_undisturbed() -> Result<()> {
    let mut scene = Scene::start("overlap")?;
    let azure = scene.lab.host("azure")?;
    let pings = scene.blue.ping_meanwhile(scene.green.v4)?;
    scene.edit(|table| {
        let table = table.and(&azure).peered("azure", "green");
        table.with("azure", |network| {
            network.prefixes.push("10.1.128.0/17".to_owned())
        })
    })?;
    let status = scene.wait_state("green", "azure", "conflict")?;
    assert!(
        status.reason.contains("10.1.128.0/17"),
        "it names the prefix: {}",
        status.reason
    );
    assert_eq!(scene.status("blue", "green")?.state, "active");
    scene.assert_separated(&azure, &scene.green)?;
    pings.assert_none_lost()?;
    scene.assert_connected(&scene.blue, &scene.green)
}

#[test]
fn a_conflict_ends_when_the_overlap_does() -> Result<()> {
    let mut scene = Scene::start("overlap ends")?;
    let azure = scene.lab.host("azure")?;
    let overlap =
        |network: &mut peer_tests::Network| network.prefixes.push("10.1.128.0/17".to_owned());
    scene.edit(|table| {
        table
            .and(&azure)
            .peered("azure", "green")
            .with("azure", overlap)
    })?;
    scene.wait_state("green", "azure", "conflict")?;
    scene.edit(|table| table.with("azure", |network| network.prefixes.truncate(2)))?;
    scene.wait_state("green", "azure", "active")?;
    scene.assert_connected(&azure, &scene.green)
}

#[test]
fn networks_of_different_zones_do_not_peer() -> Result<()> {
    let elsewhere = |table: Table| {
        table.with("blue", |network| {
            network.more.push("zone: elsewhere".to_owned())
        })
    };
    let scene = Scene::start_with("zone", elsewhere)?;
    let status = scene.wait_state("blue", "green", "failed")?;
    assert!(
        status.reason.contains("elsewhere"),
        "it names the zone: {}",
        status.reason
    );
    scene.assert_separated(&scene.blue, &scene.green)?;
    scene.assert_connected(&scene.green, &scene.red)
}

#[test]
fn a_network_does_not_peer_with_itself() -> Result<()> {
    let scene = Scene::start_with("self-peering", |table| table.consent("blue", "blue"))?;
    scene.wait_state("blue", "blue", "failed")?;
    scene.assert_connected(&scene.blue, &scene.green)
}
