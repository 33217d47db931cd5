//! A rig: three namespaces, generator – router – sink, and the veths between them. Each
//! way to forward has one of its own, all alike.
//!
//! The router's port `p0` faces the generator, `pN` the sink's end of network N.

use std::net::IpAddr;

use anyhow::Result;
use aya::programs::xdp::XdpLink;
use peer_tests::{Lab, Namespace, interrupt};

use super::{
    addresses::{Family, PREFIX, far_index, far_mac, index, router_mac, written},
    programs::{Inlet, Programs},
};

/// Where the router is among the hosts of a link, from its first address.
const ROUTER: u32 = 1;
/// Where the first of the hosts is.
pub(super) const HOSTS: u32 = 16;

/// What is connected to the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    /// Networks beside the one that sends; the last one's number.
    pub(super) networks: u32,
    /// Prefixes of each.
    pub(super) prefixes: u32,
    /// Prefixes of the network that sends, no more than the others have.
    pub(super) own: u32,
    /// Networks, counted from 1, whose packets the sink counts.
    pub(super) counted: u32,
    pub(super) families: &'static [Family],
    /// Hosts on the link of network 1 in place of a next hop.
    pub(super) neighbours: Option<u32>,
}

impl Shape {
    /// A network's prefixes, those of a family in their order.
    pub(super) fn prefixes_of(&self, network: u32) -> Vec<(Family, String)> {
        let first = self.first_of(network);
        let families = self.families.iter();
        if self.has_hosts(network) {
            return families
                .map(|&family| (family, family.link(first)))
                .collect();
        }
        let count = if network == 0 {
            self.own
        } else {
            self.prefixes
        };
        families
            .flat_map(|&family| {
                let prefix = move |number| family.prefix(first + number * PREFIX);
                (0..count).map(move |number| (family, prefix(number)))
            })
            .collect()
    }

    /// Position of a network's first address.
    fn first_of(&self, network: u32) -> u32 {
        network * self.prefixes * PREFIX
    }

    /// Whether a network's hosts are on its port's link.
    fn has_hosts(&self, network: u32) -> bool {
        network == 1 && self.neighbours.is_some()
    }

    /// The hosts on a network's link.
    fn hosts_of(&self, network: u32) -> impl Iterator<Item = IpAddr> {
        let hosts = self.neighbours.filter(|_| self.has_hosts(network));
        let span = self.prefixes * PREFIX;
        let first = self.first_of(network) + HOSTS;
        (0..hosts.unwrap_or_default()).flat_map(move |host| {
            let position = first + host * (span / hosts.unwrap_or(span));
            self.families
                .iter()
                .map(move |family| family.address(position))
        })
    }

    /// Routes of a family that the sender's table has at least.
    pub(super) fn routes(&self) -> u32 {
        self.neighbours.unwrap_or(self.networks * self.prefixes)
    }

    /// Numbers of the router's ports.
    pub(super) fn ports(&self) -> impl Iterator<Item = u32> + use<> {
        0..=self.networks
    }
}

/// The namespaces.
pub(super) struct Rig {
    pub(super) lab: Lab,
    pub(super) shape: Shape,
    generator: Namespace,
    pub(super) sink: Namespace,
    // Before the namespaces they are in.
    _sinks: Vec<XdpLink>,
}

impl Rig {
    /// Cabled, with addresses and neighbours, and forwarding nothing yet.
    pub(super) fn new(name: &str, shape: &Shape, programs: &mut Programs) -> Result<Self> {
        interrupt::check()?;
        let lab = Lab::new(name)?;
        let generator = lab.namespace("gen")?;
        let sink = lab.namespace("sink")?;
        // A lookup for each packet's source is no part of what is compared.
        for key in ["all", "default"] {
            let key = format!("net/ipv4/conf/{key}/rp_filter");
            lab.router.set_sysctl(&key, "0")?;
        }
        let far_end = |port| if port == 0 { &generator } else { &sink };
        let mut lines = String::new();
        let mut far_lines = [String::new(), String::new()];
        for port in shape.ports() {
            let far_end = far_end(port);
            lines.push_str(&format!(
                "link add p{port} index {} address {} type veth \
                 peer name far{port} index {} address {} netns {}\n\
                 link set p{port} up\n",
                index(port),
                written(router_mac(port)),
                far_index(port),
                written(far_mac(port)),
                far_end.name,
            ));
            far_lines[usize::from(port != 0)].push_str(&format!("link set far{port} up\n"));
        }
        lab.router.ip(&lines)?;
        generator.ip(&far_lines[0])?;
        sink.ip(&far_lines[1])?;
        let mut sinks = Vec::new();
        for port in 1..=shape.counted {
            sinks.push(programs.count_at(&sink, far_index(port))?);
        }
        let rig = Self {
            lab,
            shape: shape.clone(),
            generator,
            sink,
            _sinks: sinks,
        };
        rig.address()?;
        Ok(rig)
    }

    /// Give the router its addresses and neighbours, and the routes that its networks' hosts
    /// need: peerd follows them inside a network's prefixes, the kernel everywhere.
    fn address(&self) -> Result<()> {
        let mut lines = String::new();
        for port in self.shape.ports() {
            let mac = written(far_mac(port));
            for family in self.shape.families {
                let address = if self.shape.has_hosts(port) {
                    family.link(self.shape.first_of(port) + ROUTER)
                } else {
                    family.router_on_link(port)
                };
                lines.push_str(&format!("addr add {address} dev p{port}\n"));
            }
            let families = self.shape.families.iter();
            let next_hops = families.flat_map(|family| family.neighbours(port));
            let next_hops = next_hops.filter(|_| !self.shape.has_hosts(port));
            for neighbour in next_hops.chain(self.shape.hosts_of(port)) {
                lines.push_str(&format!(
                    "neigh add {neighbour} lladdr {mac} dev p{port} nud permanent\n"
                ));
            }
            if self.shape.has_hosts(port) {
                continue;
            }
            for &family in self.shape.families {
                let prefixes = self.shape.prefixes_of(port).into_iter();
                let prefixes = prefixes.filter(|(of, _)| *of == family);
                for (number, (_, prefix)) in (0..).zip(prefixes) {
                    let via = family.next_hop(port, number);
                    lines.push_str(&format!("route add {prefix} via {via} dev p{port}\n"));
                }
            }
        }
        self.lab.router.ip(&lines)
    }

    /// The router.
    pub(super) fn router(&self) -> &Namespace {
        &self.lab.router
    }

    /// Where the generator sends.
    pub(super) fn inlet(&self) -> Inlet<'_> {
        Inlet {
            namespace: &self.generator,
            index: far_index(0),
        }
    }

    /// Let packets be delivered to a port that has no XDP program of its own: into such
    /// a veth frames are redirected only if it has GRO on.
    pub(super) fn take_frames_without_xdp(&self) -> Result<()> {
        self.router().run("ethtool -K p0 gro on").map(drop)
    }

    /// Have what goes to the first network go to the router's own MAC, so that a packet
    /// it has forwarded can be forwarded again.
    pub(super) fn turn_back(&self) -> Result<()> {
        let mac = written(router_mac(0));
        let families = self.shape.families.iter();
        let neighbours = families.flat_map(|family| family.neighbours(1));
        let lines = neighbours.map(|neighbour| {
            format!("neigh replace {neighbour} lladdr {mac} dev p1 nud permanent\n")
        });
        self.router().ip(&lines.collect::<String>())
    }

    /// Have the kernel forward, by the routes it has.
    pub(super) fn route_in_kernel(&self) -> Result<()> {
        self.lab.route_in_kernel(true)
    }
}
