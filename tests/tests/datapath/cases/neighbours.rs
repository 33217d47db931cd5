//! ARP and neighbour discovery: the kernel answers, but for this port only.

use peer_common::DropReason::ForeignLocal;

use crate::datapath::{
    case::{Case, case, check},
    neighbours::{arp_reply, arp_request, solicitation, unicast_solicitation},
    places::{V4, V6},
    transport::{ICMPV6, with_checksum},
    world::{BLUE, BLUE_B, GREEN, GREY, RED, UPLINK},
};

pub(crate) fn cases() -> Vec<Case> {
    [arp(), solicitations(), confirmations()].concat()
}

const FOREIGN4: [&str; 4] = [V4.own_b, V4.greens, V4.reds, V4.uplinks];
const FOREIGN6: [&str; 4] = [V6.own_b, V6.greens, V6.reds, V6.uplinks];
/// Hosts', also such as are not reached; nobody's; and what is no host's address.
const UNKNOWN4: [&str; 8] = [
    V4.sibling,
    V4.known,
    V4.down,
    V4.unrouted,
    V4.stranger,
    V4.internet,
    "0.0.0.0",
    "255.255.255.255",
];
const UNKNOWN6: [&str; 8] = [
    V6.sibling,
    V6.known,
    V6.down,
    V6.unrouted,
    V6.stranger,
    V6.internet,
    "fe80::1",
    "::",
];

fn arp() -> Vec<Case> {
    let mut cases = vec![
        case("ARP for the port's own address", &BLUE, arp_request(V4.own)).goes_up(),
        case("an ARP reply to it", &BLUE, arp_reply(BLUE.mac, V4.own)).goes_up(),
        case(
            "ARP for the other port's, by it",
            &BLUE_B,
            arp_request(V4.own_b),
        )
        .goes_up(),
        case("ARP for both ports', by one", &BLUE, arp_request(V4.shared)).goes_up(),
        case(
            "ARP for both ports', by the other",
            &BLUE_B,
            arp_request(V4.shared),
        )
        .goes_up(),
        case("ARP for red's, from red", &RED, arp_request(V4.reds)).goes_up(),
        case(
            "ARP for the host's by the uplink",
            &UPLINK,
            arp_request(V4.own),
        )
        .goes_up(),
        case("ARP for blue's, from green", &GREEN, arp_request(V4.own)).dropped(ForeignLocal),
        case("ARP for blue's, from grey", &GREY, arp_request(V4.own)).dropped(ForeignLocal),
    ];
    for target in FOREIGN4 {
        cases.push(
            case(format!("ARP for {target}"), &BLUE, arp_request(target)).dropped(ForeignLocal),
        );
        cases.push(
            case(
                format!("an ARP reply to {target}"),
                &BLUE,
                arp_reply(BLUE.mac, target),
            )
            .dropped(ForeignLocal),
        );
    }
    cases.extend(
        UNKNOWN4
            .map(|target| case(format!("ARP for {target}"), &BLUE, arp_request(target)).goes_up()),
    );
    // Of another kind of network, of another length of address, and cut short.
    let foreign = arp_request(V4.greens);
    let with = |at: usize, byte: u8| {
        let mut frame = foreign.clone();
        frame[at] = byte;
        frame
    };
    cases.extend([
        case("ARP for something but IPv4", &BLUE, with(16, 0x86)).goes_up(),
        case("ARP of another length of MAC", &BLUE, with(18, 8)).goes_up(),
        case("ARP of another length of address", &BLUE, with(19, 16)).goes_up(),
    ]);
    let complete = foreign.len();
    cases.extend((14..complete).map(|length| {
        case(
            format!("ARP cut to {length} bytes"),
            &BLUE,
            &foreign[..length],
        )
        .goes_up()
    }));
    cases
}

