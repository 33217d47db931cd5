//! An address that another network's port has too: the kernel is not asked.

use peer_common::DropReason::{ForeignLocal, Malformed, SpoofedSource};

use crate::datapath::{
    case::{Case, case, check},
    neighbours::{
        BROADCAST, advertisement, arp_answer, arp_reply, arp_request, solicitation,
        unicast_solicitation,
    },
    outcome::{Arrival, Hook, Verdict},
    packet::Packet,
    places::{FAMILIES, Places, V4, V6},
    rig::with_rig,
    sys,
    world::{BLUE, BLUE_B, GREEN, HOST},
};

pub(crate) fn cases() -> Vec<Case> {
    [
        arp(),
        discovery(),
        FAMILIES.map(|at| echo(&at)).concat(),
        rest(),
    ]
    .concat()
}

/// As it comes back: its MACs changed round, with hops of its own.
fn pong(at: &Places) -> Packet {
    Packet::pong(at.answered, at.host).to(HOST).from(BLUE.mac)
}

fn arp() -> Vec<Case> {
    let (own, wanted) = (BLUE.mac, V4.answered);
    let unicast = [&own[..], &arp_request(wanted)[6..]].concat();
    let others = [&GREEN.mac[..], &arp_request(wanted)[6..]].concat();
    let mut padded = arp_request(wanted);
    padded.extend([0; 18]);
    let mut answer = arp_answer(own, wanted);
    answer.extend([0; 18]);
    vec![
        case("ARP", &BLUE, arp_request(wanted)).answered(arp_answer(own, wanted)),
        case("ARP, padded", &BLUE, padded).answered(answer),
        case("ARP to the port's MAC", &BLUE, unicast).answered(arp_answer(own, wanted)),
        case("ARP to another MAC", &BLUE, others).goes_up(),
        case(
            "the answer to the kernel's ARP",
            &BLUE,
            arp_reply(own, wanted),
        )
        .goes_up(),
        case("ARP by the other port", &BLUE_B, arp_request(wanted)).dropped(ForeignLocal),
    ]
}

fn discovery() -> Vec<Case> {
    let (own, wanted) = (BLUE.mac, V6.answered);
    let ask = |source| solicitation(source, wanted);
    let tells = |asker| Vec::from(&advertisement(asker, own, wanted));
    let unicast = |source, to| unicast_solicitation(source, to, wanted);
    let link_local = "fe80::5";
    let without_option = |source| {
        let long = ask(source);
        let length = long.bytes().len() - 8;
        // Its checksum is not looked at.
        long.overwrite(18, &[0, 24]).bytes()[..length].to_vec()
    };
    let mut cases: Vec<Case> = [V6.host, link_local, "::"]
        .into_iter()
        .flat_map(|source| {
            [
                case(format!("NS from {source}"), &BLUE, &ask(source)).answered(tells(source)),
                case(
                    format!("NS without option from {source}"),
                    &BLUE,
                    without_option(source),
                )
                .answered(tells(source)),
                case(
                    format!("NS with more options from {source}"),
                    &BLUE,
                    &ask(source).ip_length(96).overwrite(18, &[0, 56]),
                )
                .answered(tells(source)),
                case(
                    format!("NS from afar from {source}"),
                    &BLUE,
                    &ask(source).hops(254),
                )
                .dropped(Malformed),
                case(
                    format!("NS with a code from {source}"),
                    &BLUE,
                    &ask(source).overwrite(55, &[1]),
                )
                .dropped(Malformed),
                case(
                    format!("NS by the other port from {source}"),
                    &BLUE_B,
                    &ask(source),
                )
                .dropped(ForeignLocal),
            ]
        })
        .collect();
    cases.extend([
        case("unicast NS", &BLUE, &unicast(V6.host, wanted)).answered(tells(V6.host)),
        case(
            "unicast NS to the link",
            &BLUE,
            &unicast(link_local, "fe80::1"),
        )
        .answered(tells(link_local)),
        case(
            "unicast NS from a stranger",
            &BLUE,
            &unicast(V6.stranger, wanted),
        )
        .dropped(SpoofedSource),
        case("NS to another MAC", &BLUE, &ask(V6.host).to(GREEN.mac)).goes_up(),
        case(
            "unicast NS for a link-local address",
            &BLUE,
            &unicast_solicitation(V6.host, wanted, "fe80::1"),
        )
        .goes_up(),
        case(
            "the answer to the kernel's NS",
            &BLUE,
            &unicast(V6.host, wanted).overwrite(54, &[136]),
        )
        .goes_up(),
    ]);
    cases
}

