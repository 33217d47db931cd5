//! The kernel refuses: what is shown is what it holds, not what was wanted.

use std::{
    fs,
    os::fd::{AsFd as _, AsRawFd as _},
    path::Path,
};

use anyhow::{Result, ensure};
use aya::maps::MapData;
use peer_tests::{SOON, Scene, wait_until};
use serde_json::Value;

#[test]
fn a_peering_the_kernel_would_not_take_is_never_said_to_be_active() -> Result<()> {
    let mut scene = Scene::start_with("refused", |table| table.without_consent("green", "blue"))?;
    for pin in fs::read_dir(&scene.daemon.bpffs)? {
        let path = pin?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("fib4_") || name.starts_with("fib6_") {
            freeze(&path)?;
        }
    }
    scene.edit(|table| table.consent("green", "blue"))?;
    scene.wait_state("blue", "green", "provisioning")?;
    let mut last = refused_at(&scene)?;
    // Nor is it by looks that find it agreed on already.
    for _ in 0..2 {
        last = wait_until("peerd tries again", SOON, || {
            let at = refused_at(&scene)?;
            ensure!(at != last, "its last attempt was at {at}");
            Ok(at)
        })?;
        for (from, to) in [("blue", "green"), ("green", "blue")] {
            let status = scene.status(from, to)?;
            assert_eq!(status.state, "provisioning", "{}", status.reason);
        }
    }
    scene.assert_separated(&scene.blue, &scene.green)
}

/// When the kernel last refused.
fn refused_at(scene: &Scene) -> Result<Value> {
    let status = scene.daemon.api().get("/v1/status")?;
    let last = &status["lastApply"];
    ensure!(last["success"] == false, "{last}");
    Ok(last["at"].clone())
}

/// Have the kernel refuse further changes of a map by system calls (Linux 5.2).
#[expect(unsafe_code, reason = "aya has no BPF_MAP_FREEZE")]
fn freeze(pin: &Path) -> Result<()> {
    const BPF_MAP_FREEZE: libc::c_int = 22;
    let map = MapData::from_pin(pin)?;
    let fd = map.fd().as_fd().as_raw_fd();
    // SAFETY: the attribute of this command is the map's descriptor alone.
    let done = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            BPF_MAP_FREEZE,
            &raw const fd,
            size_of_val(&fd),
        )
    };
    let error = std::io::Error::last_os_error();
    ensure!(done == 0, "{}: {error}", pin.display());
    Ok(())
}
