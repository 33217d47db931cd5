//! The states of a consent.

use std::fmt;

use serde::Serialize;

/// In the order they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its own `adminState` is down.
    Disabled,
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
    pub const ALL: [Self; 7] = [
        Self::Disabled,
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
            Self::Disabled => "disabled",
            Self::Failed => "failed",
            Self::Pending => "pending",
            Self::PeerDisabled => "peer-disabled",
            Self::Conflict => "conflict",
            Self::Provisioning => "provisioning",
            Self::Active => "active",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A state and the sentence that says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// The fact behind it.
    pub reason: String,
}

impl Status {
    pub(super) fn new(state: State, reason: impl Into<String>) -> Self {
        Self {
            state,
            reason: reason.into(),
        }
    }
}
