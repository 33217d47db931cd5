//! Fewer prefixes that say the same.
//!
//! Most of a network lies behind one next hop, and readers cannot tell prefixes that lead to
//! one leaf from what they cover together: with fewer of them the nodes are few enough for
//! the CPU's caches.

use super::{build::Entry, key::Key};

/// Appends to `reduced` what tells apart the addresses below `at`, in order, or returns the
/// one leaf that all of them have. `entries` are longer than `at`; `inherited` is what counts
/// where there is none.
pub(super) fn reduce(
    entries: &[Entry],
    at: Key,
    inherited: u32,
    reduced: &mut Vec<Entry>,
) -> Option<u32> {
    let (Some((first, _)), Some((last, _))) = (entries.first(), entries.last()) else {
        return Some(inherited);
    };
    let common = Key::new(first.bits, first.common(*last));
    if common != at {
        let leaf = whole(entries, common, inherited, reduced)?;
        if leaf == inherited {
            return Some(leaf);
        }
        reduced.push((common, leaf));
        return None;
    }
    let halves = at.halves();
    let middle = entries.partition_point(|(key, _)| halves[0].covers(*key));
    let (lower, upper) = entries.split_at(middle);
    let begin = reduced.len();
    let lower = whole(lower, halves[0], inherited, reduced);
    if let Some(leaf) = lower.filter(|leaf| *leaf != inherited) {
        reduced.push((halves[0], leaf));
    }
    let upper = whole(upper, halves[1], inherited, reduced)?;
    if lower == Some(upper) {
        reduced.truncate(begin);
        return lower;
    }
    if upper != inherited {
        reduced.push((halves[1], upper));
    }
    None
}

/// The same where `at` may be one of the entries.
fn whole(entries: &[Entry], at: Key, inherited: u32, reduced: &mut Vec<Entry>) -> Option<u32> {
    let (leaf, inside) = match entries.split_first() {
        Some(((key, leaf), inside)) if *key == at => (*leaf, inside),
        _ => return reduce(entries, at, inherited, reduced),
    };
    let begin = reduced.len();
    if leaf != inherited {
        reduced.push((at, leaf));
    }
    let same = reduce(inside, at, leaf, reduced)?;
    reduced.truncate(begin);
    Some(same)
}
