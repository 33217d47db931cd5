//! The states of a consent.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Reason;

/// In the order they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// No longer declared; still listed for a while.
    Deleted,
    /// Its own `adminState` is down.
    Disabled,
    /// The other side refused it.
    Rejected,
    /// It waited for longer than its `ttl`.
    Expired,
    /// It cannot be: no port, no network, another zone, a rule against it.
    Failed,
    /// The other side has not consented.
    Pending,
    /// The other side's `adminState` is down.
    PeerDisabled,
    /// Prefixes overlap at the receiver.
    Conflict,
    /// Agreed, not yet in the kernel.
    Provisioning,
    /// Carries traffic.
    Active,
}

impl State {
    /// All states, in order.
    pub const ALL: [Self; 10] = [
        Self::Deleted,
        Self::Disabled,
        Self::Rejected,
        Self::Expired,
        Self::Failed,
        Self::Pending,
        Self::PeerDisabled,
        Self::Conflict,
        Self::Provisioning,
        Self::Active,
    ];

    /// The word users see.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Disabled => "disabled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::PeerDisabled => "peer-disabled",
            Self::Conflict => "conflict",
            Self::Provisioning => "provisioning",
            Self::Active => "active",
        }
    }

    /// Whether nothing but a new request leads out of it, whatever the reason.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Deleted | Self::Rejected | Self::Expired)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A state, the fact behind it, and how long it lasts by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// The fact behind it.
    pub reason: Reason,
    /// When time alone ends it, in milliseconds of host time: a request expires, a
    /// terminal one is listed no more.
    pub until: Option<u64>,
}

impl Status {
    pub(super) fn new(state: State, reason: Reason) -> Self {
        Self {
            state,
            reason,
            until: None,
        }
    }

    /// Whether nothing but a new request leads out of it.
    pub fn is_terminal(&self) -> bool {
        self.state.is_terminal() || matches!(self.reason, Reason::Impossible(_))
    }
}
