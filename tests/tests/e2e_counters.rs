//! Every packet is accounted for.

use anyhow::{Result, ensure};
use peer_tests::{SOON, Scene, Tap, wait_until};

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
    for map in ["ports", "tags", "groups", "tables"] {
        let labels = [("map", map)];
        let entries = metrics.value("peer_map_entries", &labels);
        let capacity = metrics.value("peer_map_capacity", &labels);
        assert!(
            entries.is_some() && entries < capacity,
            "{map}: {entries:?} of {capacity:?}"
        );
    }
    let tables = metrics.value("peer_map_entries", &[("map", "tables")]);
    assert!(tables.is_some_and(|units| units > 0.0), "routes take room");
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

/// A tap says how large segments are to be, and not how many there will be.
#[test]
fn what_a_virtual_machine_leaves_to_be_cut_is_counted_as_it_is_on_the_wire() -> Result<()> {
    const PAYLOAD: usize = 3500;
    const SEGMENTS: u64 = 4;
    const HEADERS: u64 = 40;
    let mut scene = Scene::prepare("tap")?;
    let mut tap = Tap::new(&scene.lab.router, "tap-blue")?;
    scene.edit(|table| {
        table.with("blue", |network| {
            network.ports.push("interface: tap-blue".to_owned());
        })
    })?;
    scene.daemon.start()?;
    let Scene { green, lab, .. } = &scene;
    let frame = [
        &lab.router.mac("tap-blue")?[..],
        &[2, 0, 0, 0, 0, 9],
        &[0x08, 0x00],
        &tcp([10, 1, 0, 77], [10, 2, 0, 2], PAYLOAD),
    ]
    .concat();
    let arriving = green.frames()?;
    tap.send_segments(&frame, 1000)?;
    let expected = (SEGMENTS, PAYLOAD as u64 + SEGMENTS * HEADERS);
    wait_until("the counters say so", SOON, || {
        let counted = scene.forwarded(&scene.blue, green)?;
        ensure!(counted == expected, "{counted:?}, not {expected:?}");
        Ok(())
    })?;
    let is_ours = |frame: &[u8]| frame.get(26..30) == Some(&[10, 1, 0, 77]);
    let arrived = arriving.receive(SOON, |frame| is_ours(frame).then(|| frame[22]))?;
    assert_eq!(arrived, Some(63), "with one hop less to live");
    Ok(())
}

/// An IPv4 packet of TCP whose checksum is left to be made: its field holds the pseudo
/// header's sum (virtio 1.2 section 5.1.6.2).
fn tcp(from: [u8; 4], to: [u8; 4], payload: usize) -> Vec<u8> {
    let sum = |bytes: &[u8]| {
        let words = bytes.chunks(2);
        let mut sum: u32 = words
            .map(|word| u32::from(word[0]) << 8 | u32::from(word[1]))
            .sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        (sum as u16).to_be_bytes()
    };
    let [high, low] = ((40 + payload) as u16).to_be_bytes();
    let mut ip = [
        &[0x45, 0, high, low, 0, 1, 0x40, 0, 64, 6, 0, 0],
        &from[..],
        &to,
    ]
    .concat();
    let [high, low] = sum(&ip);
    (ip[10], ip[11]) = (!high, !low);
    let [high, low] = ((20 + payload) as u16).to_be_bytes();
    let pseudo = sum(&[&from[..], &to, &[0, 6, high, low]].concat());
    let ports = [0x9c, 0x40, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 1];
    let tcp = [&ports[..], &[0x50, 0x18, 0xff, 0xff], &pseudo, &[0, 0]].concat();
    [ip, tcp, vec![7; payload]].concat()
}
