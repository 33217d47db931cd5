//! Who is told of a drop, and who is not.

use peer_common::{
    DropReason::{Malformed, NoRoute, NotPeered, PeeringDown, SourceRoute, TtlExceeded, Unmanaged},
    UNMANAGED_REJECT, flags,
};
use peer_userspace::compile::ForwardingTable;

use crate::datapath::{
    answer::Told,
    case::{Case, case, check},
    packet::Packet,
    places::{FAMILIES, Places, V4, V6},
    rig::with_rig,
    transport::{ICMP, ICMPV6, partial_udp},
    world::{
        BLUE, BLUE_TO_GREEN, BLUE_TO_RED, GREEN, GREEN_TO_BLUE, HOST, RED, RED_TO_BLUE,
        change_routes, next_hop, table,
    },
};

pub(crate) fn cases() -> Vec<Case> {
    let each = |at: &Places| [silence(at), sums(at)].concat();
    [FAMILIES.map(|at| each(&at)).concat(), source_routes()].concat()
}

fn is_v4(at: &Places) -> bool {
    at.family == V4.family
}

fn spent_from_blue(at: &Places, what: &str, packet: Packet) -> Case {
    let packet = packet.hops(1);
    case(format!("{} {what}, spent", at.family), &BLUE, &packet)
        .dropped_for(BLUE_TO_GREEN, TtlExceeded)
}

fn icmp(at: &Places, kind: u8) -> Packet {
    let protocol = if is_v4(at) { ICMP } else { ICMPV6 };
    Packet::new(at.host, at.known, protocol, vec![kind, 0, 0, 0, 0, 0, 0, 0])
}

/// RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 e.
fn silence(at: &Places) -> Vec<Case> {
    let told = Told::spent(&BLUE, is_v4(at));
    let is_error = |kind| {
        if is_v4(at) {
            [3, 4, 5, 11, 12].contains(&kind)
        } else {
            kind < 128 || kind == 137
        }
    };
    let mut cases: Vec<Case> = (0..=255)
        .map(|kind| {
            let case = spent_from_blue(at, &format!("ICMP {kind}"), icmp(at, kind));
            if is_error(kind) {
                case
            } else {
                case.and_told(&told)
            }
        })
        .collect();
    let udp = || Packet::udp(at.host, at.known, b"once");
    let protocol = if is_v4(at) { ICMP } else { ICMPV6 };
    let cut = |bytes| Packet::new(at.host, at.known, protocol, vec![8 | 128; bytes]);
    // What is left may be of an error.
    cases.push(spent_from_blue(at, "ICMP without a byte", cut(0)));
    cases.push(spent_from_blue(at, "ICMP of seven bytes", cut(7)));
    cases.push(spent_from_blue(at, "ICMP of eight bytes", cut(8)).and_told(&told));
    cases.push(spent_from_blue(at, "but told too often", udp()).but_limited());
    if is_v4(at) {
        let first = udp().fragment(0x2000);
        cases.push(spent_from_blue(at, "first fragment", first).and_told(&told));
        cases.push(spent_from_blue(at, "later fragment", udp().fragment(1)));
    } else {
        let fragment = |bits: u8| udp().extension(44, &[0, 0, bits, 0, 0, 0, 7]);
        cases.push(spent_from_blue(at, "first fragment", fragment(1)).and_told(&told));
        cases.push(spent_from_blue(at, "later fragment", fragment(9)));
        let hidden = icmp(at, 1).extension(60, &[0, 1, 4, 0, 0, 0, 0]);
        cases.push(spent_from_blue(at, "hidden error", hidden));
    }
    cases
}

/// The message's checksum is right for what is quoted when it leaves the host.
fn sums(at: &Places) -> Vec<Case> {
    let v4 = is_v4(at);
    let headers = if v4 { 20 } else { 40 };
    let told = Told::spent(&BLUE, v4);
    let odd = Packet::udp(at.host, at.known, b"odd");
    let large = Packet::udp(at.host, at.known, b"").ip_length(1401);
    let marked = Packet::udp(at.host, at.known, b"marked").class(0xff);
    let unfinished = partial_udp(at.host, at.known, b"offloaded");
    let device = Told::spent(&BLUE, v4).left_to_device(headers, headers + 6);
    vec![
        spent_from_blue(at, "odd", odd).and_told(&told),
        spent_from_blue(at, "large", large).and_told(&told),
        spent_from_blue(at, "marked", marked).and_told(&told),
        spent_from_blue(at, "its checksum left to a device", unfinished).and_told(&device),
    ]
}

