//! Groups: the hops of a route that has several.
//!
//! A group's id stands for its content: another content has another id, and none that
//! the kernel still knows is given anew. So a group never changes under a route.

use std::collections::{BTreeMap, BTreeSet};

use bytemuck::Zeroable as _;
use peer_common::{FLOWS_END, Group, Hop, MAX_HOPS, Route, limits, verdict};

/// Hands out ids.
#[derive(Debug, Default)]
pub(super) struct Groups {
    known: BTreeMap<Group, u32>,
    taken: BTreeSet<u32>,
    used: BTreeMap<u32, Group>,
    crowded: bool,
}

impl Groups {
    /// `known` are those in the kernel, `taken` the ids that are not to be given.
    pub(super) fn new(known: &BTreeMap<u32, Group>, taken: &BTreeSet<u32>) -> Self {
        Self {
            known: known.iter().map(|(id, group)| (*group, *id)).collect(),
            taken: known.keys().chain(taken).copied().collect(),
            used: BTreeMap::new(),
            crowded: false,
        }
    }

    /// The id for this content; `None` if there is no room.
    pub(super) fn id(&mut self, group: Group) -> Option<u32> {
        let known = self.known.get(&group).copied();
        let free = || (1..limits::MAX_GROUPS).find(|id| !self.taken.contains(id));
        let Some(id) = known.or_else(free) else {
            self.crowded = true;
            return None;
        };
        self.taken.insert(id);
        self.known.insert(group, id);
        self.used.insert(id, group);
        Some(id)
    }

    /// Whether there was no room for one.
    pub(super) fn crowded(&self) -> bool {
        self.crowded
    }

    /// Those whose ids were asked for.
    pub(super) fn used(self) -> BTreeMap<u32, Group> {
        self.used
    }
}

/// The group of these actions, each with its weight: all flows are shared by weight, and
/// so again are those of hops that are down among the others.
pub(super) fn group(hops: &[(Route, u32)]) -> Group {
    let is_up = |route: &Route| route.verdict == verdict::FORWARD;
    let total: u64 = hops.iter().map(|(_, weight)| u64::from(*weight)).sum();
    let up = hops.iter().filter(|(route, _)| is_up(route));
    let total_up: u64 = up.map(|(_, weight)| u64::from(*weight)).sum();
    let mut group = Group::zeroed();
    let (mut sum, mut sum_up) = (0, 0);
    for (place, (route, weight)) in group.hops.iter_mut().zip(hops).take(MAX_HOPS) {
        sum += u64::from(*weight);
        sum_up += if is_up(route) { u64::from(*weight) } else { 0 };
        *place = Hop {
            end: threshold(sum, total),
            spare_end: threshold(sum_up, total_up),
            weight: *weight,
            route: *route,
        };
    }
    group
}

/// `part` of `whole`, in flows.
fn threshold(part: u64, whole: u64) -> u32 {
    let flows = u128::from(FLOWS_END) * u128::from(part) / u128::from(whole.max(1));
    u32::try_from(flows).unwrap_or(FLOWS_END)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(verdict: u8, port: u32) -> Route {
        Route {
            verdict,
            port,
            ..Route::zeroed()
        }
    }

    #[test]
    fn hops_share_all_flows_by_weight_and_those_of_a_hop_that_is_down_among_the_others() {
        let hops = [
            (hop(verdict::FORWARD, 1), 1),
            (hop(verdict::DROP, 2), 2),
            (hop(verdict::FORWARD, 3), 1),
        ];
        let group = group(&hops);
        let quarter = FLOWS_END / 4;
        let ends: Vec<_> = group.hops().map(|hop| (hop.end, hop.spare_end)).collect();
        assert_eq!(
            ends,
            [
                (quarter, 2 * quarter),
                (3 * quarter, 2 * quarter),
                (4 * quarter, 4 * quarter)
            ]
        );
    }

    #[test]
    fn the_same_content_keeps_its_id_and_no_id_in_use_gets_another() {
        let of = |port| group(&[(hop(verdict::FORWARD, port), 1)]);
        let known = BTreeMap::from([(1, of(1)), (2, of(2))]);
        let mut groups = Groups::new(&known, &BTreeSet::from([3]));
        assert_eq!(groups.id(of(2)), Some(2));
        assert_eq!(groups.id(of(9)), Some(4));
        assert_eq!(groups.id(of(9)), Some(4));
        assert_eq!(groups.used(), BTreeMap::from([(2, of(2)), (4, of(9))]));
    }

    #[test]
    fn what_does_not_fit_gets_no_id() {
        let of = |port| group(&[(hop(verdict::FORWARD, port), 1)]);
        let known = (1..limits::MAX_GROUPS).map(|id| (id, of(id))).collect();
        let mut groups = Groups::new(&known, &BTreeSet::new());
        assert_eq!(groups.id(of(5)), Some(5));
        assert_eq!(groups.id(of(limits::MAX_GROUPS)), None);
    }
}
