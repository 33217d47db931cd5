//! The counter maps as they are pinned, over all CPUs.

use std::{collections::BTreeMap, os::fd::AsFd as _, path::Path};

use aya::{maps::MapData, util::nr_cpus};
use peer_common::{DropReason, limits};

use super::sys;

/// One number among all that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Count {
    /// Packets sent, by a route's counter.
    Packets(u32),
    /// IP bytes sent, by a route's counter.
    Bytes(u32),
    /// Packets dropped, by the network they came from.
    OfNetwork(u32, DropReason),
    /// Packets dropped, by a route's counter.
    OfPeering(u32, DropReason),
    /// ICMP errors sent, by the port's slot.
    ErrorsSent(u32),
    /// ICMP errors not sent because there had been too many.
    ErrorsLimited(u32),
}

/// What was counted; nought is left out.
pub(crate) type Counted = BTreeMap<Count, u64>;

const REASONS: usize = DropReason::ALL.len();

/// Counters and networks that any case should touch are below this number.
const NEAR: u32 = 8;

/// So are the slots of their ports below this one.
const NEAR_SLOTS: u32 = 32;

pub(crate) struct Counters {
    forwarded: MapData,
    network_drops: MapData,
    peering_drops: MapData,
    errors: MapData,
    cpus: usize,
}

impl Counters {
    pub(crate) fn open(dir: &Path) -> Self {
        let open = |name| MapData::from_pin(dir.join(name)).unwrap();
        Self {
            forwarded: open("forwarded"),
            network_drops: open("network_drops"),
            peering_drops: open("peering_drops"),
            errors: open("errors"),
            cpus: nr_cpus().unwrap(),
        }
    }

    /// The first few, which are all that a packet of these tests should touch.
    pub(crate) fn near(&self) -> Reading {
        self.read(NEAR, NEAR, NEAR_SLOTS)
    }

    /// All there are.
    pub(crate) fn all(&self) -> Counted {
        self.read(
            limits::MAX_NETWORKS,
            limits::MAX_COUNTERS,
            limits::MAX_PORTS,
        )
        .counted()
    }

    fn read(&self, networks: u32, counters: u32, slots: u32) -> Reading {
        Reading {
            forwarded: self.sums(&self.forwarded, counters, 2),
            network_drops: self.sums(&self.network_drops, networks, REASONS),
            peering_drops: self.sums(&self.peering_drops, counters, REASONS),
            errors: self.sums(&self.errors, slots, 2),
        }
    }

    /// The first `count` elements, of `words` numbers each, over all CPUs.
    fn sums(&self, map: &MapData, count: u32, words: usize) -> Vec<u64> {
        let all = sys::lookup(map.fd().as_fd(), count, words * self.cpus).unwrap();
        let mut sums = Vec::with_capacity(count as usize * words);
        for element in all.chunks(words * self.cpus) {
            let of_all_cpus = |word| element.iter().skip(word).step_by(words).sum::<u64>();
            sums.extend((0..words).map(of_all_cpus));
        }
        sums
    }
}

/// What counters said at one moment, element after element.
pub(crate) struct Reading {
    forwarded: Vec<u64>,
    network_drops: Vec<u64>,
    peering_drops: Vec<u64>,
    errors: Vec<u64>,
}

impl Reading {
    /// Everything that is not nought.
    pub(crate) fn counted(&self) -> Counted {
        let nought = |of: &Vec<u64>| vec![0; of.len()];
        self.since(&Self {
            forwarded: nought(&self.forwarded),
            network_drops: nought(&self.network_drops),
            peering_drops: nought(&self.peering_drops),
            errors: nought(&self.errors),
        })
    }

    /// What was counted after an earlier reading of as many.
    pub(crate) fn since(&self, earlier: &Self) -> Counted {
        let forwarded = grown(&earlier.forwarded, &self.forwarded, 2).map(|(index, word, by)| {
            (
                if word == 0 {
                    Count::Packets(index)
                } else {
                    Count::Bytes(index)
                },
                by,
            )
        });
        let of_network = grown(&earlier.network_drops, &self.network_drops, REASONS)
            .map(|(index, word, by)| (Count::OfNetwork(index, DropReason::ALL[word]), by));
        let of_peering = grown(&earlier.peering_drops, &self.peering_drops, REASONS)
            .map(|(index, word, by)| (Count::OfPeering(index, DropReason::ALL[word]), by));
        let errors = grown(&earlier.errors, &self.errors, 2).map(|(slot, word, by)| {
            (
                if word == 0 {
                    Count::ErrorsSent(slot)
                } else {
                    Count::ErrorsLimited(slot)
                },
                by,
            )
        });
        let drops = of_network.chain(of_peering);
        forwarded.chain(drops).chain(errors).collect()
    }
}

/// Element, word in it and by how much, of everything that is not as before.
fn grown<'a>(
    before: &'a [u64],
    after: &'a [u64],
    words: usize,
) -> impl Iterator<Item = (u32, usize, u64)> + 'a {
    let pairs = before.iter().zip(after).enumerate();
    pairs
        .filter(|(_, (before, after))| before != after)
        .map(move |(at, (before, after))| ((at / words) as u32, at % words, after - before))
}