/// RFC 7126 section 4.3, RFC 5095.
fn source_routes() -> Vec<Case> {
    let four = |options: &[u8]| Packet::udp(V4.host, V4.known, b"").options(options);
    let drop = |text: &str, packet: Packet, reason| {
        case(format!("source routes: {text}"), &BLUE, &packet).dropped_for(BLUE_TO_GREEN, reason)
    };
    let sent = |text: &str, packet: Packet| {
        case(format!("source routes: {text}"), &BLUE, &packet)
            .sent(BLUE_TO_GREEN, &packet.sent(&GREEN, next_hop(9)))
    };
    let routed = |kind, left| {
        Packet::udp(V6.host, V6.known, b"").extension(43, &[0, kind, left, 0, 0, 0, 0])
    };
    let deep = |count| {
        let packet = Packet::udp(V6.host, V6.known, b"");
        (0..count).fold(packet, |packet, _| {
            packet.extension(60, &[0, 1, 4, 0, 0, 0, 0])
        })
    };
    vec![
        drop("loose", four(&[131, 7, 4, 10, 2, 0, 9, 0]), SourceRoute),
        drop(
            "strict behind others",
            four(&[1, 148, 4, 0, 0, 137, 3, 4]),
            SourceRoute,
        ),
        drop("behind a broken one", four(&[7, 1, 131, 3]), Malformed),
        drop(
            "a longer one than its header",
            four(&[7, 5, 4, 0]),
            Malformed,
        ),
        sent("behind the list's end", four(&[0, 131, 3, 4])),
        drop("type 0", routed(0, 1), SourceRoute),
        drop(
            "type 0 deep inside",
            deep(3).extension(43, &[0, 0, 1, 0, 0, 0, 0]),
            SourceRoute,
        ),
        drop(
            "type 0 before more than is looked behind",
            (0..9).fold(routed(0, 1), |packet, _| {
                packet.extension(60, &[0, 1, 4, 0, 0, 0, 0])
            }),
            SourceRoute,
        ),
        sent("type 0 at its end", routed(0, 0)),
        sent("type 4", routed(4, 1)),
        sent("eight headers", deep(8)),
        drop("nine headers", deep(9), Malformed),
    ]
}

#[test]
fn an_error_is_never_answered_and_everything_else_that_is_owed_one_is() {
    check(&FAMILIES.map(|at| silence(&at)).concat());
}

#[test]
fn the_checksum_of_an_answer_is_right_for_what_it_quotes() {
    check(&FAMILIES.map(|at| sums(&at)).concat());
}

#[test]
fn a_source_routed_packet_is_never_forwarded() {
    check(&source_routes());
}

fn check_with(
    change: impl Fn(&mut ForwardingTable) + Send,
    cases: impl Fn(&Places) -> Vec<Case> + Send,
) {
    with_rig(move |rig| {
        let mut table = table();
        change(&mut table);
        rig.apply(&table);
        let cases = FAMILIES.map(|at| cases(&at)).concat();
        let failures: Vec<String> = cases.iter().flat_map(|case| case.failures(rig)).collect();
        assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    });
}

#[test]
fn where_the_unmanaged_is_rejected_every_refusal_is_told() {
    let reject = |table: &mut ForwardingTable| {
        for port in table.ports.values_mut() {
            port.unmanaged = UNMANAGED_REJECT;
        }
    };
    check_with(reject, |at| {
        let v4 = is_v4(at);
        let from_blue = |to| case(at.family, &BLUE, &Packet::udp(at.host, to, b"please"));
        let red = Packet::udp(at.down, at.host, b"please").to(RED.mac);
        let forged = Packet::udp(at.known, at.stranger, b"please");
        vec![
            from_blue(at.stranger)
                .dropped(NotPeered)
                .and_told(&Told::prohibited(&BLUE, v4)),
            from_blue(at.internet)
                .dropped(Unmanaged)
                .and_told(&Told::prohibited(&BLUE, v4)),
            from_blue(at.down)
                .dropped_for(BLUE_TO_RED, PeeringDown)
                .and_told(&Told::prohibited(&BLUE, v4)),
            from_blue(at.unrouted)
                .dropped_for(BLUE_TO_GREEN, NoRoute)
                .and_told(&Told::unrouted(&BLUE, v4)),
            case(at.family, &RED, &red)
                .dropped_for(RED_TO_BLUE, PeeringDown)
                .and_told(&Told::prohibited(&RED, v4)),
            case(at.family, &BLUE, &forged).dropped(peer_common::DropReason::SpoofedSource),
        ]
    });
}

#[test]
fn a_port_without_an_address_of_the_family_tells_nobody() {
    let forget = |table: &mut ForwardingTable| {
        let port = table.ports.get_mut(&BLUE.index).unwrap();
        (port.address4, port.address6) = ([0; 4], [0; 16]);
    };
    check_with(forget, |at| {
        vec![spent_from_blue(
            at,
            "unheard",
            Packet::udp(at.host, at.known, b""),
        )]
    });
}

#[test]
fn where_two_routers_are_on_the_way_each_takes_a_hop_and_tells_of_its_own() {
    let two = |table: &mut ForwardingTable| {
        change_routes(table, |route| {
            if route.counter / 2 == BLUE_TO_GREEN / 2 {
                route.flags |= flags::TWO_HOPS;
            }
            Some(())
        });
    };
    check_with(two, |at| {
        let v4 = is_v4(at);
        let udp = |hops| Packet::udp(at.host, at.known, b"far").hops(hops);
        let back = Packet::udp(at.known, at.host, b"near").to(GREEN.mac);
        let drop = |hops| {
            case(format!("{} {hops} hops", at.family), &BLUE, &udp(hops))
                .dropped_for(BLUE_TO_GREEN, TtlExceeded)
        };
        let greens = GREEN.own[usize::from(!v4)];
        vec![
            drop(0).and_told(&Told::spent(&BLUE, v4)),
            drop(1).and_told(&Told::spent(&BLUE, v4)),
            drop(2).and_told(&Told::spent(&BLUE, v4).speaking_as(greens)),
            case(at.family, &BLUE, &udp(3)).sent(BLUE_TO_GREEN, &udp(2).sent(&GREEN, next_hop(9))),
            case(at.family, &GREEN, &back)
                .sent(GREEN_TO_BLUE, &back.clone().hops(63).sent(&BLUE, HOST)),
        ]
    });
}
