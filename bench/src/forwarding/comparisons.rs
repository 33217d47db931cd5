//! The scenarios that figures to reach speak of.

use super::{
    addresses::Family,
    arm::Arm,
    plan::Frames,
    rig::{HOSTS, Shape},
    scenario::{Case, Goal, Scenario, Wanted},
};

const EVERY_ARM: &[Arm] = &[
    Arm::Bare,
    Arm::Xdp,
    Arm::Tc,
    Arm::Generic,
    Arm::XdpForward,
    Arm::Fib,
    Arm::Kernel,
    Arm::Firewall,
];
const BOTH: &[Family] = &[Family::V4, Family::V6];
const ROUTERS: &[Arm] = &[Arm::Bare, Arm::Xdp, Arm::Tc, Arm::Kernel];

pub(super) fn comparisons() -> Vec<Scenario> {
    vec![
        Scenario {
            goals: vec![tc_over_kernel()],
            ..every_arm(
                "xdp-1x1-1",
                "One prefix, one destination",
                Shape::of(1, 1),
                1,
            )
        },
        Scenario {
            goals: goals(0.95),
            is_quick: true,
            ..every_arm(
                "xdp-64x1000-512",
                "64 networks of 1,000 prefixes, 512 hot destinations",
                Shape::of(63, 1000),
                512,
            )
        },
        Scenario {
            goals: goals(0.90),
            ..every_arm(
                "xdp-1x100000-16384",
                "100,000 prefixes in one network, 16,384 hot destinations",
                Shape::of(1, 100_000),
                16_384,
            )
        },
        families(
            "ipv6-64x1000-512",
            "Both families, 64 networks of 1,000 prefixes, 512 hot destinations",
            Shape::of(63, 1000),
            512,
        ),
        families(
            "ipv6-1x100000-16384",
            "Both families, 100,000 prefixes in one network, 16,384 hot destinations",
            Shape::of(1, 100_000),
            16_384,
        ),
        sizes(),
        on_link(),
        a_million(),
    ]
}

fn every_arm(id: &'static str, title: &'static str, shape: Shape, hot: u32) -> Scenario {
    Scenario {
        id,
        title,
        arms: EVERY_ARM,
        cases: vec![Case::hot(shape, hot)],
        goals: Vec::new(),
        axis: None,
        is_quick: false,
    }
}

/// What peerd is to reach where prefixes are many.
fn goals(of_bare: f64) -> Vec<Goal> {
    let goal = |against: Arm, times| Goal {
        claim: format!("rate of XDP against {}", against.name()),
        of: (Arm::Xdp, 0),
        against: (against, 0),
        wanted: Wanted::Times(times),
    };
    vec![
        goal(Arm::Bare, of_bare),
        goal(Arm::XdpForward, 1.15),
        goal(Arm::Kernel, 2.1),
        tc_over_kernel(),
    ]
}

fn tc_over_kernel() -> Goal {
    Goal {
        claim: "rate of tc against kernel routes, small packets".into(),
        of: (Arm::Tc, 0),
        against: (Arm::Kernel, 0),
        wanted: Wanted::Times(1.08),
    }
}

fn families(id: &'static str, title: &'static str, shape: Shape, hot: u32) -> Scenario {
    let shape = Shape {
        families: BOTH,
        ..shape
    };
    let case = |family: Family| {
        Case::hot(shape.clone(), hot)
            .named(family.name())
            .sending(|packets| packets.family = family)
    };
    Scenario {
        id,
        title,
        arms: &[
            Arm::Bare,
            Arm::Xdp,
            Arm::Tc,
            Arm::XdpForward,
            Arm::Fib,
            Arm::Kernel,
        ],
        cases: vec![case(Family::V4), case(Family::V6)],
        goals: vec![Goal {
            claim: "rate of XDP with IPv6 against IPv4".into(),
            of: (Arm::Xdp, 1),
            against: (Arm::Xdp, 0),
            wanted: Wanted::Times(0.97),
        }],
        axis: None,
        is_quick: false,
    }
}

fn sizes() -> Scenario {
    let case = |name: &str, frames| {
        Case::hot(Shape::of(63, 1000), 512)
            .named(name)
            .sending(|packets| packets.frames = frames)
    };
    Scenario {
        id: "sizes",
        title: "Frames of 64, 570, 1,500 bytes and of all three 7:4:1 (IMIX)",
        arms: ROUTERS,
        cases: vec![
            case("64 bytes", Frames::Of(64)),
            case("570 bytes", Frames::Of(570)),
            case("1,500 bytes", Frames::Of(1500)),
            case("IMIX", Frames::Imix),
        ],
        goals: vec![tc_over_kernel()],
        axis: None,
        is_quick: false,
    }
}

fn on_link() -> Scenario {
    let shape = Shape {
        own: 1,
        neighbours: Some(10_000),
        ..Shape::of(1, 256)
    };
    let case = Case::hot(shape, 10_000).sending(|packets| packets.offset = HOSTS);
    Scenario {
        id: "on-link-10000",
        title: "10,000 live neighbours on the link, every one a destination",
        arms: EVERY_ARM,
        cases: vec![case],
        goals: vec![Goal {
            claim: "rate of XDP to hosts on link against bare redirect".into(),
            of: (Arm::Xdp, 0),
            against: (Arm::Bare, 0),
            wanted: Wanted::Times(0.90),
        }],
        axis: None,
        is_quick: false,
    }
}

/// What other networks' routes cost one that does not use them.
fn a_million() -> Scenario {
    Scenario {
        id: "xdp-1000000-routes",
        title: "A million routes on the host, and one, with one hot destination",
        arms: &[Arm::Bare, Arm::Xdp],
        cases: vec![
            Case::hot(Shape::of(1, 1), 1).named("1 route"),
            Case::hot(Shape::of(10, 100_000), 1).named("1,000,000 routes"),
        ],
        goals: vec![Goal {
            claim: "rate of XDP with a million routes against one".into(),
            of: (Arm::Xdp, 1),
            against: (Arm::Xdp, 0),
            wanted: Wanted::Times(0.97),
        }],
        axis: None,
        is_quick: false,
    }
}
