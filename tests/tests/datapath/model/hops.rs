//! Which of several next hops a packet takes.

use std::net::IpAddr;

use peer_common::{Route, verdict};
use peer_userspace::compile::ForwardingTable;

use super::talk::{About, read};

/// The way by which `packet` goes; `None` if there is none.
pub(super) fn taken(table: &ForwardingTable, route: &Route, packet: &[u8]) -> Option<Route> {
    if route.group == 0 {
        return Some(*route);
    }
    let group = table.groups.get(&route.group)?;
    let flow = flow(packet)?;
    let (first, second) = (flow >> 32 & 0x7fff_ffff, flow & 0x7fff_ffff);
    let hops = &group.hops;
    let up = |route: &Route| route.verdict == verdict::FORWARD;
    let chosen = hops.iter().find(|hop| first < u64::from(hop.end));
    let chosen = chosen.map(|hop| hop.route).filter(up);
    // Behind the last of all comes the first again.
    let spare = hops.iter().find(|hop| second < u64::from(hop.spare_end));
    chosen.or_else(|| Some(spare.unwrap_or(&hops[0]).route).filter(up))
}

/// The hash of source, destination, protocol and ports; fragments have none of these
/// two but the protocol of IPv4.
fn flow(packet: &[u8]) -> Option<u64> {
    let v4 = packet[0] >> 4 == 4;
    let said = read(packet, v4)?;
    let ports: (u64, u64) = match said.about {
        _ if said.fragment.is_some() => (0, 0),
        About::Ports(from, to, _) => (from.into(), to.into()),
        About::Query(id, kind, true) => (id.into(), kind.into()),
        About::Query(id, kind, false) => (kind.into(), id.into()),
        About::Error(_) | About::Protocol | About::Nothing => (0, 0),
    };
    let family = if v4 { 4 } else { 6 };
    let protocol = match said.fragment {
        Some(_) if !v4 => 0,
        _ => u64::from(said.protocol),
    };
    let last = ports.0 * (1 << 32) + ports.1 * (1 << 16) + family * (1 << 8) + protocol;
    let words = [halves(said.source), halves(said.destination)].concat();
    let fold = |hash, word: &u64| stirred(hash ^ word);
    Some(stirred(words.iter().fold(0, fold) ^ last))
}

fn halves(address: IpAddr) -> Vec<u64> {
    let mut octets = match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    octets.resize(16, 0);
    let half = |half: &[u8]| half.try_into().map(u64::from_ne_bytes);
    octets
        .chunks(8)
        .filter_map(|bytes| half(bytes).ok())
        .collect()
}

/// fmix64 of MurmurHash3.
fn stirred(word: u64) -> u64 {
    let folded = |word: u64| u128::from(word ^ (word >> 33));
    let times = |word: u128, factor: u128| (word * factor % (1 << 64)) as u64;
    let once = times(folded(word), 0xff51_afd7_ed55_8ccd);
    let twice = times(folded(once), 0xc4ce_b9fe_1a85_ec53);
    folded(twice) as u64
}
