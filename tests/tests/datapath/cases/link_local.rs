//! Addresses that mean something on one link only: the other end must be the
//! router itself, on that very port.

use peer_common::DropReason::{Martian, SpoofedSource};

use crate::datapath::{
    case::{Case, case, check},
    packet::Packet,
    places::V6,
    world::{BLUE, BLUE_TO_GREEN, GREEN, INSIDE},
};

const HERS: &str = "fe80::5";
const OURS: &str = "fe80::1";

pub(crate) fn cases() -> Vec<Case> {
    [
        with_the_router(),
        past_the_router(),
        foreign_addresses(),
        spoofed(),
    ]
    .concat()
}

fn with_the_router() -> Vec<Case> {
    let up = |from, to| case(format!("{from} to {to}"), &BLUE, &Packet::ping(from, to)).goes_up();
    vec![
        up(HERS, OURS),
        up(HERS, V6.own),
        up(V6.host, OURS),
        up("febf::5", V6.own),
    ]
}

fn past_the_router() -> Vec<Case> {
    let from_hers = |to| case(format!("{HERS} to {to}"), &BLUE, &Packet::ping(HERS, to));
    vec![
        from_hers(V6.known).dropped_for(BLUE_TO_GREEN, Martian),
        from_hers(V6.unresolved).dropped_for(BLUE_TO_GREEN, Martian),
        from_hers(V6.sibling).dropped_for(INSIDE, Martian),
        from_hers(V6.down).dropped(Martian),
        from_hers(V6.unrouted).dropped(Martian),
        from_hers(V6.stranger).dropped(Martian),
        from_hers(V6.internet).dropped(Martian),
        case(
            "the same where nobody's are dropped",
            &GREEN,
            &Packet::ping(HERS, V6.internet).to(GREEN.mac),
        )
        .dropped(Martian),
    ]
}

/// The host would answer: to itself they are all its own.
fn foreign_addresses() -> Vec<Case> {
    let foreign = [V6.own_b, V6.greens, V6.reds, V6.uplinks];
    let each = |to| case(format!("{HERS} to {to}"), &BLUE, &Packet::ping(HERS, to));
    foreign.map(|to| each(to).dropped(Martian)).to_vec()
}

/// The host would answer, and its answer would go to whom the sender named.
fn spoofed() -> Vec<Case> {
    let named = [V6.known, V6.stranger, V6.internet, V6.greens];
    let each = |from| {
        case(
            format!("{from} to {OURS}"),
            &BLUE,
            &Packet::ping(from, OURS),
        )
        .dropped(SpoofedSource)
    };
    named.map(each).to_vec()
}

#[test]
fn link_local_traffic_with_the_router_goes_to_the_stack() {
    check(&with_the_router());
}

#[test]
fn a_link_local_source_is_a_martian_to_anybody_but_the_router() {
    check(&past_the_router());
}

#[test]
fn a_link_local_source_does_not_reach_the_routers_other_addresses() {
    check(&foreign_addresses());
}

#[test]
fn a_spoofed_source_does_not_reach_the_routers_link_local_address() {
    check(&spoofed());
}
