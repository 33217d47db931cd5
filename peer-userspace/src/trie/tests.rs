//! What readers find, looked up as the programs do, against a plain search of all prefixes.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU32, Ordering},
    sync::{Arc, Mutex},
};

use ipnet::IpNet;
use peer_common::trie::{FIRST_UNIT, NODE, Node};
use proptest::prelude::*;

use super::{Change, Family, Key, Leaf, Memory, NoRoom, Tries};

const ROOT: u32 = 3;

/// Memory that nobody else reads.
struct Plain {
    words: Box<[AtomicU32]>,
    waits: u32,
}

impl Plain {
    /// With room for so many units.
    fn new(units: u32) -> Self {
        let roots = (0..FIRST_UNIT * 16).map(|_| AtomicU32::new(0));
        // As memory that was used before: nobody may take it for empty.
        let rest = (0..units * 16).map(|_| AtomicU32::new(!0));
        Self {
            words: roots.chain(rest).collect(),
            waits: 0,
        }
    }

    fn word(&self, word: u32) -> u32 {
        self.words[word as usize].load(Ordering::Acquire)
    }

    fn byte(&self, byte: u32) -> u8 {
        self.word(byte / 4).to_le_bytes()[byte as usize % 4]
    }

    fn unit<const N: usize>(&self, unit: u32) -> [u32; N] {
        std::array::from_fn(|n| self.word(unit * 16 + n as u32))
    }

    /// The longest match as the programs find it, and the nodes on the way.
    fn find(&self, key: u128) -> (Option<Leaf>, usize) {
        let mut entry = self.word(ROOT);
        let mut nodes = 0;
        while entry & NODE != 0 {
            nodes += 1;
            let unit = entry & !NODE;
            let node: Node = bytemuck::cast(self.unit::<12>(unit));
            let words = [(key >> 64) as u64, key as u64];
            let differs = |n: usize| (words[n] ^ node.prefix[n]) & node.mask[n] != 0;
            if differs(0) || differs(1) {
                entry = node.otherwise;
                assert_eq!(entry & NODE, 0, "a mismatch ends it");
                break;
            }
            let slot = (words[usize::from(node.word)] >> node.shift) as u32 & node.slots;
            let index = match node.indices {
                0 => slot,
                bytes => u32::from(self.byte(unit * 64 + bytes + slot)),
            };
            entry = self.word(unit * 16 + 12 + index);
        }
        ((entry != 0).then(|| self.unit(entry)), nodes)
    }
}

impl Memory for Plain {
    type Error = ();

    fn words(&self) -> &[AtomicU32] {
        &self.words
    }

    fn wait_for_readers(&mut self) -> Result<(), ()> {
        self.waits += 1;
        Ok(())
    }
}

fn leaf(number: u32) -> Leaf {
    let mut leaf = [0; 16];
    (leaf[0], leaf[15]) = (1, number);
    leaf
}

/// All prefixes with what they lead to: the oracle.
type Plainly = BTreeMap<Key, u32>;

fn search(table: &Plainly, key: u128) -> Option<Leaf> {
    let covering = table
        .iter()
        .filter(|(at, _)| at.length == 0 || (at.bits ^ key) >> (128 - u32::from(at.length)) == 0);
    covering
        .max_by_key(|(at, _)| at.length)
        .map(|(_, number)| leaf(*number))
}

