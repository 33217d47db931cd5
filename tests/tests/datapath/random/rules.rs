//! Random rules, of things that random packets are likely to have.

use peer_userspace::{
    compile::Policy,
    model::{PortRange, Protocol, Rule},
};

use super::{Random, tables::prefix, talk::PORTS};

/// Rules of one direction.
pub(super) fn policy(random: &mut Random) -> Policy {
    let (allow, allow_out) = (list(random), list(random));
    Policy::of(allow.as_deref(), allow_out.as_deref())
}

fn list(random: &mut Random) -> Option<Vec<Rule>> {
    if random.percent(40) {
        return None;
    }
    let count = random.below(5);
    Some((0..count).map(|_| rule(random)).collect())
}

fn rule(random: &mut Random) -> Rule {
    let protocol = match random.below(4) {
        0 => Protocol::Any,
        _ => Protocol::Number(random.pick(&[1, 6, 6, 17, 17, 47, 58, 60])),
    };
    let mut ports = Vec::new();
    if protocol.has_ports() && random.percent(60) {
        let first = random.pick(&PORTS);
        let last = first.max(random.pick(&PORTS));
        ports.push(PortRange(first..=last));
    }
    let mut some = || match random.below(4) {
        0 => vec![prefix(random)],
        1 => vec![prefix(random), prefix(random)],
        _ => Vec::new(),
    };
    let (from, to) = (some(), some());
    Rule {
        protocol,
        ports,
        from,
        to,
    }
}
