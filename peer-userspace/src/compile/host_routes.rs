//! The host's own routes, by the interfaces that they leave by: networks are many, and each
//! asks for those of its ports alone.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::hops::Links;
use crate::host::{HostRoute, HostView};

/// The host's routes, in the order in which they count: for one destination the one with
/// the smallest metric comes last.
#[derive(Debug)]
pub(super) struct HostRoutes<'a> {
    pub(super) host: &'a HostView,
    sorted: Vec<&'a HostRoute>,
    /// Where the routes that may leave by an interface stand in `sorted`.
    by_interface: BTreeMap<u32, Vec<usize>>,
}

impl<'a> HostRoutes<'a> {
    pub(super) fn of(host: &'a HostView) -> Self {
        let mut sorted: Vec<&HostRoute> = host.routes.iter().collect();
        sorted.sort_by_key(|route| (route.to, Reverse((route.metric, &route.hops))));
        let mut by_interface: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (position, route) in sorted.iter().enumerate() {
            for hop in &route.hops {
                by_interface
                    .entry(hop.interface)
                    .or_default()
                    .push(position);
            }
        }
        Self {
            host,
            sorted,
            by_interface,
        }
    }

    /// Those that may leave by one of `links`.
    pub(super) fn among(&self, links: &Links) -> impl Iterator<Item = &HostRoute> {
        let positions = links.keys().filter_map(|link| self.by_interface.get(link));
        let positions: BTreeSet<usize> = positions.flatten().copied().collect();
        positions.into_iter().map(|position| self.sorted[position])
    }
}
