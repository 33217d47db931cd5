//! The BPF object: its maps at their pins, its programs in the kernel.

use std::path::Path;

use aya::{
    Ebpf, EbpfLoader,
    maps::MapInfo,
    programs::{SchedClassifier, Xdp},
};
use peer_common::ABI_VERSION;

use super::{KernelError, bpffs, maps};

/// Built by the build script from peer-ebpf.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/peer-ebpf"));

/// Names of the maps that are pinned, as in the object.
const PINNED: [&str; 12] = [
    "ABI",
    "DEVICES",
    "ELSEWHERE4",
    "ELSEWHERE6",
    "FIB4",
    "FIB6",
    "FLOWS",
    "FORWARDED",
    "NETWORK_DROPS",
    "PEERING_DROPS",
    "POLICIES",
    "PORTS",
];

pub(super) const XDP: &str = "peer_xdp";
pub(super) const TC: &str = "peer_tc";

/// Load the object over the maps pinned in `dir`. Returns whether they were kept:
/// maps of another shape or meaning are unpinned and made anew, while the programs
/// attached meanwhile go on with the old ones.
pub(super) fn load(dir: &Path, log: bool) -> Result<(Ebpf, bool), KernelError> {
    let kept = fits(dir)?;
    if !kept {
        for name in bpffs::names(dir)?
            .iter()
            .filter(|name| !name.starts_with("link_"))
        {
            bpffs::remove(&dir.join(name))?;
        }
    }
    // aya_log_ebpf::Level::Debug, or below every level: the programs' log
    // statements are then dead code to the verifier.
    let level: u8 = if log { 4 } else { 0 };
    let mut loader = EbpfLoader::new();
    loader.override_global("AYA_LOG_LEVEL", &level, true);
    for name in PINNED {
        loader.map_pin_path(name, dir.join(name.to_lowercase()));
    }
    let mut object = loader
        .load(OBJECT)
        .map_err(|error| KernelError::refused("the BPF maps", error))?;
    load_programs(&mut object)?;
    maps::set_abi(&mut object, ABI_VERSION)?;
    for (program, pin) in [(XDP, "prog_xdp"), (TC, "prog_tc")] {
        let path = dir.join(pin);
        bpffs::remove(&path)?;
        if let Some(program) = object.program_mut(program) {
            program
                .pin(&path)
                .map_err(|error| KernelError::refused("pinning a program", error))?;
        }
    }
    Ok((object, kept))
}

fn load_programs(object: &mut Ebpf) -> Result<(), KernelError> {
    xdp(object)?
        .load()
        .map_err(|error| KernelError::refused("the XDP program", error))?;
    tc(object)?
        .load()
        .map_err(|error| KernelError::refused("the tcx program", error))
}

/// The XDP program.
pub(super) fn xdp(object: &mut Ebpf) -> Result<&mut Xdp, KernelError> {
    let absent = || KernelError::Refused {
        what: XDP.into(),
        reason: "not in the object".into(),
    };
    let program = object.program_mut(XDP).ok_or_else(absent)?;
    program
        .try_into()
        .map_err(|error| KernelError::refused(XDP, error))
}

/// The tcx program.
pub(super) fn tc(object: &mut Ebpf) -> Result<&mut SchedClassifier, KernelError> {
    let absent = || KernelError::Refused {
        what: TC.into(),
        reason: "not in the object".into(),
    };
    let program = object.program_mut(TC).ok_or_else(absent)?;
    program
        .try_into()
        .map_err(|error| KernelError::refused(TC, error))
}

/// Whether the pinned maps are all there and are what our object would create.
/// The loader takes a pin of the right name for granted; a value of another size
/// would be read and written out of bounds.
fn fits(dir: &Path) -> Result<bool, KernelError> {
    let object = aya_obj::Object::parse(OBJECT)
        .map_err(|error| KernelError::refused("the BPF object", error))?;
    for name in PINNED {
        let Ok(pinned) = MapInfo::from_pin(dir.join(name.to_lowercase())) else {
            return Ok(false);
        };
        let Some(wanted) = object.maps.get(name) else {
            return Ok(false);
        };
        let same = pinned
            .map_type()
            .is_ok_and(|kind| kind as u32 == wanted.map_type())
            && pinned.key_size() == wanted.key_size()
            && pinned.value_size() == wanted.value_size()
            && pinned.max_entries() == wanted.max_entries();
        if !same {
            return Ok(false);
        }
    }
    Ok(maps::pinned_abi(dir) == Some(ABI_VERSION))
}
