//! Traffic between two hosts, and the figures it comes to.

mod datagrams;
mod round_trips;

use std::time::Duration;

use anyhow::{Context as _, Result};
use peer_tests::{Direction, Load, tcp_load};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::arms::World;

/// What hosts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// Bulk data over so many connections at once.
    Stream { streams: u32, direction: Direction },
    /// A byte to the server and a byte back, one connection.
    RoundTrips,
    /// Small datagrams, as fast as they can be sent.
    Datagrams,
}

/// One number that a run comes to.
#[derive(Debug)]
pub(super) struct Figure {
    /// A word for the section's id.
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) less_is_better: bool,
    /// Whether peerd is to be no worse in it than the kernel.
    pub(super) is_target: bool,
}

impl Figure {
    const fn new(id: &'static str, name: &'static str, unit: &'static str) -> Self {
        Self {
            id,
            name,
            unit,
            less_is_better: false,
            is_target: false,
        }
    }

    const fn less_is_better(self) -> Self {
        Self {
            less_is_better: true,
            ..self
        }
    }

    const fn target(self) -> Self {
        Self {
            is_target: true,
            ..self
        }
    }
}

impl Traffic {
    /// A word for the section's id.
    pub(super) fn id(self) -> String {
        match self {
            Self::Stream { streams, direction } => {
                let direction = match direction {
                    Direction::Upload => "up",
                    Direction::Download => "down",
                };
                format!("tcp-{streams}-{direction}")
            }
            Self::RoundTrips => "round-trips".to_owned(),
            Self::Datagrams => "udp".to_owned(),
        }
    }

    pub(super) fn title(self) -> String {
        match self {
            Self::Stream { streams, direction } => {
                let by = match direction {
                    Direction::Upload => "client",
                    Direction::Download => "server",
                };
                let plural = if streams == 1 { "" } else { "s" };
                format!("TCP, {streams} stream{plural} sent by the {by}")
            }
            Self::RoundTrips => "TCP request and response of one byte".to_owned(),
            Self::Datagrams => format!("UDP, datagrams of {} bytes", datagrams::SIZE),
        }
    }

    /// How it is made.
    pub(super) fn method(self, seconds: u32) -> String {
        let time = length(seconds);
        match self {
            Self::Stream { .. } => {
                format!("iperf3 for {seconds} s a round; what the receiver got.")
            }
            Self::RoundTrips => format!(
                "One connection for {time:?} a round, both ends on one CPU, where the router's \
                 work then happens too."
            ),
            Self::Datagrams => format!(
                "sendmmsg in batches of {} for {time:?} a round from one CPU, where the router's \
                 work happens too; counted by the receiver's socket, on another CPU where there \
                 is one.",
                datagrams::BATCH
            ),
        }
    }

    /// What a run comes to, in this order.
    pub(super) fn figures(self) -> &'static [Figure] {
        const THROUGHPUT: [Figure; 1] = [Figure::new("rate", "throughput", "Gbit/s").target()];
        const ROUND_TRIPS: [Figure; 3] = [
            Figure::new("rate", "transactions", "transactions/s").target(),
            Figure::new("p50", "median time", "µs").less_is_better(),
            Figure::new("p99", "99th percentile of times", "µs").less_is_better(),
        ];
        const DATAGRAMS: [Figure; 1] = [Figure::new("rate", "delivered", "datagrams/s")];
        match self {
            Self::Stream { .. } => &THROUGHPUT,
            Self::RoundTrips => &ROUND_TRIPS,
            Self::Datagrams => &DATAGRAMS,
        }
    }

    /// One number for each of [`Self::figures`].
    pub(super) fn run(self, world: &World, family: usize, seconds: u32) -> Result<Vec<f64>> {
        let (client, server) = (world.client(), world.server());
        let ends = [client.addresses()[family], server.addresses()[family]];
        let time = length(seconds);
        match self {
            Self::Stream { streams, direction } => {
                let load = Load {
                    direction,
                    streams,
                    seconds,
                };
                let moved = tcp_load(client, server, ends[1], load)?;
                Ok(vec![moved.bits_per_second / 1e9])
            }
            Self::RoundTrips => round_trips::run(client, server, ends[1], time),
            Self::Datagrams => datagrams::run(client, server, ends, time).map(|rate| vec![rate]),
        }
    }
}

/// Of what has many thousand samples in a second.
fn length(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into()) / 2
}

/// The first and the last CPU this process may use, which may be the same.
fn two_cpus() -> Result<[usize; 2]> {
    let allowed = sched_getaffinity(None).context("cannot ask for the CPUs of this process")?;
    let mut cpus = (0..CpuSet::MAX_CPU).filter(|cpu| allowed.is_set(*cpu));
    let first = cpus.next().context("this process may use no CPU")?;
    Ok([first, cpus.next_back().unwrap_or(first)])
}

/// Keep the calling thread, and it alone, on a CPU.
fn stay_on(cpu: usize) -> Result<()> {
    let mut only = CpuSet::new();
    only.set(cpu);
    sched_setaffinity(None, &only).with_context(|| format!("cannot stay on CPU {cpu}"))
}
