//! What may be opened over a peering: the declared rules in the form that programs
//! compare packets with.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use peer_common::{self as abi, MAX_RULES, Words, family, kind, words};

use super::Ids;
use crate::{
    lifecycle::{Pair, States},
    model::{Consent, ObjectRef, PortRange, Protocol, Rule, Table},
};

/// What may be opened in one direction of a peering. `None` is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// By the receiver's `allow`.
    pub allow: Option<Vec<abi::Rule>>,
    /// By the sender's `allowOut`.
    pub allow_out: Option<Vec<abi::Rule>>,
}

impl Policy {
    /// What these lists come to.
    pub fn of(allow: Option<&[Rule]>, allow_out: Option<&[Rule]>) -> Self {
        Self {
            allow: allow.map(flat),
            allow_out: allow_out.map(flat),
        }
    }
}

/// Both directions of every pair that agreed on rules, by a route's counter. Also while
/// it carries no traffic: a link that comes back finds its flows again.
pub(super) fn policies(table: &Table, states: &States, ids: &Ids) -> BTreeMap<u32, Policy> {
    let mut policies = BTreeMap::new();
    for (label, pair) in states.pairs.iter().filter(|(_, pair)| pair.agreed) {
        let enforceable = consents(table, pair).all(|consent| excess(consent).is_none());
        if !enforceable || !has_rules(table, pair) || !ids.peerings.contains_key(label) {
            continue;
        }
        let (smaller, larger) = label.networks();
        let of =
            |network: &ObjectRef| consents(table, pair).find(|consent| &consent.own() == network);
        for (from, to) in [(smaller, larger), (larger, smaller)] {
            let policy = Policy::of(
                of(to).and_then(|consent| consent.allow.as_deref()),
                of(from).and_then(|consent| consent.allow_out.as_deref()),
            );
            policies.insert(ids.counter(label, from), policy);
        }
    }
    policies
}

/// Whether either side of a pair gave rules.
pub(super) fn has_rules(table: &Table, pair: &Pair) -> bool {
    consents(table, pair).any(|consent| consent.allow.is_some() || consent.allow_out.is_some())
}

pub(super) fn consents<'a>(table: &'a Table, pair: &'a Pair) -> impl Iterator<Item = &'a Consent> {
    pair.consents.iter().filter_map(|id| table.consents.get(id))
}

/// Why a consent's rules are more than can be enforced, if they are.
pub fn excess(consent: &Consent) -> Option<String> {
    let lists = [("allow", &consent.allow), ("allowOut", &consent.allow_out)];
    lists.into_iter().find_map(|(field, rules)| {
        let count = rules
            .as_deref()?
            .iter()
            .map(count)
            .fold(0, usize::saturating_add);
        (count > MAX_RULES).then(|| {
            format!(
                "{field}: its rules come to {count} combinations of a port range, a source and a \
                 destination; at most {MAX_RULES} can be enforced"
            )
        })
    })
}

/// How many combinations a rule is. Counted, since to make them all could take more
/// memory than there is.
fn count(rule: &Rule) -> usize {
    let of = |prefixes: &[IpNet], family| {
        let same = prefixes.iter().filter(|prefix| family_of(prefix) == family);
        same.count()
    };
    let pairs = match (&*rule.from, &*rule.to) {
        ([], []) => 1,
        ([], some) | (some, []) => some.len(),
        (from, to) => [family::V4, family::V6]
            .map(|family| of(from, family).saturating_mul(of(to, family)))
            .into_iter()
            .fold(0, usize::saturating_add),
    };
    rule.ports.len().max(1).saturating_mul(pairs)
}

/// One rule for each combination of a port range, a source and a destination. Those
/// that name ports come first: the programs learn from the first that fits whether
/// any of them does.
fn flat(rules: &[Rule]) -> Vec<abi::Rule> {
    let mut flat: Vec<abi::Rule> = rules.iter().flat_map(combinations).collect();
    flat.sort_by_key(|rule| (!rule.names_ports(), *rule));
    flat.dedup();
    flat
}

fn combinations(rule: &Rule) -> Vec<abi::Rule> {
    let mut combined = Vec::new();
    for ports in or_any(&rule.ports) {
        for from in or_any(&rule.from) {
            for to in or_any(&rule.to) {
                combined.extend(one(rule.protocol, ports, from, to));
            }
        }
    }
    combined
}

