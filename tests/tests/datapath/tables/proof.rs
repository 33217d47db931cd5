//! Packets in words against packets built by hand, byte by byte.

use super::{
    frame::{Bench, Frame, families, octets, read},
    inside::Inside,
    notation::{Read, layers},
};
use crate::datapath::{
    checksum,
    packet::Packet,
    places::{FAMILIES, Places, V4, V6},
    world::BLUE,
};

fn frame(text: &str, at: &Places) -> Read<Frame> {
    let bench = Bench {
        at,
        port: BLUE,
        quoted: None,
    };
    bench.frame(&read(text)?)
}

fn bytes(text: &str, at: &Places) -> Vec<u8> {
    frame(text, at).unwrap().bytes
}

#[test]
fn a_packet_in_words_is_the_packet_built_by_hand() {
    for at in &FAMILIES {
        let udp = Packet::udp(at.host, at.known, b"hello").hops(9).class(0xb8);
        let text = r#"ip(host > known, ttl=9, tos=0xb8) / udp / "hello""#;
        assert_eq!(bytes(text, at), udp.bytes());
        let tcp = Packet::tcp(at.host, at.known, &[2, 4, 5, 0xb4], &[7; 9]);
        let tcp = tcp.to([0xff; 6]).padded(100).overwrite(14, &[0x99]);
        let text = "eth(dst=broadcast) / ip(host > known) \
                    / tcp(psh, ack, seq=0x01020304, acknowledges=0x05060708, options=[02 04 05 b4]) \
                    / bytes(9) / pad(to=100) / raw(14=99)";
        assert_eq!(bytes(text, at), tcp.bytes());
    }
    let options = Packet::udp(V4.host, V4.known, b"").options(&[148, 4, 0, 0]);
    let text = "ip(host > known, options=[router-alert], df, offset=185, id=7) / udp";
    assert_eq!(bytes(text, &V4), options.fragment(0x40b9).label(7).bytes());
    let tagged = Packet::new(V6.host, V6.known, 59, vec![]).tagged(0xa00a);
    let text = "vlan(priority=5, id=10) / ip(host > known) / none";
    assert_eq!(bytes(text, &V6), tagged.bytes());
}

#[test]
fn what_is_said_of_lengths_and_sums_is_written() {
    let header = |says: &str| {
        let text = format!("ip(host > known, {says}) / none");
        bytes(&text, &V4)[14..].to_vec()
    };
    assert_eq!(header("version=7, ihl=2")[0], 0x72);
    assert_eq!(header("length=1500")[2..4], [0x05, 0xdc]);
    assert_eq!(header("checksum=0xabcd")[10..12], [0xab, 0xcd]);
    assert_eq!(checksum::internet(&header("checksum=+1")), !1);
}

#[test]
fn families_follow_from_addresses() {
    let of = |text| families(&read(text).unwrap()).map(|all| all.len());
    assert_eq!(of("ip(host > known) / udp"), Ok(2));
    assert_eq!(of("ip(127.0.0.1 > known) / udp"), Ok(1));
    assert_eq!(of("ipv6(host > known) / udp"), Ok(1));
    assert_eq!(of("ip(host > known, df) / udp"), Ok(1));
    assert!(of("ip(host > known, df, flow=1) / hop-by-hop / udp").is_err());
    assert_eq!(of("eth(type=0x88cc)"), Ok(1));
    assert!(of("ipv4(::1 > known) / udp").is_err());
    assert!(of("ip(127.0.0.1 > ::1) / udp").is_err());
}

#[test]
fn what_no_layer_knows_is_an_error() {
    for wrong in [
        "ip(host > known)",
        "ip(host > known) / [00]",
        "ip(host > known, hops=3) / udp",
        "ip(host > known) / upd",
        "ip(host) / udp",
        "eth / [00]",
        "arp(tpa=own)",
        "ip(host > known) / udp / \"a\" / udp",
        "ip(host > known) / none / pad(to=10)",
        "ip(host > known) / none / raw(99=00)",
        "ip(host > known) / none / raw(33=00 00)",
        "ip(host > known) / none / quote",
    ] {
        assert!(frame(wrong, &V4).is_err(), "{wrong}");
    }
    assert!(frame("ip(host > known, df) / udp", &V6).is_err());
}

