//! A group: several next hops for one destination, each with a share of the flows.

use bytemuck::{Pod, Zeroable};

use crate::Route;

/// Hops that one group can hold.
pub const MAX_HOPS: usize = 16;

/// A flow's number, made of its hash, is smaller than this.
pub const FLOWS_END: u32 = 1 << 31;

/// One of several ways to a destination.
///
/// Each flow has two numbers. By the first it chooses among all hops, as with the
/// hash-threshold method of RFC 2992. If the hop it chose is down, it chooses by the
/// second among those that are up: so no flow of a hop that is up moves when another
/// goes down or comes back.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
pub struct Hop {
    /// Its flows have first numbers below this, and not below an earlier hop's.
    pub end: u32,
    /// The same for the second numbers of flows whose hop is down.
    pub spare_end: u32,
    /// What its share follows from; 0 behind the last hop.
    pub weight: u32,
    /// The whole action: [`FORWARD`](crate::verdict::FORWARD), or while the hop is
    /// down [`DROP`](crate::verdict::DROP).
    pub route: Route,
}

/// Value of the map `GROUPS`, by group id. It never changes while a route names it:
/// other content has another id.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable)]
pub struct Group {
    /// The hops; zero behind the last.
    pub hops: [Hop; MAX_HOPS],
}

impl Group {
    /// The hops there are.
    pub fn hops(&self) -> impl Iterator<Item = &Hop> {
        self.hops.iter().take_while(|hop| hop.weight > 0)
    }
}
