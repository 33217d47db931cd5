//! Tries: how the tables lie in memory, for programs to read and userspace to write.
//!
//! The memory is one element of an array map. It begins with the tables' [roots], a word each;
//! the rest is given out in units of a cache line. A root, and every slot of a node, is an
//! [entry](NODE): nothing, a leaf, or a node. Few nodes lie between a root and any leaf: slots
//! are chosen by as many bits of the key as there are prefixes to tell apart (level
//! compression), bits that all prefixes below share are compared and not walked (path
//! compression), and every slot holds its longest match already. Where many slots lead to few
//! places, a slot is a byte that says which: tables stay in a CPU's caches four times as long.
//!
//! A leaf never changes while an entry names it, and entries are written at once: a reader
//! meets the old table or the new one.

use bytemuck::{Pod, Zeroable};

use crate::{
    Port,
    limits::{MAX_NETWORKS, MAX_PORTS},
};

/// Bytes of a unit: a leaf is one.
pub const UNIT: usize = 64;
/// Bytes of the least memory there can be, and of the most: a verifier lets no program
/// look further (`BPF_MAX_VAR_OFF`).
pub const LEAST_MEMORY: usize = 1 << 20;
/// See [`LEAST_MEMORY`].
pub const MOST_MEMORY: usize = 1 << 28;

/// The bit of an entry that leads to a node. The others are the number of its first unit,
/// or of a leaf's; nought is neither.
pub const NODE: u32 = 1 << 31;

/// Nodes that a match may pass in a trie of 32-bit keys.
pub const LEVELS4: usize = 8;
/// The same for 128-bit keys.
pub const LEVELS6: usize = 20;

/// Slots of the largest node, as a power of two.
pub const MAX_STRIDE: u8 = 14;
/// The same for nodes whose slots are bytes. One leaf more or less makes such a node anew.
pub const MAX_INDEXED: u8 = 12;

/// The bits of the offset of any slot that is a byte, from its node's first byte.
pub const INDEX_OFFSET: usize =
    (size_of::<Node>() + (4 << 8) + (1 << MAX_INDEXED)).next_power_of_two() - 1;

/// Bytes behind the memory that only a verifier counts on, which knows where a node begins
/// and how large one can be, but not that it ends in time. Whole pages.
pub const OVERHANG: usize = (size_of::<Node>() + (4 << MAX_STRIDE)).next_multiple_of(4096);
const _: () = assert!(INDEX_OFFSET < OVERHANG);

/// The first unit behind the roots.
pub const FIRST_UNIT: u32 = (roots::COUNT * 4).div_ceil(UNIT as u32);

/// A node's first bytes; its slots follow, an entry each, or entries and then its slots, a
/// byte each.
///
/// Keys are two words in host byte order, the first bit being the first word's highest.
/// Those of 32 bits have them there.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Pod, Zeroable)]
pub struct Node {
    /// What all prefixes below begin with.
    pub prefix: [u64; 2],
    /// The bits of `prefix` that count.
    pub mask: [u64; 2],
    /// The slots there are, less one.
    pub slots: u32,
    /// What follows the bits that choose a slot, in their word.
    pub shift: u8,
    /// Which word they are in.
    pub word: u8,
    /// Zero.
    pub reserved: u16,
    /// The leaf for keys that do not begin with `prefix`.
    pub otherwise: u32,
    /// Where bytes are that say which of the entries is a slot's, in bytes from the node's
    /// first; nought where the entries are the slots themselves.
    pub indices: u32,
}

/// The leaf of a port.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
pub struct PortLeaf {
    /// The port.
    pub port: Port,
    /// Its ifindex.
    pub index: u32,
}

/// Where a table's root is among all roots.
pub mod roots {
    use super::{MAX_NETWORKS, MAX_PORTS};

    /// What lies in any managed network: in the place of a network's table.
    pub const ELSEWHERE: u32 = 0;
    /// Ports by ifindex, in keys of 32 bits. A port that got no slot has none of these.
    pub const PORTS: u32 = sources(MAX_PORTS + 1, false);
    /// The first of the places where ports are found by their ifindex's last bits alone.
    const NEAR: u32 = PORTS + 1;

    /// How many there are, and places.
    pub const COUNT: u32 = NEAR + 2 * MAX_PORTS;

    /// The place that leads to the port with this ifindex, or to another with the same last
    /// bits, or nowhere.
    #[inline(always)]
    pub const fn near(index: u32) -> u32 {
        NEAR + index % (2 * MAX_PORTS)
    }

    /// Whose table a root is.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Owner {
        /// All ports'.
        Ports,
        /// A network's, or [`ELSEWHERE`].
        Network(u32),
        /// The port's with this slot.
        Sources(u32),
    }

    /// The owner of the table with this root.
    pub const fn owner(root: u32) -> Owner {
        match root {
            PORTS => Owner::Ports,
            _ if root / 2 < MAX_NETWORKS => Owner::Network(root / 2),
            _ => Owner::Sources(root / 2 - MAX_NETWORKS),
        }
    }

    /// A network's table.
    #[inline(always)]
    pub const fn fib(network: u32, is_v6: bool) -> u32 {
        2 * network + is_v6 as u32
    }

    /// What may come in by the port with this slot.
    #[inline(always)]
    pub const fn sources(slot: u32, is_v6: bool) -> u32 {
        2 * (MAX_NETWORKS + slot) + is_v6 as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Route;

    #[test]
    fn what_a_leaf_can_be_fits_a_unit() {
        assert!(size_of::<Route>() <= UNIT && size_of::<PortLeaf>() <= UNIT);
    }

    #[test]
    fn the_least_memory_has_room_for_a_largest_node_beside_the_roots() {
        let largest = size_of::<Node>() + (4 << MAX_STRIDE);
        assert!(FIRST_UNIT as usize * UNIT + largest <= LEAST_MEMORY);
        assert!(MOST_MEMORY / UNIT <= NODE as usize);
    }

    #[test]
    fn no_two_tables_have_one_root() {
        assert!(roots::fib(MAX_NETWORKS - 1, true) < roots::sources(0, false));
        assert!(roots::sources(MAX_PORTS, true) < roots::PORTS);
    }
}
