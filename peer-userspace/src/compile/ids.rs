//! Small numbers for networks, peerings and devices.

use std::collections::{BTreeMap, BTreeSet};

use peer_common::limits;

use crate::model::{ObjectRef, PairLabel};

/// Which number stands for what. Numbers are kept as long as their object is
/// there, and the smallest free one is given next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    /// Networks; from 1.
    pub networks: BTreeMap<ObjectRef, u32>,
    /// Peerings; from 1.
    pub peerings: BTreeMap<PairLabel, u32>,
    /// Slots of `devices` by ifindex; from 0.
    pub devices: BTreeMap<u32, u32>,
}

impl Ids {
    /// The numbers for exactly these objects, those known already keeping theirs.
    /// What does not fit on the host gets none.
    pub fn assigned(
        &self,
        networks: impl IntoIterator<Item = ObjectRef>,
        peerings: impl IntoIterator<Item = PairLabel>,
        devices: impl IntoIterator<Item = u32>,
    ) -> Self {
        Self {
            networks: assign(&self.networks, networks, 1, limits::MAX_NETWORKS),
            peerings: assign(&self.peerings, peerings, 1, limits::MAX_PEERINGS),
            devices: assign(&self.devices, devices, 0, limits::MAX_PORTS),
        }
    }

    /// The traffic counter of packets from `network` to its peer.
    pub fn counter(&self, pair: &PairLabel, from: &ObjectRef) -> u32 {
        let backwards = u32::from(pair.networks().0 != from);
        self.peerings.get(pair).map_or(0, |id| 2 * id + backwards)
    }
}

fn assign<K: Ord + Clone>(
    known: &BTreeMap<K, u32>,
    wanted: impl IntoIterator<Item = K>,
    first: u32,
    end: u32,
) -> BTreeMap<K, u32> {
    let wanted: BTreeSet<K> = wanted.into_iter().collect();
    let mut assigned: BTreeMap<K, u32> = known
        .iter()
        .filter(|(key, _)| wanted.contains(key))
        .map(|(key, id)| (key.clone(), *id))
        .collect();
    // A number is free only once nothing in the kernel uses it: what goes away in
    // this step holds its own until the next.
    let taken: BTreeSet<u32> = known.values().copied().collect();
    let mut free = (first..end).filter(|id| !taken.contains(id));
    for key in wanted {
        if !assigned.contains_key(&key)
            && let Some(id) = free.next()
        {
            assigned.insert(key, id);
        }
    }
    assigned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_stays_with_its_object_and_a_free_one_is_given_again() {
        let first = assign(&BTreeMap::new(), ["a", "b", "c"], 1, 4);
        assert_eq!(first, BTreeMap::from([("a", 1), ("b", 2), ("c", 3)]));
        let second = assign(&first, ["c"], 1, 4);
        assert_eq!(second, BTreeMap::from([("c", 3)]));
        let third = assign(&second, ["0", "c"], 1, 4);
        assert_eq!(third, BTreeMap::from([("0", 1), ("c", 3)]));
    }

    #[test]
    fn an_id_is_not_given_to_another_in_the_step_that_frees_it() {
        let first = assign(&BTreeMap::new(), ["a"], 1, 4);
        assert_eq!(assign(&first, ["b"], 1, 4), BTreeMap::from([("b", 2)]));
    }

    #[test]
    fn what_does_not_fit_gets_no_id_and_disturbs_nobody() {
        let full = assign(&BTreeMap::new(), ["b", "c"], 1, 3);
        assert_eq!(assign(&full, ["a", "b", "c"], 1, 3), full);
    }
}
