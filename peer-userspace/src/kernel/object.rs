//! The BPF object: its maps at their pins, its programs in the kernel.

use std::{collections::HashMap, path::Path};

use aya::{
    Ebpf, EbpfLoader,
    maps::MapInfo,
    programs::{SchedClassifier, Xdp},
};
use peer_common::ABI_VERSION;

use super::{KernelError, bpffs, inners, maps, memory::TableMemory};

/// Built by the build script from peer-ebpf.
static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/peer-ebpf"));

/// Names of the maps that are pinned, as in the object.
const PINNED: [&str; 11] = [
    "ABI",
    "BUCKETS",
    "DEVICES",
    "ERRORS",
    "FLOWS",
    "FORWARDED",
    "GROUPS",
    "NETWORK_DROPS",
    "PEERING_DROPS",
    "POLICIES",
    "TAGS",
];

/// The memory of the tables: every daemon makes its own. That of the one before lasts as
/// long as its programs do.
const TABLES: &str = "TABLES";

pub(super) const XDP: &str = "peer_xdp";
pub(super) const TC: &str = "peer_tc";
pub(super) const TAG: &str = "peer_tag";
pub(super) const GUARD: &str = "peer_guard";

/// What the programs are told before they are loaded: the verifier takes it for
/// constants.
#[derive(Clone, Copy, Debug)]
pub struct Globals {
    /// Have them tell of each decision.
    pub log_packets: bool,
    /// The packet mark's bit that says that a table let a packet pass.
    pub mark: u32,
    /// Bytes of the memory of the tables: a power of two from
    /// [`LEAST_MEMORY`](peer_common::trie::LEAST_MEMORY) to
    /// [`MOST_MEMORY`](peer_common::trie::MOST_MEMORY).
    pub table_memory: u32,
}

/// Load the object over the maps pinned in `dir`, with new memory for its tables. Maps of
/// another shape or meaning are unpinned and made anew, while the programs attached
/// meanwhile go on with the old ones.
pub(super) fn load(dir: &Path, globals: &Globals) -> Result<(Ebpf, TableMemory), KernelError> {
    let definitions = aya_obj::Object::parse(OBJECT)
        .map_err(|error| KernelError::refused("the BPF object", error))?
        .maps;
    let kept = fits(&definitions, dir);
    if !kept {
        for name in bpffs::names(dir)?
            .iter()
            .filter(|name| !name.starts_with("link_"))
        {
            bpffs::remove(&dir.join(name))?;
        }
        for name in PINNED {
            if let Some(definition) = definitions.get(name) {
                inners::create(definition, &dir.join(name.to_lowercase()))?;
            }
        }
    }
    let tables = dir.join(TABLES.to_lowercase());
    bpffs::remove(&tables)?;
    let memory = TableMemory::create(globals.table_memory as usize, &tables)?;
    // aya_log_ebpf::Level::Debug, or below every level: the programs' log
    // statements are then dead code to the verifier.
    let level: u8 = if globals.log_packets { 4 } else { 0 };
    let mut loader = EbpfLoader::new();
    loader.override_global("AYA_LOG_LEVEL", &level, true);
    loader.override_global("MARK", &globals.mark, true);
    let mask = globals.table_memory - 1;
    loader.override_global("TABLES_MASK", &mask, true);
    for name in PINNED.into_iter().chain([TABLES]) {
        loader.map_pin_path(name, dir.join(name.to_lowercase()));
    }
    let mut object = loader
        .load(OBJECT)
        .map_err(|error| KernelError::refused("the BPF maps", error))?;
    load_programs(&mut object)?;
    maps::set_abi(&mut object, ABI_VERSION)?;
    for (program, pin) in [
        (XDP, "prog_xdp"),
        (TC, "prog_tc"),
        (TAG, "prog_tag"),
        (GUARD, "prog_guard"),
    ] {
        let path = dir.join(pin);
        bpffs::remove(&path)?;
        if let Some(program) = object.program_mut(program) {
            program
                .pin(&path)
                .map_err(|error| KernelError::refused("pinning a program", error))?;
        }
    }
    Ok((object, memory))
}

fn load_programs(object: &mut Ebpf) -> Result<(), KernelError> {
    xdp(object)?
        .load()
        .map_err(|error| KernelError::refused("the XDP program", error))?;
    for name in [TC, TAG, GUARD] {
        tc(object, name)?
            .load()
            .map_err(|error| KernelError::refused("a tcx program", error))?;
    }
    Ok(())
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

/// One of the tcx programs.
pub(super) fn tc<'a>(
    object: &'a mut Ebpf,
    name: &str,
) -> Result<&'a mut SchedClassifier, KernelError> {
    let absent = || KernelError::Refused {
        what: name.into(),
        reason: "not in the object".into(),
    };
    let program = object.program_mut(name).ok_or_else(absent)?;
    program
        .try_into()
        .map_err(|error| KernelError::refused(name, error))
}

/// Whether the pinned maps are all there and are what our object would create.
/// The loader takes a pin of the right name for granted; a value of another size
/// would be read and written out of bounds.
fn fits(definitions: &HashMap<String, aya_obj::Map>, dir: &Path) -> bool {
    let same = |name| {
        let pinned = MapInfo::from_pin(dir.join(str::to_lowercase(name))).ok()?;
        let wanted = definitions.get(name)?;
        let same = pinned.map_type().ok()? as u32 == wanted.map_type()
            && pinned.key_size() == wanted.key_size()
            && pinned.value_size() == wanted.value_size()
            && pinned.max_entries() == wanted.max_entries();
        Some(same)
    };
    PINNED.into_iter().all(|name| same(name) == Some(true))
        && maps::pinned_abi(dir) == Some(ABI_VERSION)
}
