//! Two hosts with a router between them, and who does the router's work.

use std::path::Path;

use anyhow::Result;
use peer_tests::{Host, Programs, Scene};

use crate::firewall;

/// How the arms differ and what they share; a part of every section's method.
pub(super) const METHOD: &str = "All arms in the same namespaces, on veths with their default \
     offloads, in an order that rotates by the round; peerd chooses its hook by itself \
     (`mode: auto`).";

/// Who forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arm {
    /// The kernel, without a packet filter.
    KernelRoutes,
    /// The kernel, with a rule set that keeps track of connections.
    KernelRules,
    Peerd,
}

impl Arm {
    /// What the others are compared with is first.
    pub(super) const ALL: [Self; 3] = [Self::KernelRoutes, Self::KernelRules, Self::Peerd];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::KernelRoutes => "kernel routes",
            Self::KernelRules => "kernel routes, nftables with conntrack",
            Self::Peerd => "peerd, tc",
        }
    }
}

/// What traffic runs in.
pub(super) struct World {
    scene: Scene,
    now: Option<Arm>,
}

impl World {
    /// A router that forwards nothing yet, and its hosts.
    pub(super) fn new(programs: &Path) -> Result<Self> {
        let scene = Scene::new("the transport benchmark", Programs::in_folder(programs)?)?;
        Ok(Self { scene, now: None })
    }

    pub(super) fn client(&self) -> &Host {
        &self.scene.blue
    }

    pub(super) fn server(&self) -> &Host {
        &self.scene.green
    }

    /// Have another one forward. What the last one left in the kernel goes first.
    pub(super) fn switch_to(&mut self, arm: Arm) -> Result<()> {
        let scene = &mut self.scene;
        match self.now.take() {
            Some(Arm::Peerd) => {
                scene.daemon.terminate()?;
                scene.daemon.detach()?.ok()?;
            }
            Some(Arm::KernelRules) => {
                scene.lab.router.run("nft flush ruleset")?;
            }
            Some(Arm::KernelRoutes) | None => {}
        }
        // Before anything that may fail: what is there half-way is taken down as well.
        self.now = Some(arm);
        scene.lab.route_in_kernel(arm != Arm::Peerd)?;
        match arm {
            Arm::KernelRoutes => {}
            Arm::KernelRules => {
                firewall::load(&scene.lab.router, &scene.blue.port, &scene.green.port)?;
            }
            Arm::Peerd => scene.daemon.start()?,
        }
        // Also has all neighbours resolved.
        scene.wait_reachable(&scene.blue, &scene.green)
    }
}
