//! Counters by name.

use std::collections::BTreeMap;

use peer_common::{DropReason, Errors, Traffic};

use crate::model::{ObjectRef, PairLabel};

/// Drops by reason; reasons that never happened are left out.
pub type DropCounts = BTreeMap<DropReason, u64>;

/// All counters at one moment, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// By pair and the network the packets come from.
    pub forwarded: BTreeMap<(PairLabel, ObjectRef), Traffic>,
    /// By the network the packets come from.
    pub network_drops: BTreeMap<ObjectRef, DropCounts>,
    /// By pair and the network the packets come from.
    pub peering_drops: BTreeMap<(PairLabel, ObjectRef), DropCounts>,
    /// ICMP errors by the ifindex of the port that owed them.
    pub errors: BTreeMap<u32, Errors>,
}
