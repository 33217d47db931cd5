//! Every packet is accounted for.

use anyhow::{Result, ensure};
use peer_tests::{SOON, Scene, wait_until};

/// IP bytes of one of ping's default packets: headers and 56 bytes.
const PING4: u64 = 20 + 8 + 56;
const PING6: u64 = 40 + 8 + 56;

#[test]
fn every_ping_counts_once_in_each_direction_with_its_ip_bytes() -> Result<()> {
    let scene = Scene::start("counters")?;
    let Scene { blue, green, .. } = &scene;
    assert!(blue.ping(green.v4, 10)?.none_lost());
    assert!(blue.ping(green.v6, 20)?.none_lost());
    let expected = (30, 10 * PING4 + 20 * PING6);
    wait_until("the counters say so", SOON, || {
        for (from, to) in [(blue, green), (green, blue)] {
            let counted = scene.forwarded(from, to)?;
            ensure!(
                counted == expected,
                "{} to {}: {counted:?}, not {expected:?}",
                from.name,
                to.name
            );
        }
        Ok(())
    })
}

#[test]
fn a_peering_is_labelled_by_its_two_networks_the_smaller_first() -> Result<()> {
    let scene = Scene::start("labels")?;
    assert!(scene.green.ping(scene.blue.v4, 1)?.none_lost());
    let metrics = scene.daemon.metrics()?;
    let labels = [
        ("peering", "blue-team/blue--green-team/green"),
        ("from", "green-team/green"),
        ("to", "blue-team/blue"),
    ];
    assert_eq!(
        metrics.value("peer_forwarded_packets_total", &labels),
        Some(1.0)
    );
    Ok(())
}

#[test]
fn metrics_are_openmetrics_and_tell_one_state_for_each_side() -> Result<()> {
    let scene = Scene::start_with("metrics", |table| table.without_consent("red", "green"))?;
    let metrics = scene.daemon.metrics()?;
    assert!(metrics.text.ends_with("# EOF\n"), "{}", metrics.text);
    for (side, state) in [("blue-team/blue", "active"), ("green-team/green", "active")] {
        let labels = [
            ("peering", "blue-team/blue--green-team/green"),
            ("side", side),
        ];
        assert_eq!(
            metrics.value("peer_peering_state", &labels),
            Some(1.0),
            "one state of {side}"
        );
        let labels = [labels[0], labels[1], ("state", state)];
        assert_eq!(
            metrics.value("peer_peering_state", &labels),
            Some(1.0),
            "{side} is {state}"
        );
    }
    let pending = [
        ("peering", "green-team/green--red-team/red"),
        ("state", "pending"),
    ];
    assert_eq!(metrics.value("peer_peering_state", &pending), Some(1.0));
    for name in [
        "peer_table_generation",
        "peer_last_apply_success",
        "peer_last_apply_timestamp_seconds",
    ] {
        assert!(
            metrics.value(name, &[]).is_some_and(|value| value > 0.0),
            "{name}"
        );
    }
    Ok(())
}
