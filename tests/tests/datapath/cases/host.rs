//! The host's own traffic, and frames that are not the router's business.

use peer_common::DropReason::ForeignLocal;

use crate::datapath::{
    case::{Case, case, check},
    neighbours::BROADCAST,
    packet::{Mac, Packet},
    places::{FAMILIES, Places, V4},
    world::{BLUE, BLUE_B, GREEN, GREY, RED, UPLINK},
};

const SOMEBODY: Mac = [2, 0, 0, 0, 9, 9];
const MULTICAST: Mac = [0x33, 0x33, 0, 0, 0, 1];

pub(crate) fn cases() -> Vec<Case> {
    let each = |at: &Places| [addresses(at), macs(at)].concat();
    [FAMILIES.iter().flat_map(each).collect(), others()].concat()
}

fn addresses(at: &Places) -> Vec<Case> {
    let family = at.family;
    let ping = |to| Packet::ping(at.host, to);
    let foreign = |text: &str, to| {
        case(
            format!("{family} to the router's address {text}"),
            &BLUE,
            &ping(to),
        )
        .dropped(ForeignLocal)
    };
    let by_b = Packet::ping(at.unexported, at.own_b).to(BLUE_B.mac);
    let by_b_to_a = Packet::ping(at.unexported, at.own).to(BLUE_B.mac);
    let shared_by_b = Packet::ping(at.unexported, at.shared).to(BLUE_B.mac);
    let by_green = Packet::ping(at.known, at.own).to(GREEN.mac);
    let by_red = Packet::ping(at.down, at.reds).to(RED.mac);
    let by_grey = Packet::ping(at.host, at.own).to(GREY.mac);
    vec![
        case(
            format!("{family} to the port's own address"),
            &BLUE,
            &ping(at.own),
        )
        .goes_up(),
        case(
            format!("{family} to the other port's, by it"),
            &BLUE_B,
            &by_b,
        )
        .goes_up(),
        case(format!("{family} to red's, from red"), &RED, &by_red).goes_up(),
        case(
            format!("{family} to both ports', by one"),
            &BLUE,
            &ping(at.shared),
        )
        .goes_up(),
        case(
            format!("{family} to both ports', by the other"),
            &BLUE_B,
            &shared_by_b,
        )
        .goes_up(),
        foreign("on the network's other port", at.own_b),
        case(format!("{family} the other way round"), &BLUE_B, &by_b_to_a).dropped(ForeignLocal),
        foreign("in a peer's network", at.greens),
        foreign("in a network it does not peer with", at.reds),
        foreign("outside all networks", at.uplinks),
        case(format!("{family} from green to blue's"), &GREEN, &by_green).dropped(ForeignLocal),
        case(
            format!("{family} from grey to blue's, which is in grey's prefix"),
            &GREY,
            &by_grey,
        )
        .dropped(ForeignLocal),
    ]
}

fn macs(at: &Places) -> Vec<Case> {
    let family = at.family;
    let packet = |mac| Packet::udp(at.host, at.known, b"not for the router").to(mac);
    let not_ours = [
        ("somebody else's MAC", SOMEBODY),
        ("the MAC of another port", GREEN.mac),
        ("broadcast", BROADCAST),
        ("multicast", MULTICAST),
        ("no MAC", [0; 6]),
    ];
    let mut cases: Vec<Case> = not_ours
        .into_iter()
        .map(|(what, mac)| case(format!("{family} to {what}"), &BLUE, &packet(mac)).goes_up())
        .collect();
    let tagged = Packet::udp(at.host, at.known, b"on a VLAN").tagged(10);
    let priority = Packet::udp(at.host, at.known, b"priority only").tagged(0xa000);
    let unmanaged = Packet::udp(at.host, at.known, b"by the uplink").to(UPLINK.mac);
    let to_uplink = Packet::udp(at.host, at.uplinks, b"the host's own").to(UPLINK.mac);
    cases.extend([
        case(format!("{family} in a tagged frame"), &BLUE, &tagged).goes_up(),
        case(
            format!("{family} in a frame with a priority tag"),
            &BLUE,
            &priority,
        )
        .goes_up(),
        case(
            format!("{family} by an interface that is not managed"),
            &UPLINK,
            &unmanaged,
        )
        .goes_up(),
        case(
            format!("{family} to the host by that interface"),
            &UPLINK,
            &to_uplink,
        )
        .goes_up(),
    ]);
    cases
}

/// Frames that carry no IP.
fn others() -> Vec<Case> {
    let packet = Packet::udp(V4.host, V4.known, b"not what it says");
    let of_type = |kind: [u8; 2]| packet.clone().overwrite(12, &kind);
    let kinds = [
        ("LLDP", [0x88, 0xcc]),
        ("802.1ad", [0x88, 0xa8]),
        ("MPLS", [0x88, 0x47]),
        ("PPPoE", [0x88, 0x64]),
        ("an 802.3 length", [0x00, 0x26]),
        ("nothing known", [0xff, 0xff]),
    ];
    let mut cases: Vec<Case> = kinds
        .into_iter()
        .map(|(what, kind)| case(format!("a frame of {what}"), &BLUE, &of_type(kind)).goes_up())
        .collect();
    let bare = |kind: [u8; 2]| [&BLUE.mac[..], &SOMEBODY, &kind].concat();
    cases.extend([
        case("an Ethernet header and no more", &BLUE, bare([0x88, 0xcc])).goes_up(),
        case("an ARP header and no more", &BLUE, bare([0x08, 0x06])).goes_up(),
        // The broadcast address of a link asks for no answer from the router.
        case(
            "a broadcast packet",
            &BLUE,
            &Packet::udp(V4.host, "255.255.255.255", b"").to(BROADCAST),
        )
        .goes_up(),
        case(
            "a DHCP client's broadcast",
            &BLUE,
            &Packet::udp("0.0.0.0", "255.255.255.255", b"").to(BROADCAST),
        )
        .goes_up(),
    ]);
    cases
}

#[test]
fn the_routers_address_is_reached_by_its_own_port_only() {
    check(&FAMILIES.map(|at| addresses(&at)).concat());
}

#[test]
fn a_frame_that_is_not_for_the_router_is_left_to_the_stack() {
    check(&[FAMILIES.map(|at| macs(&at)).concat(), others()].concat());
}
