//! The scenarios that become curves: one thing grows, all else stays.

use super::{
    arm::Arm,
    rig::Shape,
    scenario::{Case, Goal, Scenario, Wanted},
};

const ARMS: &[Arm] = &[Arm::Bare, Arm::Xdp, Arm::Kernel];

pub(super) fn sweeps() -> Vec<Scenario> {
    vec![
        sweep(
            "sweep-prefixes",
            "Prefixes in one network, 512 hot destinations",
            "prefixes",
            [1, 10, 100, 1000, 10_000, 100_000]
                .map(|prefixes| Case::hot(Shape::of(1, prefixes), 512).at(prefixes)),
        ),
        // peerd takes 4,096 ports, and each network needs one.
        sweep(
            "sweep-networks",
            "Networks of 100 prefixes that the sender peers with, 512 hot destinations in one",
            "networks",
            [1, 10, 100, 1000]
                .map(|networks| Case::hot(Shape::of(networks, 100), 512).at(networks)),
        ),
        sweep(
            "sweep-routes",
            "Routes in the sender's table, 10 networks having a tenth each, 512 hot destinations",
            "routes",
            [100, 1000, 10_000, 100_000]
                .map(|tenth| Case::hot(Shape::of(10, tenth), 512).at(10 * tenth)),
        ),
        sweep(
            "sweep-destinations",
            "Destinations in one network of 100,000 prefixes; the last are all there are",
            "destinations",
            [1, 10, 100, 1000, 10_000, 100_000, 25_600_000].map(|destinations| {
                Case::hot(Shape::of(1, 100_000), destinations).at(destinations)
            }),
        ),
        sweep(
            "sweep-flows",
            "UDP flows to each of 512 hot destinations, 1,000 prefixes",
            "flows",
            [1, 10, 100, 1000, 10_000].map(|flows| {
                Case::hot(Shape::of(1, 1000), 512)
                    .at(flows)
                    .sending(|packets| packets.flows = flows)
            }),
        ),
        sweep(
            "sweep-ports",
            "Ports that packets leave by, in bursts of 64 packets, 512 hot destinations",
            "ports",
            [1, 4, 16, 64].map(|ports| Case::hot(spread(ports, 100), 512).at(ports)),
        ),
        cold(),
    ]
}

fn sweep<const N: usize>(
    id: &'static str,
    title: &'static str,
    axis: &'static str,
    cases: [Case; N],
) -> Scenario {
    Scenario {
        id,
        title,
        arms: ARMS,
        cases: cases.into(),
        goals: Vec::new(),
        axis: Some(axis),
        is_quick: false,
    }
}

/// Packets going to all networks.
fn spread(networks: u32, prefixes: u32) -> Shape {
    Shape {
        counted: networks,
        ..Shape::of(networks, prefixes)
    }
}

/// Any address of all networks, against 512 of them: whatever is cached of a table
/// does not help. Both go to the same ports, by the same bursts.
fn cold() -> Scenario {
    let networks = [1, 16, 64, 256];
    let case = |count: u32| Case::hot(spread(count, 1000), 512);
    let cases = networks.map(|count| {
        [
            case(count).named(format!("{count} networks, hot")),
            case(count)
                .named(format!("{count} networks, cold"))
                .sending(|packets| packets.destinations = None),
        ]
    });
    let goal = |(place, count): (usize, u32)| Goal {
        claim: format!("time by XDP, random destinations over hot ones, {count} networks"),
        of: (Arm::Xdp, 2 * place + 1),
        against: (Arm::Xdp, 2 * place),
        wanted: Wanted::Nanoseconds(60.0),
    };
    Scenario {
        id: "cold",
        title: "Random destinations among all addresses of networks of 1,000 prefixes",
        arms: ARMS,
        cases: cases.into_iter().flatten().collect(),
        goals: networks.into_iter().enumerate().map(goal).collect(),
        axis: None,
        is_quick: false,
    }
}
