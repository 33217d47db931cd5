//! What rules and earlier packets permit.
//!
//! Nothing here is old enough to expire.

use std::{collections::BTreeMap, net::IpAddr};

use peer_common::Rule;
use peer_userspace::compile::{ForwardingTable, Policy};

use super::talk::{About, Said, read};

/// One end of a flow: its address and port, or what else tells flows apart.
type End = (IpAddr, u64);
/// Protocol and ends, that of the smaller network first; fragments have a kind of
/// their own in each direction.
type Key = (u16, End, End);

#[derive(Clone, Copy)]
struct Flow {
    opener: u32,
    generation: u64,
}

/// All that is remembered.
#[derive(Default)]
pub(crate) struct Flows {
    policies: BTreeMap<u32, (Policy, u64)>,
    generation: u64,
    flows: BTreeMap<(u32, Key), Flow>,
}

/// How a list or both permit something.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Permission {
    Refused,
    Permitted,
    ByPort,
}

impl Flows {
    /// These rules are in force from now on.
    pub(crate) fn follow(&mut self, table: &ForwardingTable) {
        self.policies
            .retain(|counter, _| table.policies.contains_key(counter));
        for (counter, policy) in &table.policies {
            if self
                .policies
                .get(counter)
                .is_none_or(|(known, _)| known != policy)
            {
                self.generation += 1;
                self.policies
                    .insert(*counter, (policy.clone(), self.generation));
            }
        }
        let ruled = |peering: u32| table.policies.keys().any(|counter| counter / 2 == peering);
        self.flows.retain(|(peering, _), _| ruled(*peering));
    }

    /// Whether a packet counted by `counter` may pass; remembers what it opens.
    pub(crate) fn permit(&mut self, counter: u32, v4: bool, packet: &[u8]) -> bool {
        let ruled = self.policies.keys().any(|other| other / 2 == counter / 2);
        let Some(said) = read(packet, v4).filter(|_| ruled) else {
            return false;
        };
        if let Some((id, false)) = said.fragment
            && self.is_current(counter, fragments(&said, v4, id, counter))
        {
            return true;
        }
        if let About::Error(quote) = said.about
            && let Some(quoted) = read(quote, v4)
            && quoted.source == said.destination
        {
            let key = match quoted.fragment {
                Some((id, false)) => fragments(&quoted, v4, id, counter ^ 1),
                _ => key(&quoted, counter ^ 1),
            };
            if self.is_current(counter, key) {
                return true;
            }
        }
        self.judge(counter, v4, &said)
    }

    fn judge(&mut self, counter: u32, v4: bool, said: &Said<'_>) -> bool {
        let connects = matches!(said.about, About::Ports(_, _, true));
        let key = key(said, counter);
        let known = self.flows.get(&(counter / 2, key)).copied();
        let known = known.filter(|flow| flow.opener == counter || !connects);
        let opener = known.map_or(counter, |flow| flow.opener);
        let Some((policy, generation)) = self.policies.get(&opener) else {
            return false;
        };
        let generation = *generation;
        if known.is_none_or(|flow| flow.generation != generation) {
            let permission = permission(policy, said, opener != counter);
            if permission == Permission::Refused {
                return false;
            }
            let certain = said.protocol != 6 || connects || permission == Permission::ByPort;
            let opens = match said.about {
                About::Ports(..) => certain,
                About::Query(_, _, request) => request,
                About::Protocol => true,
                About::Error(_) | About::Nothing => false,
            };
            if opens || known.is_some() {
                self.flows
                    .insert((counter / 2, key), Flow { opener, generation });
            }
        }
        if let Some((id, true)) = said.fragment {
            let key = fragments(said, v4, id, counter);
            self.flows
                .insert((counter / 2, key), Flow { opener, generation });
        }
        true
    }

    fn is_current(&self, counter: u32, key: Key) -> bool {
        let flow = self.flows.get(&(counter / 2, key));
        flow.is_some_and(|flow| {
            let policy = self.policies.get(&flow.opener);
            policy.is_some_and(|(_, generation)| *generation == flow.generation)
        })
    }
}

fn key(said: &Said<'_>, counter: u32) -> Key {
    let (from, to) = match said.about {
        About::Ports(from, to, _) => (from.into(), to.into()),
        About::Query(id, kind, true) => (id.into(), kind.into()),
        About::Query(id, kind, false) => (kind.into(), id.into()),
        About::Error(_) | About::Protocol | About::Nothing => (0, 0),
    };
    sided(
        said.protocol.into(),
        (said.source, from),
        (said.destination, to),
        counter,
    )
}

/// IPv4 tells packets of different protocols apart by more than their identification.
fn fragments(said: &Said<'_>, v4: bool, id: u32, counter: u32) -> Key {
    let protocol = if v4 { u16::from(said.protocol) } else { 0 };
    let kind = 256 * (1 + (counter % 2) as u16) + protocol;
    sided(
        kind,
        (said.source, id.into()),
        (said.destination, 0),
        counter,
    )
}

fn sided(kind: u16, from: End, to: End, counter: u32) -> Key {
    if counter.is_multiple_of(2) {
        (kind, from, to)
    } else {
        (kind, to, from)
    }
}

fn permission(policy: &Policy, said: &Said<'_>, reply: bool) -> Permission {
    let lists = [&policy.allow, &policy.allow_out].map(|list| match list {
        None => Permission::Permitted,
        Some(rules) => rules
            .iter()
            .filter(|rule| fits(rule, said, reply))
            .map(|rule| match (rule.first_port, rule.last_port) {
                (0, u16::MAX) => Permission::Permitted,
                _ => Permission::ByPort,
            })
            .fold(
                Permission::Refused,
                |best, one| if one > best { one } else { best },
            ),
    });
    match lists {
        [Permission::Refused, _] | [_, Permission::Refused] => Permission::Refused,
        [Permission::ByPort, _] | [_, Permission::ByPort] => Permission::ByPort,
        _ => Permission::Permitted,
    }
}

fn fits(rule: &Rule, said: &Said<'_>, reply: bool) -> bool {
    let (from, to) = if reply {
        (said.destination, said.source)
    } else {
        (said.source, said.destination)
    };
    let port = match said.about {
        About::Ports(from, to, _) => Some(if reply { from } else { to }),
        _ => None,
    };
    let all_ports = (rule.first_port, rule.last_port) == (0, u16::MAX);
    let [family, protocol] = rule.kind.to_be_bytes();
    let [family_counts, protocol_counts] = rule.kind_mask.to_be_bytes().map(|mask| mask > 0);
    let own_family = if from.is_ipv4() { 4 } else { 6 };
    port.map_or(all_ports, |port| {
        (rule.first_port..=rule.last_port).contains(&port)
    }) && (!family_counts || family == own_family)
        && (!protocol_counts || protocol == said.protocol)
        && within(from, rule.from, rule.from_mask)
        && within(to, rule.to, rule.to_mask)
}

/// Whether the bits that count are the same.
fn within(address: IpAddr, prefix: [u64; 2], mask: [u64; 2]) -> bool {
    let mut octets = match address {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    octets.resize(16, 0);
    let bytes = |words: [u64; 2]| words.map(u64::to_ne_bytes).concat();
    let (prefix, mask) = (bytes(prefix), bytes(mask));
    (0..16).all(|at| octets[at] & mask[at] == prefix[at] & mask[at])
}
