//! Where XDP's redirects go: the test run carries them out.

use std::time::Duration;

use peer_tests::PacketSocket;

use super::{
    outcome::{Arrival, Hook},
    packet::Packet,
    places::FAMILIES,
    rig::{Rig, with_rig},
    sys,
    world::{BLUE, GREEN, HOST, Port, next_hop},
};

#[test]
fn a_redirected_frame_leaves_by_its_routes_device_and_no_other() {
    with_rig(|rig| {
        // A veth takes XDP frames while the other end has GRO.
        for port in [BLUE, GREEN] {
            let (near, far) = (port.name, far_end(&port));
            rig.namespace
                .ip(&format!("link set {near} up\nlink set {far} up"))
                .unwrap();
            rig.namespace
                .run(&format!("ethtool -K {far} gro on"))
                .unwrap();
        }
        let blue = PacketSocket::open(&rig.namespace, &far_end(&BLUE)).unwrap();
        let green = PacketSocket::open(&rig.namespace, &far_end(&GREEN)).unwrap();
        for at in &FAMILIES {
            let across = Packet::udp(at.host, at.known, b"to green");
            let inside = Packet::udp(at.host, at.sibling, b"to blue");
            let back = Packet::udp(at.known, at.host, b"from green").to(GREEN.mac);
            send(rig, &BLUE, &across);
            expect(&green, &across.sent(&GREEN, next_hop(9)), &blue);
            send(rig, &BLUE, &inside);
            expect(&blue, &inside.sent(&BLUE, next_hop(1)), &green);
            send(rig, &GREEN, &back);
            expect(&blue, &back.sent(&BLUE, HOST), &green);
        }
        rig.forget_counts();
    });
}

fn far_end(port: &Port) -> String {
    format!("{}-far", port.name)
}

fn send(rig: &Rig, ingress: &Port, packet: &Packet) {
    let arrival = Arrival::new(ingress.index, packet.bytes());
    rig.inject(Hook::Xdp, &arrival, sys::LIVE_FRAMES).unwrap();
}

fn expect(there: &PacketSocket, packet: &Packet, elsewhere: &PacketSocket) {
    let wanted = packet.bytes();
    let is_it = |frame: &[u8]| (frame == wanted).then_some(());
    let found = there.receive(Duration::from_secs(2), is_it).unwrap();
    assert!(found.is_some(), "{packet:?} did not come");
    let strayed = elsewhere.receive(Duration::from_millis(20), is_it).unwrap();
    assert!(strayed.is_none(), "{packet:?} came elsewhere as well");
}
