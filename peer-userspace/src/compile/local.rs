//! The host's own addresses in a network's table: the network's hosts reach those
//! of the very port they are on, and no other.

use std::collections::{BTreeMap, BTreeSet};

use bytemuck::Zeroable as _;
use ipnet::IpNet;
use peer_common::{DropReason, Route, flags, verdict};

use super::{
    Routes,
    prefix::{self, longest_match},
    routes::Compiler,
};
use crate::model::{Network, ObjectRef, PairLabel};

/// Entries of a table.
type Entries = BTreeMap<IpNet, Route>;

/// Entries for the host's addresses wherever `fib`, the rest of `network`'s table,
/// would lead to them.
pub(super) fn addresses(compiler: &Compiler<'_>, fib: &Routes, network: &Network) -> Entries {
    let mut own: BTreeMap<IpNet, Own> = BTreeMap::new();
    let mut foreign = Entries::new();
    let held = compiler
        .now
        .host
        .addresses()
        .filter(|(_, net)| prefix::is_global(net.addr()));
    let is_own = |index| compiler.now.ports.network_at(index) == Some(&network.id);
    for (interface, address) in held {
        let at = prefix::host(address.addr());
        let holder = compiler.now.ports.network_at(interface);
        if holder == Some(&network.id) {
            let own = own.entry(at).or_default();
            own.ports.insert(interface);
            own.contested |= compiler.addresses.is_contested(address, is_own);
        } else if let Some(refused) = refused(compiler, fib, network, at, holder) {
            // Of several holders the strictest decides.
            let known = foreign.entry(at).or_insert(refused);
            if refused.flags == 0 {
                *known = refused;
            }
        }
    }
    let local = own.into_iter().map(|(at, own)| (at, own.route()));
    foreign.extend(directed_broadcasts(compiler, fib, network));
    foreign.extend(local);
    foreign
}

/// An address of a network's own ports.
#[derive(Default)]
struct Own {
    ports: BTreeSet<u32>,
    contested: bool,
}

impl Own {
    fn route(&self) -> Route {
        // One port's own, or, shared by several, local on each of the network's.
        let port = match self.ports.len() {
            1 => self.ports.first().copied().unwrap_or_default(),
            _ => 0,
        };
        let flags = if self.contested { flags::ANSWERED } else { 0 };
        Route {
            verdict: verdict::LOCAL,
            flags,
            port,
            ..Route::zeroed()
        }
    }
}

/// No packet becomes a broadcast on a port's subnet (RFC 2644): the kernel would
/// send one on as such. Its network address is the old form of the same
/// (RFC 1122 section 3.3.6).
fn directed_broadcasts(compiler: &Compiler<'_>, fib: &Routes, network: &Network) -> Entries {
    let martian = Route {
        verdict: verdict::DROP,
        reason: DropReason::Martian as u8,
        ..Route::zeroed()
    };
    let mut entries = Entries::new();
    let pairs = compiler.now.states.pairs_of(&network.id);
    let peers = pairs.map(|(pair, _)| pair.other(&network.id));
    let owners = BTreeSet::from_iter(peers.chain([&network.id]));
    let ports = owners.into_iter();
    for (index, port) in ports.flat_map(|owner| compiler.now.ports.of(owner)) {
        let id = compiler.now.ids.networks.get(&port.network);
        let interface = compiler.now.host.interfaces.get(&index);
        for address in interface.into_iter().flat_map(|found| &found.addresses) {
            let IpNet::V4(subnet) = address.net else {
                continue;
            };
            // A /31 has none (RFC 3021).
            if subnet.prefix_len() > 30 {
                continue;
            }
            for end in [subnet.network(), subnet.broadcast()] {
                let at = prefix::host(end.into());
                let covering = longest_match(fib, &at).map(|(_, route)| route.network);
                if covering.is_some() && covering == id.copied() {
                    entries.insert(at, martian);
                }
            }
        }
    }
    entries
}

/// The entry that keeps `network` from an address of the host's that is not on its
/// own ports, if it needs one. `holder` is the network whose port has it.
fn refused(
    compiler: &Compiler<'_>,
    fib: &Routes,
    network: &Network,
    at: IpNet,
    holder: Option<&ObjectRef>,
) -> Option<Route> {
    let (_, covering) = longest_match(fib, &at)?;
    let refused = Route {
        verdict: verdict::DROP,
        reason: DropReason::ForeignLocal as u8,
        ..Route::zeroed()
    };
    let Some(holder) = holder else {
        return Some(refused);
    };
    let owner = *compiler.names.get(&covering.network)?;
    if owner == holder {
        return Some(refused);
    }
    // The prefix is one network's, the address on another's port: networks overlap.
    // For whoever does not reach the holder it is a host of the owner's.
    if !peers(compiler, &network.id, holder) {
        return None;
    }
    // So it is for the owner too, and what its host sends is no forgery.
    let is_a_host = owner != &network.id && !peers(compiler, owner, holder);
    Some(match is_a_host {
        true => Route {
            network: covering.network,
            flags: covering.flags & flags::SOURCE,
            ..refused
        },
        false => refused,
    })
}

fn peers(compiler: &Compiler<'_>, one: &ObjectRef, other: &ObjectRef) -> bool {
    let pair = PairLabel::of(one, other);
    let carries = compiler
        .now
        .states
        .pairs
        .get(&pair)
        .is_some_and(|pair| pair.carries);
    compiler.asked.borrow_mut().insert(pair);
    carries
}
