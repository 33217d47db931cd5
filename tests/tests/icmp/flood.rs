//! A port sends so many errors and no more, and says how many.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use peer_tests::Scene;
use serde_json::Value;

use super::traceroute::scene;

const PER_SECOND: f64 = 1000.0;
const BURST: f64 = 100.0;

fn errors(scene: &Scene) -> Result<(u64, u64)> {
    let args = ["get", "ports", "-A", "-o", "json"];
    let ports: Value = serde_json::from_str(&scene.daemon.peerctl(&args)?.ok()?)?;
    let ports = ports["items"].as_array().context("no list")?;
    let port = ports.iter().find(|port| port["interface"] == "veth-blue");
    let errors = &port.context("no port")?["icmpErrors"];
    ensure!(errors["perSecond"] == 1000 && errors["burst"] == 100);
    let count = |what: &str| errors[what].as_u64().context("no count");
    Ok((count("sent")?, count("limited")?))
}

#[test]
fn a_flood_of_spent_ttls_is_answered_at_a_bounded_rate() -> Result<()> {
    const SENT: u64 = 4000;
    for hook in [("tc", false), ("xdp", true)] {
        let scene = scene("flood", hook)?;
        let Scene { blue, green, .. } = &scene;
        let mut spent = scene.datagram(blue, blue.v4, green.v4)?;
        spent.ttl = 1;
        let frame = spent.frame();
        let socket = blue.frames()?;
        let begun = Instant::now();
        for _ in 0..SENT {
            socket.send(&frame)?;
        }
        let all = SENT;
        peer_tests::wait_until("all are counted", Duration::from_secs(15), || {
            let dropped = scene.dropped(blue, "ttl-exceeded")?;
            ensure!(dropped == all, "{dropped} of {all}");
            Ok(())
        })?;
        let (sent, limited) = errors(&scene)?;
        let most = BURST + PER_SECOND * begun.elapsed().as_secs_f64() + 10.0;
        println!("{hook:?}: {sent} sent, {limited} limited, at most {most:.0}");
        ensure!(sent >= 100 && sent as f64 <= most, "{sent} sent");
        // What XDP drops by itself was not asked for by tc.
        ensure!(
            hook.0 == "xdp" || sent + limited == SENT,
            "{limited} limited"
        );
        let metrics = scene.daemon.metrics()?;
        let of = [("network", "blue-team/blue"), ("port", "veth-blue")];
        ensure!(metrics.count("peer_icmp_errors_sent_total", &of) == sent);
        ensure!(metrics.count("peer_icmp_errors_limited_total", &of) == limited);
        // The other ports' leave is their own, and this one's comes back.
        thread::sleep(Duration::from_millis(200));
        socket.send(&frame)?;
        peer_tests::wait_until("one more is sent", Duration::from_secs(10), || {
            ensure!(errors(&scene)?.0 == sent + 1);
            Ok(())
        })?;
    }
    Ok(())
}
