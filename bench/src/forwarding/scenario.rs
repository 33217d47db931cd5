//! What is measured, as data. `comparisons.rs` and `sweeps.rs` have all of it.

use super::{
    addresses::Family,
    arm::Arm,
    plan::{Frames, Packets},
    rig::Shape,
};

/// Lines that are measured in the same rounds: every case over every arm.
pub(super) struct Scenario {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) arms: &'static [Arm],
    pub(super) cases: Vec<Case>,
    /// What is to come out.
    pub(super) goals: Vec<Goal>,
    /// What the cases' `x` is, where they are points of a curve.
    pub(super) axis: Option<&'static str>,
    /// Whether it belongs to a first impression.
    pub(super) is_quick: bool,
}

/// Packets, and what they are sent over.
#[derive(Clone)]
pub(super) struct Case {
    /// What tells it from the scenario's other cases.
    pub(super) name: String,
    pub(super) x: f64,
    pub(super) shape: Shape,
    pub(super) packets: Packets,
}

/// A figure to reach: one line against another, each an arm and a case by its index.
pub(super) struct Goal {
    pub(super) claim: String,
    pub(super) of: (Arm, usize),
    pub(super) against: (Arm, usize),
    pub(super) wanted: Wanted,
}

/// How two lines are to compare.
#[derive(Clone, Copy)]
pub(super) enum Wanted {
    /// At least so many times its rate.
    Times(f64),
    /// At most so many nanoseconds a packet more.
    Nanoseconds(f64),
}

impl Shape {
    /// So many networks beside the sender's, packets going to the first one.
    pub(super) fn of(networks: u32, prefixes: u32) -> Self {
        Self {
            networks,
            prefixes,
            own: prefixes.min(1000),
            counted: 1,
            families: &[Family::V4],
            neighbours: None,
        }
    }
}

impl Case {
    /// The smallest packets, one flow to each of so many destinations.
    pub(super) fn hot(shape: Shape, destinations: u32) -> Self {
        Self {
            name: String::new(),
            x: 0.0,
            packets: Packets {
                family: Family::V4,
                networks: shape.counted,
                prefixes: shape.prefixes,
                offset: 0,
                destinations: Some(destinations.div_ceil(shape.counted)),
                flows: 1,
                frames: Frames::Of(64),
            },
            shape,
        }
    }

    pub(super) fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// A point of a curve.
    pub(super) fn at(self, x: u32) -> Self {
        Self {
            x: x.into(),
            ..self.named(x.to_string())
        }
    }

    /// Change the packets.
    pub(super) fn sending(mut self, change: impl FnOnce(&mut Packets)) -> Self {
        change(&mut self.packets);
        self
    }
}
