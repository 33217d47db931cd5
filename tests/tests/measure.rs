//! Measurements, not tests: `cargo xtask test -- --ignored --nocapture measure_`.

use anyhow::Result;
use peer_tests::{Direction, Scene, tcp_transfer};

/// Arms are interleaved, since the machine's speed drifts.
const ROUNDS: usize = 3;

#[test]
#[ignore = "a measurement"]
fn measure_tcp_through_the_peering_against_kernel_routes() -> Result<()> {
    let mut scene = Scene::prepare("TCP ratio")?;
    for family in [0, 1] {
        let (mut kernel, mut peering) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            scene.lab.route_in_kernel(true)?;
            kernel.push(rate(&scene, family)?);
            scene.lab.route_in_kernel(false)?;
            scene.daemon.start()?;
            peering.push(rate(&scene, family)?);
            scene.daemon.terminate()?;
            scene.daemon.detach()?.ok()?;
        }
        let (kernel, peering) = (median(kernel), median(peering));
        let name = ["IPv4", "IPv6"][family];
        println!(
            "{name}: peering {peering:.2}, kernel routes {kernel:.2} Gbit/s, ratio {:.2}",
            peering / kernel
        );
    }
    Ok(())
}

fn rate(scene: &Scene, family: usize) -> Result<f64> {
    let to = scene.green.addresses()[family];
    let moved = tcp_transfer(&scene.blue, &scene.green, to, Direction::Upload, 2)?;
    Ok(moved.bits_per_second / 1e9)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
