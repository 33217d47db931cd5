//! The benchmark's own forwarders: a bare redirect, and one that asks the kernel's
//! routes. Each rig has a copy of its own, since maps of devices belong to a namespace.

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    maps::xdp::DevMap,
    programs::{TestRun as _, TestRunOptions, TestRunResult, Xdp, xdp::XdpLink},
};
use peer_tests::Namespace;

use super::{
    addresses::index,
    programs::{self, attach, take},
    rig::Rig,
};

/// Attached until dropped.
pub(super) struct Redirect {
    _link: XdpLink,
    object: Ebpf,
    program: &'static str,
}

impl Redirect {
    /// Everything that comes from the generator goes to the first network, unread.
    pub(super) fn bare(rig: &Rig) -> Result<Self> {
        Self::load(rig, ("bench_bare", "BARE_DEVICE"), &[(0, index(1))])
    }

    /// What comes from the generator goes where the kernel's routes lead.
    pub(super) fn by_kernel_routes(rig: &Rig) -> Result<Self> {
        let ports = rig.shape.ports().map(|port| (index(port), index(port)));
        let ports: Vec<_> = ports.collect();
        Self::load(rig, ("bench_fib", "FIB_DEVICES"), &ports)
    }

    /// Run it on a packet.
    pub(super) fn test_run(&self, options: TestRunOptions<'_>) -> Result<TestRunResult> {
        let program = self.object.program(self.program);
        let program: &Xdp = program.context("a program that is not there")?.try_into()?;
        Ok(program.test_run(options)?)
    }

    fn load(
        rig: &Rig,
        (program, map): (&'static str, &str),
        devices: &[(u32, u32)],
    ) -> Result<Self> {
        let mut object = programs::load(&[program])?;
        let map: DevMap<_> = take(&mut object, map)?;
        fill(map, rig.router(), devices)?;
        let link = attach(&mut object, program, rig.router(), index(0))?;
        Ok(Self {
            _link: link,
            object,
            program,
        })
    }
}

/// Interfaces are looked up in the namespace of who asks.
fn fill(
    mut map: DevMap<aya::maps::MapData>,
    router: &Namespace,
    devices: &[(u32, u32)],
) -> Result<()> {
    let filled = router.enter(|| {
        devices
            .iter()
            .try_for_each(|&(key, index)| map.set(key, index, None, 0))
    })?;
    filled.with_context(|| format!("cannot redirect to the interfaces of {}", router.name))
}
