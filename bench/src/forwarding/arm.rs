//! The ways to forward that are compared. Data only.

use super::rig::Shape;

/// A way to forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arm {
    /// A redirect and nothing else: the ceiling.
    Bare,
    /// peerd with native XDP.
    Xdp,
    /// peerd with tc.
    Tc,
    /// peerd with generic XDP.
    Generic,
    /// xdp-tools' forwarder over the kernel's routes.
    XdpForward,
    /// A program of ours over the kernel's routes.
    Fib,
    /// The kernel's routes.
    Kernel,
    /// The same with connection tracking and a few rules.
    Firewall,
}

impl Arm {
    /// As reports call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare redirect",
            Self::Xdp => "peerd, XDP",
            Self::Tc => "peerd, tc",
            Self::Generic => "peerd, generic XDP",
            Self::XdpForward => "xdp-forward, fib direct",
            Self::Fib => "bpf_fib_lookup",
            Self::Kernel => "kernel routes",
            Self::Firewall => "kernel routes, nftables with conntrack",
        }
    }

    /// Whether its packets leave as a router sends them, or as they came.
    pub(super) fn is_router(self) -> bool {
        self != Self::Bare
    }

    /// What of a rig it needs: a bare redirect knows no networks, and all goes one way.
    pub(super) fn needs(self, shape: &Shape) -> Shape {
        if self.is_router() {
            shape.clone()
        } else {
            Shape::of(1, 1)
        }
    }
}
