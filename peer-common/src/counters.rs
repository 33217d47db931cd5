//! Per-CPU counters.

use bytemuck::{Pod, Zeroable};

use crate::drop_reason::REASONS;

/// What went through a peering in one direction, or stayed inside a network.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Traffic {
    /// Packets as they are on the wire: segments, not GSO packets.
    pub packets: u64,
    /// IP bytes as they are on the wire.
    pub bytes: u64,
}

/// What a port did about the ICMP errors it owed.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Errors {
    /// Sent.
    pub sent: u64,
    /// Not sent, because there had been too many.
    pub limited: u64,
}

/// Dropped packets by [`DropReason`](crate::DropReason) number.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Drops {
    /// Packets as they are on the wire.
    pub packets: [u64; REASONS],
}