/// First and last key of every prefix, and those beside them.
fn points<'a>(tables: impl IntoIterator<Item = &'a Plainly>, family: Family) -> Vec<u128> {
    let step = 1u128 << (128 - u32::from(family.bits()));
    let keys = tables.into_iter().flat_map(BTreeMap::keys);
    let mut points: Vec<u128> = keys
        .flat_map(|key| {
            let last = key.last().bits & !(step - 1);
            [
                key.bits,
                last,
                key.bits.wrapping_sub(step),
                last.wrapping_add(step),
            ]
        })
        .chain([0, !(step - 1)])
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// A step: prefixes and their leaves, or none.
type Step = Vec<(Key, Option<u32>)>;

fn carry_out(table: &mut Plainly, step: &Step) {
    for (key, number) in step {
        match number {
            Some(number) => table.insert(*key, *number),
            None => table.remove(key),
        };
    }
}

fn changes(step: &Step) -> impl Iterator<Item = Change> {
    step.iter().map(|(key, number)| (*key, number.map(leaf)))
}

/// Prefixes that nest, share beginnings, and are as short and as long as can be.
fn key(family: Family) -> impl Strategy<Value = Key> {
    let bits = family.bits();
    let length = prop_oneof![0..=bits, Just(bits), 8..=24u8, 56..=72u8];
    (any::<u128>(), length, 0..4u32).prop_map(move |(random, length, shape)| {
        let spread = match shape {
            0 => random,
            // Few values in few places.
            1 => random & (0x0300_0000_0000_0003 << 64 | 3 << 24),
            2 => 10 << 120 | (random & (0xff << 104)) | (random & (7 << 60)),
            _ => (random & 3) << 118,
        };
        Key::new(spread, length.min(bits))
    })
}

fn steps(family: Family) -> impl Strategy<Value = Vec<Step>> {
    let change = (key(family), prop::option::weighted(0.7, 1..5u32));
    prop::collection::vec(prop::collection::vec(change, 1..12), 1..12)
}

fn family() -> impl Strategy<Value = Family> {
    prop_oneof![Just(Family::V4), Just(Family::V6)]
}

proptest! {
    #[test]
    fn whatever_a_reader_looks_up_between_two_writes_it_finds_the_old_or_the_new(
        (family, steps) in family().prop_flat_map(|family| (Just(family), steps(family))),
    ) {
        let mut tries = Tries::new(Plain::new(1 << 16));
        let mut table = Plainly::new();
        for step in steps {
            let before = table.clone();
            carry_out(&mut table, &step);
            // Of several changes of one prefix the last counts.
            let points = points([&before, &table], family);
            let wrong = Arc::new(Mutex::new(None));
            let (seen, old, new) = (wrong.clone(), before.clone(), table.clone());
            tries.observe(move |memory: &Plain| {
                for point in &points {
                    let (found, nodes) = memory.find(*point);
                    let right = [search(&old, *point), search(&new, *point)];
                    if !right.contains(&found) || nodes > family.levels() {
                        *seen.lock().expect("one thread") = Some((*point, found, right, nodes));
                    }
                }
            });
            tries.change(ROOT, family, changes(&step)).expect("room");
            prop_assert_eq!(&*wrong.lock().expect("one thread"), &None);
            for point in super::tests::points([&before, &table], family) {
                prop_assert_eq!(tries.memory().find(point).0, search(&table, point));
            }
            let content: Plainly =
                tries.content(ROOT).map(|(key, leaf)| (key, leaf[15])).collect();
            prop_assert_eq!(&content, &table);
        }
        tries.remove(ROOT).expect("nothing to make");
        prop_assert_eq!(tries.held(), 0, "units that are not given back");
        prop_assert_eq!(tries.leaves(), 0);
    }
}

#[test]
fn what_memory_did_not_suffice_for_changes_nothing_and_is_in_force_once_there_is_more() {
    let keys = || (0..200u32).map(|n| Key::exact(n << 24 | n));
    let mut tries = Tries::new(Plain::new(520));
    let filler = keys().zip(1..).map(|(key, n)| (key, Some(leaf(n))));
    tries
        .change(ROOT + 1, Family::V4, filler)
        .expect("room for this");
    let few = nets(["10.0.0.0/8"]);
    tries
        .change(ROOT, Family::V4, few)
        .expect("room for this as well");
    let more = keys().map(|key| (key, Some(leaf(7))));
    let full = tries.change(ROOT, Family::V4, more);
    assert_eq!(full, Err(NoRoom::Full));
    let at = |n: u32| u128::from(n << 24 | n) << 96;
    assert_eq!(tries.memory().find(at(10)).0, Some(leaf(1)), "as before");
    assert_eq!(tries.memory().find(at(11)).0, None);
    assert_eq!(tries.repair(), Err(NoRoom::Full), "there is no more yet");
    tries.remove(ROOT + 1).expect("nothing to make");
    tries.repair().expect("room now");
    for n in 0..200 {
        assert_eq!(tries.memory().find(at(n)).0, Some(leaf(7)));
    }
}

fn nets<'a>(prefixes: impl IntoIterator<Item = &'a str>) -> Vec<Change> {
    let number = |(n, text): (usize, &str)| {
        let prefix: IpNet = text.parse().expect("a prefix");
        (Key::from(prefix), Some(leaf(n as u32 + 1)))
    };
    prefixes.into_iter().enumerate().map(number).collect()
}

