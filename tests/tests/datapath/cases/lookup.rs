//! The longest prefix wins.

use crate::datapath::{
    case::{Case, case, check},
    packet::Packet,
    places::{V4, V6},
    world::{BLUE, BLUE_TO_GREEN, GREEN, next_hop},
};

/// The shortest prefix leads to unknown neighbours, the longer ones to known ones.
pub(crate) fn cases() -> Vec<Case> {
    let wide = [
        "10.2.6.255",
        "10.2.8.0",
        "10.2.255.255",
        "10.2.0.0",
        "fd00:2:0:6:ffff:ffff:ffff:ffff",
        "fd00:2:0:8::",
        "fd00:2:0:ffff:ffff:ffff:ffff:ffff",
        "fd00:2::",
    ];
    let narrow = [
        "10.2.7.0",
        "10.2.7.8",
        "10.2.7.10",
        "10.2.7.255",
        "fd00:2:0:7::",
        "fd00:2:0:7::8",
        "fd00:2:0:7::a",
        "fd00:2:0:7:ffff:ffff:ffff:ffff",
    ];
    let single = ["10.2.7.9", "fd00:2:0:7::9"];
    let from = |to: &str| if to.contains(':') { V6.host } else { V4.host };
    let packet = |to| Packet::udp(from(to), to, b"which way?");
    let by_wide = wide.map(|to| {
        case(format!("{to} matches only the widest"), &BLUE, &packet(to))
            .sent_by_tc(BLUE_TO_GREEN, &packet(to).aged())
    });
    let by_narrow = narrow.map(|to| {
        case(format!("{to} matches the subnet"), &BLUE, &packet(to))
            .sent(BLUE_TO_GREEN, &packet(to).sent(&GREEN, next_hop(7)))
    });
    let by_single = single.map(|to| {
        case(format!("{to} matches itself"), &BLUE, &packet(to))
            .sent(BLUE_TO_GREEN, &packet(to).sent(&GREEN, next_hop(8)))
    });
    [by_wide.to_vec(), by_narrow.to_vec(), by_single.to_vec()].concat()
}

#[test]
fn the_longest_prefix_wins() {
    check(&cases());
}
