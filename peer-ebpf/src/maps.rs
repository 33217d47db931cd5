//! The maps. Userspace pins each under its name in lower case.

use aya_ebpf::{
    btf_maps::{Array, ArrayOfMaps, DevMap, HashMap, LruHashMap, PerCpuArray},
    macros::btf_map,
};
use peer_common::{
    Drops, Errors, Flow, FlowKey, Group, Policy, Subinterface, Traffic, limits,
    trie::{LEAST_MEMORY, OVERHANG},
};

use crate::{desk::Desk, errors::Bucket, icmp::Message};

const NETWORKS: usize = limits::MAX_NETWORKS as usize;
const GROUP_SLOTS: usize = limits::MAX_GROUPS as usize;
const COUNTERS: usize = limits::MAX_COUNTERS as usize;
const PEERINGS: usize = limits::MAX_PEERINGS as usize;
const FLOW_SLOTS: usize = limits::MAX_FLOWS as usize;
const PORT_SLOTS: usize = limits::MAX_PORTS as usize;

/// `BPF_F_MMAPABLE` of linux/bpf.h (5.5).
const MMAPABLE: usize = 1 << 10;

/// The memory of all tables (`peer_common::trie`), which userspace makes, of the size it
/// chooses, and writes to in place. Networks that do not peer may use the same addresses, and
/// a table knows no network its own does not peer with.
///
/// Every daemon makes its own: the programs of the one before keep what they read until they
/// are replaced.
#[btf_map]
pub(crate) static TABLES: Array<[u64; (LEAST_MEMORY + OVERHANG) / 8], 1, MMAPABLE> = Array::new();

/// The stand-ins of ports with tags, by where their frames come in.
#[btf_map]
pub(crate) static TAGS: HashMap<Subinterface, u32, PORT_SLOTS> = HashMap::new();

/// Next hops that share a destination's flows, by the id that routes name.
#[btf_map]
pub(crate) static GROUPS: Array<Group, GROUP_SLOTS> = Array::new();

/// The rules of each direction of a peering that has any, by a route's counter. Each
/// is a map of its own: elements of a hash map are used again at once, maps only when
/// no program looks at them any more.
#[btf_map]
pub(crate) static POLICIES: ArrayOfMaps<Array<Policy, 1>, COUNTERS> = ArrayOfMaps::new();

/// The flows of one peering.
pub(crate) type FlowMap = LruHashMap<FlowKey, Flow, FLOW_SLOTS>;

/// The flows of each peering that has rules, by its id: no peering's traffic takes
/// room from another's.
#[btf_map]
pub(crate) static FLOWS: ArrayOfMaps<FlowMap, PEERINGS> = ArrayOfMaps::new();

/// Room to read packets in.
#[btf_map]
pub(crate) static DESK: PerCpuArray<Desk, 1> = PerCpuArray::new();

/// Egress devices for XDP, by slot.
#[btf_map]
pub(crate) static DEVICES: DevMap<PORT_SLOTS> = DevMap::new();

/// Forwarded traffic, by a route's counter.
#[btf_map]
pub(crate) static FORWARDED: PerCpuArray<Traffic, COUNTERS> = PerCpuArray::new();

/// Dropped packets, by the network they came from.
#[btf_map]
pub(crate) static NETWORK_DROPS: PerCpuArray<Drops, NETWORKS> = PerCpuArray::new();

/// Dropped packets that belong to a peering, by a route's counter.
#[btf_map]
pub(crate) static PEERING_DROPS: PerCpuArray<Drops, COUNTERS> = PerCpuArray::new();

/// When each port may send its next ICMP error, by its slot.
#[btf_map]
pub(crate) static BUCKETS: Array<Bucket, PORT_SLOTS> = Array::new();

/// What became of the ICMP errors that each port owed, by its slot.
#[btf_map]
pub(crate) static ERRORS: PerCpuArray<Errors, PORT_SLOTS> = PerCpuArray::new();

/// Room for the ICMP message being made.
#[btf_map]
pub(crate) static MESSAGE: PerCpuArray<Message, 1> = PerCpuArray::new();

/// Element 0: the version of all these layouts, written by userspace and read by
/// its successors; no program reads it.
#[btf_map]
pub(crate) static ABI: Array<u32, 1> = Array::new();
