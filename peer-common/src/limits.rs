//! Sizes of the maps: what one host can hold.

/// Networks on one host; ids run from 1.
pub const MAX_NETWORKS: u32 = 16_384;
/// Peerings on one host; ids run from 1, id 0 stands for traffic inside a network.
pub const MAX_PEERINGS: u32 = 16_384;
/// Ports on one host: interfaces that face a network.
pub const MAX_PORTS: u32 = 4096;
/// Groups of next hops on one host; ids run from 1.
pub const MAX_GROUPS: u32 = 4096;
/// Traffic counters: two directions a peering.
pub const MAX_COUNTERS: u32 = 2 * MAX_PEERINGS;
/// ICMP errors that a port sends in a second, in the long run (RFC 1812 section 4.3.2.8,
/// RFC 4443 section 2.4 f).
pub const ICMP_ERRORS_PER_SECOND: u64 = 1000;
/// ICMP errors that a port sends at once after it was quiet.
pub const ICMP_ERRORS_BURST: u64 = 100;
/// Flows of one peering with rules; the least recently used make room for new ones.
/// Their memory is taken when the peering gets its first rule.
pub const MAX_FLOWS: u32 = 8192;
