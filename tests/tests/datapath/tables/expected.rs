//! What a row says should happen, as the outcome of a test run.

use peer_common::DropReason;

use super::{
    frame::Frame,
    notation::{Read, number},
    words,
};
use crate::datapath::{
    outcome::{Arrival, Outcome},
    places::{Places, V4},
    world::Port,
};

/// What a hook does with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Forward,
    Stack,
    Drop(DropReason),
    /// Dropped, and its sender is told.
    Answer(DropReason),
}

impl Verdict {
    /// `forward`, `stack`, `drop too-big`, `answer too-big`.
    pub(super) fn read(text: &str) -> Read<Self> {
        match text.split_once(' ') {
            None if text == "forward" => Ok(Self::Forward),
            None if text == "stack" => Ok(Self::Stack),
            Some(("drop", reason)) => Ok(Self::Drop(words::reason(reason)?)),
            Some(("answer", reason)) => Ok(Self::Answer(words::reason(reason)?)),
            _ => Err(format!("`{text}` is no verdict")),
        }
    }

    pub(super) fn outcome(
        self,
        arrival: &Arrival,
        out: Option<&Frame>,
        answer: Option<&Frame>,
        counted: &Counted,
    ) -> Read<Outcome> {
        let came = &arrival.frame;
        let packets = counted.packets.unwrap_or(1);
        let dropped = |frame: &[u8], reason| {
            Outcome::dropped(
                frame,
                reason,
                counted.network,
                counted.counter.unwrap_or(0),
                packets,
            )
        };
        match self {
            Self::Stack => Ok(Outcome::up(came)),
            Self::Forward => {
                let out = out.ok_or("forwarded, but as what?")?;
                let counter = counted.counter.ok_or("forwarded, but counted for whom?")?;
                let bytes = counted.bytes.unwrap_or(out.ip_bytes as u64);
                Ok(Outcome::sent(&out.bytes, counter, packets, bytes))
            }
            // Written to already when the device turned out to be missing.
            Self::Drop(DropReason::RedirectFailed) => {
                let out = out.ok_or("what was to be sent?")?;
                Ok(dropped(&out.bytes, DropReason::RedirectFailed))
            }
            Self::Drop(reason) => Ok(dropped(came, reason)),
            Self::Answer(reason) => {
                let answer = answer.ok_or("answered, but how?")?;
                Ok(dropped(came, reason).told(arrival.slot(), answer.bytes.clone()))
            }
        }
    }
}

/// Whom a packet is counted for, and as how much.
pub(super) struct Counted {
    /// Its drops are this network's.
    network: u32,
    /// Of a direction of a peering.
    counter: Option<u32>,
    packets: Option<u64>,
    bytes: Option<u64>,
}

impl Counted {
    /// `blue-to-green`, `blue-to-green 3 packets 2560 or 2620 bytes`, `3 packets`.
    pub(super) fn read(text: Option<&str>, at: &Places, port: Port) -> Read<Self> {
        let mut counted = Self {
            network: port.network,
            counter: None,
            packets: None,
            bytes: None,
        };
        let mut words: Vec<&str> = text.unwrap_or_default().split_whitespace().collect();
        if let Some(first) = words.first()
            && first.parse::<u64>().is_err()
        {
            counted.counter = Some(words::counter(words.remove(0))?);
        }
        if let [packets, "packets", ..] = words[..] {
            counted.packets = Some(number(packets)?);
            words.drain(..2);
        }
        counted.bytes = match words[..] {
            [] => None,
            [bytes, "bytes"] => Some(number(bytes)?),
            [v4, "or", v6, "bytes"] => {
                let bytes = if at.family == V4.family { v4 } else { v6 };
                Some(number(bytes)?)
            }
            _ => return Err(format!("`{}` is no way to count", words.join(" "))),
        };
        Ok(counted)
    }
}
