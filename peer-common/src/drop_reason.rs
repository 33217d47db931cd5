//! Why a packet was dropped.

macro_rules! drop_reasons {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)+) => {
        /// Every drop has exactly one of these. The number is an index into
        /// [`Drops`](crate::Drops), the name a metric label; both are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum DropReason {
            $($(#[$doc])* $variant,)+
        }

        impl DropReason {
            /// All reasons, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name users see, in kebab-case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

drop_reasons! {
    /// The destination is in a managed network that does not peer with the sender's.
    NotPeered = "not-peered",
    /// Both sides consented, but the peering does not carry traffic now.
    PeeringDown = "peering-down",
    /// The source is not in the sender's network.
    SpoofedSource = "spoofed-source",
    /// The source is in the sender's network but not exported to the destination's.
    NotExported = "not-exported",
    /// An address of the host's that is not this port's own.
    ForeignLocal = "foreign-local",
    /// Forwarded by the kernel between two managed ports.
    SideDoor = "side-door",
    /// Refused by `allow` or `allowOut`.
    Policy = "policy",
    /// TTL or hop limit spent.
    TtlExceeded = "ttl-exceeded",
    /// Larger than the egress MTU.
    TooBig = "too-big",
    /// The next hop's link address cannot be found.
    NoNeighbour = "no-neighbour",
    /// Peered, but there is no way to the destination.
    NoRoute = "no-route",
    /// Source-routed.
    SourceRoute = "source-route",
    /// A source or destination that must not be forwarded (RFC 1812 section 5.3.7).
    Martian = "martian",
    /// Headers that contradict themselves or the packet's length.
    Malformed = "malformed",
    /// The destination is in no managed network and the sender's says `drop`.
    Unmanaged = "unmanaged",
    /// The egress port was gone when the packet was to be sent.
    RedirectFailed = "redirect-failed",
}

/// How many reasons there are.
pub(crate) const REASONS: usize = DropReason::ALL.len();

impl DropReason {
    /// The reason with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reasons_number_leads_back_to_it() {
        for reason in DropReason::ALL {
            assert_eq!(DropReason::from_number(*reason as u8), Some(*reason));
        }
        assert_eq!(DropReason::from_number(REASONS as u8), None);
    }
}
