//! Who is where: the addresses the cases speak of, by what they stand for.

/// The same places in either family.
pub(crate) struct Places {
    pub(crate) family: &'static str,
    /// A host of blue's, and one that blue does not export.
    pub(crate) host: &'static str,
    pub(crate) unexported: &'static str,
    /// Another host of blue's, known by MAC.
    pub(crate) sibling: &'static str,
    /// Hosts of green's: known by MAC; known, but XDP cannot send there; once known;
    /// never heard of.
    pub(crate) known: &'static str,
    pub(crate) without_xdp: &'static str,
    pub(crate) stale: &'static str,
    pub(crate) unresolved: &'static str,
    /// Behind green's gateways, one known and one not.
    pub(crate) behind: &'static str,
    pub(crate) behind_unresolved: &'static str,
    /// Where the MTU is [`NARROW`].
    pub(crate) narrow: &'static str,
    /// Where XDP's slot is empty, and where there is no such slot.
    pub(crate) no_device: &'static str,
    pub(crate) no_slot: &'static str,
    /// Green's, accepted from, but not routed to.
    pub(crate) unrouted: &'static str,
    /// Red's: agreed on but down; not agreed on.
    pub(crate) down: &'static str,
    pub(crate) stranger: &'static str,
    /// The router's own addresses: on either port of blue's, and on both; green's,
    /// which blue's table knows; red's and the uplink's, which it does not.
    pub(crate) own: &'static str,
    pub(crate) own_b: &'static str,
    pub(crate) shared: &'static str,
    /// On blue's first port, and on another network's too: the programs answer for it.
    pub(crate) answered: &'static str,
    pub(crate) greens: &'static str,
    pub(crate) reds: &'static str,
    pub(crate) uplinks: &'static str,
    /// In no managed network.
    pub(crate) internet: &'static str,
}

pub(crate) const NARROW: u32 = 1300;

pub(crate) const V4: Places = Places {
    family: "IPv4",
    host: "10.1.0.5",
    unexported: "10.1.128.5",
    sibling: "10.1.0.7",
    known: "10.2.0.9",
    without_xdp: "10.2.0.10",
    stale: "10.2.0.11",
    unresolved: "10.2.0.77",
    behind: "10.2.1.9",
    behind_unresolved: "10.2.2.9",
    narrow: "10.2.3.9",
    no_device: "10.2.4.9",
    no_slot: "10.2.5.9",
    unrouted: "10.2.64.9",
    down: "10.3.0.9",
    stranger: "10.3.128.9",
    own: "10.1.0.1",
    own_b: "10.1.128.1",
    shared: "10.1.0.2",
    answered: "10.1.0.3",
    greens: "10.2.0.1",
    reds: "10.3.128.1",
    uplinks: "192.0.2.1",
    internet: "198.51.100.9",
};

pub(crate) const V6: Places = Places {
    family: "IPv6",
    host: "fd00:1::5",
    unexported: "fd00:1:0:8000::5",
    sibling: "fd00:1::7",
    known: "fd00:2::9",
    without_xdp: "fd00:2::a",
    stale: "fd00:2::b",
    unresolved: "fd00:2::77",
    behind: "fd00:2:0:1::9",
    behind_unresolved: "fd00:2:0:2::9",
    narrow: "fd00:2:0:3::9",
    no_device: "fd00:2:0:4::9",
    no_slot: "fd00:2:0:5::9",
    unrouted: "fd00:2:0:4000::9",
    down: "fd00:3::9",
    stranger: "fd00:3:0:8000::9",
    own: "fd00:1::1",
    own_b: "fd00:1:0:8000::1",
    shared: "fd00:1::2",
    answered: "fd00:1::3",
    greens: "fd00:2::1",
    reds: "fd00:3:0:8000::1",
    uplinks: "2001:db8::1",
    internet: "2001:db8:9::9",
};

pub(crate) const FAMILIES: [Places; 2] = [V4, V6];
