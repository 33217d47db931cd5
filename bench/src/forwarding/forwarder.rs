//! A rig that forwards one way.

use anyhow::Result;
use peer_tests::Daemon;

use super::{arm::Arm, peerd, redirect::Redirect, rig::Rig, xdp_forward::XdpForward};
use crate::{Options, firewall};

/// Forwards until dropped.
pub(super) struct Forwarder {
    // Before the namespaces they are in.
    pub(super) work: Work,
    pub(super) rig: Rig,
}

/// What does it, beside the kernel itself.
pub(super) enum Work {
    Kernel,
    Peerd(Daemon),
    Redirect(Redirect),
    XdpForward {
        #[expect(dead_code, reason = "held to be dropped")]
        loaded: XdpForward,
    },
}

impl Forwarder {
    /// Have a rig forward.
    pub(super) fn new(arm: Arm, rig: Rig, options: &Options) -> Result<Self> {
        let work = match arm {
            Arm::Bare => Work::Redirect(Redirect::bare(&rig)?),
            Arm::Xdp => Work::Peerd(peerd::start(&rig, "xdp", options)?),
            Arm::Tc => {
                rig.take_frames_without_xdp()?;
                Work::Peerd(peerd::start(&rig, "tc", options)?)
            }
            Arm::Generic => {
                rig.take_frames_without_xdp()?;
                Work::Peerd(peerd::start(&rig, "xdp-generic", options)?)
            }
            Arm::XdpForward => {
                rig.route_in_kernel()?;
                Work::XdpForward {
                    loaded: XdpForward::load(&options.xdp_forward, &rig)?,
                }
            }
            Arm::Fib => {
                rig.route_in_kernel()?;
                Work::Redirect(Redirect::by_kernel_routes(&rig)?)
            }
            Arm::Kernel | Arm::Firewall => {
                rig.take_frames_without_xdp()?;
                rig.route_in_kernel()?;
                if arm == Arm::Firewall {
                    firewall::load(rig.router(), "p0", "p*")?;
                }
                Work::Kernel
            }
        };
        Ok(Self { work, rig })
    }

    /// What it says of packets that did not arrive.
    pub(super) fn excuse(&self) -> Option<String> {
        match &self.work {
            Work::Peerd(daemon) => peerd::drops(daemon).ok(),
            _ => None,
        }
    }
}
