//! Stage: do the rules of the two sides permit this packet?
//!
//! What opens a flow is judged by the rules of its direction; the flow then carries
//! replies, and its own later packets without another look at the rules. A flow
//! whose rules were replaced is judged anew, always as its opener sent it: a reply
//! never counts as something its sender may open.

use peer_common::{Policy, Rules};

use crate::{
    desk::{Desk, Page, desk},
    flows::{self, Flows},
    packet::{ETHERNET, Packet},
    tuple::{Tuple, role},
};

/// Whether a packet of `bytes` IP bytes, counted by `counter`, may pass.
#[inline(never)]
pub(crate) fn permits(packet: &impl Packet, v6: bool, bytes: u32, counter: u32) -> bool {
    judge(packet, v6, ETHERNET as u32 + bytes, counter).unwrap_or(false)
}

/// `None` where something is missing that would be needed to permit it.
#[inline(always)]
fn judge(packet: &impl Packet, v6: bool, end: u32, counter: u32) -> Option<bool> {
    if !packet.read(Page::Packet, v6, ETHERNET as u32, end) {
        return None;
    }
    let Desk {
        packet: reading,
        quoted,
        key,
    } = desk()?;
    let tuple = &reading.tuple;
    let flows = Flows::of(counter)?;
    if tuple.is(role::LATER) {
        flows::write_fragments_key(key, tuple, counter);
        if flows.has_current(key) {
            return Some(true);
        }
    }
    if tuple.is(role::ERROR) {
        // About a packet that its receiver sent in a flow? It does not keep the flow
        // alive (RFC 5508).
        const ICMP_HEADER: u32 = 8;
        let quote = tuple.transport + ICMP_HEADER;
        if packet.read(Page::Quoted, v6, quote, end) && quoted.tuple.source == tuple.destination {
            let quoted = &quoted.tuple;
            if quoted.is(role::LATER) {
                flows::write_fragments_key(key, quoted, counter ^ 1);
            } else {
                flows::write_key(key, quoted, counter ^ 1);
            }
            if flows.has_current(key) {
                return Some(true);
            }
        }
    }

    flows::write_key(key, tuple, counter);
    let known = flows.fresh(key);
    let opener = match &known {
        // Asking for a connection is no reply, whatever ended at these ports before.
        Some(flow) if !tuple.is(role::CONNECTS) => flow.opener,
        _ => counter,
    };
    let known = known.filter(|flow| flow.opener == opener);
    let policy = flows::policy(opener)?;
    match known {
        Some(flow) if flow.generation == policy.generation => flows.touch(flow),
        known => {
            let permission = peer_permission(policy, tuple, opener != counter);
            if permission == REFUSED {
                return Some(false);
            }
            // In the middle of a TCP connection nobody can tell who opened it: only a
            // rule that names a port says that it leads to that port. Otherwise the
            // packet passes, but gets no replies.
            let tells = !tuple.is(role::TCP) || tuple.is(role::CONNECTS) || permission == NAMED;
            if known.is_some() || tells && tuple.is(role::OPENS) {
                flows.record(key, opener, policy.generation);
            }
        }
    }
    if tuple.is(role::FIRST) {
        flows::write_fragments_key(key, tuple, counter);
        flows.record(key, opener, policy.generation);
    }
    Some(true)
}

const REFUSED: u32 = 0;
/// By rules that name no ports, or for want of rules.
const PERMITTED: u32 = 1;
/// By a rule that names ports.
const NAMED: u32 = 2;

/// What both sides' rules say of a packet, or of the one that it replies to.
///
/// Global, so that the verifier walks the lists once and not once for every way that
/// leads here; pointers may be null in its eyes.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn peer_permission(policy: *const Policy, tuple: *const Tuple, is_reply: bool) -> u32 {
    // SAFETY: they were references, and nothing is written to either.
    let (Some(policy), Some(tuple)) = (unsafe { policy.as_ref() }, unsafe { tuple.as_ref() })
    else {
        return REFUSED;
    };
    let mut permission = PERMITTED;
    for rules in [&policy.allow, &policy.allow_out] {
        match listed(rules, tuple, is_reply) {
            REFUSED => return REFUSED,
            listed => permission = permission.max(listed),
        }
    }
    permission
}

/// What one list says.
#[inline(always)]
fn listed(rules: &Rules, tuple: &Tuple, is_reply: bool) -> u32 {
    let count = rules.count;
    if count == Rules::ABSENT {
        return PERMITTED;
    }
    let (from, to, port) = if is_reply {
        (&tuple.destination, &tuple.source, tuple.source_port)
    } else {
        (&tuple.source, &tuple.destination, tuple.destination_port)
    };
    let (first_port, last_port) = if tuple.is(role::PORTS) {
        (port, port)
    } else {
        (0, u16::MAX)
    };
    for (index, rule) in rules.rules.iter().enumerate() {
        if index as u32 >= count {
            break;
        }
        let differing = u64::from((tuple.kind ^ rule.kind) & rule.kind_mask)
            | (from[0] ^ rule.from[0]) & rule.from_mask[0]
            | (from[1] ^ rule.from[1]) & rule.from_mask[1]
            | (to[0] ^ rule.to[0]) & rule.to_mask[0]
            | (to[1] ^ rule.to[1]) & rule.to_mask[1];
        if differing == 0 && rule.first_port <= first_port && last_port <= rule.last_port {
            return if rule.names_ports() { NAMED } else { PERMITTED };
        }
    }
    REFUSED
}