/// One by one, so that none of them is reason enough to make the whole table anew.
#[test]
fn prefixes_that_nest_bit_by_bit_are_never_more_nodes_away_than_programs_walk() {
    for (family, first) in [(Family::V4, 8), (Family::V6, 8), (Family::V6, 44)] {
        let mut tries = Tries::new(Plain::new(1 << 14));
        let fillers = (0..200u128).map(|n| (Key::new(0xc0a8 << 112 | n << 104, 24), Some(leaf(1))));
        let mut table: Plainly = fillers.clone().map(|(key, _)| (key, 1)).collect();
        tries.change(ROOT, family, fillers).expect("room");
        for length in first..=family.bits() {
            // Of alternating bits, so that a neighbour of each is there as well.
            let bits = 0x0aaa_aaaa_aaaa_aaaa_aaaa_aaaa_aaaa_aaaa_u128;
            let key = Key::new(bits, length);
            let number = u32::from(length);
            table.insert(key, number);
            tries
                .change(ROOT, family, [(key, Some(leaf(number)))])
                .expect("room");
            for point in points([&table], family) {
                let (found, nodes) = tries.memory().find(point);
                assert_eq!(found, search(&table, point));
                assert!(nodes <= family.levels(), "{nodes} nodes at /{length}");
            }
        }
    }
}

#[test]
fn a_hundred_thousand_neighbouring_prefixes_are_two_nodes_away_at_most() {
    let mut tries = Tries::new(Plain::new(1 << 18));
    let prefixes = (0..100_000u32).map(|n| {
        let key = Key::new(u128::from(0x0a00_0000 + (n << 8)) << 96, 24);
        (key, Some(leaf(n % 7)))
    });
    tries.change(ROOT, Family::V4, prefixes).expect("room");
    for n in 0..100_000u32 {
        let (found, nodes) = tries
            .memory()
            .find(u128::from(0x0a00_0001 + (n << 8)) << 96);
        assert_eq!(found, Some(leaf(n % 7)));
        assert!(nodes <= 2, "{nodes} nodes");
    }
    assert!(tries.held() < 100_000 * 2 / 64, "{} units", tries.held());
}

#[test]
fn memory_does_not_grow_with_changes_that_leave_as_much_as_before() {
    let mut tries = Tries::new(Plain::new(1 << 14));
    let some = |n: u32| (Key::exact(n.wrapping_mul(2_654_435_761)), Some(leaf(n % 5)));
    tries
        .change(ROOT, Family::V4, (0..4000).map(some))
        .expect("room");
    for n in 4000..60_000 {
        let old = some(n - 4000).0;
        tries
            .change(ROOT, Family::V4, [some(n), (old, None)])
            .expect("room");
    }
    assert!(tries.memory().waits > 0, "it was given out again");
}

#[test]
fn few_prefixes_take_few_units() {
    let mut tries = Tries::new(Plain::new(64));
    let some = nets(["10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "192.168.0.0/16"]);
    tries.change(ROOT, Family::V4, some).expect("room");
    // Four leaves, and as many nodes at most.
    assert!(tries.held() <= 20, "{} units", tries.held());
}

/// As many again that lead elsewhere are told apart at once.
#[test]
fn prefixes_that_lead_to_one_leaf_take_no_more_room_than_what_they_cover_together() {
    let mut tries = Tries::new(Plain::new(1 << 18));
    let key = |n: u32| Key::new(u128::from(0x0a00_0000 + (n << 8)) << 96, 24);
    let alike = (0..65_536u32).map(|n| (key(n), Some(leaf(1))));
    tries.change(ROOT, Family::V4, alike).expect("room");
    assert!(tries.held() <= 3, "{} units", tries.held());
    for n in (0..65_536u32).step_by(251) {
        tries
            .change(ROOT, Family::V4, [(key(n), Some(leaf(2)))])
            .expect("room");
        let found = |n: u32| tries.memory().find(key(n).bits).0;
        assert_eq!(found(n), Some(leaf(2)));
        assert_eq!(found(n + 1), Some(leaf(1)));
    }
}
