//! Small numbers for networks, peerings and devices.

use std::collections::{BTreeMap, BTreeSet};

use peer_common::{Group, limits};

use super::{ForwardingTable, named::Named};
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
    /// Groups the kernel knows; from 1. Their ids stand for what they hold.
    pub groups: BTreeMap<u32, Group>,
    /// Ids that routes in the kernel name.
    pub groups_named: BTreeSet<u32>,
}

impl Ids {
    /// The numbers for exactly these objects, those known already keeping theirs.
    /// No number that `content` still uses is given to another: until an apply is
    /// through, packets of what had it meet it. What does not fit gets none.
    pub fn assigned(
        &self,
        networks: impl IntoIterator<Item = ObjectRef>,
        peerings: impl IntoIterator<Item = PairLabel>,
        devices: impl IntoIterator<Item = u32>,
        content: &ForwardingTable,
    ) -> Self {
        let mut used = Named::in_all(content);
        let ports = content.ports.values().map(|port| port.network);
        used.networks
            .extend(content.fibs.keys().copied().chain(ports));
        used.devices.extend(content.devices.keys());
        let ruled = content.policies.keys().map(|counter| counter / 2);
        used.peerings.extend(ruled);
        Self {
            networks: assign(
                &self.networks,
                networks,
                used.networks,
                1,
                limits::MAX_NETWORKS,
            ),
            peerings: assign(
                &self.peerings,
                peerings,
                used.peerings,
                1,
                limits::MAX_PEERINGS,
            ),
            devices: assign(&self.devices, devices, used.devices, 0, limits::MAX_PORTS),
            groups: self.groups.clone(),
            groups_named: used.groups,
        }
    }

    /// These numbers and those `others` gives to further networks and peerings.
    pub fn with(&self, others: &Self) -> Self {
        let mut both = self.clone();
        for (network, id) in &others.networks {
            both.networks.entry(network.clone()).or_insert(*id);
        }
        for (pair, id) in &others.peerings {
            both.peerings.entry(pair.clone()).or_insert(*id);
        }
        both
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
    mut taken: BTreeSet<u32>,
    first: u32,
    end: u32,
) -> BTreeMap<K, u32> {
    let wanted: BTreeSet<K> = wanted.into_iter().collect();
    let mut assigned: BTreeMap<K, u32> = known
        .iter()
        .filter(|(key, _)| wanted.contains(key))
        .map(|(key, id)| (key.clone(), *id))
        .collect();
    // What goes away in this step holds its number until the next.
    taken.extend(known.values());
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
        let first = assign(&BTreeMap::new(), ["a", "b", "c"], BTreeSet::new(), 1, 4);
        assert_eq!(first, BTreeMap::from([("a", 1), ("b", 2), ("c", 3)]));
        let second = assign(&first, ["c"], BTreeSet::new(), 1, 4);
        assert_eq!(second, BTreeMap::from([("c", 3)]));
        let third = assign(&second, ["0", "c"], BTreeSet::new(), 1, 4);
        assert_eq!(third, BTreeMap::from([("0", 1), ("c", 3)]));
    }

    #[test]
    fn an_id_is_not_given_to_another_in_the_step_that_frees_it() {
        let first = assign(&BTreeMap::new(), ["a"], BTreeSet::new(), 1, 4);
        assert_eq!(
            assign(&first, ["b"], BTreeSet::new(), 1, 4),
            BTreeMap::from([("b", 2)])
        );
    }

    #[test]
    fn what_does_not_fit_gets_no_id_and_disturbs_nobody() {
        let full = assign(&BTreeMap::new(), ["b", "c"], BTreeSet::new(), 1, 3);
        assert_eq!(assign(&full, ["a", "b", "c"], BTreeSet::new(), 1, 3), full);
    }
}