fn echo(at: &Places) -> Vec<Case> {
    let family = at.family;
    let ping = Packet::ping(at.host, at.answered);
    let named = |what: &str, packet: &Packet| case(format!("{family} {what}"), &BLUE, packet);
    let hops = |hops| ping.clone().hops(hops);
    let off = |packet: Packet| match family {
        "IPv4" => packet.overwrite(36, &[0x12, 0x34]),
        _ => packet.overwrite(56, &[0x12, 0x34]),
    };
    let wrong = Vec::from(&off(ping.clone()));
    let mut cases = vec![
        named("ping", &ping).answered(&pong(at)),
        named("ping at its last hop", &hops(1)).answered(&pong(at)),
        named("ping, padded", &ping.clone().padded(90)).answered(&pong(at).padded(90)),
        named("ping to a broadcast MAC", &ping.clone().to(BROADCAST)).dropped(ForeignLocal),
        named("an echo reply", &Packet::pong(at.host, at.answered)).dropped(ForeignLocal),
        named("UDP", &Packet::udp(at.host, at.answered, b"?")).dropped(ForeignLocal),
        named("TCP", &Packet::tcp(at.host, at.answered, &[], b"")).dropped(ForeignLocal),
        named("a stranger's ping", &Packet::ping(at.stranger, at.answered)).dropped(SpoofedSource),
    ];
    // A wrong checksum stays wrong by as much.
    let by = |frame: &[u8], at: usize| u32::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
    let sum = if family == "IPv4" { 36 } else { 56 };
    let moved = |frame: &[u8], then: &[u8]| (by(then, sum) + 0xffff - by(frame, sum)) % 0xffff;
    let (right, answer) = (ping.bytes(), pong(at).bytes());
    let mut answered = answer.clone();
    let shifted = ((by(&wrong, sum) + moved(&right, &answer)) % 0xffff) as u16;
    answered[sum..sum + 2].copy_from_slice(&shifted.to_be_bytes());
    cases.push(
        case(format!("{family} ping with a wrong checksum"), &BLUE, wrong).answered(answered),
    );
    cases
}

fn rest() -> Vec<Case> {
    let ping4 = Packet::ping(V4.host, V4.answered);
    let ping6 = Packet::ping(V6.host, V6.answered);
    let from_link = Packet::ping("fe80::5", V6.answered);
    let to_link = Packet::pong(V6.answered, "fe80::5").to(HOST).from(BLUE.mac);
    vec![
        case(
            "a ping with options",
            &BLUE,
            &ping4.clone().options(&[1, 1, 1, 0]),
        )
        .dropped(ForeignLocal),
        case("a first fragment", &BLUE, &ping4.clone().fragment(0x2000)).dropped(ForeignLocal),
        case("a later fragment", &BLUE, &ping4.clone().fragment(0x0001)).dropped(ForeignLocal),
        case(
            "a whole one, not to be broken",
            &BLUE,
            &ping4.clone().fragment(0x4000),
        )
        .answered(&pong(&V4).fragment(0x4000)),
        case(
            "a ping with an extension header",
            &BLUE,
            &ping6.extension(60, &[0, 1, 4, 0, 0, 0, 0]),
        )
        .dropped(ForeignLocal),
        case("a link-local host's ping", &BLUE, &from_link).answered(&to_link),
        case("a ping by the other port", &BLUE_B, &ping4.to(BLUE_B.mac)).dropped(ForeignLocal),
    ]
}

#[test]
fn arp_is_answered_with_the_ports_mac() {
    check(&arp());
}

#[test]
fn solicitations_are_answered_with_the_ports_mac() {
    check(&discovery());
}

#[test]
fn pings_are_answered_and_nothing_else_is() {
    check(&[FAMILIES.map(|at| echo(&at)).concat(), rest()].concat());
}

/// As for forwarded packets: the kernel refuses a test run after which a sum the device
/// made (CHECKSUM_COMPLETE) is not the packet's any more. Of ARP and neighbour discovery
/// the kernel forgets it, which a test run does not tell from a wrong one.
#[test]
fn a_sum_the_device_made_is_the_echos_too() {
    with_rig(|rig| {
        for at in &FAMILIES {
            for hops in 1..=255 {
                let packet = Packet::ping(at.host, at.answered).hops(hops);
                let arrival = Arrival::new(BLUE.index, packet.bytes());
                let run = rig.inject(Hook::Tc, &arrival, sys::CHECKSUM_COMPLETE);
                let (verdict, _) = run.unwrap_or_else(|error| panic!("{hops}: {error}"));
                assert_eq!(verdict, Verdict::Redirect, "{hops}");
            }
        }
    });
}