/// The entries, or one that names nothing if there are none.
fn or_any<T>(entries: &[T]) -> impl Iterator<Item = Option<&T>> {
    let any = entries.is_empty().then_some(None);
    entries.iter().map(Some).chain(any)
}

/// `None` for a source of one family and a destination of the other.
fn one(
    protocol: Protocol,
    ports: Option<&PortRange>,
    from: Option<&IpNet>,
    to: Option<&IpNet>,
) -> Option<abi::Rule> {
    let mut families = from.into_iter().chain(to).map(family_of);
    let family = families.next();
    if families.next().is_some_and(|other| Some(other) != family) {
        return None;
    }
    let number = match protocol {
        Protocol::Any => None,
        Protocol::Number(number) => Some(number),
    };
    let mask = |named: bool| if named { u8::MAX } else { 0 };
    let (from, from_mask) = from.map_or_else(Default::default, bits);
    let (to, to_mask) = to.map_or_else(Default::default, bits);
    Some(abi::Rule {
        first_port: ports.map_or(0, |ports| *ports.0.start()),
        last_port: ports.map_or(u16::MAX, |ports| *ports.0.end()),
        kind: kind(family.unwrap_or_default(), number.unwrap_or_default()),
        kind_mask: kind(mask(family.is_some()), mask(number.is_some())),
        from,
        from_mask,
        to,
        to_mask,
    })
}

fn family_of(prefix: &IpNet) -> u8 {
    match prefix {
        IpNet::V4(_) => family::V4,
        IpNet::V6(_) => family::V6,
    }
}

/// A prefix and its mask.
fn bits(prefix: &IpNet) -> (Words, Words) {
    (octets(prefix.network()), octets(prefix.netmask()))
}

/// IPv4 in the first four octets.
fn octets(address: IpAddr) -> Words {
    let bits = match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    };
    words(bits.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(ports: &[u16], from: &[&str], to: &[&str]) -> Rule {
        let prefixes = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Rule {
            protocol: Protocol::Number(6),
            ports: ports.iter().map(|port| PortRange(*port..=*port)).collect(),
            from: prefixes(from),
            to: prefixes(to),
        }
    }

    #[test]
    fn a_rule_is_every_combination_of_what_it_names_within_one_family() {
        let both = ["10.2.0.0/16", "fd00:2::/48"];
        assert_eq!(flat(&[rule(&[], &[], &[])]).len(), 1);
        assert_eq!(flat(&[rule(&[1, 2, 3], &both, &[])]).len(), 6);
        assert_eq!(flat(&[rule(&[1, 2, 3], &both, &both)]).len(), 6);
        assert_eq!(flat(&[rule(&[1], &both, &["10.1.0.0/16"])]).len(), 1);
        for (ports, from, to) in [(3, 2, 2), (0, 2, 0), (0, 0, 1), (2, 0, 0), (0, 0, 0)] {
            let rule = rule(&[1, 2, 3][..ports], &both[..from], &both[..to]);
            assert_eq!(
                count(&rule),
                flat(std::slice::from_ref(&rule)).len(),
                "{rule:?}"
            );
        }
        let twice = rule(&[1, 1], &[], &[]);
        assert_eq!(
            flat(&[twice.clone(), twice]).len(),
            1,
            "said twice, meant once"
        );
    }

    #[test]
    fn rules_that_name_ports_come_first() {
        let rules = flat(&[rule(&[], &[], &[]), rule(&[443], &[], &["0.0.0.0/0"])]);
        let named: Vec<bool> = rules.iter().map(abi::Rule::names_ports).collect();
        assert_eq!(named, [true, false]);
    }

    #[test]
    fn a_prefix_of_any_length_fits_its_own_family_alone() {
        for (text, kind_said, masks) in [
            ("0.0.0.0/0", kind(family::V4, 6), [0, 0]),
            ("::/0", kind(family::V6, 6), [0, 0]),
            ("10.2.0.0/16", kind(family::V4, 6), [16, 0]),
            ("fd00:2::1/128", kind(family::V6, 6), [64, 64]),
        ] {
            let rule = flat(&[rule(&[], &[text], &[])])[0];
            assert_eq!((rule.kind, rule.kind_mask), (kind_said, 0xffff), "{text}");
            assert_eq!(rule.from_mask.map(u64::count_ones), masks, "{text}");
            assert_eq!(rule.to_mask, [0, 0], "{text}");
        }
    }
}
