//! What goes into an entry, and what comes of it.

use std::fmt;

use peer_common::DropReason;

use super::{
    counters::{Count, Counted},
    world::PORTS,
};

/// One of the two entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hook {
    Xdp,
    Tc,
}

/// A frame as a driver hands it over.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// ifindex of the interface.
    pub(crate) ingress: u32,
    pub(crate) frame: Vec<u8>,
    /// Set for a GSO packet (tc).
    pub(crate) gso: Gso,
    /// Bytes that are not in fragments, if not all (XDP).
    pub(crate) linear: Option<u32>,
    /// Whether its port has sent so many ICMP errors that no more may follow now.
    pub(crate) limited: bool,
}

/// Payload bytes and number of segments; noughts for an ordinary packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gso {
    pub(crate) size: u32,
    pub(crate) segments: u32,
}

impl Arrival {
    pub(crate) fn new(ingress: u32, frame: Vec<u8>) -> Self {
        Self {
            ingress,
            frame,
            gso: Gso::default(),
            linear: None,
            limited: false,
        }
    }

    /// The slot of the port it comes in by.
    pub(crate) fn slot(&self) -> u32 {
        let port = PORTS.iter().find(|port| port.index == self.ingress);
        port.map_or(0, |port| port.slot)
    }
}

/// What an entry decided, in the words of both hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The host's stack gets it, after XDP the tcx program.
    Up,
    Drop,
    Redirect,
    /// Anything else, by its number.
    Other(i32),
}

impl Verdict {
    pub(crate) fn of(hook: Hook, returned: i32) -> Self {
        match (hook, returned) {
            // XDP_PASS, TC_ACT_UNSPEC
            (Hook::Xdp, 2) | (Hook::Tc, -1) => Self::Up,
            // XDP_DROP, TC_ACT_SHOT
            (Hook::Xdp, 1) | (Hook::Tc, 2) => Self::Drop,
            // XDP_REDIRECT, TC_ACT_REDIRECT
            (Hook::Xdp, 4) | (Hook::Tc, 7) => Self::Redirect,
            (_, other) => Self::Other(other),
        }
    }
}

/// All that an entry did.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    pub(crate) frame: Vec<u8>,
    pub(crate) counted: Counted,
}

impl Outcome {
    /// Left alone.
    pub(crate) fn up(frame: &[u8]) -> Self {
        Self {
            verdict: Verdict::Up,
            frame: frame.to_vec(),
            counted: Counted::new(),
        }
    }

    /// Dropped, and counted for its network and, unless `counter` is 0, its peering.
    pub(crate) fn dropped(
        frame: &[u8],
        reason: DropReason,
        network: u32,
        counter: u32,
        packets: u64,
    ) -> Self {
        let mut counted = Counted::from([(Count::OfNetwork(network, reason), packets)]);
        if counter != 0 {
            counted.insert(Count::OfPeering(counter, reason), packets);
        }
        Self {
            verdict: Verdict::Drop,
            frame: frame.to_vec(),
            counted,
        }
    }

    /// Sent back as `frame`, which nothing counts.
    pub(crate) fn answered(frame: &[u8]) -> Self {
        Self {
            verdict: Verdict::Redirect,
            frame: frame.to_vec(),
            counted: Counted::new(),
        }
    }

    /// Sent on as `frame`, and counted.
    pub(crate) fn sent(frame: &[u8], counter: u32, packets: u64, bytes: u64) -> Self {
        let counted = Counted::from([
            (Count::Packets(counter), packets),
            (Count::Bytes(counter), bytes),
        ]);
        Self {
            verdict: Verdict::Redirect,
            frame: frame.to_vec(),
            counted,
        }
    }

    /// Dropped, and the sender told by this frame out of the port in this slot.
    pub(crate) fn told(mut self, slot: u32, answer: Vec<u8>) -> Self {
        self.counted.insert(Count::ErrorsSent(slot), 1);
        Self {
            verdict: Verdict::Redirect,
            frame: answer,
            ..self
        }
    }

    /// Dropped, and the sender not told because it was told too often.
    pub(crate) fn untold(mut self, slot: u32) -> Self {
        self.counted.insert(Count::ErrorsLimited(slot), 1);
        self
    }

    /// Whether it was dropped for want of a device.
    pub(crate) fn found_no_device(&self) -> bool {
        let failed =
            |count: &Count| matches!(count, Count::OfNetwork(_, DropReason::RedirectFailed));
        self.counted.keys().any(failed)
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, counted {:?}", self.verdict, self.counted)?;
        write!(
            f,
            "\n      {} bytes: {}",
            self.frame.len(),
            hex(&self.frame)
        )
    }
}

/// The beginning of a frame, header by header as far as they have fixed places.
pub(crate) fn hex(frame: &[u8]) -> String {
    const SHOWN: usize = 160;
    let mut text = String::new();
    for (at, byte) in frame.iter().take(SHOWN).enumerate() {
        if matches!(at, 6 | 12 | 14) || at > 14 && (at - 14) % 4 == 0 {
            text.push(' ');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    if frame.len() > SHOWN {
        text.push_str(" …");
    }
    text
}
