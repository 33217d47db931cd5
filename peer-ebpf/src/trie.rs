//! Longest-prefix match in the tables that userspace writes (`peer_common::trie`): a few loads
//! from memory, however many prefixes there are. Reads only.

use aya_ebpf::Global;
use peer_common::{
    Port,
    trie::{INDEX_OFFSET, LEVELS4, LEVELS6, MAX_STRIDE, NODE, Node, PortLeaf, UNIT, roots},
};

use crate::maps::TABLES;

/// The bits of an offset into the tables' memory, whose size is a power of two that userspace
/// knows. A constant to the verifier.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".rodata")]
static TABLES_MASK: Global<u32> = Global::new(0);

/// [`Tables::longest_match`] by a function of its own that the verifier walks once: for packets
/// that are not sent on, and for ways that few take.
#[inline(always)]
pub(crate) fn match4_by_call<T>(root: u32, key: [u64; 1]) -> Option<&'static T> {
    let entry = peer_match4(root, key[0]);
    Tables::open()?.leaf(entry)
}

/// The same for IPv6.
#[inline(always)]
pub(crate) fn match6_by_call<T>(root: u32, key: [u64; 2]) -> Option<&'static T> {
    let entry = peer_match6(root, key[0], key[1]);
    Tables::open()?.leaf(entry)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn peer_match4(root: u32, key: u64) -> u32 {
    Tables::open().map_or(0, |tables| tables.entry_for(root, [key]))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn peer_match6(root: u32, high: u64, low: u64) -> u32 {
    Tables::open().map_or(0, |tables| tables.entry_for(root, [high, low]))
}

/// The tables' memory.
pub(crate) struct Tables {
    start: *const u8,
    mask: u64,
}

impl Tables {
    #[inline(always)]
    pub(crate) fn open() -> Option<Self> {
        Some(Self {
            start: TABLES.get_ptr(0)?.cast(),
            mask: u64::from(TABLES_MASK.load()),
        })
    }

    /// The leaf for a key of so many words, in host byte order, in the table with this root.
    #[inline(always)]
    pub(crate) fn longest_match<T, const N: usize>(
        &self,
        root: u32,
        key: [u64; N],
    ) -> Option<&'static T> {
        self.leaf(self.entry_for(root, key))
    }

    /// The port on the interface with this ifindex: nearly always by one load.
    #[inline(always)]
    pub(crate) fn port(&self, index: u32) -> Option<&'static Port> {
        let near = self.root(roots::near(index));
        match self.leaf::<PortLeaf>(near) {
            Some(leaf) if leaf.index == index => Some(&leaf.port),
            _ => match4_by_call(roots::PORTS, [u64::from(index) << 32]),
        }
    }

    /// The entry for a key: a leaf's, or nought.
    #[inline(always)]
    fn entry_for<const N: usize>(&self, root: u32, key: [u64; N]) -> u32 {
        let mut entry = self.root(root);
        for _ in 0..if N == 1 { LEVELS4 } else { LEVELS6 } {
            if entry & NODE == 0 {
                break;
            }
            let at = self.at::<Node>(entry & !NODE);
            // SAFETY: userspace keeps a node as it is as long as a program may look at it,
            // and any bytes are a `Node`.
            let node = unsafe { &*at };
            let mut differing = (key[0] ^ node.prefix[0]) & node.mask[0];
            if N == 2 {
                differing |= (key[N - 1] ^ node.prefix[1]) & node.mask[1];
            }
            if differing != 0 {
                return node.otherwise;
            }
            let word = if node.word != 0 { key[N - 1] } else { key[0] };
            let mut slot = (word >> (node.shift & 63)) as u32 & node.slots;
            if node.indices != 0 {
                slot = index(at, node.indices + slot);
            }
            entry = slot_entry(at, slot);
        }
        entry
    }

    /// What an entry that is no node leads to.
    #[inline(always)]
    fn leaf<T>(&self, entry: u32) -> Option<&'static T> {
        const { assert!(size_of::<T>() <= UNIT) };
        // A node would be more levels away than userspace makes.
        if entry as i32 <= 0 {
            return None;
        }
        // SAFETY: userspace keeps a leaf as it is as long as a program may look at it, and
        // any bytes are a `T`.
        Some(unsafe { &*self.at::<T>(entry) })
    }

    /// The entry that is a root.
    #[inline(always)]
    fn root(&self, root: u32) -> u32 {
        let offset = (u64::from(root) * 4) & self.mask;
        // SAFETY: the mask keeps an aligned word inside the memory.
        unsafe { *self.start.add(offset as usize).cast::<u32>() }
    }

    /// A pointer to what lies in this unit, which it is not larger than.
    #[inline(always)]
    fn at<T>(&self, unit: u32) -> *const T {
        const { assert!(size_of::<T>() <= UNIT) };
        let offset = (u64::from(unit) * UNIT as u64) & self.mask;
        // SAFETY: the mask keeps a whole unit inside the memory.
        unsafe { self.start.add(offset as usize).cast() }
    }
}

/// The byte of a node that says which entry is a slot's.
#[inline(always)]
fn index(node: *const Node, offset: u32) -> u32 {
    let offset = offset as usize & INDEX_OFFSET;
    // SAFETY: not further behind a node than there is memory.
    u32::from(unsafe { *node.cast::<u8>().add(offset) })
}

/// One of a node's entries.
#[inline(always)]
fn slot_entry(node: *const Node, number: u32) -> u32 {
    let number = number as usize & ((1 << MAX_STRIDE) - 1);
    // SAFETY: as above.
    unsafe { *node.add(1).cast::<u32>().add(number) }
}