fn solicitations() -> Vec<Case> {
    let ask = |target| solicitation(V6.host, target);
    let mut cases = vec![
        case("NS for the port's own address", &BLUE, &ask(V6.own)).goes_up(),
        case("NS for the other port's, by it", &BLUE_B, &ask(V6.own_b)).goes_up(),
        case("NS for both ports', by one", &BLUE, &ask(V6.shared)).goes_up(),
        case("NS for both ports', by the other", &BLUE_B, &ask(V6.shared)).goes_up(),
        case(
            "NS for red's, from red",
            &RED,
            &solicitation(V6.down, V6.reds),
        )
        .goes_up(),
        case("NS for the host's by the uplink", &UPLINK, &ask(V6.own)).goes_up(),
        case(
            "NS for blue's, from green",
            &GREEN,
            &solicitation(V6.known, V6.own),
        )
        .dropped(ForeignLocal),
        case("NS for blue's, from grey", &GREY, &ask(V6.own)).dropped(ForeignLocal),
    ];
    for target in FOREIGN6 {
        // From an address, from a link-local one, and to detect a duplicate.
        for source in [V6.host, "fe80::5", "::"] {
            cases.push(
                case(
                    format!("NS for {target} from {source}"),
                    &BLUE,
                    &solicitation(source, target),
                )
                .dropped(ForeignLocal),
            );
        }
    }
    cases.extend(
        UNKNOWN6.map(|target| case(format!("NS for {target}"), &BLUE, &ask(target)).goes_up()),
    );
    let other = with_checksum(
        V6.host,
        "ff02::1",
        ICMPV6,
        vec![133, 0, 0, 0, 0, 0, 0, 0],
        2,
    );
    let foreign = ask(V6.greens);
    let advertisement = foreign.clone().overwrite(54, &[136]);
    let group = [0x33, 0x33, 0, 0, 0, 2];
    cases.extend([
        case("a router solicitation", &BLUE, &other.to(group)).goes_up(),
        case("a neighbour advertisement", &BLUE, &advertisement).goes_up(),
        case("no ICMPv6", &BLUE, &foreign.clone().overwrite(20, &[17])).goes_up(),
    ]);
    let whole = foreign.bytes();
    cases.extend((54..78).map(|length| {
        case(format!("NS cut to {length} bytes"), &BLUE, &whole[..length]).goes_up()
    }));
    cases
}

/// Unicast, to the router's own MAC: asks whether it is still there.
fn confirmations() -> Vec<Case> {
    let ask = |source, to, target| unicast_solicitation(source, to, target);
    let mut cases = vec![
        case(
            "unicast NS for the own address",
            &BLUE,
            &ask(V6.host, V6.own, V6.own),
        )
        .goes_up(),
        case(
            "the same from a link-local address",
            &BLUE,
            &ask("fe80::5", V6.own, V6.own),
        )
        .goes_up(),
        case(
            "unicast NS for a link-local address",
            &BLUE,
            &ask("fe80::5", "fe80::1", "fe80::1"),
        )
        .goes_up(),
        case(
            "unicast NA",
            &BLUE,
            &ask(V6.host, V6.own, V6.own).overwrite(54, &[136]),
        )
        .goes_up(),
    ];
    for target in FOREIGN6 {
        cases.push(
            case(
                format!("unicast NS for {target} to it"),
                &BLUE,
                &ask(V6.host, target, target),
            )
            .dropped(ForeignLocal),
        );
        for (source, to) in [
            ("fe80::5", "fe80::1"),
            (V6.host, "fe80::1"),
            ("fe80::5", V6.own),
            (V6.host, V6.own),
        ] {
            let text = format!("unicast NS for {target} from {source} to {to}");
            cases.push(case(text, &BLUE, &ask(source, to, target)).dropped(ForeignLocal));
        }
    }
    cases
}

#[test]
fn arp_goes_to_the_stack_unless_it_asks_for_another_ports_address() {
    check(&arp());
}

#[test]
fn solicitations_go_to_the_stack_unless_they_ask_for_another_ports_address() {
    check(&solicitations());
}

#[test]
fn unicast_solicitations_are_judged_as_multicast_ones_are() {
    check(&confirmations());
}