fn built(text: &str) -> (Option<u8>, Vec<u8>) {
    let [source, destination] = [V6.host, V6.known].map(|a| a.parse().unwrap());
    let quoted = [0x60; 1400];
    let inside = Inside::between(source, destination, Some(&quoted));
    inside.build(&layers(text).unwrap(), 40).unwrap()
}

#[test]
fn extension_headers_name_what_follows_and_their_length() {
    let (first, bytes) =
        built("hop-by-hop / destination-options / fragment(mf, offset=2, next=17) / [ee]");
    assert_eq!(first, Some(0));
    assert_eq!(bytes[..4], [60, 0, 1, 4]);
    assert_eq!(bytes[8..12], [44, 0, 1, 4]);
    assert_eq!(bytes[16..], [17, 0, 0, 0x11, 0, 0, 0, 7, 0xee]);
    let (first, bytes) = built("routing(type=0, left=1, via=[fd00::1]) / none");
    assert_eq!((first, bytes.len()), (Some(43), 24));
    assert_eq!(bytes[..4], [59, 2, 0, 1]);
    let (first, bytes) = built("ah / none");
    assert_eq!((first, bytes.len(), bytes[1]), (Some(51), 24, 4));
}

#[test]
fn transports_carry_their_checksums() {
    let ends = [V6.host, V6.known]
        .map(|a| octets(a.parse().unwrap()))
        .concat();
    for text in [
        "udp / \"odd\"",
        "tcp(syn)",
        "echo",
        "icmpv6(type=3, code=0) / bytes(4)",
        "solicitation(target=own)",
    ] {
        let (protocol, bytes) = built(text);
        let length = (bytes.len() as u32).to_be_bytes();
        let pseudo = [&ends[..], &length, &[0, 0, 0, protocol.unwrap()], &bytes].concat();
        assert_eq!(checksum::internet(&pseudo), 0, "{text}");
    }
    assert_eq!(built("udp(checksum=0x1234)").1[6..], [0x12, 0x34]);
}

#[test]
fn a_quote_fills_what_a_minimal_packet_has_room_for() {
    assert_eq!(built("icmpv6(type=1, code=1) / quote").1.len(), 1280 - 40);
    assert_eq!(built("udp / fill(100)").1.len(), 60);
}

#[test]
fn the_sum_of_an_offloaded_quote_is_right_once_a_device_has_finished_the_segment() {
    for (at, header, error) in [
        (&V4, 20, "icmp(type=11, offloaded)"),
        (&V6, 40, "icmpv6(type=3, offloaded)"),
    ] {
        let packet =
            |tcp: &str| frame(&format!("ip(host > known) / {tcp} / bytes(9)"), at).unwrap();
        let finished = packet("tcp(ack)");
        let finished = finished.packet();
        // The sum of the pseudo-header is the complement of all the rest's.
        let pseudo = checksum::internet(&finished[header..]);
        let partial = packet(&format!("tcp(ack, checksum={pseudo})"));
        let bench = Bench {
            at,
            port: BLUE,
            quoted: Some(partial.packet()),
        };
        let answer = bench.frame(&read(&format!("ip(own > host) / {error} / quote")).unwrap());
        let mut answer = answer.unwrap().packet().to_vec();
        let quote = header + 8;
        answer[quote..].copy_from_slice(finished);
        let length = ((answer.len() - header) as u32).to_be_bytes();
        let pseudo = match at.family {
            "IPv4" => Vec::new(),
            _ => [&answer[8..header], &length, &[0, 0, 0, 58]].concat(),
        };
        let summed = [&pseudo, &answer[header..]].concat();
        assert_eq!(checksum::internet(&summed), 0, "{}", at.family);
    }
}

#[test]
fn an_unpadded_frame_ends_where_its_ip_header_says() {
    for at in &FAMILIES {
        let [padded, bare] = [" / pad(to=200)", ""].map(|behind| {
            let text = format!("ip(host > known) / udp / bytes(9){behind}");
            frame(&text, at).unwrap()
        });
        assert_eq!(padded.unpadded().unwrap().bytes, bare.bytes);
        assert!(bare.unpadded().is_err());
    }
}
